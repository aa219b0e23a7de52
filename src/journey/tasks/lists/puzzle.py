"""Which program of list functions turns one list of numbers into another?

`Turn ( 3 1 4 ) to ( 8 2 ) with 3` asks for a program of at most 3 steps. A step names a function and the list after it,
`rest = ( 1 4 )`; a return names the list that stands again and how many steps are left, `Back to ( 1 4 ) with 2`.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from journey.errors import UsageError
from journey.tasks.exploration import without_remarks
from journey.tasks.lists.functions import FUNCTIONS, LARGEST, LONGEST, Numbers, allowed, apply, list_text
from journey.types import Problem, content_hash, make_problem

MOST_STEPS = 4  # of a program; more would take long to judge
_LIST = r"\( ((?:\d{1,9} )+)\)"
_QUESTION = re.compile(rf"Turn {_LIST} to {_LIST} with (\d{{1,9}})")
_STEP = re.compile(rf"([a-z]{{1,12}}(?: \d{{1,9}})?) = {_LIST}")
_BACK = re.compile(rf"Back to {_LIST} with (\d{{1,9}})(?: tried(?: [a-z]{{1,12}}| ,)+)?")


class State(NamedTuple):
    """The list that stands, and how many steps are left."""

    numbers: Numbers
    left: int


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A list, its goal, and how many steps a program may have."""

    start: Numbers
    goal: Numbers
    limit: int

    @property
    def state(self) -> State:
        """What stands at the question."""
        return State(self.start, self.limit)


@dataclass(frozen=True, slots=True)
class Step:
    """A function and the list after it, as written."""

    name: str
    result: Numbers

    def __str__(self) -> str:
        return f"{self.name} = {list_text(self.result)}"


def state_text(state: State) -> str:
    """How a state is written."""
    return f"{list_text(state.numbers)} with {state.left}"


def back_text(state: State) -> str:
    """The return to an earlier state."""
    return f"Back to {state_text(state)}"


def miss_text(numbers: Numbers, goal: Numbers) -> str:
    """What is wrong with a list that is not the goal."""
    return f"{list_text(numbers)} is not {list_text(goal)}"


def made_text(goal: Numbers) -> str:
    """The verdict on a program that made the goal."""
    return f"Yes , {list_text(goal)} is made"


def question(puzzle: Puzzle) -> str:
    """How a puzzle is asked."""
    return f"Turn {list_text(puzzle.start)} to {list_text(puzzle.goal)} with {puzzle.limit}"


def parse_puzzle(text: str) -> Puzzle:
    """The puzzle of a question, hints behind it left out. Raises UsageError where the text is no such question."""
    match = _QUESTION.fullmatch(without_remarks(text))
    if match is None:
        raise UsageError(f'not a list question: "{text[:60]}"; it must read like "Turn ( 3 1 4 ) to ( 8 2 ) with 3"')
    puzzle = Puzzle(_numbers(match[1]), _numbers(match[2]), int(match[3]))
    if not (allowed(puzzle.start) and allowed(puzzle.goal)):
        raise UsageError(f"the lists of a puzzle have 1 to {LONGEST} numbers of 0 to {LARGEST}")
    if not 1 <= puzzle.limit <= MOST_STEPS or puzzle.start == puzzle.goal:
        raise UsageError(f"a puzzle has 1 to {MOST_STEPS} steps, and its goal is another list")
    return puzzle


def parse_step(line: str) -> Step | None:
    """The step that a line writes, true or not, of any function; null where it writes none."""
    match = _STEP.fullmatch(line.strip())
    return None if match is None else Step(match[1], _numbers(match[2]))


def parse_state(line: str) -> State | None:
    """The state that a return names; null where the line is no return."""
    match = _BACK.fullmatch(line.strip())
    return None if match is None else State(_numbers(match[1]), int(match[2]))


def _numbers(text: str) -> Numbers:
    return tuple(map(int, text.split()))


def steps(puzzle: Puzzle, state: State) -> list[Step]:
    """Every legal step from a state; none at the goal and where no step is left."""
    if state.left < 1 or state.numbers == puzzle.goal:
        return []
    made = ((name, apply(name, state.numbers)) for name in FUNCTIONS)
    return [Step(name, after) for name, after in made if after is not None]


def after(state: State, step: Step) -> State:
    """The state after a step, as it is written."""
    return State(step.result, state.left - 1)


def can_make(puzzle: Puzzle, state: State) -> bool:
    """Whether the goal stands or some program of the steps that are left makes it."""
    return _can_make(state.numbers, state.left, puzzle.goal)


@lru_cache(maxsize=400_000)
def _can_make(numbers: Numbers, left: int, goal: Numbers) -> bool:
    if numbers == goal:
        return True
    made = (apply(name, numbers) for name in FUNCTIONS) if left > 0 else ()
    return any(_can_make(one, left - 1, goal) for one in made if one is not None)


def solutions(puzzle: Puzzle, state: State | None = None) -> Iterator[list[Step]]:
    """Every program from a state (null: the question) to the goal."""
    state = puzzle.state if state is None else state
    for step in steps(puzzle, state):
        if step.result == puzzle.goal:
            yield [step]
        elif can_make(puzzle, after(state, step)):
            for tail in solutions(puzzle, after(state, step)):
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
    """Whether a puzzle is of the tenth that no model may be trained on, however many steps it has and however the
    numbers of its two lists are ordered."""
    return int(content_hash("held out", *map(sorted, (puzzle.start, puzzle.goal))), 16) % 10 == 0
