"""The strict checker of mazes: every step goes on from where the walk stands, along a true way, to a new place.

A text in the puzzle's own steps counts by the walk that stands at its end. A text without such steps is read for a
final answer, which must be a list of places from start to goal.
"""

import re

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.following import Flaw
from journey.tasks.maze.puzzle import NAME, Maze, open_places
from journey.tasks.maze.walk import NO_PLACE, VISITED, WALL, along, last_walk

DEAD_END = "dead end"
STOPPED_SHORT = "stopped on the way"
NO_ANSWER = "no answer"
KEEPS_ITS_PATH = (WALL, NO_PLACE, VISITED)  # errors after which the walk still says which way it went

_NAMES = re.compile(NAME)


def grade(maze: Maze, text: str) -> Grade:
    """The grade of one text. The answer is the way, as in "K -> A -> D", null unless the last walk came to an end."""
    walk, any_step = last_walk(maze, text)
    if not any_step:
        if (answer := find_answer(text)) is None:
            return Grade(None, None, NO_ANSWER)
        walk = along(maze, tuple(_NAMES.findall(answer)))
    at_goal = walk.path[-1] == maze.goal
    has_ended = at_goal or not open_places(maze, walk.path)
    if (walk.flaw is not None and walk.flaw.kind not in KEEPS_ITS_PATH) or not has_ended:
        return Grade(None, None, str(walk.flaw or STOPPED_SHORT))
    flaw = walk.flaw or (None if at_goal else Flaw(DEAD_END, walk.path[-1]))
    return Grade(" -> ".join(walk.path), flaw is None, str(flaw) if flaw else None)
