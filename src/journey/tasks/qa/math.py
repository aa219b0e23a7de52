"""Mathematics in words: the final answer is checked as mathematics."""

from journey.answers.check import MathGrader
from journey.tasks.base import Task
from journey.tasks.narration import PROSE
from journey.tasks.prompting import asker
from journey.tasks.steps import FORMATS

STEPS = FORMATS["paragraphs"]
MATH = Task(
    name="math",
    ask=asker("math", STEPS),
    steps=STEPS,
    narration=PROSE,
    grader=MathGrader,
    rules="rules_math",
    prompts=("math",),
)
