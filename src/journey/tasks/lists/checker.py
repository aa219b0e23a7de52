"""The strict checker: every step of the program allowed, its result true, the list at the end the goal, in time.

A text in the puzzle's own steps counts by the program that stands at its end. A text without such steps is read for a
final answer, which must be the functions in their order.
"""

import re

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.lists.functions import OPERATIONS
from journey.tasks.lists.program import BAD_STATE, last_program, of_names
from journey.tasks.lists.puzzle import Puzzle, miss_text, parse_puzzle, steps
from journey.types import Problem

STOPPED_SHORT = "stopped on the way"
MISSED = "misses the goal"
NO_ANSWER = "no answer"

_NAME = re.compile(rf"\b(?:{'|'.join(OPERATIONS)})\b")


class ListGrader:
    """Grades answers to list puzzles; the answer is the program, as in "rest , double"."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole text or of the joined steps of a path. Raises UsageError on a foreign problem."""
        return grade(parse_puzzle(problem.question), text)


def grade(puzzle: Puzzle, text: str) -> Grade:
    """The grade of one text; the answer is null unless its last program came to an end."""
    program, any_step = last_program(puzzle, text)
    if not any_step:
        if (answer := find_answer(text)) is None:
            return Grade(None, None, NO_ANSWER)
        program = of_names(puzzle, _NAME.findall(answer))
    has_ended = not steps(puzzle, program.state)
    if program.names is None or program.kind == BAD_STATE or not has_ended:
        return Grade(None, None, program.error or STOPPED_SHORT)
    at_goal = program.state.numbers == puzzle.goal
    missed = None if at_goal else f"{MISSED} ({miss_text(program.state.numbers, puzzle.goal)})"
    error = program.error or missed
    return Grade(" , ".join(program.names), error is None, error)


def way(problem: Problem, text: str) -> str | None:
    """The program that a right text ends with; null where it is not right."""
    found = grade(parse_puzzle(problem.question), text)
    return found.answer if found.correct else None
