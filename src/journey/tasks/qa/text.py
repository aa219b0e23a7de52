"""Problems whose answer is a word, a choice or a short text (BIG-Bench Hard): the same words are right."""

from dataclasses import replace

from journey.answers.words import TextGrader
from journey.tasks.prompting import asker
from journey.tasks.qa.math import MATH, STEPS

TEXT = replace(MATH, name="text", prompts=("text",), ask=asker("text", STEPS), grader=TextGrader)
