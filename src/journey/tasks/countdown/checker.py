"""The strict checker of Countdown: every number used exactly once, every operation true, the result the target.

A text in the puzzle's own steps is followed line by line, through every return to an earlier state, and what counts is
the last chain of steps. A text without such steps is read for a final answer, which must be an expression.
"""

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.countdown.chain import BAD_NUMBER, FALSE_SUM, last_chain
from journey.tasks.countdown.expression import ExpressionError, evaluate, leaves, normal, parse
from journey.tasks.countdown.puzzle import Puzzle

MISSED = "misses the target"
STOPPED_SHORT = "numbers left over"
NO_ANSWER = "no answer"


def grade(puzzle: Puzzle, text: str) -> Grade:
    """The grade of one text. The answer is the normalised expression, null unless the last chain joins all numbers.

    It is the same for every order of summands and factors.
    """
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
