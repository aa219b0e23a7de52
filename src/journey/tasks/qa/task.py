"""Problems in words as tasks: mathematics, answers in words, and short answers that only a model can grade."""

from journey.answers.check import MathGrader
from journey.answers.words import TextGrader
from journey.tasks.base import in_words, ungraded
from journey.tasks.qa.quantities import QuantityGrader, read

MATH = in_words("math", MathGrader)
"""Mathematics: the final answer is checked as mathematics."""

TEXT = in_words("text", TextGrader)
"""A word, a choice or a short text (BIG-Bench Hard): the same words are right."""

SCIENCE = in_words("science", QuantityGrader, read=read)
"""Science: quantities with units are right where they measure the same within 5 %."""

MODEL_GRADED = ungraded(
    "judged",
    "answers to SimpleQA are graded by a model, which only journey eval asks; name it there, as in "
    "--judge critic:openai/NAME",
    model_graded=True,
)
"""Short answers that only a model can grade against the known one (SimpleQA)."""
