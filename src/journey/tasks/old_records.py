"""The task of a problem whose record names none: one of a run made before records did, or made by hand."""

from journey.tasks.countdown.puzzle import is_question
from journey.types import Problem

BY_SOURCE = {"HumanEval": "code", "SimpleQA": "judged"}


def task_name(problem: Problem) -> str:
    """Countdown where the question is a puzzle's, else what its benchmark was, else mathematics."""
    if is_question(problem.question):
        return "countdown"
    return "text" if problem.source.startswith("BBH/") else BY_SOURCE.get(problem.source, "math")
