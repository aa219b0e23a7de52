"""A judge's word on the pieces of drawn answers: verdicts, or scores as the values at their borders."""

from collections.abc import Sequence
from dataclasses import replace

from journey.errors import UsageError
from journey.judges.base import Judge, judge_solution, score_of
from journey.models.gather import gather_or_cancel
from journey.training.border_values import mean
from journey.training.rl_draw import Drawn, was_right
from journey.types import Problem, Verdict

PAID: dict[Verdict | None, float | None] = {"right": 1.0, "neutral": 0.0, "wrong": -1.0, None: None}
"""A verdict as credit sees it; null is no zero."""


async def judged(problem: Problem, group: Sequence[Drawn], judge: Judge) -> list[Drawn]:
    """The answers to a problem with the judge's verdict on each step, and its score as the value behind each piece.

    A judge reads an answer as a solution of as many steps as it has pieces. Null where it could not say. The value of
    the question is the mean outcome of the other answers, the last one the answer's own. Raises ModelError.
    """
    answers = await gather_or_cancel(judge_solution(judge, problem, _texts(one)) for one in group)
    ends = [None if one.reward is None else float(was_right(one.rollout)) for one in group]
    found: list[Drawn] = []
    for index, (one, judgements) in enumerate(zip(group, answers, strict=True)):
        verdicts = [
            PAID[judgement.verdict] if piece.kind == "step" else None
            for piece, judgement in zip(one.pieces, judgements, strict=True)
        ]
        start = mean([end for other, end in enumerate(ends) if other != index])
        values = [start, *map(score_of, judgements[:-1]), ends[index]] if one.pieces else ()
        known = sum(score_of(judgement) is not None for judgement in judgements)
        found.append(replace(one, verdicts=verdicts, values=values, known=known))
    return found


def refuse_silent(found: Sequence[Drawn], judge: Judge) -> None:
    """Raises UsageError where the judge said nothing of any piece of an update's answers."""
    pieces = sum(len(one.pieces) for one in found)
    if pieces and not any(one.known for one in found):
        raise UsageError(
            f"{judge.name} could not say anything of the {pieces} pieces of an update's answers, so there is no credit "
            "to give; take a judge of such problems, or credit.outcome"
        )


def _texts(one: Drawn) -> list[str]:
    return [one.rollout.text[piece.start : piece.end].strip() for piece in one.pieces]
