"""Several samples a problem: the majority's answer (maj@k), any right one (pass@k), and votes at a token budget.

Samples vote by the value of their answer, however it is written (`journey.answers.compare.key`); one without an answer
does not vote. All figures are exact expectations over every choice of k of the samples and over ties broken at random,
so the order of the samples never matters.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, comb, floor
from statistics import fmean

from journey.answers.compare import key
from journey.types import Attempt

Samples = Mapping[str, Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Votes:
    """maj@k or pass@k at a token budget: each problem's expected figure, the (mean) number of answers and their tokens.

    `capped` says that there were too few samples to use up the budget.
    """

    accuracy: Mapping[str, float]
    k: float
    tokens: float
    capped: bool


def maj_at_k(samples: Sequence[Attempt], k: float) -> float:
    """The expected accuracy of the majority of `k` of one problem's samples.

    A fractional k means the mixture of the two whole numbers around it, so that a budget is met on average. An answer
    is right where one of its samples was checked as right. Raises ValueError unless 1 <= k <= the number of samples.
    """
    if not 1 <= k <= len(samples):
        raise ValueError(f"maj@{k} wants between 1 and {len(samples)} votes")
    counts = Counter(key(a.answer) for a in samples if a.answer is not None)
    right = {key(a.answer) for a in samples if a.correct is True and a.answer is not None}
    rights = tuple(sorted(n for answer, n in counts.items() if answer in right))
    wrongs = tuple(sorted(n for answer, n in counts.items() if answer not in right))
    silent = len(samples) - sum(counts.values())
    share = k - floor(k)
    low = _majority(rights, wrongs, silent, floor(k))
    return low if share == 0 else (1 - share) * low + share * _majority(rights, wrongs, silent, ceil(k))


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The unbiased chance that one of `k` samples is right (Chen et al. 2021, equation 1)."""
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} wants between 1 and {samples} samples")
    return 1.0 - comb(samples - right, k) / comb(samples, k)


def maj_at_tokens(samples: Samples, tokens: float) -> Votes:
    """maj@k with as many votes a problem as fit into `tokens` output tokens on average (Journey part 2's metric)."""
    return _at_tokens(samples, tokens, maj_at_k)


def pass_at_tokens(samples: Samples, tokens: float) -> Votes:
    """pass@k with as many answers a problem as fit into `tokens` output tokens on average."""
    return _at_tokens(samples, tokens, _passed)


def _passed(attempts: Sequence[Attempt], k: float) -> float:
    """pass@k, of a fractional k the mixture of the two whole numbers around it."""
    right = sum(a.correct is True for a in attempts)
    low, high = (pass_at_k(len(attempts), right, whole) for whole in (floor(k), ceil(k)))
    return low + (k - floor(k)) * (high - low)


def _at_tokens(samples: Samples, tokens: float, value: Callable[[Sequence[Attempt], float], float]) -> Votes:
    each = fmean(a.tokens for attempts in samples.values() for a in attempts) or 1.0
    most = min(len(attempts) for attempts in samples.values())
    k = min(max(1.0, tokens / each), float(most))
    figures = {problem: value(attempts, k) for problem, attempts in samples.items()}
    return Votes(figures, k, k * each, capped=tokens / each > most)


@lru_cache(maxsize=65536)
def _majority(rights: tuple[int, ...], wrongs: tuple[int, ...], silent: int, k: int) -> float:
    """The chance that a right answer wins among k drawn samples, by the number of samples of each answer."""
    wins = 0.0
    for i, own in enumerate(rights):
        others = rights[:i] + rights[i + 1 :] + wrongs
        for votes in range(1, min(own, k) + 1):
            ways = _ways(others, votes, k - votes)
            wins += comb(own, votes) * sum(
                n * comb(silent, k - votes - drawn) / (tied + 1) for (drawn, tied), n in ways.items()
            )
    return min(1.0, wins / comb(sum(rights) + sum(wrongs) + silent, k))


def _ways(counts: Sequence[int], votes: int, room: int) -> dict[tuple[int, int], int]:
    """In how many ways the other answers get (so many samples in all, so many answers tied at `votes`)."""
    ways = {(0, 0): 1}
    for count in counts:
        grown = Counter[tuple[int, int]]()
        for (drawn, tied), n in ways.items():
            for more in range(min(count, votes, room - drawn) + 1):
                grown[drawn + more, tied + (more == votes)] += n * comb(count, more)
        ways = grown
    return ways
