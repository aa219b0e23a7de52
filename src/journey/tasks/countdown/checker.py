"""The strict checker of Countdown: every number used exactly once, every operation true, the result the target.

A text in the puzzle's own steps is followed line by line, through every return to an earlier state, and what counts is
the last chain of steps. A text without such steps is read for a final answer, which must be an expression.
"""

from dataclasses import dataclass

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.countdown.expression import Expression, ExpressionError, evaluate, join, leaf, leaves, normal, parse
from journey.tasks.countdown.puzzle import (
    Number,
    Numbers,
    Puzzle,
    Step,
    apply,
    parse_puzzle,
    parse_state,
    parse_step,
    state_text,
)
from journey.types import Problem

FALSE_SUM = "false sum"
BAD_NUMBER = "number not there"
BAD_STATE = "wrong state restated"
MISSED = "misses the target"
STOPPED_SHORT = "numbers left over"
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of steps from the question: the expressions standing, and the first error in it (null: none)."""

    standing: tuple[tuple[Number, Expression], ...]
    error: str | None = None

    @property
    def numbers(self) -> Numbers:
        return tuple(number for number, _ in self.standing)


class CountdownGrader:
    """Grades answers to Countdown and Game of 24 problems; the answer is the normalised expression."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole text or of the joined steps of a path. Raises UsageError on a foreign problem."""
        return grade(parse_puzzle(problem.question), text)


def grade(puzzle: Puzzle, text: str) -> Grade:
    """The grade of one text; the answer is null unless the last chain joins all numbers into one."""
    chain, any_step = last_chain(puzzle, text)
    if not any_step:
        return _grade_expression(puzzle, find_answer(text))
    if len(chain.standing) != 1:
        return Grade(None, None, chain.error or STOPPED_SHORT)
    result, expression = chain.standing[0]
    if chain.error is not None:
        # A chain that lost its numbers stands for no expression, so it has no answer to vote with.
        answer = normal(expression) if chain.error == FALSE_SUM else None
        return Grade(answer, False if answer else None, chain.error)
    return Grade(normal(expression), result == puzzle.target, None if result == puzzle.target else MISSED)


def last_chain(puzzle: Puzzle, text: str) -> tuple[Chain, bool]:
    """The chain of steps that stands at the end of the text, and whether there was any step at all."""
    start = Chain(tuple((n, leaf(n)) for n in puzzle.numbers))
    chain, seen, any_step = start, [start], False
    for line in text.splitlines():
        if (step := parse_step(line)) is not None:
            chain, any_step = follow(puzzle, chain, step), True
            seen.append(chain)
        elif (state := parse_state(line)) is not None:
            chain = restate(puzzle, seen, *state)
            seen.append(chain)
    return chain, any_step


def follow(puzzle: Puzzle, chain: Chain, step: Step) -> Chain:
    """The chain after one more step, with the first error that the step makes."""
    left = _take(chain.standing, step.left)
    right = None if left is None else _take(left[1], step.right)
    if left is None or right is None:
        return Chain(tuple((n, leaf(n)) for n in step.rest), chain.error or BAD_NUMBER)
    true = apply(step.left, step.op, step.right, puzzle.fractions)
    standing = (*right[1], (step.result, join(left[0], step.op, right[0])))
    error = chain.error
    if true is None or true != step.result:
        error = error or FALSE_SUM
    elif step.target != puzzle.target or sorted(step.rest) != sorted(n for n, _ in standing):
        error = error or BAD_STATE
    return Chain(standing, error)


def restate(puzzle: Puzzle, seen: list[Chain], numbers: Numbers, target: Number) -> Chain:
    """The latest sound chain whose state is restated; a chain in error where no such state was passed."""
    if target == puzzle.target:
        for chain in reversed(seen):
            if chain.error is None and sorted(chain.numbers) == sorted(numbers):
                return chain
    return Chain(tuple((n, leaf(n)) for n in numbers), BAD_STATE)


def _take(
    standing: tuple[tuple[Number, Expression], ...], number: Number
) -> tuple[Expression, tuple[tuple[Number, Expression], ...]] | None:
    for i, (n, expression) in enumerate(standing):
        if n == number:
            return expression, standing[:i] + standing[i + 1 :]
    return None


def _grade_expression(puzzle: Puzzle, answer: str | None) -> Grade:
    if answer is None:
        return Grade(None, None, NO_ANSWER)
    try:
        expression = parse(answer)
        result = evaluate(expression, puzzle.fractions)
    except ExpressionError as error:
        return Grade(answer, False, str(error))
    if sorted(leaves(expression)) != sorted(puzzle.numbers):
        return Grade(normal(expression), False, BAD_NUMBER)
    if result is None:
        return Grade(normal(expression), False, FALSE_SUM)
    return Grade(normal(expression), result == puzzle.target, None if result == puzzle.target else MISSED)


def why_not(puzzle: Puzzle, numbers: Numbers, step: Step) -> str | None:
    """What is wrong with a step from these numbers, in words; null where it is legal, true and well written."""
    true = apply(step.left, step.op, step.right, puzzle.fractions)
    after = follow(puzzle, Chain(tuple((n, leaf(n)) for n in numbers)), step)
    if after.error == BAD_NUMBER:
        return f"{step.left} and {step.right} are not both there"
    if true is None:
        return f"{step.left} {step.op} {step.right} is not allowed"
    if after.error == FALSE_SUM:
        return f"{step.left} {step.op} {step.right} is {true} , not {step.result}"
    if after.error == BAD_STATE:
        return f"the state must be {state_text(after.numbers, puzzle.target)}"
    return None
