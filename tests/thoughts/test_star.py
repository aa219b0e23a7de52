"""STaR and its hybrid with journeys: own right paths, rationales with a hint, and the policy's own mistakes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from thoughts.test_controls import grade_text, grown
from thoughts.told import check_spans

from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted
from journey.tasks.countdown.puzzle import parse_puzzle, solutions
from journey.tasks.exploration import HINT
from journey.tasks.hints import HintSettings
from journey.tasks.table import TaskGrader, ask, task_of
from journey.thoughts import shortcut, traverse
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.draft import is_draft
from journey.thoughts.star import (
    FIRST,
    HINTED,
    LEFT_OUT,
    NO_MISTAKE,
    SPEAKS,
    WHOLE,
    estimate,
    is_hinted,
    make_hybrid,
    make_star,
    starts_from_answer,
)
from journey.thoughts.traverse import TraverseSettings
from journey.types import Judgement, Node, Problem, Thought, Tree, make_problem

SETTINGS = TraverseSettings(trials=3, start="root", least_score=0.5, to_answer=True)
HINTING = HintSettings()
MATH = make_problem("What is $15 \\cdot 4 - 18$?", "42", task="math")


def failed(tree: Tree) -> Tree:
    """The tree as it is where nobody found the right end."""
    kept = [i for i, node in enumerate(tree.nodes) if node.correct is not True]
    place = {old: new for new, old in enumerate(kept)} | {-1: -1}
    return replace(tree, nodes=tuple(replace(tree.nodes[i], parent=place[tree.nodes[i].parent]) for i in kept))


def tools(problem: Problem, policy: Scripted, refused: Counter[str], hinting: HintSettings | None) -> Tools:
    task = task_of(problem)
    return Tools(
        common=Common(model="m", strong="m", policy="p", hinting=hinting), models={"p": policy}.__getitem__,
        grader=TaskGrader(), ask=ask, steps=task.steps,
        narration=task.narration, rules=task.rules, refused=lambda reason: refused.update([reason]),
    )  # fmt: skip


def made(
    by: str,
    problem: Problem,
    tree: Tree,
    answers: Sequence[str] = (),
    hinting: HintSettings | None = HINTING,
    settings: TraverseSettings = SETTINGS,
) -> tuple[Made, Scripted, Counter[str]]:
    """What a method makes of a tree where the policy gives these answers, one a try."""
    left, refused = list(answers), Counter[str]()

    def answer(prompt: Prompt, sampling: Sampling, sample: int) -> str:
        return left.pop(0)

    policy = Scripted(answer, name="policy")
    material, using = Material(problem, tree), tools(problem, policy, refused, hinting)
    work = make_star(material, None, using) if by == "star" else make_hybrid(material, settings, using)
    try:
        return asyncio.run(work), policy, refused
    finally:
        using.grader.close()  # type: ignore[attr-defined]


def right_text(problem: Problem) -> str:
    way = next(solutions(parse_puzzle(problem.question)))
    return "\n".join([*map(str, way), f"Yes , {problem.answer} is {problem.answer}"])


def only(found: Made) -> Thought:
    (thought,) = found.thoughts
    check_spans(replace(thought, note=None))
    return thought


@pytest.mark.parametrize(("by", "like"), [("star", shortcut.make), ("hybrid", traverse.make)])
def test_a_solved_problem_gives_what_the_shortcut_and_the_journey_give_and_asks_nobody(by, like) -> None:
    problem, tree = grown(1)
    found, policy, _ = made(by, problem, tree)
    material = Material(problem, tree)
    (same,) = asyncio.run(like(material, SETTINGS, tools(problem, policy, Counter(), None))).thoughts
    thought = only(found)
    assert (thought.text, thought.segments, thought.note) == (same.text, same.segments, None)
    assert thought.id != same.id and thought.method == by and not policy.calls


@pytest.mark.parametrize("seed", range(4))
def test_a_failed_problem_is_solved_with_a_hint_and_the_thought_is_marked(seed: int) -> None:
    problem, tree = grown(seed)
    found, policy, refused = made("star", problem, failed(tree), ["Wait", right_text(problem)])
    thought = only(found)
    assert thought.text == right_text(problem) and grade_text(problem, thought)
    assert (thought.note or "").startswith(HINTED) and is_hinted(thought) and not is_draft(thought)
    assert refused == {"no answer": 1}
    hints = [prompt.text.removeprefix(ask(problem, ()).text) for prompt, _ in policy.calls]
    assert all(hint.startswith(HINT) and HINT not in thought.text for hint in hints)
    assert len({sampling.seed for _, sampling in policy.calls}) == 2


@pytest.mark.parametrize("seed", range(4))
def test_the_hybrid_goes_the_policys_own_wrong_way_first_and_the_hint_is_the_way_out(seed: int) -> None:
    problem, tree = grown(seed)
    lost = failed(tree)
    found, _, _ = made("hybrid", problem, lost, [right_text(problem)])
    thought = only(found)
    kinds = [segment.kind for segment in thought.segments]
    assert kinds.index("mistake") < kinds.index("reflection") < kinds.index("backtrack") < kinds.index("step")
    for segment in thought.segments:
        if segment.kind == "mistake":
            assert segment.node is not None and lost.nodes[segment.node].text == segment.text
        assert segment.node is None or segment.node < len(lost.nodes)
    assert grade_text(problem, thought) and is_hinted(thought) and thought.tree == lost.id
    assert made("star", problem, lost, [right_text(problem)])[0].thoughts[0].id != thought.id


def test_what_was_tried_and_left_in_a_rationale_is_no_part_of_it() -> None:
    problem, tree = grown(2)
    puzzle = parse_puzzle(problem.question)
    back = f"Back to ( {' '.join(map(str, puzzle.numbers))} -> {puzzle.target} )"
    wandering = f"{right_text(problem).splitlines()[0]}\n{back}\n{right_text(problem)}"
    assert only(made("star", problem, failed(tree), [wandering])[0]).text == right_text(problem)


def test_a_rationale_that_speaks_of_the_hint_or_ends_wrong_is_not_kept() -> None:
    problem, tree = grown(3)
    answers = [f"{HINT} 1 + 1 = 2\n{right_text(problem)}", "no steps at all"]
    found, _, refused = made("star", problem, failed(tree), answers, HintSettings(tries=2))
    assert not found.thoughts and found.reason == "not solved, nor in 2 tries with a hint"
    assert refused == {SPEAKS: 1, "no answer": 1}


def test_a_problem_whose_hint_would_be_its_whole_solution_gives_no_thought_and_asks_nobody() -> None:
    problem = make_problem("Make 7 from 3 4", "7", task="countdown")
    tree = Tree("t", problem.id, (Node(-1, "4 - 3 = 1 ( 1 -> 7 )", answer="4-3", correct=False),), "m", "exact", {})
    found, policy, _ = made("star", problem, tree)
    assert (found.reason, policy.calls) == (WHOLE, [])


def test_hinted_thoughts_can_be_left_out() -> None:
    problem, tree = grown(3)
    for by in ("star", "hybrid"):
        found, policy, _ = made(by, problem, failed(tree), hinting=None)
        assert (found.reason, policy.calls) == (LEFT_OUT, [])


def test_problems_in_words_are_told_in_paragraphs_with_the_answer_in_the_prompt() -> None:
    wrong = Judgement("wrong", None, "15 times 4 is 60", "someone")
    tree = Tree("t", MATH.id, (Node(-1, "15 times 4 is 50.", wrong), Node(0, "So \\boxed{32}.", None, "32", False)))
    text = "15 times 4 is 60.\n\nThen 60 - 18 = 42, so \\boxed{42}."
    found, policy, refused = made("hybrid", MATH, tree, ["By the hint, \\boxed{42}.", "\\boxed{41}", text])
    thought = only(found)
    assert thought.text.startswith("15 times 4 is 50.") and thought.text.endswith(text)
    assert [s.kind for s in thought.segments] == [*["mistake"] * 2, "reflection", "backtrack", "step", "step"]
    assert refused == {SPEAKS: 1, "wrong answer": 1}
    assert all("The right answer is 42" in prompt.text for prompt, _ in policy.calls)
    empty = replace(tree, nodes=())
    assert made("hybrid", MATH, empty, [text])[0].reason == NO_MISTAKE
    assert only(made("star", MATH, empty, [text])[0]).text == text


@pytest.mark.parametrize(
    "text",
    [
        "The right answer is 42.", "We want 42. 15 times 4 is 60.", "Working backwards from $42$, 60 - 18.",
        "To reach 42.0 we take 18 from 60.", "The answer: ４２, since 60 - 18 is that.",
    ],
)  # fmt: skip
def test_a_rationale_that_starts_from_the_answer_is_not_kept(text: str) -> None:
    found, _, refused = made("star", MATH, Tree("t", MATH.id, (), "m", "j", {}), [f"{text} \\boxed{{42}}"] * 4)
    assert not found.thoughts and refused == {FIRST: 4}


def test_an_answer_that_follows_or_that_the_question_has_starts_nothing() -> None:
    assert not starts_from_answer(MATH, "15 * 4 = 60, 60 - 18 = 42.")
    assert not starts_from_answer(make_problem("Is 42 or 7 larger?", "42", task="math"), "42 is larger than 7.")
    capital = make_problem("What is the capital of France?", "Paris", task="math")
    assert starts_from_answer(capital, "It is Paris. The king lived there.")
    assert not starts_from_answer(capital, "The king lived by the Seine. So it is Paris.")


def test_a_rationale_follows_the_steps_that_the_tree_has_and_side_trips_start_there() -> None:
    wrong = Judgement("wrong", None, "60 - 18 is 42", "someone")
    off = Node(0, "60 - 18 = 41, so \\boxed{41}.", wrong, "41", False)
    tree = Tree("t", MATH.id, (Node(-1, "15 times 4 is 60."), off))
    text = "15 times 4 is 60.\n\n60 - 18 = 42, so \\boxed{42}."
    thought = only(made("hybrid", MATH, tree, [text], settings=TraverseSettings())[0])
    assert [(s.kind, s.node) for s in thought.segments] == [
        ("step", 0), ("mistake", 1), ("reflection", 1), ("backtrack", 0), ("step", None),
    ]  # fmt: skip


def test_every_try_is_estimated_for_the_model_that_grew_the_trees() -> None:
    common = Common(model="m", strong="s", policy="p", hinting=HintSettings(tries=3, max_tokens=10))
    (one,) = estimate([MATH, MATH], None, common)
    assert (one.model, one.most.calls, one.most.tokens) == ("p", 6, 60)
    assert estimate([MATH], None, replace(common, hinting=None)) == []
