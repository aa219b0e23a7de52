"""Monte-Carlo labels for a tree that exists already, by rollouts of a policy: data to train a process reward model on.

Math-Shepherd (Wang et al. 2024, section 3) and OmegaPRM (Luo et al. 2024, section 3); see `judges.rollout`.
"""

from dataclasses import asdict, replace

from journey.answers.grade import Grade, Grader
from journey.judges.base import AFTER
from journey.judges.rollout import Rollout, RolloutJudge, RolloutSettings
from journey.models.base import Model
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.trees.mark import children, is_unusable, path, path_texts
from journey.types import Judgement, Problem, Tree, content_hash


async def label(
    problem: Problem, tree: Tree, policy: Model, ask: Ask, grader: Grader, settings: RolloutSettings
) -> Tree:
    """The tree with every whole step judged by rollouts, under an id of its own; texts and answers stay as they are.

    A step with a final answer is labelled by that answer. Hard labels go from the leaves up: a right end below a step
    is a right rollout through it, and none is drawn for it. Soft labels go from the question down: a rollout that
    passes through the next step counts there too. With `search` "binary" every path to a leaf is searched for its
    first wrong step; steps behind it are null, and paths share what is known of their prefixes. `settings["rollout"]`
    of the tree holds how, and what it cost: labels, calls, tokens, shared. Raises ModelError.
    """
    judge = RolloutJudge(policy, ask, grader, settings)
    if settings.search == "binary":
        judged = await _by_paths(problem, tree, judge)
    else:
        judged = await _by_levels(problem, tree, judge)
    nodes = [node if i not in judged else replace(node, judgement=judged[i]) for i, node in enumerate(tree.nodes)]
    how = asdict(settings)
    return Tree(
        id=content_hash("labelled", tree.id, judge.name, how),
        problem=tree.problem,
        nodes=tuple(nodes),
        policy=tree.policy,
        judge=judge.name,
        settings={**tree.settings, "rollout": {**how, **asdict(judge.cost), "labels": len(judged), "of": tree.id}},
    )


async def _by_levels(problem: Problem, tree: Tree, judge: RolloutJudge) -> dict[int, Judgement]:
    """What is said of every whole step, level by level, so that each level knows all of the one before it."""
    is_hard = judge.settings.label == "hard"
    below = children(tree)
    judged: dict[int, Judgement] = {}

    async def one(index: int) -> Judgement:
        node = tree.nodes[index]
        if node.answer is not None:
            return judge.of_answer(node.correct)
        if is_hard and any(child in judged and judged[child].verdict == "right" for child in below[index]):
            return judge.judgement([Rollout("", True)])
        share = judge.settings.share and not is_hard
        return judge.judgement(await judge.rollouts(problem, path_texts(tree, index), share=share))

    for level in _levels(tree, reverse=is_hard):
        whole = [index for index in level if not is_unusable(tree.nodes[index])]
        judged |= dict(zip(whole, await gather_or_cancel(map(one, whole)), strict=True))
    return judged


def _levels(tree: Tree, *, reverse: bool) -> list[list[int]]:
    """The nodes by their depth."""
    depths: list[int] = []
    levels: list[list[int]] = []
    for index, node in enumerate(tree.nodes):
        depths.append(0 if node.parent < 0 else depths[node.parent] + 1)
        if depths[-1] == len(levels):
            levels.append([])
        levels[depths[-1]].append(index)
    return levels[::-1] if reverse else levels


async def _by_paths(problem: Problem, tree: Tree, judge: RolloutJudge) -> dict[int, Judgement]:
    """What first errors say of the steps of every path to a leaf, one path after the other.

    What is right on one path is right on all; a step that no path can say anything of is null.
    """
    below = children(tree)
    judged: dict[int, Judgement] = {}
    for leaf in (index for index in range(len(tree.nodes)) if not below[index]):
        way = path(tree, leaf)
        while way and is_unusable(tree.nodes[way[-1]]):
            way.pop()
        verdicts = [judged[i].verdict if i in judged else None for i in way]
        if "wrong" in verdicts:
            found = [Judgement(None, None, AFTER, judge.name)] * len(way)
        else:
            reached = max((n for n, verdict in enumerate(verdicts, 1) if verdict == "right"), default=0)
            last = tree.nodes[way[-1]] if way else None
            ended = None if last is None or last.answer is None else Grade(last.answer, last.correct)
            texts = [tree.nodes[i].text for i in way]
            error = await judge.first_error(problem, texts, reached=reached, ended=ended)
            found = judge.judgements(error, len(way))
        for index, judgement in zip(way, found, strict=True):
            if index not in judged or judged[index].verdict is None:
                judged[index] = judgement
    return judged
