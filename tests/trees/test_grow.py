import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_grader import LINES, PlainGrader, ask
from properties import examples

from journey.answers.find import find_answer
from journey.errors import UsageError
from journey.judges import scripted as scripted_judge
from journey.models import scripted
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.trees.grow import Branch, GrowSettings, affordable, going_on, grow, merge, tree_id
from journey.trees.mark import children, is_unusable, path_texts, verdict
from journey.types import Judgement, Problem, Tree, Verdict, content_hash, make_problem, to_json, tree_from_json

GOLDEN = Path(__file__).parents[1] / "data" / "trees"
PROBLEM = make_problem("What is 6 times 7?", "42")
SETTINGS = GrowSettings(width=4, keep=2, depth=4, max_step_tokens=20)


def grown(script: Mapping[str, Sequence[str]], said: Mapping[str, scripted_judge.Word], how: GrowSettings) -> Tree:
    """The tree of a script: what is written after the joined steps, and what is said of each step."""
    policy = scripted.Scripted({f"{PROBLEM.question}\n{before}": texts for before, texts in script.items()})
    judge = scripted_judge.Scripted(said)
    return asyncio.run(grow(PROBLEM, policy, judge, PlainGrader(), ask, LINES, how))


SCRIPT = {
    "": ["Split 7 into 5 and 2.\n", "6 * 7 = 36\n", "Split 7 into 5 and 2.\n", "Seven is a prime.\n"],
    "Split 7 into 5 and 2.\n": ["30 + 12\n", "30 + 10\n", "", "and so " * 30],
    "Seven is a prime.\n": ["I give up.", "So is 5.\n", "\n", "So is 5.\n"],
    "6 * 7 = 36\n": ["The answer is 36.\n", "Check: 36 / 6 = 6\n", "The answer is 36.\n", "No\n"],
    "6 * 7 = 36\nCheck: 36 / 6 = 6\n": ["The answer is 6.\n"],
    "6 * 7 = 36\nNo\n": ["The answer is 42.\n"],
    "Split 7 into 5 and 2.\n30 + 12\n": ["The answer is 42.", "The answer is 41.\n"],
    "Split 7 into 5 and 2.\n30 + 10\n": ["The answer is 40.\n"],
    "Seven is a prime.\nSo is 5.\n": ["And 3.\n"],
    "Seven is a prime.\nSo is 5.\nAnd 3.\n": ["And 2.\n"],
}
SAID: dict[str, scripted_judge.Word] = {
    "Split 7 into 5 and 2.": "right",
    "6 * 7 = 36": Judgement("wrong", reason="6 * 6 is 36"),
    "Seven is a prime.": "neutral",
    "30 + 12": "right",
    "30 + 10": Judgement("wrong", reason="6 * 2 is 12"),
    "The answer is 42.": "right",
    "The answer is 41.": Judgement("wrong", reason="30 + 12 is 42"),
    "The answer is 36.": "wrong",
    "So is 5.": "neutral",
}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("verdict", SETTINGS),
        ("follow_wrong", replace(SETTINGS, follow_wrong=1)),
        ("budget", replace(SETTINGS, max_nodes=9)),
    ],
)
def test_a_scripted_tree_is_the_golden_tree(name: str, how: GrowSettings):
    tree = grown(SCRIPT, SAID, how)
    golden = tree_from_json(json.loads((GOLDEN / f"grow_{name}.json").read_text(encoding="utf-8")))
    assert to_json(tree) == to_json(golden)


def test_a_scored_tree_is_the_golden_tree():
    scores = {text: 1 - index / 20 for index, text in enumerate(["6 * 7 = 36", *SAID])}
    tree = grown(SCRIPT, scores, replace(SETTINGS, select="score"))
    golden = json.loads((GOLDEN / "grow_score.json").read_text(encoding="utf-8"))
    assert to_json(tree) == to_json(tree_from_json(golden))


def test_siblings_with_the_same_text_become_one_and_their_tokens_are_summed():
    merged = merge([Completion("b ", 2, "stop"), Completion("a", 3, "length"), Completion(" a", 4, "stop")])
    assert merged == [Completion("b", 2, "stop"), Completion("a", 7, "stop")]


def test_a_cut_off_step_is_kept_as_a_marked_leaf():
    tree = grown({"": ["and so " * 30]}, {}, SETTINGS)
    assert [node.tokens for node in tree.nodes] == [80]
    assert tree.nodes[0].judgement == Judgement(None, reason="cut off after 20 tokens", by="grow")
    assert is_unusable(tree.nodes[0])


def test_an_empty_step_is_kept_as_a_marked_leaf():
    tree = grown({"": ["\n"]}, {}, SETTINGS)
    assert [(n.text, n.judgement and n.judgement.reason) for n in tree.nodes] == [("", "empty step")]


def test_a_branch_whose_text_the_model_closed_goes_no_further():
    tree = grown({"": ["That is all I know."]}, {}, SETTINGS)
    assert len(tree.nodes) == 1 and tree.nodes[0].answer is None and not is_unusable(tree.nodes[0])


def test_an_answer_that_spans_two_steps_is_found_on_the_path():
    tree = grown({"": ["# Answer\n"], "# Answer\n": ["42\n"]}, {}, SETTINGS)
    assert [(n.answer, n.correct) for n in tree.nodes] == [(None, None), ("42", True)]


def test_a_judge_that_fails_fails_the_tree():
    class Failing:
        name = "failing"

        async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
            raise ModelError("The critic is away.")

    policy = scripted.Scripted({}, otherwise="One step\n")
    with pytest.raises(ModelError, match="away"):
        asyncio.run(grow(PROBLEM, policy, Failing(), PlainGrader(), ask, LINES, SETTINGS))


def test_a_level_is_asked_at_once_with_seeds_from_its_content():
    policy = scripted.Scripted(lambda prompt, sampling, i: f"step {prompt.prefix.count(chr(10))}.{i}\n")
    judge = scripted_judge.Scripted({}, otherwise="right")
    asyncio.run(grow(PROBLEM, policy, judge, PlainGrader(), ask, LINES, replace(SETTINGS, depth=3)))
    assert len(policy.calls) == 1 + 2 + 2
    assert len({sampling.seed for _, sampling in policy.calls}) == 5
    assert all(sampling.n == 4 and sampling.stop == ("\n",) for _, sampling in policy.calls)


def branch(end: int, said: Verdict | None, score: float | None = None, *, astray: int = 0) -> Branch:
    return Branch(end, (str(end),), Judgement(said, score), astray + (said == "wrong"))


def test_right_steps_go_on_before_neutral_ones_and_those_before_the_unsaid():
    level = [branch(0, None), branch(1, "neutral"), branch(2, "wrong"), branch(3, "right")]
    assert [b.end for b in going_on(level, replace(SETTINGS, keep=3))] == [3, 1, 0]
    assert [b.end for b in going_on(level, replace(SETTINGS, keep=1))] == [3]


def test_wrong_branches_are_followed_only_where_asked_and_the_longest_first():
    level = [branch(0, "wrong"), branch(1, "right", astray=2), branch(2, "right"), branch(3, "right")]
    assert [b.end for b in going_on(level, SETTINGS)] == [2, 3]
    assert [b.end for b in going_on(level, replace(SETTINGS, follow_wrong=1))] == [2, 3, 1]
    assert [b.end for b in going_on(level, replace(SETTINGS, follow_wrong=5))] == [2, 3, 1, 0]


def test_scores_decide_whatever_the_verdict():
    level = [branch(0, "right", 0.2), branch(1, "wrong", 0.9), branch(2, None, 0.5), branch(3, "right")]
    assert [b.end for b in going_on(level, replace(SETTINGS, select="score", keep=3))] == [1, 2, 0]


def test_budgets_cut_the_worst_branches_of_a_level():
    level = [branch(5, "right"), branch(3, "right"), branch(4, "neutral")]
    assert [b.end for b in affordable(level, 0, 0, SETTINGS)] == [3, 4, 5]
    assert [b.end for b in affordable(level, 2, 0, replace(SETTINGS, max_nodes=11))] == [3, 5]
    assert [b.end for b in affordable(level, 0, 40, replace(SETTINGS, max_tokens=120))] == [5]
    assert affordable(level, 9, 0, replace(SETTINGS, max_nodes=8)) == []


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="select"):
        GrowSettings(select="best")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="width"):
        GrowSettings(width=0)


@settings(max_examples=examples(40))
@given(
    st.integers(0, 99),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["verdict", "score"]),
    st.one_of(st.none(), st.integers(1, 30)),
    st.one_of(st.none(), st.integers(1, 300)),
    st.integers(0, 2),
)
def test_any_grown_tree_keeps_the_rules(seed, width, keep, select, max_nodes, max_tokens, follow_wrong):
    def write(prompt: Prompt, sampling: Sampling, i: int) -> str:
        draw = int(content_hash(sampling.seed, i), 16)
        return ["a\n", "b\n", "the answer is 42\n", "the answer is 4\n", "", "stop", "long " * 9, "c\n"][draw % 8]

    def say(problem: Problem, prefix: Sequence[str], text: str) -> Judgement:
        draw = int(content_hash(list(prefix), text), 16)
        return Judgement(("right", "neutral", "wrong", None)[draw % 4], score=draw % 7 / 7)

    how = GrowSettings(
        width, keep, 4, select, follow_wrong, max_step_tokens=6, max_nodes=max_nodes, max_tokens=max_tokens, seed=seed
    )

    def once() -> Tree:
        policy, judge = scripted.Scripted(write), scripted_judge.Scripted(say)
        return asyncio.run(grow(PROBLEM, policy, judge, PlainGrader(), ask, LINES, how))

    tree = once()
    assert tree == once()
    assert tree.id == tree_id(PROBLEM, "scripted", "scripted", how)
    assert max_nodes is None or len(tree.nodes) <= max_nodes
    assert max_tokens is None or sum(node.tokens for node in tree.nodes) <= max_tokens
    below = children(tree)
    gone_on_at: dict[int, int] = {}
    for index, node in enumerate(tree.nodes):
        assert node.parent < index
        assert len({tree.nodes[child].text for child in below[index]}) == len(below[index]) <= width
        texts = path_texts(tree, index)
        assert len(texts) <= 4
        assert node.answer == (None if is_unusable(node) else find_answer(LINES.join(texts)))
        if below[index]:
            assert node.answer is None and not is_unusable(node)
            assert select == "score" or follow_wrong or verdict(node) != "wrong"
            gone_on_at[len(texts)] = gone_on_at.get(len(texts), 0) + 1
    assert all(count <= keep + (follow_wrong if select == "verdict" else 0) for count in gone_on_at.values())
