"""Problems in words, each asked and checked by the form of its benchmark: mathematics, text, code or judged."""

from collections.abc import Sequence
from contextlib import suppress

from journey.answers.check import MathGrader
from journey.answers.grade import Grade, Grader
from journey.answers.words import TextGrader
from journey.data.benchmarks import Form, form_of
from journey.errors import UsageError
from journey.models.base import Prompt
from journey.tasks.prompting import Ask, asker
from journey.tasks.steps import StepFormat
from journey.types import Problem

FORMS: tuple[Form, ...] = ("math", "text", "code", "judged")  # each has a prompt of its name
WHY_NOT = {
    "code": "checking these answers runs code that a model wrote; only journey eval does so, with --allow-code",
    "judged": (
        "answers to SimpleQA are graded by a model, which only journey eval asks; name it there, as in "
        "--judge critic:openai/NAME"
    ),
}


def ask_by_form(steps: StepFormat) -> Ask:
    """Asks each problem with the prompt of its form."""
    asks = {form: asker(form, steps) for form in FORMS}

    def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
        return asks[form_of(problem)](problem, prefix)

    return ask


def check_gradable(problems: Sequence[Problem], *allowed: Form) -> None:
    """Raises UsageError where answers to one of the problems cannot be checked; `allowed` forms can for once."""
    for form in sorted({form_of(p) for p in problems} - set(allowed)):
        if form in WHY_NOT:
            raise UsageError(WHY_NOT[form])


class FormGrader:
    """Checks each answer by its problem's form.

    `code` and `judged` check answers that are programs and answers that a model grades; null: such an answer raises
    UsageError with the mend, because running code must be allowed and a judge be named.
    """

    def __init__(self, code: Grader | None = None, judged: Grader | None = None) -> None:
        self._graders: dict[Form, Grader | None] = {
            "math": MathGrader(), "text": TextGrader(), "code": code, "judged": judged
        }  # fmt: skip

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a text. Raises UsageError where nobody can check it, and what the form's grader raises."""
        form = form_of(problem)
        if (grader := self._graders[form]) is None:
            raise UsageError(WHY_NOT[form])
        return await grader.grade(problem, text)

    def close(self) -> None:
        """Gives back what the graders hold (worker processes)."""
        for grader in self._graders.values():
            with suppress(AttributeError):
                grader.close()  # type: ignore[union-attr]  # only some have anything to give back
