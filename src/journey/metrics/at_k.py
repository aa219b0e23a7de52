"""pass@k, maj@k and rm@k of a set of problems, each with its interval, for k = 1, 2, 4, ... samples.

All three are exact expectations over every choice of k of the samples; the interval redraws the problems. A grade that
is null is never right and never left out: the figure counts it as not right, and `most` says what the figure would be
if every null of an answer that nobody could check were right. The truth lies between the two.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import comb
from statistics import fmean

from journey.metrics.accuracy import Interval, share_over_seeds
from journey.metrics.votes import maj_at_k, pass_at_k
from journey.types import Attempt

Samples = Mapping[str, Sequence[Attempt]]
Scores = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure at one k: with nulls as not right, its 95 % interval, and with nulls as right (`most`)."""

    interval: Interval
    most: float

    def to_json(self) -> dict[str, float]:
        """{"value", "low", "high", "most"}."""
        return {"value": self.interval.value, "low": self.interval.low, "high": self.interval.high, "most": self.most}


@dataclass(frozen=True, slots=True)
class AtK:
    """What k samples a problem come to; `tokens` their average length, `best` (rm@k) null without scores."""

    k: int
    tokens: float
    passed: Figure
    majority: Figure
    best: Figure | None = None

    def to_json(self) -> dict[str, object]:
        """{"k", "tokens", "pass", "maj", "rm"}, "rm" only where there are scores."""
        found: dict[str, object] = {"k": self.k, "tokens": self.tokens}
        found |= {"pass": self.passed.to_json(), "maj": self.majority.to_json()}
        return found | ({"rm": self.best.to_json()} if self.best else {})


def by_problem(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """The samples of each problem, in the order of their draws."""
    found: dict[str, list[Attempt]] = {}
    for attempt in sorted(attempts, key=lambda a: (a.problem, a.sample)):
        found.setdefault(attempt.problem, []).append(attempt)
    return found


def powers(most: int) -> list[int]:
    """1, 2, 4, ... up to `most`, and `most` itself; empty for fewer than two samples."""
    return sorted({2**i for i in range(most.bit_length())} | {most}) if most > 1 else []


def at_k(seeds: Sequence[Samples], scores: Scores | None = None) -> list[AtK]:
    """The curve over k, as far as every problem has samples; empty where some problem has only one.

    `seeds` holds the samples of each seed by problem, `scores` a reward for an attempt's id.
    """
    every = [attempts for samples in seeds for attempts in samples.values()]
    each = fmean(a.tokens for attempts in every for a in attempts) if every else 0.0

    def of(value: Callable[[Sequence[Attempt], int], float], k: int) -> Figure:
        return _figure(seeds, lambda attempts: value(attempts, k))

    def best(attempts: Sequence[Attempt], k: int) -> float:
        return rm_at_k(attempts, scores or {}, k)

    return [
        AtK(k, k * each, of(_passed, k), of(maj_at_k, k), None if scores is None else of(best, k))
        for k in powers(min(map(len, every), default=0))
    ]


def rm_at_k(samples: Sequence[Attempt], scores: Scores, k: int) -> float:
    """The expected accuracy of the best scored of `k` of one problem's samples (best-of-N with a reward model).

    Ties are broken at random. A sample without an answer, or whose score is null, missing or NaN, is chosen only where
    no other is drawn. Raises ValueError unless 1 <= k <= the number of samples.
    """
    if not 1 <= k <= len(samples):
        raise ValueError(f"rm@{k} wants between 1 and {len(samples)} samples")

    def score(attempt: Attempt) -> tuple[bool, float]:
        # A product of scores with a 0 in it is minus infinity as a logarithm, and a score all the same.
        found = scores.get(attempt.id)
        return (False, 0.0) if attempt.answer is None or found is None or math.isnan(found) else (True, found)

    below, expected = 0, 0.0
    for _, group in groupby(sorted(samples, key=score), key=score):
        alike = list(group)
        ways = comb(below + len(alike), k) - comb(below, k)
        expected += ways * fmean(a.correct is True for a in alike)
        below += len(alike)
    return expected / comb(len(samples), k)


def _passed(attempts: Sequence[Attempt], k: int) -> float:
    return pass_at_k(len(attempts), sum(a.correct is True for a in attempts), k)


def _figure(seeds: Sequence[Samples], value: Callable[[Sequence[Attempt]], float]) -> Figure:
    rows = [{problem: value(attempts) for problem, attempts in samples.items()} for samples in seeds]
    interval = share_over_seeds(rows)
    if not any(_is_open(a) for samples in seeds for attempts in samples.values() for a in attempts):
        return Figure(interval, interval.value)
    kindest = [{problem: value([_kind(a) for a in attempts]) for problem, attempts in s.items()} for s in seeds]
    return Figure(interval, fmean(fmean(row.values()) for row in kindest))


def _is_open(attempt: Attempt) -> bool:
    return attempt.correct is None and attempt.answer is not None


def _kind(attempt: Attempt) -> Attempt:
    return replace(attempt, correct=True) if _is_open(attempt) else attempt
