"""Which candidate is the answer: scores of steps to one score, the best, the most voted, the most voted by weight.

Only finished candidates can be chosen. A score that is not a number in [0, 1] is no score (null: *could not say*), and
null stands below every score. Ties go to the candidate that was drawn first.
"""

from collections.abc import Iterable, Sequence
from math import exp, inf, log
from statistics import fmean
from typing import Literal

from journey.answers.compare import key
from journey.judges.combine import How as Aggregate
from journey.search.candidate import Candidate

Choice = Literal["best", "weighted"]
Score = float | None
Rank = tuple[bool, float, float]


def aggregate(scores: Sequence[Score], how: Aggregate) -> Score:
    """The score of a whole solution by those of its steps; null where one that counts is null, or there are none.

    The product is that of Lightman et al. (arXiv 2305.20050), the minimum their other choice and Math-Shepherd's (arXiv
    2312.08935); the last step's score is that of Snell et al. (arXiv 2408.03314). It fits judges that foresee the end,
    as one trained on rollouts does; one that looks at each step alone finds nothing wrong with "so the answer is 7".
    """
    value = measure(scores, how)
    return exp(value) if value is not None and how == "product" else value


def measure(scores: Sequence[Score], how: Aggregate) -> Score:
    """What solutions are compared by: as `aggregate`, but of a product its logarithm, which never underflows."""
    known = [score for score in (scores[-1:] if how == "last" else scores) if score is not None]
    if not known or (how != "last" and len(known) < len(scores)):
        return None
    match how:
        case "last":
            return known[0]
        case "min":
            return min(known)
        case "mean":
            return fmean(known)
        case "product":
            return sum(log(score) if score > 0 else -inf for score in known)


def rank(candidate: Candidate, how: Aggregate) -> Rank:
    """The greater, the better. Where a step has no score, those of the others only decide between such candidates."""
    value = measure(candidate.scores, how)
    known = measure([score for score in candidate.scores if score is not None], how)
    return value is not None, 0.0 if value is None else value, -inf if known is None else known


def best_first(candidates: Iterable[Candidate], how: Aggregate) -> list[Candidate]:
    """All of them, by rank; equals in their order."""
    return sorted(candidates, key=lambda one: rank(one, how), reverse=True)


def best(candidates: Iterable[Candidate], how: Aggregate) -> Candidate | None:
    """The finished candidate with the highest score; null where none is finished."""
    return next(iter(best_first((one for one in candidates if one.answer is not None), how)), None)


def majority(candidates: Iterable[Candidate]) -> Candidate | None:
    """The first candidate with the most frequent answer of the finished ones; null where none is finished."""
    groups = by_answer(candidates)
    return max(groups, key=len)[0] if groups else None


def weighted(candidates: Iterable[Candidate], how: Aggregate) -> Candidate | None:
    """The best candidate of the answer whose candidates' scores have the largest sum.

    Candidates without a score add nothing; answers that none of them scored stand last, by their number of votes.
    """
    groups = by_answer(candidates)
    if not groups:
        return None
    measures = [[m for one in group if (m := measure(one.scores, how)) is not None] for group in groups]
    top = max((m for found in measures for m in found), default=0.0)

    def weight(m: float) -> float:
        # Products are summed in units of the largest, so that a long solution's is not lost to underflow.
        return m if how != "product" else 0.0 if m == -inf else exp(m - top)

    totals = [(bool(found), sum(map(weight, found)), len(group)) for found, group in zip(measures, groups, strict=True)]
    return best(groups[max(range(len(groups)), key=totals.__getitem__)], how)


def chosen(candidates: Iterable[Candidate], how: Aggregate, choice: Choice) -> Candidate | None:
    """The best candidate, or the best one of the answer with the most weight; null where none is finished."""
    return best(candidates, how) if choice == "best" else weighted(candidates, how)


def by_answer(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """The finished candidates grouped by the value of their answer, groups and members in the order they come in."""
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        if one.answer is not None:
            groups.setdefault(key(one.answer), []).append(one)
    return list(groups.values())
