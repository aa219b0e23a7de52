"""A judge's scores of the steps of attempts, for rm@k: given once, kept in the run, joined in any way later.

Steps are judged as best-of-N judges them, so that rm@k is what best-of-N with k candidates would reach.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journey.errors import UsageError
from journey.judges.combine import HOWS
from journey.search.best_of_n import judge_all
from journey.search.candidate import Candidate, SearchContext
from journey.search.choose import Aggregate, measure
from journey.search.cost import counting
from journey.store.run import Run
from journey.types import Attempt, Problem, Spent

LOG = "rm"
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


async def judge_attempts(
    problem: Problem, attempts: Sequence[Attempt], context: SearchContext, settings: RmSettings
) -> dict[str, Any]:
    """The scores of each attempt's steps, as a row for the run's log; one without an answer is not judged.

    A step whose score is null or NaN has none. Raises ModelError.
    """
    answered = [a for a in attempts if a.answer is not None]
    solutions = [Candidate(a.text, tuple(context.steps.split(a.text)), answer=a.answer) for a in answered]
    with counting(context) as (counted, tally):
        judged = await judge_all(problem, counted, solutions)
    spent = tally.spent()
    return {
        "judge": context.judge_name,
        "aggregate": settings.aggregate,
        "steps": {a.id: list(one.scores) for a, one in zip(answered, judged, strict=True)},
        "judge_tokens": spent.judge_tokens,
        "calls": spent.calls,
    }


def kept(run: Run, attempts: Iterable[Attempt]) -> dict[str, Kept]:
    """What the run keeps of these attempts, by the judge's name; the cost is that of judging their problems' rows."""
    ids = {a.id for a in attempts}
    steps: dict[str, dict[str, Steps]] = {}
    tokens, calls = Counter[str](), Counter[str]()
    joined: dict[str, Aggregate] = {}
    for row in run.logged(LOG):
        judge, own = row["judge"], {id: said for id, said in row["steps"].items() if id in ids}
        joined[judge] = row["aggregate"]
        if own:
            steps.setdefault(judge, {}).update(own)
            tokens[judge] += row["judge_tokens"]
            calls[judge] += row["calls"]
    return {judge: Kept(own, Spent(0, tokens[judge], calls[judge]), joined[judge]) for judge, own in steps.items()}
