"""Two models on the problems that both attempted, seed by seed: the difference with its interval, and what changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

from journey.metrics.accuracy import Interval, mcnemar, over_seeds, paired_interval

Answer = TypeVar("Answer")
Rights = Mapping[str, bool]
"""Problem -> whether its (first) answer is right."""
Pairs = Sequence[tuple[Rights, Rights]]
"""One seed after the other: the first model's and the second's."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The second model against the first, over the pairs of a problem and a seed that both have.

    `first` and `second` are accuracies, `difference` is the second's minus the first's; `p` is the exact two-sided
    McNemar probability, null over several seeds. `fixed`, `broke` and `same` count pairs.
    """

    seeds: int
    pairs: int
    first: float
    second: float
    difference: Interval
    p: float | None
    fixed: int
    broke: int
    same: int


def shared(
    first: Mapping[int, Mapping[str, Answer]], second: Mapping[int, Mapping[str, Answer]]
) -> list[tuple[int, Mapping[str, Answer], Mapping[str, Answer]]]:
    """The seeds in which both tried the same problems, by the first's number; one model each of other seeds pair too.

    Empty where they have nothing in common.
    """
    found = [(s, first[s], second[s]) for s in sorted(first.keys() & second.keys())]
    found = [one for one in found if one[1].keys() & one[2].keys()]
    if not found and len(first) == len(second) == 1:
        ((seed, x),), (y,) = first.items(), second.values()
        return [(seed, x, y)] if x.keys() & y.keys() else []
    return found


def compared(seeds: Pairs) -> Compared:
    """What at least one pair of results says."""
    both = [(x, y, x.keys() & y.keys()) for x, y in seeds]
    changes = Counter(y[p] - x[p] for x, y, common in both for p in common)
    difference, p = _difference(seeds)
    return Compared(
        seeds=len(seeds),
        pairs=changes.total(),
        first=fmean(fmean(x[p] for p in common) for x, _, common in both),
        second=fmean(fmean(y[p] for p in common) for _, y, common in both),
        difference=difference,
        p=p,
        fixed=changes[1],
        broke=changes[-1],
        same=changes[0],
    )


def gains(seeds: Pairs) -> list[dict[str, float]]:
    """What each problem gained in each seed: 1, 0 or -1."""
    return [{p: float(y[p]) - float(x[p]) for p in x.keys() & y.keys()} for x, y in seeds]


def _difference(seeds: Pairs) -> tuple[Interval, float | None]:
    """Newcombe's paired interval and the exact McNemar p of one seed; of several the interval over both, p null.

    The same problem stands in every seed, so that the pairs of several seeds are no independent trials for McNemar.
    """
    if len(seeds) > 1:
        return over_seeds(gains(seeds)).clipped(-1, 1), None
    ((x, y),) = seeds
    table = Counter((y[p], x[p]) for p in x.keys() & y.keys())
    both, second, first, none = (table[cell] for cell in ((True, True), (True, False), (False, True), (False, False)))
    return paired_interval(both, second, first, none), mcnemar(second, first)
