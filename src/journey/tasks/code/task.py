"""Programs checked by their tests (HumanEval). Only `journey eval --allow-code` runs them."""

from journey.tasks.base import ungraded
from journey.tasks.code.grader import CodeGrader

CODE = ungraded(
    "code",
    "checking these answers runs code that a model wrote; only journey eval does so, with --allow-code",
    code_grader=CodeGrader,
)
