"""The figures of what was counted, for redraws of the items: laid out in columns so that a redraw costs little."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter, mul
from statistics import fmean
from typing import Any

from journey.evals.judging_counts import COUNTS, OVER, Counted, figures_of


@dataclass(frozen=True, slots=True)
class Bin:
    """Steps whose score lies in [low, high) (the last bin: up to 1): how many, their mean score, the share not bad."""

    low: float
    high: float
    steps: int
    score: float
    right: float


class Tables:
    """What was counted of all items, laid out in columns so that a redraw of them costs little."""

    def __init__(self, counted: Sequence[Counted], bins: int) -> None:
        self._bins = bins
        self._columns = list(zip(*(one.counts for one in counted), strict=True)) or [()] * len(COUNTS)
        self._scored = [one.scores for one in counted]
        self._steps = Ranking([(score, good, i) for i, one in enumerate(counted) for score, good in one.scores])
        self._wholes = Ranking(
            [(one.score, one.is_right, i) for i, one in enumerate(counted)
             if one.score is not None and one.is_right is not None]
        )  # fmt: skip
        self._totals = [len(scores) for scores in self._scored]
        self._gaps = [[0.0] * len(counted) for _ in range(bins)]  # score less share of good ones, by bin and item
        for item, scores in enumerate(self._scored):
            for score, good in scores:
                self._gaps[self._bin(score)][item] += score - good

    def figures(self, weights: Sequence[int]) -> dict[str, float | None]:
        """Every figure where item i counts `weights[i]` times; null where it cannot be had."""
        sums = [_dot(weights, column) for column in self._columns]
        total = _dot(weights, self._totals)
        return {
            **figures_of(dict(zip(COUNTS, sums, strict=True))),
            "step_auc": self._steps.auc(weights),
            "solution_auc": self._wholes.auc(weights),
            "ece": sum(abs(_dot(weights, gap)) for gap in self._gaps) / total if total else None,
        }

    def solutions(self, name: str) -> int:
        """How many solutions a figure is over, of the two shares in a harmonic mean the fewer; all where not known."""
        counts = [sum(self._columns[COUNTS.index(one)]) for one in OVER.get(name, ())]
        return min(counts, default=len(self._scored))

    def calibration(self) -> list[Bin]:
        """The bins that hold any step."""
        rows: list[list[tuple[float, bool]]] = [[] for _ in range(self._bins)]
        for scores in self._scored:
            for score, good in scores:
                rows[self._bin(score)].append((score, good))
        edges = [number / self._bins for number in range(self._bins + 1)]
        return [
            Bin(low, high, len(row), fmean(score for score, _ in row), fmean(good for _, good in row))
            for low, high, row in zip(edges, edges[1:], rows, strict=False)
            if row
        ]

    def _bin(self, score: float) -> int:
        return min(int(score * self._bins), self._bins - 1)


class Ranking:
    """Rows (score, good, item) in the order of their scores, for AUC where items count several times."""

    def __init__(self, rows: Sequence[tuple[float, bool, int]]) -> None:
        ordered = sorted(rows, key=itemgetter(0))
        bad = [item for _, good, item in ordered if not good]
        scores = [score for score, good, _ in ordered if not good]
        good = [(score, item) for score, is_good, item in ordered if is_good]
        self._good = [item for _, item in good]
        self._bad = bad
        # How many bad ones stand below a good one, and how many below or beside it.
        self._below = [bisect_left(scores, score) for score, _ in good]
        self._beside = [bisect_right(scores, score) for score, _ in good]

    def auc(self, weights: Sequence[int]) -> float | None:
        """The probability that a good one scores above a bad one, half of it where equal; null without both."""
        good = [weights[item] for item in self._good]
        sums = list(accumulate((weights[item] for item in self._bad), initial=0))
        pairs = sum(good) * sums[-1]
        if not pairs:
            return None
        below, beside = (_dot(good, map(sums.__getitem__, places)) for places in (self._below, self._beside))
        return (below + beside) / 2 / pairs


def _dot(one: Iterable[float], other: Iterable[float]) -> Any:
    return sum(map(mul, one, other))
