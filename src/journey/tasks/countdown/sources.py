"""Where puzzles come from: drawn by rule, or read from files of Countdown and Game of 24 puzzles."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store.datafiles import Row
from journey.tasks.countdown import plain
from journey.tasks.countdown.puzzle import Puzzle, PuzzleSettings, draw, is_held_out, to_problem
from journey.tasks.files import problems_in
from journey.tasks.following import different
from journey.types import Problem, content_seed


def drawn(
    name: str, count: int, seed: int, settings: PuzzleSettings, *, held_out: bool,
    is_held_out: Callable[[Puzzle], bool] = is_held_out, draw: Callable[..., Puzzle] = draw,
    fits: Callable[[Puzzle], bool] = lambda puzzle: True,
) -> list[Problem]:  # fmt: skip
    """`count` different random puzzles of the set `name`, all of them held out from every training or none of them.

    `draw(rng, settings)` gives a puzzle, which must fit.
    """
    rng = random.Random(content_seed("puzzles", name, seed))
    found = different(
        count,
        "puzzles",
        lambda: draw(rng, settings),
        lambda puzzle: (*sorted(puzzle.numbers), puzzle.target),
        lambda puzzle: is_held_out(puzzle) == held_out and fits(puzzle),
    )
    return [to_problem(puzzle, f"countdown/{name}", seed, settings.largest_result) for puzzle in found]


def drawn_in_words(
    name: str, count: int, seed: int, settings: PuzzleSettings, *, held_out: bool, **how: Any
) -> list[Problem]:
    """The same for a student that reads plain words: held out by the numbers alone, solved in plain words."""
    found = drawn(name, count, seed, settings, held_out=held_out, is_held_out=plain.is_held_out, **how)
    return [
        replace(p, task="countdown_words", solution=None if p.solution is None else plain.in_plain_words(p.solution))
        for p in found
    ]


def read(path: str | Path, limit: int | None = None) -> list[Problem]:
    """The puzzles of a file: rows with `nums` and `target` (Countdown) or `Puzzles` (Game of 24, "1 1 4 6")."""
    source = Path(path).name.split(".")[0]

    def problem_of(row: Row, place: str) -> Problem:
        try:
            if "Puzzles" in row:
                puzzle = Puzzle(tuple(int(n) for n in str(row["Puzzles"]).split()), 24, fractions=True)
            elif "nums" in row and "target" in row:
                puzzle = Puzzle(tuple(int(n) for n in row["nums"]), int(row["target"]))
            else:
                raise UsageError(f'{place} is no puzzle; a row needs "nums" and "target", or "Puzzles"')
        except (TypeError, ValueError):
            raise UsageError(f"{place} has a puzzle that is not made of whole numbers; mend or drop it") from None
        if not 2 <= len(puzzle.numbers) <= 6:
            raise UsageError(f"{place} has {len(puzzle.numbers)} numbers; puzzles of 2 to 6 numbers can be solved here")
        # Solutions are those that the tiny base's vocabulary can write, where there are such.
        problem = to_problem(puzzle, source, largest_result=PuzzleSettings().largest_result)
        return problem if problem.solution is not None else to_problem(puzzle, source)

    return problems_in(path, limit, problem_of)
