"""Several samples a problem as figures and tables: accuracy by votes against tokens, and by level and subject."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.evals.step_scores import kept
from journey.metrics.at_k import AtK, at_k
from journey.metrics.breakdown import breakdown
from journey.pipeline.outcome import Arm
from journey.report.wording import arms, interval, number, percent, short
from journey.store.run import Run
from journey.types import Problem

Json = Mapping[str, Any]
Cells = tuple[str, ...]

VOTE_TITLE = "Several samples a problem"
VOTE_COLUMNS = ("model", "k", "output tokens", "maj@k", "95 % interval", "pass@k", "95 % interval", "nulls as right")
GROUP_TITLE = "By level and subject"
GROUP_HEADS = ("", "problems")


RM_TITLE = "Best by a judge's scores of its steps"
RM_COLUMNS = ("model", "judge", "score", "k", "output tokens", "rm@k", "95 % interval", "nulls as right")


def vote_curve(seeds: Sequence[Arm], run: Run) -> list[dict[str, Any]]:
    """Accuracy of maj@k and pass@k against the tokens they cost, for k = 1, 2, 4, ...; empty for one sample.

    Average output tokens against accuracy, with votes that extend the curve, is the metric of O1 Replication Journey
    part 2. "maj_most" and "pass_most" count grades that are null as right, "maj" and "pass" as not right. "rm" has a
    row for each judge that the run keeps scores of all these answers of.
    """
    samples = [arm.samples for arm in seeds]
    points = [_point(at) for at in at_k(samples)]
    drawn = [a for arm in seeds for attempts in arm.samples.values() for a in attempts]
    for judge, of in sorted(kept(run, drawn).items() if points else ()):
        if of.covers(drawn):
            for point, at in zip(points, at_k(samples, of.scores()), strict=True):
                if at.best is not None:
                    who = {"judge": judge, "aggregate": of.aggregate}
                    point["rm"] = [*point.get("rm", []), who | at.best.to_json()]
    return points


def _point(at: AtK) -> dict[str, Any]:
    point: dict[str, Any] = {"k": at.k, "tokens": at.tokens}
    for name, figure in (("maj", at.majority), ("pass", at.passed)):
        point |= {name: figure.interval.value, f"{name}_low": figure.interval.low}
        point |= {f"{name}_high": figure.interval.high, f"{name}_most": figure.most}
    return point


def group_figures(run: Run, seeds_of: Mapping[str, Sequence[Arm]]) -> dict[str, list[dict[str, Any]]]:
    """Each arm's accuracy by level and subject over all its seeds, by the attempts that count; only where they differ.

    The seeds of one problem are taken together, so the interval is over problems.
    """
    problems = [p for p in run.all("problems") if isinstance(p, Problem)]
    found = {
        name: breakdown(problems, [a for arm in seeds for a in arm.main]) for name, seeds in seeds_of.items()
    }  # fmt: skip
    return {name: rows for name, rows in found.items() if rows}


def vote_rows(figures: Json) -> list[Cells]:
    """The table of `VOTE_COLUMNS`, as text."""
    return [
        (
            short(name),
            str(point["k"]),
            number(point["tokens"]),
            percent(point["maj"]),
            interval(point["maj_low"], point["maj_high"]),
            percent(point["pass"]),
            interval(point["pass_low"], point["pass_high"]),
            f"{percent(point['maj_most'])}, {percent(point['pass_most'])}"
            if (point["maj_most"], point["pass_most"]) != (point["maj"], point["pass"])
            else "",
        )
        for name, curve in figures.get("votes", {}).items()
        for point in curve
        if "maj_low" in point
    ]


def rm_rows(figures: Json) -> list[Cells]:
    """The table of `RM_COLUMNS`, as text; empty where no judge scored."""
    return [
        (
            short(name),
            row["judge"],
            f"{row['aggregate']} of its steps",
            str(point["k"]),
            number(point["tokens"]),
            percent(row["value"]),
            interval(row["low"], row["high"]),
            percent(row["most"]) if row["most"] != row["value"] else "",
        )
        for name, curve in figures.get("votes", {}).items()
        for place in range(max((len(point.get("rm", [])) for point in curve), default=0))
        for point in curve
        for row in point.get("rm", [])[place : place + 1]
    ]


def group_rows(figures: Json) -> tuple[Cells, list[Cells]]:
    """The heads and lines of the table by level and subject: a column an arm, accuracy with its interval."""
    found: Mapping[str, Sequence[Json]] = figures.get("groups", {})
    named = [arm for arm in arms(figures) if arm in found]
    lines: dict[tuple[str, str | None], dict[str, Json]] = {}
    for arm in named:
        for row in found[arm]:
            lines.setdefault((row["by"], row["group"]), {})[arm] = row
    return (*GROUP_HEADS, *map(short, named)), [
        (
            f"{by} {'not given' if group is None else group}",
            number(max(row["problems"] for row in of.values())),
            *(_share(of.get(arm)) for arm in named),
        )
        for (by, group), of in lines.items()
    ]


def _share(row: Json | None) -> str:
    return "" if row is None else f"{percent(row['accuracy'])} ({interval(row['low'], row['high'])})"
