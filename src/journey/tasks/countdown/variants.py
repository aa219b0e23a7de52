"""Other Countdown puzzles than those that are trained on: other numbers, lengths and operators, and unsolvable ones."""

import random
from collections.abc import Callable
from itertools import permutations

from journey.tasks.base import Variant, with_verdict
from journey.tasks.countdown.puzzle import (
    Number,
    Numbers,
    Puzzle,
    PuzzleSettings,
    apply,
    parse_puzzle,
    solutions,
    steps,
    unsolvable_text,
)
from journey.types import Problem

PAIRS, RARE = 30, 60  # held-out puzzles of two numbers, and that need a division, there are at least
Drawn = Callable[..., list[Problem]]
NEVER = 1_000_000  # walks of a puzzle that no walk solves


def variants(drawn: Drawn) -> tuple[Variant, ...]:
    """The variants of the puzzles that `drawn` draws, in its words."""

    def of(
        name: str, about: str, settings: PuzzleSettings, fits: Callable[[Puzzle], bool] = lambda p: True,
        most: int | None = None,
    ) -> Variant:  # fmt: skip
        def draw(count: int, seed: int) -> list[Problem]:
            return drawn(f"suite {name}", min(count, most or count), seed, settings, held_out=True, fits=fits)

        return Variant(name=name, about=about, draw=draw)

    def unsolvable(count: int, seed: int) -> list[Problem]:
        found = drawn("suite unsolvable", count, seed, PuzzleSettings(), held_out=True, draw=_unsolvable)
        return [with_verdict(problem, unsolvable_text(parse_puzzle(problem.question).target)) for problem in found]

    return (
        of("larger numbers", "one number or more from 21 to 50", PuzzleSettings(largest=50), _is_large),
        of("small targets", "targets from 1 to 9", PuzzleSettings(smallest_target=1, largest_target=9)),
        of("2 numbers", "two numbers", PuzzleSettings(2), most=PAIRS),
        of("4 numbers", "four numbers", PuzzleSettings(4)),
        of("division needed", "no solution without a division", PuzzleSettings(), _needs_division, RARE),
        Variant(name="unsolvable", about="no target can be made; right is to say so", draw=unsolvable, unsolvable=True),
    )


def walks_needed(problem: Problem) -> int:
    """How hard a puzzle is: how many random walks of legal steps it takes on average until one makes the target."""
    puzzle = parse_puzzle(problem.question)
    chance = _chance(puzzle.numbers, puzzle.target)
    return round(1 / chance) if chance else NEVER


def is_solvable(numbers: Numbers, target: Number) -> bool:
    """Whether any steps make the target, two equal numbers joined, too, which `steps` never does."""
    if len(numbers) == 1:
        return numbers[0] == target
    for i, j in permutations(range(len(numbers)), 2):
        rest = tuple(number for k, number in enumerate(numbers) if k not in (i, j))
        for op in "+-*/":
            result = apply(numbers[i], op, numbers[j])
            if result is not None and is_solvable((*rest, result), target):
                return True
    return False


def _chance(numbers: Numbers, target: Number) -> float:
    if len(numbers) == 1:
        return float(numbers[0] == target)
    found = steps(numbers, target)
    return sum(_chance(step.rest, target) for step in found) / max(1, len(found))


def _is_large(puzzle: Puzzle) -> bool:
    return max(puzzle.numbers) > 20


def _needs_division(puzzle: Puzzle) -> bool:
    return all(any(step.op == "/" for step in chain) for chain in solutions(puzzle))


def _unsolvable(rng: random.Random, settings: PuzzleSettings) -> Puzzle:
    while True:
        numbers = tuple(rng.randint(1, settings.largest) for _ in range(settings.numbers))
        target = rng.randint(settings.smallest_target, settings.largest_target)
        if not is_solvable(numbers, target):
            return Puzzle(numbers, target)
