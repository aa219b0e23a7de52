"""A tree judged again by another judge: imported or grown before, its steps and answers stay as they are."""

from collections.abc import Sequence
from dataclasses import replace

from journey.judges.base import Judge, JudgeWork, work_of
from journey.models.gather import gather_or_cancel
from journey.trees.mark import children, is_unusable, path_texts
from journey.types import Judgement, Problem, Tree, content_hash


async def rejudge(problem: Problem, tree: Tree, judge: Judge) -> Tree:
    """The tree with every whole step judged by that judge, siblings together, under its own id. Raises ModelError."""
    judged: dict[int, Judgement] = {}

    async def siblings(parent: int, candidates: Sequence[int]) -> None:
        texts = [tree.nodes[index].text for index in candidates]
        judged.update(zip(candidates, await judge.judge(problem, path_texts(tree, parent), texts), strict=True))

    await gather_or_cancel(siblings(parent, candidates) for parent, candidates in _siblings(tree).items())
    nodes = tuple(replace(node, judgement=judged.get(i, node.judgement)) for i, node in enumerate(tree.nodes))
    settings = {**tree.settings, "judged_again": {"of": tree.id, "before": tree.judge}}
    identity = content_hash("judged again", tree.id, judge.name)
    return replace(tree, id=identity, nodes=nodes, judge=judge.name, settings=settings)


def judge_work(problem: Problem, tree: Tree) -> JudgeWork:
    """What a judge is asked about a tree at most: its steps, and the question where the first error is searched for."""
    calls = (
        (path_texts(tree, parent), [tree.nodes[index].text for index in candidates])
        for parent, candidates in _siblings(tree).items()
    )
    return work_of(problem, calls, prefixes=1)


def _siblings(tree: Tree) -> dict[int, list[int]]:
    """The whole steps by the node that they stand under, -1 for the question."""
    below = children(tree)
    whole = {
        parent: [i for i in below[parent] if not is_unusable(tree.nodes[i])] for parent in range(-1, len(tree.nodes))
    }
    return {parent: candidates for parent, candidates in whole.items() if candidates}
