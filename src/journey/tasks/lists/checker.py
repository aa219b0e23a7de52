"""The strict checker: every step of the program allowed, its result true, the list at the end the goal, in time.

A text in the puzzle's own steps counts by the program that stands at its end. A text without such steps is read for a
final answer, which must be the functions in their order.
"""

import re

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.tasks.following import Flaw
from journey.tasks.lists.functions import OPERATIONS
from journey.tasks.lists.program import last_program, of_names
from journey.tasks.lists.puzzle import Puzzle, miss_text, steps

STOPPED_SHORT = "stopped on the way"
MISSED = "misses the goal"
NO_ANSWER = "no answer"

_NAME = re.compile(rf"\b(?:{'|'.join(OPERATIONS)})\b")


def grade(puzzle: Puzzle, text: str) -> Grade:
    """The grade of one text. The answer is the program, as in "rest , double", null unless it came to an end."""
    program, any_step = last_program(puzzle, text)
    if not any_step:
        if (answer := find_answer(text)) is None:
            return Grade(None, None, NO_ANSWER)
        program = of_names(puzzle, _NAME.findall(answer))
    has_ended = not steps(puzzle, program.state)
    if program.names is None or not has_ended:
        return Grade(None, None, str(program.flaw or STOPPED_SHORT))
    at_goal = program.state.numbers == puzzle.goal
    flaw = program.flaw or (None if at_goal else Flaw(MISSED, miss_text(program.state.numbers, puzzle.goal)))
    return Grade(" , ".join(program.names), flaw is None, str(flaw) if flaw else None)
