"""Walks through a maze: a text in the puzzle's own steps is followed line by line, through every return.

An error says its kind and, in brackets, the place: `wall walked through (no way from A to B)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from journey.tasks.following import exact_judge, followed
from journey.tasks.maze.puzzle import (
    Maze,
    Path,
    Step,
    can_reach,
    open_places,
    parse_maze,
    parse_state,
    parse_step,
    within_reach,
)

WALL = "wall walked through"
NO_PLACE = "place that is not there"
VISITED = "place visited twice"
ELSEWHERE = "step from elsewhere"
BAD_STATE = "wrong open places"


@dataclass(frozen=True, slots=True)
class Walk:
    """The places visited in order, and the first error on the way: its kind, and what it is in words (null: none)."""

    path: Path
    kind: str | None = None
    detail: str | None = None

    @property
    def error(self) -> str | None:
        """The error as grades tell it."""
        return None if self.kind is None else f"{self.kind} ({self.detail})"


def last_walk(maze: Maze, text: str) -> tuple[Walk, bool]:
    """The walk that stands at the end of the text, and whether there was any step at all."""
    start, follow_one, restate_one = Walk((maze.start,)), partial(follow, maze), partial(restate, maze)
    return followed(start, text, parse_step, follow_one, parse_state, restate_one)


def follow(maze: Maze, walk: Walk, step: Step) -> Walk:
    """The walk after one more step, with the first error that the step makes."""
    path = (*walk.path, step.to) if step.left == walk.path[-1] else (step.left, step.to)
    if walk.kind is not None:
        return Walk(path, walk.kind, walk.detail)
    if (flaw := flaw_of(maze, walk.path, step)) is not None:
        return Walk(path, *flaw)
    return Walk(path)


def restate(maze: Maze, seen: Sequence[Walk], state: tuple[str, Path, str]) -> Walk:
    """The latest sound walk that stood there with these places open; a walk in error where there was none."""
    place, open_here, goal = state
    for walk in reversed(seen) if goal == maze.goal else ():
        if walk.kind is None and walk.path[-1] == place and open_places(maze, walk.path) == open_here:
            return walk
    return Walk((place,), BAD_STATE, f"no walk to {goal} stood at {place} with {listed(open_here)} open")


def along(maze: Maze, path: Path) -> Walk:
    """A walk along a list of places, with its first error."""
    if path[:1] != (maze.start,):
        return Walk((maze.start,), ELSEWHERE, f"the way begins at {maze.start}")
    walk = Walk(path[:1])
    for left, to in pairwise(path):
        walk = follow(maze, walk, Step(left, to, open_places(maze, (*walk.path, to)), maze.goal))
    return walk


def flaw_of(maze: Maze, path: Path, step: Step) -> tuple[str, str] | None:
    """What is wrong with a step at the end of a walk: its kind, and in words; null where nothing is."""
    if step.left != path[-1]:
        return ELSEWHERE, f"the walk is at {path[-1]} , not at {step.left}"
    if step.to not in maze.next_to:
        return NO_PLACE, f"there is no place {step.to}"
    if step.to not in maze.next_to.get(step.left, ()):
        return WALL, f"no way from {step.left} to {step.to}"
    if step.to in path:
        return VISITED, f"{step.to} is visited already"
    if step.open != (true := open_places(maze, (*path, step.to))):
        return BAD_STATE, f"open from {step.to} is {listed(true)} , not {listed(step.open)}"
    if step.goal != maze.goal:
        return BAD_STATE, f"the walk is to {maze.goal} , not to {step.goal}"
    return None


def lost(maze: Maze, path: Path) -> str | None:
    """Why the goal is out of reach at the end of a walk, in words; null where the walk can still reach it."""
    if can_reach(maze, path):
        return None
    ahead = sorted(within_reach(maze, path))
    return f"{path[-1]} leads only to {listed(tuple(ahead))}" if ahead else f"{path[-1]} is a dead end"


def listed(places: Path) -> str:
    """The places in words."""
    return " and ".join(places) if places else "no place"


def _flaw(maze: Maze, path: Path, step: Step) -> str | None:
    found = flaw_of(maze, path, step)
    return None if found is None else found[1]


judge = exact_judge(
    parse_maze,
    lambda maze, text: last_walk(maze, text)[0].path,
    parse_step,
    _flaw,
    lambda maze, path, step: lost(maze, (*path, step.to)),
)
"""The exact judge of mazes: a step is right when it is legal and the goal can still be reached with no second visit."""
