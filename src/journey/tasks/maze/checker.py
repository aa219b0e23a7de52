"""The strict checker of mazes: every step goes on from where the walk stands, along a true way, to a new place.

A text in the puzzle's own steps is followed line by line, through every return, and what counts is the walk that stands
at its end. A text without such steps is read for a final answer, which must be a list of places from start to goal.
An error says its kind and, in brackets, the place: `wall walked through (no way from A to B)`.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.maze.puzzle import (
    NAME,
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
from journey.types import Problem

WALL = "wall walked through"
NO_PLACE = "place that is not there"
VISITED = "place visited twice"
ELSEWHERE = "step from elsewhere"
BAD_STATE = "wrong open places"
DEAD_END = "dead end"
STOPPED_SHORT = "stopped on the way"
NO_ANSWER = "no answer"
KEEPS_ITS_PATH = (WALL, NO_PLACE, VISITED)  # errors after which the walk still says which way it went

_NAMES = re.compile(NAME)


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


class MazeGrader:
    """Grades answers to mazes; the answer is the way, as in "K -> A -> D"."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole text or of the joined steps of a path. Raises UsageError on a foreign problem."""
        return grade(parse_maze(problem.question), text)


def grade(maze: Maze, text: str) -> Grade:
    """The grade of one text; the answer is null unless the last walk came to the goal or to a dead end."""
    walk, any_step = last_walk(maze, text)
    if not any_step:
        if (answer := find_answer(text)) is None:
            return Grade(None, None, NO_ANSWER)
        walk = along(maze, tuple(_NAMES.findall(answer)))
    at_goal = walk.path[-1] == maze.goal
    if (walk.kind is not None and walk.kind not in KEEPS_ITS_PATH) or not (at_goal or not open_places(maze, walk.path)):
        return Grade(None, None, walk.error or STOPPED_SHORT)
    error = walk.error or (None if at_goal else f"{DEAD_END} ({walk.path[-1]})")
    return Grade(" -> ".join(walk.path), error is None, error)


def last_walk(maze: Maze, text: str) -> tuple[Walk, bool]:
    """The walk that stands at the end of the text, and whether there was any step at all."""
    walk, any_step = Walk((maze.start,)), False
    seen = [walk]
    for line in text.splitlines():
        if (step := parse_step(line)) is not None:
            walk, any_step = follow(maze, walk, step), True
            seen.append(walk)
        elif (state := parse_state(line)) is not None:
            walk = restate(maze, seen, *state)
            seen.append(walk)
    return walk, any_step


def follow(maze: Maze, walk: Walk, step: Step) -> Walk:
    """The walk after one more step, with the first error that the step makes."""
    path = (*walk.path, step.to) if step.left == walk.path[-1] else (step.left, step.to)
    if walk.kind is not None:
        return Walk(path, walk.kind, walk.detail)
    if (flaw := flaw_of(maze, walk.path, step)) is not None:
        return Walk(path, *flaw)
    return Walk(path)


def restate(maze: Maze, seen: list[Walk], place: str, open_here: Path, goal: str) -> Walk:
    """The latest sound walk that stood there with these places open; a walk in error where there was none."""
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
