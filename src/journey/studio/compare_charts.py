"""Pictures of a comparison: accuracy with its interval, against output tokens, training, thoughts, and over seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from journey.metrics.accuracy import Interval
from journey.metrics.paired import Rights
from journey.pipeline.arms import method_of
from journey.report.charts import Chart, Dot, Line, chart_svg, uncrowded, whiskers_svg
from journey.store.entries import Training
from journey.studio import safe
from journey.studio.compare_sides import Side
from journey.studio.reading import lists_of
from journey.studio.records import run_at

MOST = 14  # sides in one picture
TONES = ("soft", "ink", "accent")
ROOM = 22  # letters of a name
Intervals = Mapping[tuple[str, str, str], Interval]
_THOUGHTS = "SELECT count(*) AS n, count(DISTINCT coalesce(seed, 0)) AS seeds FROM thoughts WHERE method = ?"


def charts_html(
    runs: Mapping[str, Path], shown: Sequence[Side], base: Side, other: Side, intervals: Intervals,
    all_rights: Mapping[tuple[str, str, str], Mapping[int, Rights]],
) -> str:  # fmt: skip
    """The pictures for which there is something to draw, of the sides decoded as the first (and the second)."""
    drawn = [s for s in shown if s.decoding == base.decoding or s in (base, other)][:MOST]
    has_runs, has_ways = len({s.run for s in drawn}) > 1, len({s.decoding for s in drawn}) > 1
    names = {s.key: _name(s, has_runs, has_ways) for s in drawn}
    tones = {s.key: "ink" if s == base else "accent" if s == other else "soft" for s in drawn}

    def by_seed(side: Side) -> dict[int, float]:
        return {seed: fmean(of.values()) for seed, of in all_rights[side.key].items() if of}

    def dot(side: Side, x: float) -> Dot:
        of = intervals[side.key]
        seeds = list(by_seed(side).values()) if len(side.models) > 1 else []
        return Dot(names[side.key], (x, of.value), of.low, of.high, tones[side.key], seeds)

    pictures = [
        ("Accuracy with its 95 % interval", whiskers_svg("Accuracy", [
            Dot(d.name, (d.at[1], 0.0), d.low, d.high, d.tone, d.seeds) for d in (dot(s, 0) for s in drawn)
        ])),
    ]  # fmt: skip
    spent = [dot(s, s.tokens) for s in drawn if s.tokens]
    pictures += _dots("Accuracy against output tokens", "output tokens a problem", spent)
    trained = {s.key: n for s in drawn if (n := trained_tokens(runs[s.run], s))}
    pictures += _dots("Accuracy against training tokens", "tokens trained on",
                      [dot(s, trained[s.key]) for s in drawn if s.key in trained])  # fmt: skip
    along = [s for s in shown if s.decoding == base.decoding]
    pictures += _by_thoughts(runs, along, intervals, names, tones)
    seeded = [
        Line(names[s.key], sorted(by_seed(s).items()), tones[s.key], marks=[""] * len(by_seed(s)))
        for s in drawn
        if len(s.models) > 1
    ]
    pictures += _lines("Accuracy by seed", "seed", seeded, whole=True)
    figures = "".join(f"<figure><figcaption>{title}</figcaption>{svg}</figure>" for title, svg in pictures)
    return f'<div class="charts">{figures}</div>'


def trained_tokens(path: Path, side: Side) -> float | None:
    """The mean number of tokens that its models were trained on in their own phase, null where nothing says."""
    logged = {entry.model: entry.tokens for entry in run_at(path).entries(Training)}
    found = [tokens for model in side.models.values() if (tokens := logged.get(model))]
    return fmean(found) if found else None


def thoughts_of(path: Path, arm: str) -> float:
    """How many thoughts of an arm's kind the run has, a seed."""
    (row,) = lists_of(path).figure(_THOUGHTS, (method_of(arm),))
    return row["n"] / row["seeds"] if row["n"] else 0.0


def _by_thoughts(
    runs: Mapping[str, Path], along: Sequence[Side], intervals: Intervals, names: Mapping[tuple[str, str, str], str],
    tones: Mapping[tuple[str, str, str], str],
) -> list[tuple[str, str]]:  # fmt: skip
    """A line through the runs for each arm that was trained on different numbers of thoughts in them."""
    found: dict[str, dict[float, Dot]] = {}
    for side in along:
        if number := thoughts_of(runs[side.run], side.name):
            of = intervals[side.key]
            tone = tones.get(side.key, "soft") if side.key in names else "soft"
            found.setdefault(side.name, {})[number] = Dot("", (number, of.value), of.low, of.high, tone)
    arms = {arm: [dots[n] for n in sorted(dots)] for arm, dots in found.items() if len(dots) > 1}
    lines = [  # in the most striking tone of its dots
        Line(safe.line(arm, ROOM), [dot.at for dot in dots], max((dot.tone for dot in dots), key=TONES.index))
        for arm, dots in arms.items()
    ]
    every = [dot for dots in arms.values() for dot in dots]
    return _lines("Accuracy against thoughts", "thoughts trained on", lines, every)


def _dots(title: str, x: str, dots: Sequence[Dot]) -> list[tuple[str, str]]:
    if len(dots) < 2:
        return []
    return [(title, chart_svg(Chart("", title, x, "accuracy", dots=uncrowded(dots), percent=True)))]


def _lines(
    title: str, x: str, lines: Sequence[Line], dots: Sequence[Dot] = (), whole: bool = False
) -> list[tuple[str, str]]:
    chart = Chart("", title, x, "accuracy", lines, dots, percent=True, whole=whole)
    return [(title, chart_svg(chart))] if lines else []


def _name(side: Side, has_runs: bool, has_ways: bool) -> str:
    """The arm, and run and decoding where they differ; runs are told apart by how they end rather than begin."""
    parts = (side.name, *([side.run] if has_runs else []), *([side.decoding] if has_ways else []))
    whole = " ".join(parts)
    each = (ROOM - has_runs - has_ways) // len(parts)
    return safe.line(whole, ROOM) if len(whole) <= ROOM else " ".join(_cut(part, each) for part in parts)


def _cut(part: str, room: int) -> str:
    text = safe.line(part, 400)
    return text if len(text) <= room else f"{text[: room // 3]}…{text[len(text) - (room - room // 3 - 1) :]}"
