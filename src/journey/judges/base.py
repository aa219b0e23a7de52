"""What every judge is: something that says whether steps are right."""

from collections.abc import Sequence
from typing import Protocol

from journey.types import Judgement, Problem


class Judge(Protocol):
    """A step judge. `name` stands in `Judgement.by` of all that it says."""

    @property
    def name(self) -> str: ...

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate next step after `prefix`; siblings are judged together.

        A judge that cannot say returns verdict null with a reason; it never guesses "wrong".
        """
        ...
