"""The temperature and the threshold of a round's trees, chosen by the balance score on a scripted policy's trees."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from journey.judges.exact import Exact
from journey.models.base import Prompt, Sampling
from journey.models.cached import Cached, MemoryCalls
from journey.models.scripted import Scripted
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.recipe import Recipe, Trees
from journey.pipeline.round_sampling import at_temperature, balanced, passes, reward, samples
from journey.pipeline.round_settings import Balance, Rounds
from journey.tasks.countdown.task import COUNTDOWN
from journey.tasks.table import TaskGrader, ask, task_of
from journey.trees.grow import GrowSettings, grow
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("Make 29 from 7 8 14", "29", task="countdown")
GROW = GrowSettings(width=2, keep=2, depth=2, follow_wrong=2, temperature=0.5)


def written(prompt: Prompt, sampling: Sampling, i: int) -> str:
    """Right steps beside wrong ones at temperature 1, wrong ones alone below it."""
    state = (prompt.text + prompt.prefix).rstrip("\n").rsplit("\n", 1)[-1]
    if "14 15 -> 29" in state:
        return "15 + 14 = 29 ( 29 -> 29 )"
    if "8 7 -> 29" in state:
        return "8 + 7 = 15 ( 15 -> 29 )"
    return "7 + 8 = 15 ( 14 15 -> 29 )\n" if sampling.temperature == 1.0 and i == 0 else "14 - 7 = 7 ( 8 7 -> 29 )\n"


def tree_of(score: float) -> Tree:
    """A tree whose right end the judge gave that score on its way."""
    judged = Judgement("right", score)
    nodes = (
        Node(-1, "7 + 8 = 15 ( 14 15 -> 29 )", judged),
        Node(0, "15 + 14 = 29 ( 29 -> 29 )", Judgement("right", 1.0), answer="29", correct=True),
        Node(-1, "8 + 7 = 15 ( 15 -> 29 )", Judgement("wrong", 0.0), answer="15", correct=False),
    )
    return Tree("t", PROBLEM.id, nodes)


def test_the_temperature_that_solves_the_problem_is_chosen_and_paid_once() -> None:
    policy = Scripted(written)
    remembered, judge = Cached(policy, MemoryCalls()), Exact(task_of)
    of: Any = SeedRun(run=None, seed=1, task=COUNTDOWN, evaluate=None)  # type: ignore[arg-type]
    recipe = Recipe(trees=Trees(settings=GROW), rounds=Rounds(balance=Balance(temperatures=(0.5, 1.0), wanted=1)))

    async def work() -> dict[str, float]:
        found = await balanced(of, recipe, remembered, judge, [PROBLEM])
        asked = len(policy.calls)
        settings = replace(at_temperature(recipe, found).trees.settings, seed=of.tree_seed)
        tree = await grow(PROBLEM, remembered, judge, TaskGrader(), ask, COUNTDOWN.steps, settings)
        assert any(node.correct for node in tree.nodes) and len(policy.calls) == asked
        return found

    assert asyncio.run(work()) == {"temperature": 1.0, "threshold": 0.5, "balance": 1.0}
    assert asyncio.run(balanced(of, replace(recipe, rounds=Rounds()), remembered, judge, [PROBLEM])) == {}


def test_a_right_end_is_rewarded_by_the_judges_lowest_score_on_its_way() -> None:
    tree = tree_of(0.4)
    assert (reward(tree, 1), reward(tree, 2)) == (pytest.approx(1.08), 0)
    assert [(one.right, one.reward > 1) for one in samples(PROBLEM, tree, "\n".join)] == [(True, True), (False, False)]


def test_only_trees_with_a_right_end_above_the_threshold_give_thoughts() -> None:
    assert passes(tree_of(0.4), {}) and passes(tree_of(0.4), {"threshold": 0.5})
    assert not passes(tree_of(0.4), {"threshold": 1.1}) and passes(tree_of(0.6), {"threshold": 1.1})
