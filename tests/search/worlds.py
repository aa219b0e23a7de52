"""A small world for searches: a model that adds one digit a step, a judge and a checker that know the sum.

The problem "sum to 9" is solved by steps "+3" until "= N" is said; the answer is N.
"""

import random
from collections.abc import Callable, Sequence

from journey.answers.grade import Grade
from journey.judges.scripted import Scripted as ScriptedJudge
from journey.judges.scripted import Word
from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted
from journey.search.candidate import SearchContext
from journey.tasks.steps import FORMATS
from journey.types import Problem, content_seed, make_problem

PROBLEM = make_problem("sum to 9", "9")
LINES = FORMATS["lines"]


class Grader:
    """The answer is what the last line says after "= "."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        last = text.strip().splitlines()[-1] if text.strip() else ""
        if not last.startswith("= "):
            return Grade(None, None, "no answer")
        answer = last[2:]
        return Grade(answer, answer == problem.answer, None if answer == problem.answer else "wrong answer")


def ask(problem: Problem, steps: Sequence[str]) -> Prompt:
    return Prompt(problem.question + "\n", LINES.prefix(steps))


def write(prompt: Prompt, sampling: Sampling, i: int) -> str:
    """Random digits to a sum of 8 or more, then the sum, true four times in five; greedy ones are always +3."""
    rng = random.Random(content_seed(sampling.seed, i) if sampling.temperature else 0)
    lines = prompt.prefix.splitlines()
    total = sum(int(line[1:]) for line in lines if line.startswith("+"))
    written: list[str] = []
    while total < 8:
        digit = rng.randint(1, 5) if sampling.temperature else 3
        written.append(f"+{digit}")
        total += digit
    off = rng.random() < 0.2 and sampling.temperature > 0
    written.append(f"= {total + off}")
    return "\n".join(written)


def knows(problem: Problem, prefix: Sequence[str], step: str) -> Word:
    """1 where 9 can still be said truly after the step."""
    total = sum(int(line[1:]) for line in [*prefix, step] if line.startswith("+"))
    if step.startswith("="):
        return 1.0 if step == f"= {total}" == "= 9" else 0.1
    return 0.9 if total < 8 or total == 9 else 0.2


def means(
    answers: Callable[[Prompt, Sampling, int], str] | dict[str, str | list[str]] = write,
    said: Callable[[Problem, Sequence[str], str], Word] | dict[str, Word] = knows,
) -> SearchContext:
    """The means of a search in this world."""
    return SearchContext(Scripted(answers, name="adder"), Grader(), ask, LINES, ScriptedJudge(said, name="knows"))
