"""Other mazes than those that are trained on: longer ways, more places, loops, and unsolvable ones."""

from journey.tasks.base import Variant, with_verdict
from journey.tasks.maze.draw import MazeSettings, drawn
from journey.tasks.maze.exploration import without_a_way
from journey.tasks.maze.puzzle import parse_maze, solutions, unsolvable_text
from journey.types import Problem


def shortest(problem: Problem) -> int:
    """How hard a maze is: the steps of its shortest way; the more, the harder. 0: there is none."""
    return min(map(len, solutions(parse_maze(problem.question))), default=0)


def _of(name: str, about: str, settings: MazeSettings) -> Variant:
    draw = lambda count, seed: drawn(f"suite {name}", count, seed, settings, held_out=True)  # noqa: E731
    return Variant(name=name, about=about, draw=draw)


def _unsolvable(count: int, seed: int) -> list[Problem]:
    found = drawn("suite unsolvable", count, seed, MazeSettings(), held_out=True, change=without_a_way)
    return [with_verdict(problem, unsolvable_text(parse_maze(problem.question).goal)) for problem in found]


VARIANTS = (
    _of("shorter ways", "right ways of 3 steps", MazeSettings(shortest=3, longest=3, deep=2)),
    _of("longer ways", "right ways of 9 to 12 steps", MazeSettings(shortest=9, longest=12, deepest=14)),
    _of("more places", "10 to 13 places beside the way", MazeSettings(fewest=10, most=13)),
    _of("loops", "two more ways between places, often several right ways", MazeSettings(loops=2)),
    Variant(name="unsolvable", about="no way leads to the goal; right is to say so", draw=_unsolvable, unsolvable=True),
)
