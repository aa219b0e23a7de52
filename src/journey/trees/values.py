"""The value of a step: how likely a right end is from there. It is no judgement: a wrong step may have a high value.

`Node.value` holds it, `Node.judgement` whether the step is correct; neither is made from the other. A step with a final
answer is worth 1 or 0 as that is right or not, however the others are measured.
"""

from dataclasses import replace
from statistics import fmean
from typing import Any

from journey.answers.grade import Grader
from journey.judges.base import Judge, score_of
from journey.judges.rollout import RolloutSettings
from journey.models.base import Model
from journey.tasks.prompting import Ask
from journey.trees.label import label
from journey.trees.mark import is_unusable
from journey.trees.rejudge import rejudge
from journey.types import Node, Problem, Tree, content_hash

LEAVES = "leaves"


def valued(tree: Tree) -> Tree:
    """The tree with values by its own ends: the share of right ones among the checked ends at or below each step.

    Branches that a judge took no further have no end and do not count. Null where no end below was checked. What a step
    itself adds is told by `advantages`, where its own ends are left out.
    """
    right, ends = _ends(tree)
    values = [one / of if of else None for one, of in zip(right, ends, strict=True)]
    return _with(tree, values[:-1], LEAVES)


def question_value(tree: Tree) -> float | None:
    """How likely a right end is from the question of a tree with values; null where nobody knows.

    By the tree's own ends it is the share of right ones, else the mean value of the first steps, drawn there.
    """
    first = [node.value for node in tree.nodes if node.parent < 0 and node.value is not None]
    if tree.settings.get("values", {}).get("by") != LEAVES and first:
        return fmean(first)
    right, ends = _ends(tree)
    return right[-1] / ends[-1] if ends[-1] else None


def advantages(tree: Tree) -> list[float | None]:
    """By how much each step's ends are right more often than the other ends that its parent leads to (leave-one-out).

    TreeRL (Hou et al. 2025, arXiv 2506.11902) takes this mean out at the leaves. Null where there are no other ends, or
    none below the step.
    """
    right, ends = _ends(tree)
    found: list[float | None] = []
    for index, node in enumerate(tree.nodes):
        others = ends[node.parent] - ends[index]
        known = others and ends[index]
        found.append(right[index] / ends[index] - (right[node.parent] - right[index]) / others if known else None)
    return found


async def valued_by_rollouts(
    problem: Problem, tree: Tree, policy: Model, ask: Ask, grader: Grader, settings: RolloutSettings
) -> Tree:
    """The tree with values by rollouts of a policy: the share that ends right; one without an answer does not.

    What they cost stands in `settings["values"]` of the tree. Raises ModelError.
    """
    settings = replace(settings, label="soft", search="each", count_unanswered=True)
    judged = await label(problem, tree, policy, ask, grader, settings)
    return _by_judgements(tree, judged, {name: judged.settings["rollout"][name] for name in ("calls", "tokens")})


async def valued_by_judge(problem: Problem, tree: Tree, judge: Judge) -> Tree:
    """The tree with values by the scores of a judge, such as a classifier that was trained on soft labels.

    Of the exact judge a step is worth 1 where it is legal and the goal in reach after it, else 0. Raises ModelError.
    """
    return _by_judgements(tree, await rejudge(problem, tree, judge), {})


def _by_judgements(tree: Tree, judged: Tree, cost: dict[str, Any]) -> Tree:
    return _with(tree, [_value(node) for node in judged.nodes], judged.judge, cost)


def _value(node: Node) -> float | None:
    if node.answer is not None:
        return None if node.correct is None else float(node.correct)
    if node.judgement is None or is_unusable(node):
        return None
    if node.judgement.by == "exact":  # its score tells a false step from a legal one that loses the goal
        return None if node.judgement.verdict is None else float(node.judgement.verdict == "right")
    return score_of(node.judgement)


def _with(tree: Tree, values: list[float | None], by: str, cost: dict[str, Any] | None = None) -> Tree:
    nodes = tuple(replace(node, value=value) for node, value in zip(tree.nodes, values, strict=True))
    how = {"of": tree.id, "by": by, **(cost or {})}
    identity = content_hash("valued", tree.id, by)
    return replace(tree, id=identity, nodes=nodes, settings={**tree.settings, "values": how})


def _ends(tree: Tree) -> tuple[list[int], list[int]]:
    """How many right ends and how many checked ones are at or below each step; those of the question stand last."""
    right, ends = ([0] * (len(tree.nodes) + 1) for _ in range(2))
    for index in reversed(range(len(tree.nodes))):
        node = tree.nodes[index]
        ends[index] += node.correct is not None
        right[index] += node.correct is True
        ends[node.parent] += ends[index]
        right[node.parent] += right[index]
    return right, ends
