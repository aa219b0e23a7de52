"""STaR's rationales, and their hybrid with journeys: what the policy failed is found again with a hint.

STaR (Zelikman and others, arXiv 2203.14465): a problem that the policy solves gives its own right path; for one that it
fails the answer is shown, and the rationale that the policy then writes is kept where it ends right. The hybrid (ours)
tells journeys: where the policy failed, its own wrong branches are the mistakes and the rationale is the way out.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from journey.errors import UsageError
from journey.models.base import Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate, question_tokens, tokens_of
from journey.tasks.hints import HintSettings, first_sentence, hint_of, hinted_prompt, surviving_hint
from journey.tasks.table import task_of
from journey.tasks.walks import walk
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.distill import check
from journey.thoughts.draft import Walk, draft
from journey.thoughts.numbers import numbers
from journey.thoughts.shortcut import shortest_paths, straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import is_unusable, verdict
from journey.types import Node, Problem, Thought, Tree, content_hash, content_seed

HINTED = "hinted"
"""How the `note` of a thought begins whose way out was written with a hint."""
SPEAKS = "speaks of the hint"
FIRST = "starts from the answer"
LEFT_OUT = "not solved, and hints are left out"
NO_HINT = "not solved, and the puzzle has no solution to hint at"
WHOLE = "not solved, and a hint would be the whole solution"
NO_MISTAKE = "solved with a hint, but the tree holds no wrong branch"


class Rationale(NamedTuple):
    """A right way that was written with a hint, in steps; its answer, who wrote it and at which try (from 1)."""

    steps: tuple[str, ...]
    answer: str
    by: str
    trial: int


def is_hinted(thought: Thought) -> bool:
    """Whether a hint helped to write the thought."""
    return (thought.note or "").startswith(HINTED)


async def rationale(problem: Problem, settings: HintSettings, tools: Tools) -> Rationale | str:
    """The policy's first right rationale in which nothing speaks of the hint; else why there is none.

    Every try that is not kept is counted by its reason. Raises ModelError.
    """
    policy, seed = tools.policy, tools.common.seed
    for trial in range(settings.tries):
        try:
            hint = hint_of(problem, content_seed("hint", seed, trial))
        except UsageError:
            return WHOLE
        if hint is None:
            return NO_HINT
        prompt = hinted_prompt(problem, hint, settings.prompt)
        drawn = content_seed("hinted", seed, problem.id, trial)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=drawn)
        (completion,) = await policy.complete(prompt, sampling)
        found = await check(problem, completion, tools.grader, thinking=False)
        if isinstance(found, str):
            tools.refused(found)
        elif surviving_hint(found.text, problem.question) is not None:
            tools.refused(SPEAKS)
        elif task_of(problem).ground is None and starts_from_answer(problem, found.text):
            tools.refused(FIRST)
        else:
            return Rationale(right_way(problem, found.text), found.answer, policy.name, trial + 1)
    return f"not solved, nor in {settings.tries} tries with a hint"


def starts_from_answer(problem: Problem, text: str) -> bool:
    """Whether the answer stands in a text before anything that it could follow from; one that the question has may.

    A number does where it is the first one of the text, an answer without numbers where its first sentence has it.
    """
    wanted, known = numbers(problem.answer), numbers(problem.question)
    if wanted:
        return not set(wanted) <= set(known) and numbers(text)[: len(wanted)] == wanted
    answer, first = problem.answer.strip().casefold(), first_sentence(text).casefold()
    return answer in first and answer not in problem.question.casefold()


def right_way(problem: Problem, text: str) -> tuple[str, ...]:
    """The steps of a right answer; of a puzzle those of its last walk alone, without what was tried and left."""
    task = task_of(problem)
    if task.ground is not None:
        ground = task.ground(problem)
        *_, last = [None, *walk(ground, text)]
        if last is not None and last.sound and ground.is_goal(last.path[-1]):
            return last.taken
    return tuple(task.steps.split(text))


def graft(tree: Tree, problem: Problem, found: Rationale) -> tuple[Tree, int]:
    """The tree with the rationale as a right path, and the leaf of that; its steps follow the tree's as far as they go.

    New nodes stand behind the tree's own.
    """
    ground = None if (make := task_of(problem).ground) is None else make(problem)
    read = ground.read if ground is not None else str.strip
    nodes, here = list(tree.nodes), -1
    for text in found.steps[:-1]:
        known = (
            i
            for i, node in enumerate(tree.nodes)
            if node.parent == here and read(node.text) == read(text) and node.answer is None
            if verdict(node) != "wrong" and not is_unusable(node)
        )
        if (there := next(known, None)) is None:
            nodes.append(Node(here, text, by=found.by))
            there = len(nodes) - 1
        here = there
    nodes.append(Node(here, found.steps[-1], answer=found.answer, correct=True, by=found.by))
    return replace(tree, nodes=tuple(nodes)), len(nodes) - 1


def hinted(tree: Tree, problem: Problem, way: Walk, found: Rationale, tools: Tools) -> Thought:
    """The walk over a grafted tree as a thought of the tree that grew: what the hint brought belongs to no node."""
    grafted, _ = graft(tree, problem, found)
    settings = {**way.settings, HINTED: [found.by, content_hash(found.steps)]}
    made = draft(grafted, problem, replace(way, settings=settings), tools.narration)
    own = len(tree.nodes)
    segments = tuple(replace(s, node=None) if s.node is not None and s.node >= own else s for s in made.segments)
    return replace(made, segments=segments, note=f"{HINTED}: {found.by} was shown a hint, try {found.trial}")


async def make_star(material: Material, settings: Any, tools: Tools) -> Made:
    """A tree's right paths alone; of a tree without one the rationale that the policy writes with a hint."""
    assert material.tree is not None
    tree, problem = material.tree, material.problem
    if leaves := shortest_paths(tree, tools):
        ways = [replace(straight(tree, leaf), method="star") for leaf in leaves]
        return Made([draft(tree, problem, way, tools.narration) for way in ways])
    if isinstance(found := await _found(problem, tools), str):
        return Made(reason=found)
    way = replace(straight(*graft(tree, problem, found)), method="star")
    return Made([hinted(tree, problem, way, found, tools)])


async def make_hybrid(material: Material, settings: TraverseSettings, tools: Tools) -> Made:
    """A tree's journeys; of a tree without a right leaf its wrong branches, and out of them with a hint."""
    assert material.tree is not None
    tree, problem, seed = material.tree, material.problem, tools.common.seed
    if leaves := shortest_paths(tree, tools):
        ways = [replace(traverse(tree, leaf, settings, seed), method="hybrid") for leaf in leaves]
        return Made([draft(tree, problem, way, tools.narration) for way in ways])
    if isinstance(found := await _found(problem, tools), str):
        return Made(reason=found)
    grafted, leaf = graft(tree, problem, found)
    least = replace(settings, trials=max(2, settings.trials), trials_by_depth=None, vary=False)
    for how in (settings, least):  # the settings may have drawn no side trip, but the mistake is the point here
        way = replace(traverse(grafted, leaf, how, seed), method="hybrid")
        if any(visit.kind == "mistake" for visit in way.visits):
            return Made([hinted(tree, problem, way, found, tools)])
    return Made(reason=NO_MISTAKE)


async def _found(problem: Problem, tools: Tools) -> Rationale | str:
    settings = tools.common.hinting
    return LEFT_OUT if settings is None else await rationale(problem, settings, tools)


def estimate(problems: Sequence[Problem], settings: Any, common: Common) -> list[Estimate]:
    """The policy's rationales, as if it failed every problem and used every try."""
    how = common.hinting
    if how is None:
        return []
    calls = len(problems) * how.tries
    read = how.tries * (question_tokens(problems) + sum(tokens_of(problem.answer) for problem in problems))
    return [Estimate(common.policy or common.model, "hinted rationales", Usage(calls, read, calls * how.max_tokens))]
