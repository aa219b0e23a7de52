"""A grader for the tests of trees, of one answer's letters, and how their problems are asked."""

from collections.abc import Collection, Sequence

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.models.base import Prompt
from journey.tasks.steps import FORMATS
from journey.types import Problem

LINES = FORMATS["lines"]


class PlainGrader:
    """Checks answers letter by letter; of those in `unknown` it cannot say."""

    def __init__(self, unknown: Collection[str] = ()) -> None:
        self.unknown = unknown

    async def grade(self, problem: Problem, text: str) -> Grade:
        answer = find_answer(text)
        return Grade(answer, None if answer is None or answer in self.unknown else answer == problem.answer)


def ask(problem: Problem, steps: Sequence[str]) -> Prompt:
    """The question, and the steps below it."""
    return Prompt(problem.question + "\n", LINES.prefix(steps))
