"""Which charts a report has, drawn from its figures alone."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from journey.pipeline.arms import ARMS
from journey.report.charts import NAMED, Chart, Dot, Line, uncrowded
from journey.report.rl import rl_chart
from journey.report.searches import search_chart
from journey.report.wording import arms, short, tone

Json = Mapping[str, Any]


def accuracy_dots(figures: Json) -> list[Dot]:
    """Each arm's accuracy with its interval and its seeds, in the order of the table."""
    return [
        Dot(
            short(name),
            (arm["accuracy"], 0.0),
            arm["low"],
            arm["high"],
            tone(name),
            [row["accuracy"] for row in arm["by_seed"]] if len(arm["by_seed"]) > 1 else [],
        )
        for name in arms(figures)
        for arm in [figures["arms"][name]]
    ]


def charts(figures: Json) -> list[Chart]:
    """The line charts: accuracy against output tokens and against all that a search spends, and the training curves.

    The loss of reinforcement learning says nothing of how well it goes: its curve is that of accuracy.
    """
    kinds = dict.fromkeys(row["kind"] for row in figures["curves"].values() if row["points"] and row["kind"] != "rl")
    drawn = (
        _budget(figures),
        search_chart(figures),
        rl_chart(figures),
        *(_losses(figures, kind) for kind in sorted(kinds, key=_sft_first)),
    )
    return [chart for chart in drawn if chart]


def _sft_first(kind: str) -> tuple[bool, str]:
    return kind != "sft", kind


def _budget(figures: Json) -> Chart | None:
    """Accuracy against output tokens with votes (Journey part 2)."""
    named = [name for name in arms(figures) if name in ARMS]
    if not named:
        return None
    lines = [
        Line(
            f"{short(name)}, maj@k",
            [(p["tokens"], p["maj"]) for p in curve],
            tone(name),
            dashed=True,
            marks=[f"k={p['k']}" if p["k"] > 1 else "" for p in curve],
        )
        for name, curve in figures["votes"].items()
    ]
    dots = [
        Dot(short(n), (arm["tokens"], arm["accuracy"]), arm["low"], arm["high"], tone(n))
        for n in named
        for arm in [figures["arms"][n]]
    ]
    title = "Accuracy against output tokens"
    return Chart("tokens", title, "output tokens a problem", "accuracy", lines, uncrowded(dots), percent=True, log=True)


def _losses(figures: Json, kind: str) -> Chart:
    """The loss over steps of one kind of training: the mean of the seeds as a full line, each seed as a soft one."""
    found: dict[str, list[Sequence[Sequence[float]]]] = {}
    for row in figures["curves"].values():
        arm = row["arm"]
        if row["points"] and row["kind"] == kind:
            found.setdefault(arm, []).append(row["points"])
    lines: list[Line] = []
    for arm, runs in sorted(found.items())[:NAMED]:
        if len(runs) > 1:
            lines += [Line("", _points(points), f"{tone(arm)} thin") for points in runs]
        lines.append(Line(short(arm), _mean(runs), tone(arm)))
    name, title = ("loss", "Training loss") if kind == "sft" else (f"{kind}_loss", f"{kind.upper()} loss")
    return Chart(name, title, "optimizer steps", "loss", lines)


def _mean(runs: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """The mean loss at the steps that all seeds logged; the first seed's where they share none."""
    at = [{p[0]: p[1] for p in points} for points in runs]
    shared = sorted(set(at[0]).intersection(*at[1:]))
    return [(step, fmean(losses[step] for losses in at)) for step in shared] or _points(runs[0])


def _points(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    return [(p[0], p[1]) for p in points]
