"""Accuracy by how hard a puzzle is: greedy, one answer, the vote of several, and every search that the run has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from journey.metrics.accuracy import share_over_seeds
from journey.metrics.votes import maj_at_k
from journey.pipeline.outcome import Outcome, compared_on, seed_and_arm
from journey.report.document import Column, Table, table
from journey.report.wording import mean_of, number, short
from journey.store.run import Run
from journey.tasks.table import task_of, tasks_of
from journey.types import Attempt, Problem, SearchRef, search_words

Json = Mapping[str, Any]
Seeds = Sequence[Mapping[str, float]]
"""Of each seed: problem -> its figure."""

BANDS = 3


def difficulty_figures(run: Run, found: Outcome) -> dict[str, Any]:
    """{"counts", "bands": [{"least", "most", "problems"}], "rows"}, easiest first; empty where nobody says how hard.

    "counts" says by task what the levels count. A row has "model", "way", "seeds", "tokens" a problem, and "bands": the
    accuracy in each of them with its interval, null where it was not tried. Bands are thirds of the tried problems;
    problems that are equally hard stay together.
    """
    known = [p for p in run.problems(split=compared_on(run)) if task_of(p).difficulty is not None]
    levels = _levels(known)
    bands = _bands(levels)
    if len(bands) < 2:
        return {}
    rows = [_row(*one, bands) for one in (*_drawn(found), *_searched(run))]
    return {
        "counts": {task.name: task.difficulty_counts for task in tasks_of(known)},
        "bands": [{"least": levels[of[0]], "most": levels[of[-1]], "problems": len(of)} for of in bands],
        "rows": [row for row in rows if any(row["bands"])],
    }


def _levels(problems: Iterable[Problem]) -> dict[str, int]:
    """How hard each problem is, easiest first; those of which nobody can say left out."""
    found = {p.id: level(p) for p in problems if (level := task_of(p).difficulty) is not None}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _bands(levels: Mapping[str, int]) -> list[list[str]]:
    bands: list[list[str]] = []
    for place, (id, level) in enumerate(levels.items()):
        is_due = place * BANDS >= len(levels) * len(bands)
        if not bands or (is_due and level != levels[bands[-1][-1]]):
            bands.append([])
        bands[-1].append(id)
    return bands


Way = tuple[str, str, Seeds, float]


def _drawn(found: Outcome) -> list[Way]:
    """Each arm's greedy answers, its first ones, and the vote of all its samples where it has several."""
    ways: list[Way] = []
    for name in found.arms:
        seeds = found.seeds_of(name)
        for way, those in {"greedy": [a.greedy for a in seeds], found.main: [a.main for a in seeds]}.items():
            if all(those):
                ways.append((name, way, [_rights(of) for of in those], _tokens(those)))
        k = min((len(of) for arm in seeds for of in arm.samples.values()), default=0)
        if k > 1:
            votes = [{p: maj_at_k(of, k) for p, of in arm.samples.items()} for arm in seeds]
            ways.append((name, f"maj@{k}", votes, k * _tokens([a.main for a in seeds])))
    return ways


def _searched(run: Run) -> list[Way]:
    groups: dict[tuple[str, SearchRef, str | None], dict[int, list[Attempt]]] = {}
    for a in run.attempts(split=compared_on(run)):
        if (search := a.model.search) is not None:
            seed, arm = seed_and_arm(a.model)
            groups.setdefault((arm, search, a.model.judge), {}).setdefault(seed, []).append(a)
    ways: list[Way] = []
    for (arm, search, judge), seeds in groups.items():
        words = " ".join((search.name, f"n={search.n}", *search_words(search, judge)))
        each = list(seeds.values())
        ways.append((arm, words, [_rights(of) for of in each], _tokens(each, lambda a: a.spent.model_tokens)))
    return sorted(ways, key=lambda way: way[:2])


def _rights(of: Sequence[Attempt]) -> dict[str, float]:
    return {a.problem: float(a.correct is True) for a in of}


def _tokens(seeds: Sequence[Sequence[Attempt]], of: Callable[[Attempt], int] = lambda a: a.tokens) -> float:
    return fmean(of(a) for attempts in seeds for a in attempts)


def _row(model: str, way: str, seeds: Seeds, tokens: float, bands: Sequence[Sequence[str]]) -> dict[str, Any]:
    shares: list[dict[str, float] | None] = []
    for band in bands:
        each = [{p: of[p] for p in band if p in of} for of in seeds]
        each = [of for of in each if of]
        share = share_over_seeds(each) if each else None
        shares.append(share and {"value": share.value, "low": share.low, "high": share.high})
    return {"model": model, "way": way, "seeds": len(seeds), "tokens": tokens, "bands": shares}


def difficulty_table(figures: Json) -> Table:
    """A row for each model and way of answering, a column a band."""
    found: Json = figures.get("difficulty") or {"bands": [], "rows": []}
    columns: list[Column] = [
        ("", lambda row: f"{short(row['model'])}: {row['way']}"),
        *((_band(band), lambda row, i=i: mean_of(row["bands"][i], is_share=True))
          for i, band in enumerate(found["bands"])),
        ("output tokens", lambda row: number(row["tokens"])),
    ]  # fmt: skip
    counts = ", ".join(f"{task} by {what}" for task, what in found.get("counts", {}).items())
    note = f"Right answers by how hard the problem is, easiest first: {counts}."
    return table("By difficulty", columns, found["rows"], note=note if found["rows"] else "")


def _band(band: Json) -> str:
    least, most = band["least"], band["most"]
    return f"{least if least == most else f'{least} to {most}'} ({band['problems']} problems)"
