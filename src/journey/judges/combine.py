"""Several into one: the scores of a solution's steps, and the judgements of several judges.

Let's Verify Step by Step (Lightman et al. 2023) takes the product or the minimum of step scores, Math-Shepherd (Wang et
al. 2024) the minimum; the last step's score is what outcome models give.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from math import prod
from statistics import fmean
from typing import Any, Literal, cast, get_args

from journey.errors import UsageError
from journey.judges.base import Judge, JudgeKind, JudgeRef, JudgeSources, UnsupportedProblem, judge_solution, score_of
from journey.models.gather import gather_or_cancel
from journey.types import Judgement, Problem, Verdict

How = Literal["min", "product", "last", "mean"]
HOWS: tuple[How, ...] = get_args(How)
STEPS: dict[How, Callable[[Sequence[float]], float]] = {
    "min": min,
    "product": prod,
    "last": lambda scores: scores[-1],
    "mean": fmean,
}

Call = Coroutine[Any, Any, list[Judgement]]
Way = Literal["vote", "min", "mean", "product"]
WAYS: tuple[Way, ...] = get_args(Way)


def solution_score(judgements: Sequence[Judgement], how: How) -> float | None:
    """The score of a whole solution by those of its steps; null where a step has none or there are no steps.

    Steps behind a wrong one that was judged without a score of its own need none.
    """
    scores = [score_of(one) for one in judgements]
    lost = next((i for i, one in enumerate(judgements) if one.verdict == "wrong" and one.score is None), None)
    if lost is not None:
        scores = [*scores[: lost + 1], *[0.0 if one is None else one for one in scores[lost + 1 :]]]
    known = [one for one in scores if one is not None]
    return STEPS[how](known) if known and len(known) == len(scores) else None


class Combined:
    """Several judges as one, named "vote:[A,B]", "min:[A,B]", "mean:[A,B]" or "product:[A,B]".

    "vote": the verdict of most of those that say something, null where two verdicts are tied; its reason is that of the
    first judge with that verdict. "min": the worst verdict that any says. Both with the mean or the least of the
    scores. "mean" and "product" join the scores, and a step is right above 0.5. A judge that cannot say, or whose score
    is no number from 0 to 1, has no say, nor has one that knows nothing of such problems; where none has, they cannot
    say together.
    """

    def __init__(self, judges: Sequence[Judge], way: Way = "vote") -> None:
        if way not in WAYS or len(judges) < 2:
            raise UsageError(f"judges are combined by {', '.join(WAYS)}, two of them or more: vote:[exact,critic]")
        self.name = f"{way}:[{','.join(judge.name for judge in judges)}]"
        self._judges = tuple(judges)
        self._way: Way = way

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate, all judges asked side by side.

        Raises ModelError, and UnsupportedProblem where none of them knows such problems.
        """
        return await self._together([judge.judge(problem, prefix, candidates) for judge in self._judges])

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """One judgement per step, of judges that judge whole solutions by those. Raises as `judge` does."""
        return await self._together([judge_solution(judge, problem, steps) for judge in self._judges])

    async def _together(self, calls: Sequence[Call]) -> list[Judgement]:
        answers = await gather_or_cancel(map(_answer, calls))
        judgements = [one for one in answers if not isinstance(one, UnsupportedProblem)]
        if not judgements:
            raise next(one for one in answers if isinstance(one, UnsupportedProblem))
        everyone = [
            [Judgement(None, None, one.reason, judge.name)] * len(judgements[0])
            if isinstance(one, UnsupportedProblem)
            else one
            for judge, one in zip(self._judges, answers, strict=True)
        ]
        return [self._joined(one) for one in zip(*everyone, strict=True)]

    def _joined(self, judgements: Sequence[Judgement]) -> Judgement:
        scored = [one for one in judgements if score_of(one) is not None]
        scores = [one for one in map(score_of, scored) if one is not None]
        if not scored:
            reasons = "; ".join(dict.fromkeys(filter(None, (one.reason for one in judgements))))
            return Judgement(None, None, reasons or "no judge could say", self.name)
        match self._way:
            case "vote":
                return self._vote(scored, fmean(scores))
            case "min":
                order: list[Verdict | None] = ["wrong", "neutral", "right", None]
                worst = min(scored, key=lambda one: order.index(one.verdict))
                silent = None if worst.verdict or worst.reason else "no judge gave a verdict"
                return replace(worst, score=min(scores), reason=worst.reason or silent, by=self.name)
            case "mean" | "product":
                joined = STEPS[self._way](scores)
                return Judgement("right" if joined > 0.5 else "wrong", joined, None, self.name)

    def _vote(self, scored: Sequence[Judgement], joined: float) -> Judgement:
        votes = Counter(one.verdict for one in scored if one.verdict is not None).most_common()
        if not votes:
            return Judgement(None, joined, "no judge gave a verdict", self.name)
        if len(votes) > 1 and votes[0][1] == votes[1][1]:
            tied = " and ".join(sorted(verdict for verdict, number in votes if number == votes[0][1]))
            return Judgement(None, joined, f"the judges are tied between {tied}", self.name)
        agreed = [one for one in scored if one.verdict == votes[0][0]]
        return replace(next((one for one in agreed if one.reason), agreed[0]), score=joined, by=self.name)


async def _answer(call: Call) -> list[Judgement] | UnsupportedProblem:
    """What a judge says, or that it knows nothing of such problems."""
    try:
        return await call
    except UnsupportedProblem as unsupported:
        return unsupported


def _build(ref: JudgeRef, settings: Any, sources: JudgeSources) -> Combined:
    return Combined([sources.judge(part) for part in ref.parts], cast("Way", ref.kind))


KINDS = {way: JudgeKind(f"{way}:[A,B]", _build, joins=True) for way in WAYS}
