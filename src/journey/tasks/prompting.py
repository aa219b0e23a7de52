"""How a problem is put to a model: the one place that training, trees and evaluation share."""

from collections.abc import Callable, Sequence

from journey import prompts
from journey.models.base import Prompt
from journey.prompts.languages import code
from journey.tasks.steps import StepFormat
from journey.types import Problem

Ask = Callable[[Problem, Sequence[str]], Prompt]


def asker(template: str, steps: StepFormat) -> Ask:
    """The prompt of a problem after some steps: the named template filled with the question, the steps as prefix.

    The template is the one in the problem's language. Raises UsageError where there is none.
    """

    def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
        text = prompts.fill(template, language=code(problem.language), question=problem.question)
        return Prompt(text, steps.prefix(prefix), images=problem.images)

    return ask
