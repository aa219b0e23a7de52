"""The figures of what was counted, for redraws of the items: laid out in columns so that a redraw costs little."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from journey.evals.judging_counts import COUNTS, OVER, Counted, figures_of

Weights = np.ndarray[Any, np.dtype[np.int64]]


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
        self._counts = np.array([one.counts for one in counted], np.int64).reshape(len(counted), len(COUNTS))
        self._scored = [one.scores for one in counted]
        self._steps = Ranking([(score, good, i) for i, one in enumerate(counted) for score, good in one.scores])
        self._wholes = Ranking(
            [(one.score, one.is_right, i) for i, one in enumerate(counted)
             if one.score is not None and one.is_right is not None]
        )  # fmt: skip
        self._totals = np.array([len(scores) for scores in self._scored], np.int64)
        self._gaps = np.zeros((len(counted), bins))  # score less share of good ones, by item and bin
        for item, scores in enumerate(self._scored):
            for score, good in scores:
                self._gaps[item, self._bin(score)] += score - good

    def figures(self, weights: Weights) -> dict[str, float | None]:
        """Every figure where item i counts `weights[i]` times; null where it cannot be had."""
        total = int(weights @ self._totals)
        return {
            **figures_of(dict(zip(COUNTS, (weights @ self._counts).tolist(), strict=True))),
            "step_auc": self._steps.auc(weights),
            "solution_auc": self._wholes.auc(weights),
            "ece": float(np.abs(weights @ self._gaps).sum()) / total if total else None,
        }

    def solutions(self, name: str) -> int:
        """How many solutions a figure is over, of the two shares in a harmonic mean the fewer; all where not known."""
        counts = [int(self._counts[:, COUNTS.index(one)].sum()) for one in OVER.get(name, ())]
        return min(counts, default=len(self._scored))

    def calibration(self) -> list[Bin]:
        """The bins that hold any step."""
        rows: list[list[tuple[float, bool]]] = [[] for _ in range(self._bins)]
        for scores in self._scored:
            for score, good in scores:
                rows[self._bin(score)].append((score, good))
        return [
            Bin(n / self._bins, (n + 1) / self._bins, len(row), *map(fmean, zip(*row, strict=True)))
            for n, row in enumerate(rows)
            if row
        ]

    def _bin(self, score: float) -> int:
        return min(int(score * self._bins), self._bins - 1)


class Ranking:
    """Rows (score, good, item), for AUC where items count several times."""

    def __init__(self, rows: Sequence[tuple[float, bool, int]]) -> None:
        good = [(score, item) for score, is_good, item in rows if is_good]
        bad = sorted((score, item) for score, is_good, item in rows if not is_good)
        self._good = np.array([item for _, item in good], np.int64)
        self._bad = np.array([item for _, item in bad], np.int64)
        # How many bad ones stand below a good one, and how many below or beside it.
        scores = [score for score, _ in bad]
        self._below, self._beside = (
            np.searchsorted(scores, [score for score, _ in good], side) for side in ("left", "right")
        )

    def auc(self, weights: Weights) -> float | None:
        """The probability that a good one scores above a bad one, half of it where equal; null without both."""
        good, sums = weights[self._good], np.concatenate(([0], weights[self._bad].cumsum()))
        pairs = int(good.sum() * sums[-1])
        return int(good @ (sums[self._below] + sums[self._beside])) / 2 / pairs if pairs else None
