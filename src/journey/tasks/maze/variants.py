"""Other mazes than those that are trained on: longer ways, more places, loops, and unsolvable ones."""

import random
from dataclasses import replace

from journey.tasks.base import Variant
from journey.tasks.maze.draw import MazeSettings, drawn
from journey.tasks.maze.puzzle import Maze, make_maze, parse_maze, solutions, unsolvable_text
from journey.types import Problem, make_problem


def shortest(problem: Problem) -> int:
    """How hard a maze is: the steps of its shortest way; the more, the harder. 0: there is none."""
    return min(map(len, solutions(parse_maze(problem.question))), default=0)


def _of(name: str, about: str, settings: MazeSettings) -> Variant:
    draw = lambda count, seed: drawn(f"suite {name}", count, seed, settings, held_out=True)  # noqa: E731
    return Variant(name=name, about=about, draw=draw)


def _unsolvable(count: int, seed: int) -> list[Problem]:
    found = drawn("suite unsolvable", count, seed, MazeSettings(), held_out=True, change=_closed)
    return [_says_so(problem) for problem in found]


def _closed(rng: random.Random, maze: Maze) -> Maze:
    """The maze with one step of its way walled up; of a maze without loops there is no other way."""
    walled = rng.choice(next(solutions(maze)))
    pairs = [(place, other) for place, beside in maze.ways for other in beside if place < other]
    return make_maze(maze.start, maze.goal, [p for p in pairs if {*p} != {walled.left, walled.to}])


def _says_so(problem: Problem) -> Problem:
    named = make_problem(problem.question, unsolvable_text(parse_maze(problem.question).goal))
    return replace(problem, id=named.id, answer=named.answer, solution=None)


VARIANTS = (
    _of("shorter ways", "right ways of 3 steps", MazeSettings(shortest=3, longest=3, deep=2)),
    _of("longer ways", "right ways of 9 to 12 steps", MazeSettings(shortest=9, longest=12, deepest=14)),
    _of("more places", "10 to 13 places beside the way", MazeSettings(fewest=10, most=13)),
    _of("loops", "two more ways between places, often several right ways", MazeSettings(loops=2)),
    Variant(name="unsolvable", about="no way leads to the goal; right is to say so", draw=_unsolvable, unsolvable=True),
)
