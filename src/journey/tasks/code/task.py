"""Programs checked by their tests (HumanEval). Only `journey eval --allow-code` runs them."""

from dataclasses import replace

from journey.tasks.base import CannotGrade
from journey.tasks.code.grader import CodeGrader
from journey.tasks.prompting import asker
from journey.tasks.qa.math import MATH, STEPS

REFUSAL = "checking these answers runs code that a model wrote; only journey eval does so, with --allow-code"
CODE = replace(
    MATH,
    name="code",
    ask=asker("code", STEPS),
    grader=lambda: CannotGrade(REFUSAL),
    refusal=REFUSAL,
    code_grader=CodeGrader,
    prompts=("code",),
)
