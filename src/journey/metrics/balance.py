"""The balance score of B-STaR (arXiv 2412.17256): how well a way of sampling serves the next training.

A problem scores min(u / wanted, 1) * u / s, where s counts the distinct answers whose reward is above the threshold and
u the right ones among them: the first factor asks for enough right answers that differ (exploration), the second for a
reward that lets no wrong ones through (exploitation). The score is the mean over the problems, in [0, 1]. The authors'
code puts the known solution into every pool; here a problem of which nothing is selected scores 0.
"""

from collections.abc import Mapping, Sequence
from math import fsum
from typing import NamedTuple


class Sample(NamedTuple):
    """An answer: what tells it from others (its way, its text), whether it is right, and its reward."""

    way: str
    right: bool
    reward: float


Pool = Sequence[Sequence[Sample]]
"""The samples of each problem."""


class Choice(NamedTuple):
    """A temperature and a threshold with their balance score."""

    temperature: float
    threshold: float
    score: float


def balance(pool: Pool, threshold: float, wanted: int) -> float:
    """The balance score of the samples whose reward is above the threshold; 0.0 of no problem."""
    return fsum(_of_problem(samples, threshold, wanted) for samples in pool) / len(pool) if pool else 0.0


def choose(pools: Mapping[float, Pool], thresholds: Sequence[float], wanted: int) -> Choice:
    """The pair with the highest balance score, of `pools` by temperature; of equals the lowest temperature, then the
    lowest threshold. Raises ValueError where there is no pair."""
    pairs = [(t, threshold) for t in sorted(pools) for threshold in sorted(thresholds)]
    return max((Choice(*pair, balance(pools[pair[0]], pair[1], wanted)) for pair in pairs), key=lambda one: one.score)


def _of_problem(samples: Sequence[Sample], threshold: float, wanted: int) -> float:
    selected = {(one.way, one.right) for one in samples if one.reward > threshold}
    right = sum(is_right for _, is_right in selected)
    return min(right / wanted, 1.0) * right / len(selected) if selected else 0.0
