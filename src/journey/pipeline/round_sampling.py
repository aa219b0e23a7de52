"""The temperature of a round's trees and the reward that their right ends must pass, by B-STaR's balance score.

A few problems' trees are grown at each temperature. They are not kept, but what the policy and the judge were asked is
remembered where they are `Cached`, so that the round's own trees of these problems cost nothing at the one chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from journey.judges.base import Judge
from journey.metrics.balance import Sample, choose
from journey.models.base import Model, ModelError
from journey.models.gather import gather_or_cancel
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.recipe import Recipe
from journey.tasks.table import TaskGrader, ask, way_of
from journey.trees.growers import GROWERS
from journey.trees.mark import path
from journey.types import Problem, Tree

JUDGED = 5  # the judge's part of a reward is a fifth of its lowest score, as in B-STaR's code
Sampling = Mapping[str, float]
"""What a round chose: "temperature", "threshold" and their "balance" score; empty where it chose nothing."""


async def balanced(
    of: SeedRun, recipe: Recipe, policy: Model, judge: Judge, problems: Sequence[Problem]
) -> dict[str, float]:
    """The temperature and the threshold with the best balance score; where none is wanted the temperature of rounds.

    That one is empty where the recipe has none. A problem whose tree fails counts as one with nothing selected.
    """
    wanted, fixed, grower = recipe.rounds.balance, recipe.rounds.temperature, GROWERS[recipe.trees.grower]
    if wanted is None:
        return {} if fixed is None else {"temperature": fixed}
    with closing(TaskGrader()) as grader:

        async def ends(problem: Problem, temperature: float) -> list[Sample]:
            settings = replace(recipe.trees.settings, seed=of.tree_seed, temperature=temperature)
            try:
                tree = await grower.grow(problem, policy, judge, grader, ask, of.task.steps, settings)
            except ModelError:
                return []
            return samples(problem, tree, of.task.steps.join)

        pools = {
            t: await gather_or_cancel(ends(p, t) for p in problems[: wanted.problems]) for t in wanted.temperatures
        }
    found = choose(pools, wanted.thresholds, wanted.wanted)
    return {"temperature": found.temperature, "threshold": found.threshold, "balance": found.score}


def samples(problem: Problem, tree: Tree, join: Callable[[Sequence[str]], str]) -> list[Sample]:
    """The checked ends of a tree: each by its way, or by its text where it is not right."""
    found: list[Sample] = []
    for leaf, node in enumerate(tree.nodes):
        if node.correct is not None:
            text = join([tree.nodes[step].text for step in path(tree, leaf)])
            way = way_of(problem, text) if node.correct else None
            found.append(Sample(text if way is None else way, node.correct, reward(tree, leaf)))
    return found


def at_temperature(recipe: Recipe, chosen: Sampling) -> Recipe:
    """The recipe with its trees grown at the temperature that was chosen, if any."""
    if "temperature" not in chosen:
        return recipe
    settings = replace(recipe.trees.settings, temperature=chosen["temperature"])
    return replace(recipe, trees=replace(recipe.trees, settings=settings))


def passes(tree: Tree, chosen: Sampling) -> bool:
    """Whether a right end of the tree has a reward above the threshold; any tree where none was chosen."""
    right = (i for i, node in enumerate(tree.nodes) if node.correct is True)
    return "threshold" not in chosen or any(reward(tree, leaf) > chosen["threshold"] for leaf in right)


def reward(tree: Tree, leaf: int) -> float:
    """1 where the end is right, and a fifth of the judge's lowest score on the way to it."""
    judged = [tree.nodes[node].judgement for node in path(tree, leaf)]
    scores = [one.score for one in judged if one is not None and one.score is not None]
    return float(tree.nodes[leaf].correct is True) + min(scores, default=0.0) / JUDGED
