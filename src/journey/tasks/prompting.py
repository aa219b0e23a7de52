"""How a problem is put to a model: the one place that training, trees and evaluation share."""

from collections.abc import Callable, Sequence

from journey import prompts
from journey.models.base import Prompt
from journey.tasks.steps import StepFormat
from journey.types import Problem

Ask = Callable[[Problem, Sequence[str]], Prompt]


def asker(template: str, steps: StepFormat) -> Ask:
    """The prompt of a problem after some steps: the named template filled with the question, the steps as prefix."""

    def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
        return Prompt(prompts.fill(template, question=problem.question), steps.prefix(prefix))

    return ask
