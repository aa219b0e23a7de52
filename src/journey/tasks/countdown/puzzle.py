"""Countdown and the Game of 24: numbers, a target, and steps that join two numbers into one.

A state is the numbers still there and the target, written `( 8 8 -> 41 )`. A step names the two numbers it joins,
the result and the state after it: `15 - 7 = 8 ( 8 8 -> 41 )`. Countdown's rules: no negative results and exact
division. The Game of 24's: exact fractions.
"""

import random
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from journey.errors import UsageError
from journey.tasks.exploration import without_remarks
from journey.types import Problem, content_hash, make_problem

Number = int | Fraction
Numbers = tuple[Number, ...]

FRACTIONS_NOTE = " with fractions"
VALUE = r"-?\d{1,9}(?:/\d{1,9})?"
_QUESTION = re.compile(rf"Make ({VALUE}) from ((?:{VALUE} )*{VALUE})( with fractions)?")
_STEP = re.compile(rf"({VALUE}) ([-+*/]) ({VALUE}) = ({VALUE}) \( ((?:{VALUE} )+)-> ({VALUE}) \)")
_STATE = re.compile(rf"(?:Back to )?\( ((?:{VALUE} )+)-> ({VALUE}) \)")
_LISTED = rf"((?:(?:{VALUE}, )*{VALUE} and )?{VALUE}) to make ({VALUE})\."
_PLAIN_STEP = re.compile(rf"({VALUE}) ([-+*/]) ({VALUE}) = ({VALUE}), leaving {_LISTED}")
_PLAIN_STATE = re.compile(f"Back to {_LISTED}")
_VALUE = re.compile(VALUE)


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Numbers that must each be used exactly once to make the target; `fractions` picks the Game of 24's rules."""

    numbers: Numbers
    target: Number
    fractions: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`left op right = result`, leaving `rest` (the numbers after it, as written) on the way to `target`."""

    left: Number
    op: str
    right: Number
    result: Number
    rest: Numbers
    target: Number

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right} = {self.result} {state_text(self.rest, self.target)}"


def state_text(numbers: Numbers, target: Number) -> str:
    """How a state is written."""
    return f"( {' '.join(map(str, numbers))} -> {target} )"


def miss_text(result: Number, target: Number) -> str:
    """The verdict on a walk that ended beside the target."""
    return f"Wait , {result} is not {target}"


def back_text(numbers: Numbers, target: Number) -> str:
    """The return to an earlier state."""
    return f"Back to {state_text(numbers, target)}"


def made_text(target: Number) -> str:
    """The verdict on a walk that made the target."""
    return f"Yes , {target} is {target}"


def unsolvable_text(target: Number) -> str:
    """The verdict on a puzzle without a solution."""
    return f"{target} cannot be made"


def value(text: str) -> Number:
    """The number that the text writes: an int where it is whole. Raises ZeroDivisionError on "1/0"."""
    return int(text) if "/" not in text else whole(Fraction(text))


def whole(number: Number) -> Number:
    """The number as an int where it is whole."""
    return int(number) if number.denominator == 1 else number


def apply(left: Number, op: str, right: Number, fractions: bool = False) -> Number | None:
    """The true result of a step, null where the rules forbid it (negative or inexact; division by zero)."""
    match op:
        case "+":
            return left + right
        case "*":
            return left * right
        case "-":
            return left - right if fractions or left >= right else None
        case "/" if right != 0 and (fractions or left % right == 0):
            return whole(Fraction(left) / right)
        case _:
            return None


def steps(numbers: Numbers, target: Number, fractions: bool = False) -> list[Step]:
    """Every legal step from a state, the larger number first; the numbers left keep their order, the result is last."""
    found: dict[Step, None] = {}
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            a, b = max(numbers[i], numbers[j]), min(numbers[i], numbers[j])
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            for left, op, right in ((a, "+", b), (a, "-", b), (a, "*", b), (a, "/", b), (b, "-", a), (b, "/", a)):
                if (left, right) == (b, a) and not fractions:
                    continue
                result = apply(left, op, right, fractions)
                if result is not None:
                    found[Step(left, op, right, result, (*rest, result), target)] = None
    return list(found)


@lru_cache(maxsize=400_000)
def _can_make(numbers: Numbers, target: Number, fractions: bool) -> bool:
    if len(numbers) == 1:
        return numbers[0] == target
    return any(can_make(step.rest, target, fractions) for step in steps(numbers, target, fractions))


def can_make(numbers: Numbers, target: Number, fractions: bool = False) -> bool:
    """Whether some order of legal steps leads from the numbers to the target."""
    return _can_make(tuple(sorted(numbers)), target, fractions)


def solutions(puzzle: Puzzle) -> Iterator[list[Step]]:
    """Every chain of steps that solves the puzzle."""
    for step in steps(puzzle.numbers, puzzle.target, puzzle.fractions):
        if len(step.rest) == 1:
            if step.result == puzzle.target:
                yield [step]
        elif can_make(step.rest, puzzle.target, puzzle.fractions):
            for tail in solutions(Puzzle(step.rest, puzzle.target, puzzle.fractions)):
                yield [step, *tail]


def question(puzzle: Puzzle) -> str:
    """How a puzzle is asked."""
    note = FRACTIONS_NOTE if puzzle.fractions else ""
    return f"Make {puzzle.target} from {' '.join(map(str, puzzle.numbers))}{note}"


def to_problem(puzzle: Puzzle, source: str = "countdown", seed: int = 0, largest_result: int | None = None) -> Problem:
    """The puzzle as a Problem: the answer is the target, the solution one right chain drawn by `seed` (null if none).

    No result in the solution is above `largest_result` (null: no limit).
    """
    chains = [c for c in solutions(puzzle) if largest_result is None or max(s.result for s in c) <= largest_result]
    chain = random.Random(f"{seed} {question(puzzle)}").choice(chains) if chains else None
    solution = None if chain is None else "\n".join(map(str, chain))
    level = str(len(puzzle.numbers))
    fields = {"source": source, "solution": solution, "level": level, "task": "countdown"}
    return make_problem(question(puzzle), str(puzzle.target), **fields)


def parse_puzzle(text: str) -> Puzzle:
    """The puzzle of a question, hints behind it left out. Raises UsageError where the text is no such question."""
    match = _QUESTION.fullmatch(without_remarks(text))
    if match is not None:
        with suppress(ZeroDivisionError):  # 1/0 is no number
            return Puzzle(tuple(map(value, match[2].split())), value(match[1]), match[3] is not None)
    raise UsageError(f'not a Countdown question: "{text[:60]}"; it must read like "Make 41 from 7 8 15"')


def is_question(text: str) -> bool:
    """Whether the text reads as a Countdown question."""
    try:
        return bool(parse_puzzle(text))
    except UsageError:
        return False


def parse_step(line: str) -> Step | None:
    """The step that a line writes, in signs or in plain words, true or not; null where it writes none."""
    line = line.strip()
    match = _STEP.fullmatch(line) or _PLAIN_STEP.fullmatch(line)
    if match is None:
        return None
    try:
        numbers = tuple(map(value, _VALUE.findall(match[5])))
        return Step(value(match[1]), match[2], value(match[3]), value(match[4]), numbers, value(match[6]))
    except ZeroDivisionError:
        return None


def parse_state(line: str) -> tuple[Numbers, Number] | None:
    """The state that a line restates, alone or after "Back to"; null where it restates none."""
    return _state(_STATE.fullmatch(line.strip())) or parse_plain_state(line)


def parse_plain_state(line: str) -> tuple[Numbers, Number] | None:
    """The state that a line returns to in plain words; null where it writes none."""
    return _state(_PLAIN_STATE.fullmatch(line.strip()))


def _state(match: re.Match[str] | None) -> tuple[Numbers, Number] | None:
    if match is None:
        return None
    try:
        return tuple(map(value, _VALUE.findall(match[1]))), value(match[2])
    except ZeroDivisionError:
        return None


def is_held_out(puzzle: Puzzle) -> bool:
    """Whether a puzzle is of the tenth that no model may be trained on, whatever the order of its numbers."""
    return int(content_hash("held out", sorted(map(str, puzzle.numbers)), str(puzzle.target)), 16) % 10 == 0


@dataclass(frozen=True, slots=True)
class PuzzleSettings:
    """Which puzzles are drawn: how many numbers of which size, and targets that can be made from them.

    `largest_result` bounds the numbers on the way: what the tiny model's vocabulary can write.
    """

    numbers: int = 3
    largest: int = 20
    smallest_target: int = 10
    largest_target: int = 100
    largest_result: int = 100


def draw(rng: random.Random, settings: PuzzleSettings = PuzzleSettings()) -> Puzzle:
    """A random solvable puzzle; every target that its numbers can make is equally likely."""
    while True:
        numbers = tuple(rng.randint(1, settings.largest) for _ in range(settings.numbers))
        low, high = settings.smallest_target, settings.largest_target
        targets = [t for t in _reachable(tuple(sorted(numbers)), settings.largest_result) if low <= t <= high]
        if targets:
            return Puzzle(numbers, rng.choice(targets))


@lru_cache(maxsize=100_000)
def _reachable(numbers: Numbers, largest_result: int) -> tuple[Number, ...]:
    if len(numbers) == 1:
        return numbers
    ways = (step.rest for step in steps(numbers, 0) if step.result <= largest_result)
    return tuple(sorted({t for rest in ways for t in _reachable(tuple(sorted(rest)), largest_result)}))
