"""Chains of steps: a text in Countdown's own steps is followed line by line, through every return to a state."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from journey.tasks.countdown.expression import Expression, Join, Leaf
from journey.tasks.countdown.puzzle import (
    Number,
    Numbers,
    Puzzle,
    Step,
    apply,
    can_make,
    parse_puzzle,
    parse_state,
    parse_step,
    state_text,
)
from journey.tasks.following import Flaw, exact_judge, followed

FALSE_SUM = "false sum"
BAD_NUMBER = "number not there"
BAD_STATE = "wrong state restated"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of steps from the question: the expressions standing, and the first error in it (null: none)."""

    standing: tuple[tuple[Number, Expression], ...]
    error: str | None = None

    @property
    def numbers(self) -> Numbers:
        return tuple(number for number, _ in self.standing)


def last_chain(puzzle: Puzzle, text: str) -> tuple[Chain, bool]:
    """The chain of steps that stands at the end of the text, and whether there was any step at all."""
    start = Chain(tuple((n, Leaf(n)) for n in puzzle.numbers))
    follow_one, restate_one = partial(follow, puzzle), partial(restate, puzzle)
    return followed(start, text, parse_step, follow_one, parse_state, restate_one)


def follow(puzzle: Puzzle, chain: Chain, step: Step) -> Chain:
    """The chain after one more step, with the first error that the step makes."""
    left = _take(chain.standing, step.left)
    right = None if left is None else _take(left[1], step.right)
    if left is None or right is None:
        return Chain(tuple((n, Leaf(n)) for n in step.rest), chain.error or BAD_NUMBER)
    true = apply(step.left, step.op, step.right, puzzle.fractions)
    standing = (*right[1], (step.result, Join(left[0], step.op, right[0])))
    error = chain.error
    if true is None or true != step.result:
        error = error or FALSE_SUM
    elif step.target != puzzle.target or sorted(step.rest) != sorted(n for n, _ in standing):
        error = error or BAD_STATE
    return Chain(standing, error)


def restate(puzzle: Puzzle, seen: Sequence[Chain], state: tuple[Numbers, Number]) -> Chain:
    """The latest sound chain whose state is restated; a chain in error where no such state was passed."""
    numbers, target = state
    if target == puzzle.target:
        for chain in reversed(seen):
            if chain.error is None and sorted(chain.numbers) == sorted(numbers):
                return chain
    return Chain(tuple((n, Leaf(n)) for n in numbers), BAD_STATE)


def _take(
    standing: tuple[tuple[Number, Expression], ...], number: Number
) -> tuple[Expression, tuple[tuple[Number, Expression], ...]] | None:
    for i, (n, expression) in enumerate(standing):
        if n == number:
            return expression, standing[:i] + standing[i + 1 :]
    return None


def flaw_of(puzzle: Puzzle, numbers: Numbers, step: Step) -> Flaw | None:
    """What is wrong with a step from these numbers; null where it is legal, true and well written."""
    true = apply(step.left, step.op, step.right, puzzle.fractions)
    after = follow(puzzle, Chain(tuple((n, Leaf(n)) for n in numbers)), step)
    if after.error == BAD_NUMBER:
        return Flaw(BAD_NUMBER, f"{step.left} and {step.right} are not both there")
    if true is None:
        return Flaw(FALSE_SUM, f"{step.left} {step.op} {step.right} is not allowed")
    if after.error == FALSE_SUM:
        return Flaw(FALSE_SUM, f"{step.left} {step.op} {step.right} is {true} , not {step.result}")
    if after.error == BAD_STATE:
        return Flaw(BAD_STATE, f"the state must be {state_text(after.numbers, puzzle.target)}")
    return None


def lost(puzzle: Puzzle, numbers: Numbers) -> str | None:
    """Why the target is out of reach, in words; null where the numbers can still make it."""
    if can_make(numbers, puzzle.target, puzzle.fractions):
        return None
    words = " and ".join(map(str, numbers))
    return f"{words} is not {puzzle.target}" if len(numbers) == 1 else f"{words} cannot make {puzzle.target}"


judge = exact_judge(
    parse_puzzle,
    lambda puzzle, text: last_chain(puzzle, text)[0].numbers,
    parse_step,
    flaw_of,
    lambda puzzle, numbers, step: lost(puzzle, step.rest),
)
"""The exact judge of Countdown: a step is right when it is legal, true, and the target can still be made after it."""
