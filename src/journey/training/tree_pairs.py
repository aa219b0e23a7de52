"""Pairs of steps: two ways to go on from one node of a tree, of which one is preferred."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from journey.prompts.languages import code
from journey.tasks.base import Task
from journey.tasks.table import task_of
from journey.thoughts.draft import turn_back
from journey.trees.mark import children, is_unusable, on_right_path, path, verdict
from journey.trees.values import valued
from journey.types import Problem, Tree


class Side(NamedTuple):
    """One way to go on, and whether the text goes on behind it."""

    text: str
    goes_on: bool = True


class Pair(NamedTuple):
    """Two ways to go on after node `after` (-1: the question) of a tree."""

    after: int
    chosen: Side
    rejected: Side


@dataclass(frozen=True, slots=True)
class Grown:
    """A tree as pairs are made of it.

    `usable`: whole steps. `sound`: steps that are right, or stand on the way to a right end, as all before them.
    `lost`: for a wrong step and all behind it the first wrong step; -1 elsewhere.
    """

    tree: Tree
    problem: Problem
    task: Task
    below: list[list[int]]
    usable: list[bool]
    sound: list[bool]
    lost: list[int]

    def step(self, index: int) -> Side:
        """A step as it stands in an answer; a right end is closed as a thought is, and there the text ends."""
        node, narration = self.tree.nodes[index], self.task.narration.of(code(self.problem.language))
        if node.correct is True and not self.below[index]:
            texts = (narration.last(node), narration.close(self.problem, node))
            return Side(narration.separator.join(filter(None, texts)), goes_on=False)
        return Side(node.text + self.task.steps.separator)

    def back(self, trip: Sequence[int], to: int) -> Side:
        """Turning back from the end of a trip to node `to`, in the words of a long thought."""
        narration = self.task.narration.of(code(self.problem.language))
        pieces = turn_back(self.tree, self.problem, trip, to, narration)
        return Side("".join(piece.text + narration.separator for piece in pieces if piece.text))


def grown(tree: Tree, problem: Problem) -> Grown:
    """The tree with what pairs need to know of its steps."""
    on_path = on_right_path(tree)
    usable, sound, lost = list[bool](), list[bool](), list[int]()
    for index, node in enumerate(tree.nodes):
        before = node.parent < 0 or sound[node.parent]
        usable.append(not is_unusable(node) and bool(node.text.strip()))
        is_right = node.correct is not False and (verdict(node) == "right" or index in on_path)
        sound.append(usable[-1] and before and is_right)
        is_wrong = node.correct is False or (verdict(node) == "wrong" and node.correct is None)
        first = -1 if node.parent < 0 else lost[node.parent]
        lost.append(first if first >= 0 else index if usable[-1] and before and is_wrong else -1)
    return Grown(tree, problem, task_of(problem), children(tree), usable, sound, lost)


def first_error(of: Grown, margin: float) -> list[list[Pair]]:
    """At the first wrong step: a right sibling over it (Step-DPO, Lai et al. 2024, whose mends are sampled anew)."""
    pairs: list[Pair] = []
    for after, siblings in _levels(of):
        right = [one for one in siblings if of.sound[one]]
        wrong = [one for one in siblings if of.lost[one] == one]
        pairs += (Pair(after, of.step(right[i % len(right)]), of.step(w)) for i, w in enumerate(wrong) if right)
    return [pairs]


def recovery(of: Grown, margin: float) -> list[list[Pair]]:
    """What only journeys hold: at a wrong prefix turning back over going on, at a right one the other way round.

    The return leads to where the first wrong step began, a needless one a step back.
    """
    turning: list[Pair] = []
    going_on: list[Pair] = []
    for index, node in enumerate(of.tree.nodes):
        onward = [one for one in of.below[index] if of.usable[one]]
        if of.usable[index] and (first := of.lost[index]) >= 0:
            way = path(of.tree, index)
            back = of.back(way[way.index(first) :], of.tree.nodes[first].parent)
            ahead = (one for one in onward if of.tree.nodes[one].correct is not True)
            turning += (Pair(index, back, of.step(one)) for one in ahead)
        elif of.sound[index]:
            back = of.back([index], node.parent)
            going_on += (Pair(index, of.step(one), back) for one in onward if of.sound[one])
    return [turning, going_on]


def value(of: Grown, margin: float) -> list[list[Pair]]:
    """Among siblings the one from which a right end is likeliest, over each that is worse by the margin.

    In a tree without values the share of right ends at or below each step.
    """
    pairs: list[Pair] = []
    nodes = of.tree.nodes if any(node.value is not None for node in of.tree.nodes) else valued(of.tree).nodes
    for after, siblings in _levels(of):
        known = {one: found for one in siblings if (found := nodes[one].value) is not None}
        best = max(known, key=lambda one: known[one], default=-1)
        worse = (one for one in known if known[best] - known[one] >= max(margin, 1e-9))
        pairs += (Pair(after, of.step(best), of.step(one)) for one in worse)
    return [pairs]


def _levels(of: Grown) -> Iterator[tuple[int, list[int]]]:
    """Every node that steps were taken from (-1: the question), with those steps."""
    for after in range(-1, len(of.tree.nodes)):
        if after < 0 or of.usable[after]:
            yield after, [one for one in of.below[after] if of.usable[one]]
