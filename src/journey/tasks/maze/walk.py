"""Walks through a maze: a text in the puzzle's own steps is followed line by line, through every return."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from journey.tasks.following import Flaw, exact_judge, followed
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
    """The places visited in order, and the first flaw on the way (null: none)."""

    path: Path
    flaw: Flaw | None = None


def last_walk(maze: Maze, text: str) -> tuple[Walk, bool]:
    """The walk that stands at the end of the text, and whether there was any step at all."""
    start, follow_one, restate_one = Walk((maze.start,)), partial(follow, maze), partial(restate, maze)
    return followed(start, text, parse_step, follow_one, parse_state, restate_one)


def follow(maze: Maze, walk: Walk, step: Step) -> Walk:
    """The walk after one more step, with its first flaw."""
    path = (*walk.path, step.to) if step.left == walk.path[-1] else (step.left, step.to)
    return Walk(path, walk.flaw or flaw_of(maze, walk.path, step))


def restate(maze: Maze, seen: Sequence[Walk], state: tuple[str, Path, str]) -> Walk:
    """The latest sound walk that stood there with these places open; one with a flaw where there was none."""
    place, open_here, goal = state
    for walk in reversed(seen) if goal == maze.goal else ():
        if walk.flaw is None and walk.path[-1] == place and open_places(maze, walk.path) == open_here:
            return walk
    return Walk((place,), Flaw(BAD_STATE, f"no walk to {goal} stood at {place} with {listed(open_here)} open"))


def along(maze: Maze, path: Path) -> Walk:
    """A walk along a list of places, with its first flaw."""
    if path[:1] != (maze.start,):
        return Walk((maze.start,), Flaw(ELSEWHERE, f"the way begins at {maze.start}"))
    walk = Walk(path[:1])
    for left, to in pairwise(path):
        walk = follow(maze, walk, Step(left, to, open_places(maze, (*walk.path, to)), maze.goal))
    return walk


def flaw_of(maze: Maze, path: Path, step: Step) -> Flaw | None:
    """What is wrong with a step at the end of a walk; null where nothing is."""
    if step.left != path[-1]:
        return Flaw(ELSEWHERE, f"the walk is at {path[-1]} , not at {step.left}")
    if step.to not in maze.next_to:
        return Flaw(NO_PLACE, f"there is no place {step.to}")
    if step.to not in maze.next_to.get(step.left, ()):
        return Flaw(WALL, f"no way from {step.left} to {step.to}")
    if step.to in path:
        return Flaw(VISITED, f"{step.to} is visited already")
    if step.open != (true := open_places(maze, (*path, step.to))):
        return Flaw(BAD_STATE, f"open from {step.to} is {listed(true)} , not {listed(step.open)}")
    if step.goal != maze.goal:
        return Flaw(BAD_STATE, f"the walk is to {maze.goal} , not to {step.goal}")
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


judge = exact_judge(
    parse_maze,
    lambda maze, text: last_walk(maze, text)[0].path,
    parse_step,
    flaw_of,
    lambda maze, path, step: lost(maze, (*path, step.to)),
)
"""The exact judge of mazes: a step is right when it is legal and the goal can still be reached with no second visit."""
