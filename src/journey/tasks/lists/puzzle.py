"""Which program of list functions turns one list of numbers into another?

`Turn ( 3 1 4 ) to ( 8 2 ) with 2 : rest double sort swap` asks for a program of at most 2 steps, each one of these
functions. A state is the list that stands, the goal, and the steps that are left, `( 1 4 -> 8 2 ) with 1`; a step names
a function, its result and the state after it: `rest = ( 1 4 -> 8 2 ) with 1`.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from journey.errors import UsageError
from journey.tasks.exploration import without_remarks
from journey.tasks.following import different
from journey.tasks.lists.functions import LARGEST, LONGEST, OPERATIONS, Numbers, allowed, apply, list_text
from journey.types import Problem, content_hash, content_seed, make_problem

MOST_STEPS = 4  # of a program; more would take long to judge
_NUMBERS = r"((?:\d{1,9} )+)"
_LIST = rf"\( {_NUMBERS}\)"
_STATE = rf"\( {_NUMBERS}-> {_NUMBERS}\) with (\d{{1,9}})"
_NAMES = rf"((?: (?:{'|'.join(OPERATIONS)}))+)"
_QUESTION = re.compile(rf"Turn {_LIST} to {_LIST} with (\d{{1,9}}) :{_NAMES}")
_STEP = re.compile(rf"([a-z]{{1,12}}) = {_STATE}")
_BACK = re.compile(rf"Back to {_STATE}(?: tried(?: [a-z]{{1,12}}| ,)+)?")


class State(NamedTuple):
    """The list that stands, and how many steps are left."""

    numbers: Numbers
    left: int


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A list, its goal, how many steps a program may have, and the functions that it may use."""

    start: Numbers
    goal: Numbers
    limit: int
    functions: tuple[str, ...]

    @property
    def state(self) -> State:
        """What stands at the question."""
        return State(self.start, self.limit)


@dataclass(frozen=True, slots=True)
class Step:
    """A function and the state after it on the way to `goal`, as written."""

    name: str
    to: State
    goal: Numbers

    def __str__(self) -> str:
        return f"{self.name} = {state_text(self.to, self.goal)}"


def state_text(state: State, goal: Numbers) -> str:
    """How a state is written."""
    return " ".join(["(", *map(str, state.numbers), "->", *map(str, goal), ")", "with", str(state.left)])


def back_text(state: State, goal: Numbers) -> str:
    """The return to an earlier state."""
    return f"Back to {state_text(state, goal)}"


def miss_text(numbers: Numbers, goal: Numbers) -> str:
    """What is wrong with a list that is not the goal."""
    return f"{list_text(numbers)} is not {list_text(goal)}"


def made_text(goal: Numbers) -> str:
    """The verdict on a program that made the goal."""
    return f"Yes , {list_text(goal)} is made"


def question(puzzle: Puzzle) -> str:
    """How a puzzle is asked."""
    ends = f"Turn {list_text(puzzle.start)} to {list_text(puzzle.goal)}"
    return f"{ends} with {puzzle.limit} : {' '.join(puzzle.functions)}"


def parse_puzzle(text: str) -> Puzzle:
    """The puzzle of a question, hints behind it left out. Raises UsageError where the text is no such question."""
    match = _QUESTION.fullmatch(without_remarks(text))
    if match is None:
        raise UsageError(
            f'not a list question: "{text[:60]}"; it must read like "Turn ( 3 1 4 ) to ( 8 2 ) with 2 : rest double '
            f'swap", its functions some of {" ".join(OPERATIONS)}'
        )
    start, goal, limit, functions = _numbers(match[1]), _numbers(match[2]), int(match[3]), tuple(match[4].split())
    if not (allowed(start) and allowed(goal)):
        raise UsageError(f"the lists of a puzzle have 1 to {LONGEST} numbers of 0 to {LARGEST}")
    if not 1 <= limit <= MOST_STEPS or len({*functions}) < len(functions) or start == goal:
        raise UsageError(
            f"a puzzle has 1 to {MOST_STEPS} steps, names each of its functions once, and its goal is another list"
        )
    return Puzzle(start, goal, limit, functions)


def parse_step(line: str) -> Step | None:
    """The step that a line writes, true or not, of any function; null where it writes none."""
    match = _STEP.fullmatch(line.strip())
    return None if match is None else Step(match[1], State(_numbers(match[2]), int(match[4])), _numbers(match[3]))


def parse_state(line: str) -> tuple[State, Numbers] | None:
    """The state that a return names, and the goal; null where the line is no return."""
    match = _BACK.fullmatch(line.strip())
    return None if match is None else (State(_numbers(match[1]), int(match[3])), _numbers(match[2]))


def _numbers(text: str) -> Numbers:
    return tuple(map(int, text.split()))


def steps(puzzle: Puzzle, state: State) -> list[Step]:
    """Every legal step from a state; none at the goal and where no step is left."""
    if state.left < 1 or state.numbers == puzzle.goal:
        return []
    made = ((name, apply(name, state.numbers)) for name in puzzle.functions)
    return [Step(name, State(after, state.left - 1), puzzle.goal) for name, after in made if after is not None]


def can_make(puzzle: Puzzle, state: State) -> bool:
    """Whether the goal stands or some program of the steps that are left makes it."""
    return _can_make(state.numbers, state.left, puzzle.goal, puzzle.functions)


@lru_cache(maxsize=400_000)
def _can_make(numbers: Numbers, left: int, goal: Numbers, functions: tuple[str, ...]) -> bool:
    if numbers == goal:
        return True
    made = (apply(name, numbers) for name in functions) if left > 0 else ()
    return any(_can_make(after, left - 1, goal, functions) for after in made if after is not None)


def solutions(puzzle: Puzzle, state: State | None = None) -> Iterator[list[Step]]:
    """Every program from a state (null: the question) to the goal."""
    for step in steps(puzzle, puzzle.state if state is None else state):
        if step.to.numbers == puzzle.goal:
            yield [step]
        elif can_make(puzzle, step.to):
            for tail in solutions(puzzle, step.to):
                yield [step, *tail]


def to_problem(puzzle: Puzzle, source: str = "lists", seed: int = 0) -> Problem:
    """The puzzle as a Problem: the answer is the goal, the solution one program drawn by `seed` (null if none)."""
    programs = list(solutions(puzzle))
    program = random.Random(f"{seed} {question(puzzle)}").choice(programs) if programs else None
    return make_problem(
        question(puzzle),
        list_text(puzzle.goal),
        source=source,
        solution=None if program is None else "\n".join(map(str, program)),
        level=str(puzzle.limit),
        task="lists",
    )


def is_held_out(puzzle: Puzzle) -> bool:
    """Whether a puzzle is of the tenth that no model may be trained on, whatever its functions and steps, and however
    the numbers of its two lists are ordered."""
    return int(content_hash("held out", *map(sorted, (puzzle.start, puzzle.goal))), 16) % 10 == 0


@dataclass(frozen=True, slots=True)
class ListSettings:
    """Which puzzles are drawn: programs of exactly `steps` steps, no shorter one makes the goal.

    `functions` are named of which a program may use each as often as it likes. Lists have `shortest` to `longest`
    numbers of 0 to `largest`, goals any length.
    """

    steps: int = 2
    functions: int = 5
    shortest: int = 3
    longest: int = 4
    largest: int = 20

    def __post_init__(self) -> None:
        """Refuses puzzles that cannot be drawn (UsageError)."""
        if not 1 <= self.steps <= MOST_STEPS or not 2 <= self.functions <= len(OPERATIONS):
            raise UsageError(f"a list puzzle needs 1 to {MOST_STEPS} steps and 2 to {len(OPERATIONS)} functions")
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
    """A random puzzle; of the lists that its functions make in so many steps and no fewer each is equally likely."""
    while True:
        length = rng.randint(settings.shortest, settings.longest)
        start = tuple(rng.randint(0, settings.largest) for _ in range(length))
        functions = tuple(rng.sample(list(OPERATIONS), settings.functions))
        seen, last = {start}, {start}
        for _ in range(settings.steps):
            made = {after for numbers in last for name in functions if (after := apply(name, numbers)) is not None}
            last = made - seen
            seen |= last
        if last:
            return Puzzle(start, rng.choice(sorted(last)), settings.steps, functions)
