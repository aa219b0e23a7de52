"""Programs checked by their tests (HumanEval, MBPP). What a model wrote is run only where the user allows it."""

from collections import OrderedDict
from collections.abc import Sequence

from journey.models.base import Prompt
from journey.tasks.base import CannotGrade, Task
from journey.tasks.code.grader import CodeGrader, head_of
from journey.tasks.code.judge import CodeJudge
from journey.tasks.code.narration import NARRATION
from journey.tasks.code.outcome import Outcome
from journey.tasks.code.sources import read
from journey.tasks.prompting import asker
from journey.tasks.steps import StepFormat
from journey.types import Problem

REFUSAL = (
    "checking these answers runs programs that a model wrote; allow it with --allow-code (locked down, Linux with "
    "bubblewrap), or JOURNEY_ALLOW_CODE=1"
)
ATTEMPTS = StepFormat("attempts", stop=(), separator="\n\n---\n\n")
"""A step is an attempt, a whole program; no string ends one while a model writes."""
KEPT = 4096
_COMPLETE, _WRITE = asker("code", ATTEMPTS), asker("code_words", ATTEMPTS)


class Latest(OrderedDict[str, Outcome]):
    """What the latest programs came to, so that a judge and a grader run each of them once."""

    def __setitem__(self, key: str, value: Outcome) -> None:
        super().__setitem__(key, value)
        if len(self) > KEPT:
            self.popitem(last=False)


KNOWN = Latest()


def grader() -> CodeGrader:
    """A grader that runs programs."""
    return CodeGrader(known=KNOWN)


def ask(problem: Problem, steps: Sequence[str]) -> Prompt:
    """The prompt of a problem: a function's head to be completed, or a program that is wanted in words."""
    return (_COMPLETE if head_of(problem.question) else _WRITE)(problem, steps)


CODE = Task(
    name="code",
    ask=ask,
    steps=ATTEMPTS,
    narration=NARRATION,
    grader=lambda: CannotGrade(REFUSAL),
    rules="rules_code",
    prompts=("code", "code_words", "repair"),
    refusal=REFUSAL,
    code_grader=grader,
    code_judge=lambda: CodeJudge(grader()),
    read=read,
    grower="repair",
)
