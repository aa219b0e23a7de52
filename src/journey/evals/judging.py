"""How good judges are: what they say of labelled steps against the labels, every figure with its interval.

Step F1 as in the O1 Replication Journey part 1 (the tables on reward models); accuracy of the first wrong step and its
harmonic mean over right and wrong solutions as in ProcessBench (Zheng et al. 2024, arXiv 2412.06559); F1 and AUC of
steps and solutions as in ReasonEval (Xia et al. 2024, arXiv 2404.05692); calibration as expected calibration error
(Guo et al. 2017, arXiv 1706.04599).

*Could not say* is counted apart and never as wrong: such steps are left out of F1, and a solution whose first wrong
step cannot be told is left out of the accuracies; how many there were stands beside the figures.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from journey.errors import UsageError
from journey.evals.judging_counts import count
from journey.evals.judging_tables import Bin, Tables
from journey.judges.base import Judge, JudgeWork, judge_solution, work_of
from journey.judges.combine import HOWS, How
from journey.metrics.accuracy import Interval, percentiles, wilson
from journey.models.base import ModelError
from journey.models.gather import gather_or_cancel
from journey.tasks.labelled import Labelled, LabelledSet
from journey.types import Judgement

Judgements = Sequence[Judgement | None]
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

    judgements: Sequence[Judgements | None]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JudgeFigures:
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
    judgements: dict[int, Judgements] = {}
    failed: dict[str, str] = {}

    async def worker() -> None:
        for index, item in waiting:
            try:
                judgements[index] = await judge_item(judge, item)
            except ModelError as error:
                failed[item.id] = str(error)
            if progress is not None:
                progress(len(judgements) + len(failed), len(items))

    await gather_or_cancel(worker() for _ in range(min(in_flight, len(items))))
    return Judged([judgements.get(index) for index in range(len(items))], failed)


async def judge_item(judge: Judge, item: Labelled) -> Judgements:
    """What the judge says of each step: of all in a solution, of the labelled ones (siblings together) in a tree."""
    if item.is_solution:
        return await judge_solution(judge, item.problem, item.steps)
    judgements: list[Judgement | None] = [None] * len(item.steps)

    async def one(parent: int, candidates: Sequence[int]) -> None:
        judged = await judge.judge(item.problem, _path(item, parent), [item.steps[i] for i in candidates])
        for index, judgement in zip(candidates, judged, strict=True):
            judgements[index] = judgement

    await gather_or_cancel(one(parent, candidates) for parent, candidates in _labelled_siblings(item).items())
    return judgements


def judge_work(item: Labelled) -> JudgeWork:
    """What a judge is asked about a solution or tree at most."""
    if item.is_solution:
        return work_of(item.problem, ((item.steps[:i], [step]) for i, step in enumerate(item.steps)), prefixes=1)
    siblings = _labelled_siblings(item)
    calls = ((_path(item, parent), [item.steps[i] for i in candidates]) for parent, candidates in siblings.items())
    return work_of(item.problem, calls, prefixes=len(siblings))


def _labelled_siblings(item: Labelled) -> dict[int, list[int]]:
    """The labelled steps of a tree by the step that they stand under, -1 for the question."""
    siblings: dict[int, list[int]] = {}
    for index, parent in enumerate(item.parents):
        if item.labels[index] is not None:
            siblings.setdefault(parent, []).append(index)
    return siblings


def _path(item: Labelled, index: int) -> list[str]:
    backwards: list[str] = []
    while index >= 0:
        backwards.append(item.steps[index])
        index = item.parents[index]
    return backwards[::-1]


def measure(labelled: LabelledSet, judged: Judged, settings: JudgingSettings = JudgingSettings()) -> JudgeFigures:
    """The figures of what was said, each with its 95 % percentile interval over redrawn solutions (or trees).

    A figure of 0 or 1 that every redraw has is not known for sure: it has Wilson's interval over the solutions that it
    is a share of (the harmonic mean of two shares: the fewer of both).
    """
    counted = [
        count(item, judgements, labelled.bad, settings.combine, paper=settings.paper)
        for item, judgements in zip(labelled.items, judged.judgements, strict=True)
        if judgements is not None
    ]
    tables = Tables(counted, settings.bins)
    values = tables.figures(np.ones(len(counted), np.int64))
    rng = random.Random(settings.seed)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(settings.rounds if len(counted) > 1 else 0):
        indices = rng.choices(range(len(counted)), k=len(counted))
        for name, value in tables.figures(np.bincount(indices, minlength=len(counted))).items():
            if value is not None:
                drawn[name].append(value)
    return JudgeFigures(
        solutions=len(counted),
        steps=sum(one.labelled for one in counted),
        unsaid=sum(one.unsaid for one in counted),
        unscored=sum(one.unscored for one in counted),
        unlocated=sum(one.located is None for one in counted if one.is_solution),
        figures={name: _interval(value, drawn[name], tables.solutions(name)) for name, value in values.items()},
        calibration=tables.calibration(),
    )


def _interval(value: float | None, drawn: list[float], solutions: int) -> Interval | None:
    """The percentile interval of the redraws that have the value; from 0 to 1 where fewer than two have it."""
    if value is None:
        return None
    if len(drawn) < 2:
        return Interval(value, 0.0, 1.0)
    found = percentiles(value, drawn)
    return wilson(round(value * solutions), solutions) if found.low == found.high and value in (0, 1) else found


def to_json(measured: JudgeFigures) -> dict[str, Any]:
    """The figures as plain JSON."""
    return asdict(measured)
