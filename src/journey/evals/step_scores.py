"""A judge's scores of the steps of attempts, for rm@k: given once, kept in the run, joined in any way later.

Steps are judged as best-of-N judges them, so that rm@k is what best-of-N with k candidates would reach.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from journey.errors import UsageError
from journey.judges.base import JudgeWork
from journey.judges.combine import HOWS
from journey.models.estimate import question_tokens
from journey.search.best_of_n import MOST_STEPS, judge_all
from journey.search.candidate import Candidate, SearchContext
from journey.search.choose import Aggregate, measure
from journey.search.cost import counting
from journey.store.entries import StepScores
from journey.store.run import Run
from journey.types import Attempt, Problem, Spent

Steps = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class RmSettings:
    """How the scores of an attempt's steps make its own: the least, the product, the last or the mean."""

    aggregate: Aggregate = "min"

    def __post_init__(self) -> None:
        if self.aggregate not in HOWS:
            raise UsageError(f"rm.aggregate is {self.aggregate!r}; known are {', '.join(HOWS)}")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run keeps of one judge: the scores of each attempt's steps by its id, what they cost, how to join them."""

    steps: Mapping[str, Steps]
    spent: Spent
    aggregate: Aggregate

    def scores(self) -> dict[str, float | None]:
        """What attempts are compared by; null where a step has no score or none was judged."""
        return {id: measure(steps, self.aggregate) for id, steps in self.steps.items()}

    def covers(self, attempts: Sequence[Attempt]) -> bool:
        """Whether every attempt with an answer was judged."""
        return all(a.answer is None or a.id in self.steps for a in attempts)


NOTHING = Kept({}, Spent(), RmSettings().aggregate)


@dataclass(frozen=True, slots=True)
class ScoredAttempts:
    """What a judge's scores came to: who it is, what the run keeps of these attempts."""

    judge: str
    kept: Kept
    attempts: Sequence[Attempt]

    @property
    def scores(self) -> Mapping[str, float | None] | None:
        """The scores by attempt; null where some attempts could not be judged, so that rm@k is not known."""
        return self.kept.scores() if self.kept.covers(self.attempts) else None

    def to_json(self) -> dict[str, Any]:
        """Who scored, how many have a score, how many the judge could not say, and the cost, remembered or not."""
        answered = [a for a in self.attempts if a.answer is not None]
        scores = self.kept.scores()
        scored = sum(scores.get(a.id) is not None for a in answered)
        missing = sum(a.id not in scores for a in answered)
        return {
            "judge": self.judge, "aggregate": self.kept.aggregate, "attempts": len(self.attempts), "scored": scored,
            "could_not_say": len(answered) - scored - missing, "not_judged": missing,
            "unanswered": len(self.attempts) - len(answered),
            "judge_tokens": self.kept.spent.judge_tokens, "judge_calls": self.kept.spent.calls,
        }  # fmt: skip


def work_at_most(problems: Sequence[Problem], samples: int, longest: int) -> JudgeWork:
    """What a judge of steps is asked at most: every step of every answer apart, each step as short as can be.

    `samples` answers a problem, of at most `longest` tokens.
    """
    steps = len(problems) * samples * min(MOST_STEPS, longest // 2 + 1)
    read = question_tokens(problems) // max(1, len(problems)) + longest
    return JudgeWork(steps, steps, steps * read, 0)


async def judge_attempts(
    problem: Problem, attempts: Sequence[Attempt], context: SearchContext, settings: RmSettings
) -> StepScores:
    """The scores of each attempt's steps, as an entry of the run; one without an answer is not judged.

    A step whose score is null or NaN has none. Raises ModelError.
    """
    answered = [a for a in attempts if a.answer is not None]
    solutions = [Candidate(a.text, tuple(context.steps.split(a.text)), answer=a.answer) for a in answered]
    with counting(context) as (counted, tally):
        judged = await judge_all(problem, counted, solutions)
    spent = tally.spent()
    steps = {a.id: list(one.scores) for a, one in zip(answered, judged, strict=True)}
    return StepScores(str(context.judge_name), settings.aggregate, steps, spent.judge_tokens, spent.calls)


def kept(run: Run, attempts: Iterable[Attempt]) -> dict[str, Kept]:
    """What the run keeps of these attempts, by the judge's name; the cost is that of judging their problems' rows."""
    ids = {a.id for a in attempts}
    steps: dict[str, dict[str, Steps]] = {}
    tokens, calls = Counter[str](), Counter[str]()
    joined: dict[str, Aggregate] = {}
    for entry in run.entries(StepScores):
        judge, own = entry.judge, {id: scores for id, scores in entry.steps.items() if id in ids}
        joined[judge] = cast("Aggregate", entry.aggregate)
        if own:
            steps.setdefault(judge, {}).update(own)
            tokens[judge] += entry.judge_tokens
            calls[judge] += entry.calls
    return {judge: Kept(own, Spent(0, tokens[judge], calls[judge]), joined[judge]) for judge, own in steps.items()}
