"""What checking an answer gives, and who checks."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from journey.types import Problem


@dataclass(frozen=True, slots=True)
class Grade:
    """What checking a text gave.

    `answer` null: no final answer was found (`correct` is then null too). `correct` null with an answer: the checker
    could not say, `error` tells why. `error` is the kind of error of what is not correct, null where nobody said.
    `tokens` and `calls` are what a model that was asked about it generated, 0 where none was.
    """

    answer: str | None
    correct: bool | None
    error: str | None = None
    tokens: int = 0
    calls: int = 0


class Grader(Protocol):
    """Whoever checks answers."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole answer text, or of the joined steps of a path."""
        ...


@runtime_checkable
class HoldsProcesses(Protocol):
    """A grader that holds worker processes."""

    def close(self) -> None:
        """Ends them."""
        ...


def could_not_check(answer: str, reason: str) -> Grade:
    """The grade of an answer that nobody could judge."""
    return Grade(answer, None, f"could not check: {reason}")
