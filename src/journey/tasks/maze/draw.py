"""Draws mazes: a right way of 4 to 8 steps, wrong branches that run on for several steps, some of them deep."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_uppercase

from journey.errors import UsageError
from journey.tasks.following import different
from journey.tasks.maze.puzzle import Maze, is_held_out, make_maze, solutions, structure, to_problem
from journey.types import Problem, content_seed

RUNS_ON = 0.65  # chance that a place beside the right way prolongs a wrong branch instead of beginning one
DEEP = 3  # steps from the start from which a return counts as deep


@dataclass(frozen=True, slots=True)
class MazeSettings:
    """Which mazes are drawn.

    The right ways have `shortest` to `longest` steps. `fewest` to `most` places lie beside the way that is laid first.
    Wrong branches leave it at the start and at a place that is `deep` or more steps away, the others where they fall;
    none ends more than `deepest` steps from the start. `loops` further ways join places at random: with one or more a
    maze may have several right ways.
    """

    shortest: int = 4
    longest: int = 8
    fewest: int = 6
    most: int = 9
    deep: int = DEEP
    deepest: int = 10
    loops: int = 0

    def __post_init__(self) -> None:
        """Refuses mazes that cannot be drawn (UsageError)."""
        if not 2 <= self.shortest <= self.longest <= self.deepest or not 2 <= self.fewest <= self.most:
            raise UsageError("a maze needs 2 <= shortest <= longest <= deepest, and 2 <= fewest <= most")
        if self.longest + 1 + self.most > len(ascii_uppercase) or not 1 <= self.deep < self.shortest or self.loops < 0:
            raise UsageError("a maze has at most 26 places, and deep is at least 1 and below shortest")


def drawn(
    name: str, count: int, seed: int, settings: MazeSettings, *, held_out: bool,
    change: Callable[[random.Random, Maze], Maze] = lambda rng, maze: maze,
) -> list[Problem]:  # fmt: skip
    """`count` mazes of the set `name`, no two of one structure, all held out from every training or none of them.

    `change` makes another maze of the one that was drawn.
    """
    rng = random.Random(content_seed("mazes", name, seed))
    found = different(
        count, "mazes", lambda: change(rng, draw(rng, settings)), structure, lambda maze: is_held_out(maze) == held_out
    )
    return [to_problem(maze, f"maze/{name}", seed) for maze in found]


def draw(rng: random.Random, settings: MazeSettings = MazeSettings()) -> Maze:
    """A random maze whose right ways all have a length that was asked for."""
    while True:
        length = rng.randint(settings.shortest, settings.longest)
        pairs = _tree(rng, length, settings)
        if pairs is None:
            continue
        for _ in range(settings.loops):
            a, b = rng.sample(range(len(pairs) + 1), 2)
            pairs += [(a, b)] if (a, b) not in pairs and (b, a) not in pairs else []
        names = rng.sample(ascii_uppercase, 1 + max(max(pair) for pair in pairs))
        maze = make_maze(names[0], names[length], [(names[a], names[b]) for a, b in pairs])
        if settings.loops == 0 or all(settings.shortest <= len(w) <= settings.longest for w in solutions(maze)):
            return maze


def _tree(rng: random.Random, length: int, settings: MazeSettings) -> list[tuple[int, int]] | None:
    """The ways of a maze without loops between numbered places, 0 the start; null where a branch runs too far."""
    pairs = [(place, place + 1) for place in range(length)]
    depth = {place: place for place in range(length + 1)}
    ways_on = {place: 1 for place in range(length)}
    ends: list[int] = []
    for number in range(rng.randint(settings.fewest, settings.most)):
        place = length + 1 + number
        if number < 2:
            foot = 0 if number == 0 else rng.randint(settings.deep, length - 1)
        elif rng.random() < RUNS_ON:
            foot = rng.choice(ends)
        else:
            foot = rng.choice([other for other, count in ways_on.items() if count < 3])
        if foot in ends:
            ends.remove(foot)
        ends.append(place)
        pairs.append((foot, place))
        ways_on[foot] += 1
        ways_on[place], depth[place] = 0, depth[foot] + 1
        if depth[place] > settings.deepest:
            return None
    return pairs
