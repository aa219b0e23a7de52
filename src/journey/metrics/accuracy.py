"""What attempts add up to: accuracy and its intervals, paired comparison, lengths and errors.

`correct` null counts as not right everywhere and is counted apart by `unjudged`. Accuracies are in 0..1.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, sqrt
from statistics import NormalDist, fmean, pvariance, stdev

from journey.types import Attempt

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""How many standard deviations a normal interval reaches to each side."""
REDRAWN = 30_000  # values; of more than this the bootstrap is no longer drawn


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval around it; `low <= value <= high`."""

    value: float
    low: float
    high: float

    def clipped(self, low: float, high: float) -> "Interval":
        """The same estimate with its bounds kept in [low, high], the range that the quantity can have."""
        return Interval(self.value, max(low, self.low), min(high, self.high))

    def wider(self, other: "Interval") -> "Interval":
        """This estimate with the wider of the two intervals."""
        return self if self.high - self.low >= other.high - other.low else Interval(self.value, other.low, other.high)


def accuracy(attempts: Sequence[Attempt]) -> float:
    """The share of attempts that are right; 0.0 of none."""
    return sum(a.correct is True for a in attempts) / len(attempts) if attempts else 0.0


def unjudged(attempts: Iterable[Attempt]) -> int:
    """How many attempts hold an answer that nobody could check."""
    return sum(a.correct is None and a.answer is not None for a in attempts)


def mean_tokens(attempts: Sequence[Attempt]) -> float:
    """The average number of output tokens; 0.0 of none."""
    return fmean(a.tokens for a in attempts) if attempts else 0.0


def finish_shares(attempts: Sequence[Attempt]) -> dict[str, float]:
    """The share of each finish reason ("end", "stop", "length", "error")."""
    return {finish: n / len(attempts) for finish, n in sorted(Counter(a.finish for a in attempts).items())}


def finished(attempts: Sequence[Attempt]) -> float:
    """The share of attempts that came to their own end: neither cut off nor without a completion."""
    return sum(a.finish in ("end", "stop") for a in attempts) / len(attempts) if attempts else 0.0


def _kind(attempt: Attempt) -> str:
    """What is wrong with an attempt whose task names no error."""
    return "wrong answer" if attempt.correct is False and attempt.answer is not None else "unclassified"


def error_counts(attempts: Iterable[Attempt]) -> dict[str, int]:
    """How many attempts that are not right have each kind of error, the most frequent first."""
    counts = Counter((a.error or _kind(a)).partition(" (")[0] for a in attempts if a.correct is not True)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def wilson(right: int, total: int) -> Interval:
    """The score interval of a share (Wilson 1927); 0 to 1 where nothing was tried.

    By its formula: scipy's `binomtest` takes 200 times as long for it.
    """
    if total == 0:
        return Interval(0.0, 0.0, 1.0)
    share = right / total
    middle = (share + Z * Z / (2 * total)) / (1 + Z * Z / total)
    half = Z * sqrt(share * (1 - share) / total + Z * Z / (4 * total * total)) / (1 + Z * Z / total)
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def t_interval(values: Sequence[float]) -> Interval:
    """The mean of at least two values, one a seed, with Student's interval. Raises ValueError for fewer."""
    if len(values) < 2:
        raise ValueError("an interval over seeds wants at least two of them")
    from scipy.special import stdtrit

    mean = fmean(values)
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def bootstrap(seeds: Sequence[Mapping[str, float]], *, rounds: int = 1000, seed: int = 0) -> Interval:
    """The mean over seeds of the mean over problems, with the percentile interval over redrawn seeds and problems.

    `seeds` holds one mapping problem -> value a seed. Where all seeds have the same problems one draw of problems
    holds for all of them (crossed, which `scipy.stats.bootstrap` cannot do), else each seed redraws its own (nested).
    """
    problems = sorted(seeds[0])
    is_crossed = len(problems) > 1 and all(s.keys() == seeds[0].keys() for s in seeds)
    columns = [[s[p] for p in (problems if is_crossed else sorted(s))] for s in seeds]
    value = fmean(fmean(c) for c in columns)
    if is_crossed:
        from numpy import array

        table = array(columns)
        means = [float(table[i].mean(0)[p].mean()) for i, p in redraws(len(columns), len(problems), rounds, seed)]
        return percentiles(value, means)
    rng = random.Random(seed)
    means = list[float]()
    for _ in range(rounds):
        drawn = rng.choices(range(len(columns)), k=len(columns))
        means.append(fmean(fmean(rng.choices(columns[i], k=len(columns[i]))) for i in drawn))
    return percentiles(value, means)


@lru_cache(maxsize=4)
def redraws(seeds: int, problems: int, rounds: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """The redrawn seeds and problems of each round of a bootstrap, the same for all arms of a run."""
    rng = random.Random(seed)
    return [(rng.choices(range(seeds), k=seeds), rng.choices(range(problems), k=problems)) for _ in range(rounds)]


def percentiles(value: float, drawn: Sequence[float]) -> Interval:
    """The value with the percentile interval of its redraws, widened to hold the value."""
    if not drawn:
        return Interval(value, value, value)
    ordered, tail = sorted(drawn), (1 - CONFIDENCE) / 2
    low, high = ordered[floor(tail * len(ordered))], ordered[ceil((1 - tail) * len(ordered)) - 1]
    return Interval(value, min(low, value), max(high, value))


def over_seeds(seeds: Sequence[Mapping[str, float]], *, seed: int = 0) -> Interval:
    """The mean over seeds with the wider of Student's interval over seeds and the bootstrap over seeds and problems.

    The first knows the spread between trainings only, the second underrates it for few seeds but knows that of the
    problems. One seed alone has the bootstrap over its problems. Of more than `REDRAWN` values the bootstrap's normal
    approximation stands for it.
    """
    spread = bootstrap(seeds, seed=seed) if sum(map(len, seeds)) <= REDRAWN else normal_spread(seeds)
    return spread if len(seeds) < 2 else t_interval([fmean(s.values()) for s in seeds]).wider(spread)


def normal_spread(seeds: Sequence[Mapping[str, float]]) -> Interval:
    """What `bootstrap` comes to with many problems: a normal interval with the variance of its redraws.

    Seeds and problems are redrawn independently, so that the variance is that of the seeds' means over the seeds, and
    that of a problem's mean over the seeds over the problems.
    """
    means = [fmean(of.values()) for of in seeds]
    by_problem: dict[str, list[float]] = {}
    for of in seeds:
        for problem, value in of.items():
            by_problem.setdefault(problem, []).append(value)
    problems = [sum(values) / len(values) for values in by_problem.values()]
    half = Z * sqrt(pvariance(means) / len(means) + pvariance(problems) / len(problems))
    return Interval(fmean(means), fmean(means) - half, fmean(means) + half)


def no_difference(seeds: Sequence[Mapping[str, float]]) -> float:
    """The two-sided probability of so large a mean where there is none: the greater one of the tests whose intervals
    `over_seeds` takes, Student's over the seeds and the normal one over seeds and problems."""
    from scipy.special import ndtr, stdtr

    def two_sided(half: float, tail: Callable[[float], float]) -> float:
        return 2 * float(tail(-abs(spread.value) / half)) if half else float(spread.value == 0)

    spread, means = normal_spread(seeds), [fmean(s.values()) for s in seeds]
    probability = two_sided((spread.high - spread.value) / Z, ndtr)
    if len(seeds) < 2:
        return probability
    return max(probability, two_sided(stdev(means) / sqrt(len(means)), lambda t: stdtr(len(means) - 1, t)))


def holm(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Each probability corrected for all that were tested beside it (Holm 1979)."""
    corrected: dict[str, float] = {}
    for rank, (name, p) in enumerate(sorted(probabilities.items(), key=lambda item: item[1])):
        corrected[name] = min(1.0, max([(len(probabilities) - rank) * p, *corrected.values()]))
    return {name: corrected[name] for name in probabilities}


def share_over_seeds(seeds: Sequence[Mapping[str, float]]) -> Interval:
    """The mean of shares (accuracies) with the interval of `over_seeds`, Wilson's of one seed of 0s and 1s.

    Where all came out alike (none right, say) redraws show no spread, which is not to know for sure: then it is
    Wilson's over the problems, too.
    """
    spread = over_seeds(seeds).clipped(0, 1)
    is_plain = len(seeds) == 1 and all(value in (0, 1) for value in seeds[0].values())
    if not is_plain and spread.value not in (0, 1):
        return spread
    problems = len(set[str]().union(*seeds))
    return wilson(round(spread.value * problems), problems)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided probability of so uneven a split of the problems that only one of two models got right."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def paired_interval(both: int, first: int, second: int, none: int) -> Interval:
    """The difference of two paired shares by the counts right for both, the first only, the second only, none.

    Newcombe's interval (Statistics in Medicine 17, 1998, 2635-2650, method 10).
    """
    total = both + first + second + none
    if total == 0:
        return Interval(0.0, -1.0, 1.0)
    one, two = wilson(both + first, total), wilson(both + second, total)
    margins = (both + first) * (second + none) * (both + second) * (first + none)
    cross = both * none - first * second
    cross = max(cross - total / 2, 0) if cross > 0 else cross
    phi = cross / sqrt(margins) if margins else 0.0

    def half(x: float, y: float) -> float:
        return sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))

    value = one.value - two.value
    low = value - half(one.value - one.low, two.high - two.value)
    high = value + half(one.high - one.value, two.value - two.low)
    return Interval(value, max(-1.0, low), min(1.0, high))
