"""How good judges are: what they say of labelled steps against the labels, every figure with its interval.

Step F1 as in the O1 Replication Journey part 1 (the tables on reward models); accuracy of the first wrong step and its
harmonic mean over right and wrong solutions as in ProcessBench (Zheng et al. 2024, arXiv 2412.06559); F1 and AUC of
steps and solutions as in ReasonEval (Xia et al. 2024, arXiv 2404.05692); calibration as expected calibration error
(Guo et al. 2017, arXiv 1706.04599).

*Could not say* is counted apart and never as wrong: such steps are left out of F1, and a solution whose first wrong
step cannot be told is left out of the accuracies; how many there were stands beside the figures.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor
from operator import itemgetter, mul
from statistics import fmean
from typing import Any

from journey.errors import UsageError
from journey.evals.judging_counts import COUNTS, Counted, count, figures_of
from journey.evals.judging_sets import Labelled, LabelledSet
from journey.evals.metrics import CONFIDENCE, Interval, wilson
from journey.judges.base import Judge
from journey.judges.combine import HOWS, How
from journey.judges.whole import judge_solution
from journey.models.at_once import at_once
from journey.models.base import ModelError
from journey.types import Judgement

Said = Sequence[Judgement | None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class JudgingSettings:
    """How judgements become figures.

    `combine`: how the scores of a solution's steps become its own ("min" also calls it wrong where any step is, the
    others by the score, wrong up to 0.5). `bins` of the calibration; `rounds` and `seed` of the bootstrap over
    solutions. `paper`: count as ReasonEval's authors do, which makes a figure even of what was not said: steps behind
    the first wrong one are taken as called wrong, other silent steps as called right, silent solutions as mistaken.
    """

    combine: How = "min"
    bins: int = 10
    rounds: int = 1000
    seed: int = 0
    paper: bool = False

    def __post_init__(self) -> None:
        if self.combine not in HOWS:
            raise UsageError(f"combine is {self.combine!r}; known are {', '.join(HOWS)}")
        if min(self.bins, self.rounds) < 1:
            raise UsageError("bins and rounds count from 1")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said of each item of a set, null where its model failed; and why, by the item's id."""

    said: Sequence[Said | None]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bin:
    """Steps whose score lies in [low, high) (the last bin: up to 1): how many, their mean score, the share not bad."""

    low: float
    high: float
    steps: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A judge's figures on a set.

    `figures` by name, null where the set or the judge cannot give one. `unsaid`: labelled steps without a verdict;
    `unscored`: without a score; `unlocated`: solutions whose first wrong step cannot be told.
    """

    solutions: int
    steps: int
    unsaid: int
    unscored: int
    unlocated: int
    figures: Mapping[str, Interval | None]
    calibration: Sequence[Bin]


async def judge_set(
    judge: Judge, items: Sequence[Labelled], *, in_flight: int = 64, progress: Progress | None = None
) -> Judged:
    """What the judge says of every item; one whose model fails for good is listed as failed."""
    waiting = iter(enumerate(items))
    said: dict[int, Said] = {}
    failed: dict[str, str] = {}

    async def worker() -> None:
        for index, item in waiting:
            try:
                said[index] = await judge_item(judge, item)
            except ModelError as error:
                failed[item.id] = str(error)
            if progress is not None:
                progress(len(said) + len(failed), len(items))

    await at_once(worker() for _ in range(min(in_flight, len(items))))
    return Judged([said.get(index) for index in range(len(items))], failed)


async def judge_item(judge: Judge, item: Labelled) -> Said:
    """What the judge says of each step: of all in a solution, of the labelled ones (siblings together) in a tree."""
    if item.is_solution:
        return await judge_solution(judge, item.problem, item.steps)
    siblings: dict[int, list[int]] = {}
    for index, parent in enumerate(item.parents):
        if item.labels[index] is not None:
            siblings.setdefault(parent, []).append(index)
    said: list[Judgement | None] = [None] * len(item.steps)

    async def one(parent: int, candidates: Sequence[int]) -> None:
        judged = await judge.judge(item.problem, _path(item, parent), [item.steps[i] for i in candidates])
        for index, judgement in zip(candidates, judged, strict=True):
            said[index] = judgement

    await at_once(one(parent, candidates) for parent, candidates in siblings.items())
    return said


def _path(item: Labelled, index: int) -> list[str]:
    backwards: list[str] = []
    while index >= 0:
        backwards.append(item.steps[index])
        index = item.parents[index]
    return backwards[::-1]


def measure(labelled: LabelledSet, judged: Judged, settings: JudgingSettings = JudgingSettings()) -> Measured:
    """The figures of what was said, each with its 95 % percentile interval over redrawn solutions (or trees).

    A figure of 0 or 1 that every redraw has is not known for sure: it has Wilson's interval over the solutions.
    """
    counted = [
        count(item, said, labelled.bad, settings.combine, paper=settings.paper)
        for item, said in zip(labelled.items, judged.said, strict=True)
        if said is not None
    ]
    tables = Tables(counted, settings.bins)
    ones = [1] * len(counted)
    values = tables.figures(ones)
    rng = random.Random(settings.seed)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(settings.rounds if len(counted) > 1 else 0):
        weights = [0] * len(counted)
        for index in rng.choices(range(len(counted)), k=len(counted)):
            weights[index] += 1
        for name, value in tables.figures(weights).items():
            if value is not None:
                drawn[name].append(value)
    return Measured(
        solutions=len(counted),
        steps=sum(one.labelled for one in counted),
        unsaid=sum(one.unsaid for one in counted),
        unscored=sum(one.unscored for one in counted),
        unlocated=sum(one.located is None for one in counted if one.is_solution),
        figures={name: _interval(value, drawn[name], len(counted)) for name, value in values.items()},
        calibration=tables.calibration(),
    )


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


def _interval(value: float | None, drawn: list[float], solutions: int) -> Interval | None:
    """The percentile interval of the redraws that have the value; from 0 to 1 where fewer than two have it."""
    if value is None:
        return None
    if len(drawn) < 2:
        return Interval(value, 0.0, 1.0)
    drawn.sort()
    tail = (1 - CONFIDENCE) / 2
    low, high = drawn[floor(tail * len(drawn))], drawn[ceil((1 - tail) * len(drawn)) - 1]
    if low == high == value and value in (0, 1):
        return wilson(round(value * solutions), solutions)
    return Interval(value, min(low, value), max(high, value))


def to_json(measured: Measured) -> dict[str, Any]:
    """The figures as plain JSON."""
    names = ("solutions", "steps", "unsaid", "unscored", "unlocated")
    figures = {
        name: None if one is None else {"value": one.value, "low": one.low, "high": one.high}
        for name, one in measured.figures.items()
    }
    bins = [{name: getattr(one, name) for name in Bin.__slots__} for one in measured.calibration]
    return {**{name: getattr(measured, name) for name in names}, "figures": figures, "calibration": bins}
