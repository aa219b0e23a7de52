"""Judging a whole solution at once, for judges that can do so more cheaply or better than step by step."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from journey.judges.base import Judge
from journey.models.gather import gather_or_cancel
from journey.types import Judgement, Problem

AFTER = "after the first wrong step"
"""Why a judge that looks for the first wrong step of a solution says nothing of those behind it."""


@runtime_checkable
class WholeJudge(Protocol):
    """What some judges can do beside `judge`: one forward pass, one recorded row or one search over all steps."""

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """One judgement per step of a solution from its beginning."""
        ...


async def judge_solution(judge: Judge, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
    """What the judge says of every step of a solution: at once where it can, else each step after those before it.

    Raises ModelError.
    """
    if isinstance(judge, WholeJudge):
        return await judge.judge_solution(problem, steps)
    judgements = await gather_or_cancel(judge.judge(problem, steps[:i], [step]) for i, step in enumerate(steps))
    return [one for (one,) in judgements]
