"""Best-of-N: draw N solutions, let a judge score every step, and take the best (Lightman et al., arXiv 2305.20050).

`aggregate` makes one score of a solution's steps. `choice` "best" takes the solution with the highest one; "weighted"
sums them by answer and takes the heaviest (weighted best-of-N: Li et al., arXiv 2206.02336; Snell et al., arXiv
2408.03314, appendix on PRM aggregation).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from journey.judges.base import WholeJudge, score_of
from journey.models.gather import gather_or_cancel
from journey.search.candidate import Candidate, SearchContext, attempt, samples, score
from journey.search.choose import Aggregate, Choice, chosen
from journey.search.cost import counting
from journey.search.settings import WholeSettings
from journey.types import Attempt, Problem

Scores = dict[tuple[str, ...], tuple[float | None, ...]]  # of the steps of each path

MOST_STEPS = 256  # a solution of more is not judged: its prefixes together would grow with the square
MOST_AFTER = 8  # steps behind the answer that are left out


@dataclass(frozen=True, slots=True)
class BestOfNSettings(WholeSettings):
    """How many are drawn, how a solution's score is made of its steps', and how the answer is chosen by them."""

    aggregate: Aggregate = "min"
    choice: Choice = "best"


async def best_of_n(problem: Problem, context: SearchContext, settings: BestOfNSettings) -> Attempt:
    """The solution that the judge likes best; the steps of unfinished ones are not judged."""
    with counting(context) as (context, tally):
        drawn = await samples(problem, context, settings)
        finished = [one for one in drawn if one.answer is not None]
        judged = await judge_all(problem, context, finished)
        winner = chosen(judged, settings.aggregate, settings.choice)
    return attempt(problem, context, "best_of_n", settings, tally.spent(), winner, drawn)


async def judge_all(problem: Problem, context: SearchContext, solutions: Sequence[Candidate]) -> list[Candidate]:
    """The solutions with the scores of their steps, equal ones judged once.

    A judge that can judges a whole solution at once; of others, steps that follow the same prefix are judged together.
    A solution is judged up to the step that gives its answer; what it says after that is no step towards it.
    """
    counts = await gather_or_cancel(_answered_at(problem, context, one) for one in solutions)
    paths = [one.steps[:count] if count <= MOST_STEPS else () for one, count in zip(solutions, counts, strict=True)]
    found = await (_wholes if isinstance(context.judge, WholeJudge) else _by_prefix)(problem, context, paths)
    return [replace(one, scores=found[path]) for one, path in zip(solutions, paths, strict=True)]


async def _wholes(problem: Problem, context: SearchContext, paths: Sequence[tuple[str, ...]]) -> Scores:
    assert isinstance(context.judge, WholeJudge)
    different = list(dict.fromkeys(filter(None, paths)))
    judged = await gather_or_cancel(context.judge.judge_solution(problem, path) for path in different)
    return {(): ()} | {path: tuple(map(score_of, one)) for path, one in zip(different, judged, strict=True)}


async def _by_prefix(problem: Problem, context: SearchContext, paths: Sequence[tuple[str, ...]]) -> Scores:
    siblings: dict[tuple[str, ...], dict[str, None]] = {}
    for path in paths:
        for at, step in enumerate(path):
            siblings.setdefault(path[:at], {})[step] = None
    scores = await gather_or_cancel(score(problem, context, prefix, list(steps)) for prefix, steps in siblings.items())
    found: dict[tuple[str, ...], float | None] = {
        (*prefix, step): value
        for (prefix, steps), values in zip(siblings.items(), scores, strict=True)
        for step, value in zip(steps, values, strict=True)
    }
    return {path: tuple(found[path[: at + 1]] for at in range(len(path))) for path in paths}


async def _answered_at(problem: Problem, context: SearchContext, solution: Candidate) -> int:
    """How many of the steps it takes until the final answer stands; at most a few at the end are left out."""
    count = len(solution.steps)
    while 1 < count <= MOST_STEPS and len(solution.steps) - count < MOST_AFTER:
        grade = await context.grader.grade(problem, context.steps.join(solution.steps[: count - 1]))
        if grade.answer != solution.answer:
            break
        count -= 1
    return count
