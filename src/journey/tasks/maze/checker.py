"""The strict checker of mazes: every step goes on from where the walk stands, along a true way, to a new place.

A text in the puzzle's own steps counts by the walk that stands at its end. A text without such steps is read for a
final answer, which must be a list of places from start to goal.
"""

import re

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.maze.puzzle import NAME, Maze, open_places, parse_maze
from journey.tasks.maze.walk import NO_PLACE, VISITED, WALL, along, last_walk
from journey.types import Problem

DEAD_END = "dead end"
STOPPED_SHORT = "stopped on the way"
NO_ANSWER = "no answer"
KEEPS_ITS_PATH = (WALL, NO_PLACE, VISITED)  # errors after which the walk still says which way it went

_NAMES = re.compile(NAME)


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


def way(problem: Problem, text: str) -> str | None:
    """The places that a right text walks through, from start to goal; null where it is not right."""
    found = grade(parse_maze(problem.question), text)
    return found.answer if found.correct else None
