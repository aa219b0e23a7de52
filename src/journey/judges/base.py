"""What every judge is: something that says whether steps are right; and what its word is as a number."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from journey.errors import UsageError
from journey.types import Judgement, Problem, Verdict

SURE: Mapping[Verdict, float] = {"right": 1.0, "neutral": 0.5, "wrong": 0.0}
"""What a verdict without a score stands for."""


class UnsupportedProblem(UsageError):
    """A judge knows nothing of problems of this kind: refused where it judges alone, silent beside others.

    `reason` stands at the steps of which it says nothing; the message also says what to do.
    """

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}; {mend}")
        self.reason = reason


class Judge(Protocol):
    """A step judge. `name` stands in `Judgement.by` of all that it says."""

    @property
    def name(self) -> str: ...

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate next step after `prefix`; siblings are judged together.

        A judge that cannot say returns verdict null with a reason; it never guesses "wrong". Raises UnsupportedProblem
        where no such problem is for it.
        """
        ...


def score_of(said: Judgement) -> float | None:
    """The score in [0, 1] of a judgement: 1, 0.5 or 0 for a verdict without one; null where the judge could not say.

    A score that is no number from 0 to 1 says nothing, whatever verdict stands beside it.
    """
    if said.score is None:
        return None if said.verdict is None else SURE[said.verdict]
    return said.score if 0.0 <= said.score <= 1.0 else None  # NaN compares with nothing
