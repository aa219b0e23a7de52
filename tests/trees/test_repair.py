"""Trees of whole attempts: what fails is repaired with what the judge found, and what is right ends the tree."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from journey.answers.grade import Grade
from journey.errors import UsageError
from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted
from journey.tasks.code.narration import NARRATION
from journey.tasks.code.task import ATTEMPTS, ask
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import shortcut
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import is_unusable, right_leaves, statistics
from journey.trees.repair import RepairSettings, estimate, repair, tree_id
from journey.types import Judgement, Problem, Tree, make_problem

PROBLEM = make_problem("Write f, which gives 3.", "assert f() == 3\n", task="code")
SMALL = RepairSettings(width=2, keep=1, depth=3, max_step_tokens=50)


class Counts:
    """Judges and grades texts such as "a 2": 3 is right, less is wrong by as much; "?" cannot be checked."""

    name = "counts"

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        return [self.one(text) for text in candidates]

    async def grade(self, problem: Problem, text: str) -> Grade:
        verdict = self.one(text).verdict
        return Grade(text[-1], None if verdict is None else verdict == "right")

    def one(self, text: str) -> Judgement:
        if text[-1] == "?":
            return Judgement(None, None, "could not check")
        number = int(text[-1])
        return (
            Judgement("right", 1.0) if number == 3 else Judgement("wrong", number / 3, f"f() gives {number}", "counts")
        )


def grown(answer: Callable[[Prompt, Sampling, int], str], settings: RepairSettings = SMALL) -> tuple[Tree, Scripted]:
    policy, judge = Scripted(answer), Counts()
    return asyncio.run(repair(PROBLEM, policy, judge, judge, ask, ATTEMPTS, settings)), policy


def by_level(*levels: Sequence[str]) -> Callable[[Prompt, Sampling, int], str]:
    """A policy that repairs "a 1" and the like: its answers at the question, and after one and two failures."""

    def answer(prompt: Prompt, sampling: Sampling, number: int) -> str:
        again = "was answered before" in prompt.text
        return (
            levels[0][number]
            if not again
            else levels[1 if any(f"\n{t}\n" in prompt.text for t in levels[0]) else 2][number]
        )

    return answer


def test_the_best_failing_attempt_is_repaired_and_reads_what_the_judge_found() -> None:
    tree, policy = grown(by_level(["a 0", "b 1"], ["c 2", "d 0"], ["e 3", "f 3"]))
    assert [(node.parent, node.text) for node in tree.nodes] == [
        (-1, "a 0"), (-1, "b 1"), (1, "c 2"), (1, "d 0"), (-1, "e 3"), (-1, "f 3"),
    ]  # fmt: skip
    prompts = [prompt.text for prompt, _ in policy.calls]
    assert prompts[0] == ask(PROBLEM, ()).text and len(prompts) == 3
    assert prompts[1].startswith(prompts[0]) and "\nb 1\n" in prompts[1] and "f() gives 1." in prompts[1]
    assert "\nc 2\n" in prompts[2] and "f() gives 2." in prompts[2] and "b 1" not in prompts[2]
    assert right_leaves(tree) == [4, 5] and statistics(tree).depth == 2


def test_a_level_with_a_right_attempt_is_the_last() -> None:
    tree, policy = grown(by_level(["a 3", "b 1"], ["c 2", "d 0"]))
    assert len(policy.calls) == 1 and right_leaves(tree) == [0] and statistics(tree).wrong_branches == 1


def test_an_attempt_that_was_made_before_is_no_step_and_is_not_repaired_again() -> None:
    tree, policy = grown(by_level(["a 1", "b 1"], ["c 1", "d 2"], ["e 0", "f 0"]))
    assert [is_unusable(node) for node in tree.nodes] == [False, True, True, False, False, True]
    assert len(policy.calls) == 3


def test_what_cannot_be_checked_is_neither_repaired_nor_right() -> None:
    tree, policy = grown(by_level(["a ?", "b ?"]))
    assert len(policy.calls) == 1 and [node.correct for node in tree.nodes] == [None, None] and not right_leaves(tree)


def test_a_budget_is_never_exceeded() -> None:
    for limit in (2, 3, 5):
        tree, _ = grown(
            by_level(["a 0", "b 1"], ["c 2", "d 0"], ["e 2", "f 1"]), RepairSettings(2, 2, 3, max_nodes=limit)
        )
        assert len(tree.nodes) <= limit


def test_the_name_and_the_estimate_are_known_before() -> None:
    tree, policy = grown(by_level(["a 0", "b 1"], ["c 2", "d 0"], ["e 1", "f 0"]))
    assert tree.id == tree_id(PROBLEM, "scripted", "counts", SMALL)
    most = estimate([PROBLEM], "scripted", SMALL).most
    assert most.calls == len(policy.calls) == 3 and sum(node.tokens for node in tree.nodes) <= most.tokens
    with pytest.raises(UsageError, match=r"repair\.width"):
        RepairSettings(width=0)


def test_the_long_thought_is_attempt_finding_repair_return_and_the_shortcut_the_program_alone() -> None:
    tree, _ = grown(by_level(["a 0", "b 1"], ["c 2", "d 0"], ["e 3", "f 0"]))
    (short,) = shortcut(tree, PROBLEM, NARRATION)
    assert short.text == "```python\n3\n```"
    long = draft(tree, PROBLEM, traverse(tree, right_leaves(tree)[0], TraverseSettings(trials=3), 0), NARRATION)
    kinds = [segment.kind for segment in long.segments]
    assert kinds[-1] == "step" and kinds.count("backtrack") == 2 and kinds.count("mistake") == 3
    assert "f() gives 1. So what it computes there is not what is wanted. Let me mend that." in long.text
    assert long.text.endswith("```python\n3\n```")
    for before, after in pairwise(kinds):
        assert before != "mistake" or after == "reflection"
