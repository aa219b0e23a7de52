"""Short answers that only a model can grade against the known one (SimpleQA)."""

from dataclasses import replace

from journey.tasks.base import CannotGrade
from journey.tasks.prompting import asker
from journey.tasks.qa.math import MATH, STEPS

REFUSAL = (
    "answers to SimpleQA are graded by a model, which only journey eval asks; name it there, as in "
    "--judge critic:openai/NAME"
)
MODEL_GRADED = replace(
    MATH,
    name="judged",
    ask=asker("judged", STEPS),
    grader=lambda: CannotGrade(REFUSAL),
    refusal=REFUSAL,
    model_graded=True,
    prompts=("judged",),
)
