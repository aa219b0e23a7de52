"""Where list puzzles come from: drawn by rule, or read from a file."""

import random
from dataclasses import dataclass
from pathlib import Path

from journey.errors import UsageError
from journey.store.datafiles import Row
from journey.tasks.files import problems_in
from journey.tasks.following import different
from journey.tasks.lists.functions import FUNCTIONS, LARGEST, LONGEST, apply
from journey.tasks.lists.puzzle import MOST_STEPS, Puzzle, State, can_make, is_held_out, parse_puzzle, to_problem
from journey.types import Problem, content_seed


@dataclass(frozen=True, slots=True)
class ListSettings:
    """Which puzzles are drawn: programs of exactly `steps` steps, where no shorter one does.

    Lists have `shortest` to `longest` numbers of 0 to `largest`, goals any length.
    """

    steps: int = 2
    shortest: int = 3
    longest: int = 4
    largest: int = 20

    def __post_init__(self) -> None:
        """Refuses puzzles that cannot be drawn (UsageError)."""
        if not 1 <= self.steps <= MOST_STEPS:
            raise UsageError(f"a list puzzle needs 1 to {MOST_STEPS} steps")
        if not 1 <= self.shortest <= self.longest <= LONGEST or not 1 <= self.largest <= LARGEST:
            raise UsageError(f"a list puzzle needs 1 <= shortest <= longest <= {LONGEST}, and largest up to {LARGEST}")


def drawn(name: str, count: int, seed: int, settings: ListSettings, *, held_out: bool) -> list[Problem]:
    """`count` puzzles of the set `name`, no two with the same lists, all held out from every training or none."""
    rng = random.Random(content_seed("lists", name, seed))
    found = different(
        count,
        "list puzzles",
        lambda: draw(rng, settings),
        lambda puzzle: (tuple(sorted(puzzle.start)), tuple(sorted(puzzle.goal))),
        lambda puzzle: is_held_out(puzzle) == held_out,
    )
    return [to_problem(puzzle, f"lists/{name}", seed) for puzzle in found]


def draw(rng: random.Random, settings: ListSettings = ListSettings()) -> Puzzle:
    """A random puzzle: of the lists that the functions make in so many steps, and any in no fewer, one at random."""
    while True:
        length = rng.randint(settings.shortest, settings.longest)
        start = tuple(rng.randint(0, settings.largest) for _ in range(length))
        made = {start}
        for _ in range(settings.steps):
            made = {after for numbers in made for name in FUNCTIONS if (after := apply(name, numbers))}
        puzzle = Puzzle(start, rng.choice(sorted(made)), settings.steps) if made else None
        if puzzle is not None and not can_make(puzzle, State(start, settings.steps - 1)):
            return puzzle


def read(path: str | Path, limit: int | None = None) -> list[Problem]:
    """The puzzles of a file whose rows have a `question`, each puzzle once. Raises UsageError with the row's place."""
    source = Path(path).name.split(".")[0]

    def problem_of(row: Row, place: str) -> Problem:
        try:
            return to_problem(parse_puzzle(str(row.get("question", ""))), source)
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from None

    return problems_in(path, limit, problem_of)
