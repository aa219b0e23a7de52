"""Several samples a problem as figures and tables: accuracy by votes against tokens, and by level and subject."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.evals.step_scores import kept
from journey.metrics.at_k import AtK, at_k
from journey.metrics.breakdown import breakdown
from journey.pipeline.outcome import Arm
from journey.report.document import Column, Table, table
from journey.report.wording import accuracy_of, arms, interval, number, percent, short
from journey.store.run import Run

Json = Mapping[str, Any]

MOST = 8  # arms beside each other


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
    problems = list(run.problems())
    found = {
        name: breakdown(problems, [a for arm in seeds for a in arm.main]) for name, seeds in seeds_of.items()
    }  # fmt: skip
    return {name: rows for name, rows in found.items() if rows}


def vote_table(figures: Json) -> Table:
    """maj@k and pass@k of every arm with several samples a problem."""
    columns: list[Column] = [
        ("model", lambda row: short(row["arm"])),
        ("k", lambda row: str(row["k"])),
        ("output tokens", lambda row: number(row["tokens"])),
        ("maj@k", lambda row: percent(row["maj"])),
        ("95 % interval", lambda row: interval(row["maj_low"], row["maj_high"])),
        ("pass@k", lambda row: percent(row["pass"])),
        ("95 % interval", lambda row: interval(row["pass_low"], row["pass_high"])),
        ("nulls as right", _kindest),
    ]
    votes = figures.get("votes", {}).items()
    rows = [{"arm": arm, **point} for arm, curve in votes for point in curve if "maj_low" in point]
    return table("Several samples a problem", columns, rows)


def _kindest(row: Json) -> str:
    if (row["maj_most"], row["pass_most"]) == (row["maj"], row["pass"]):
        return ""
    return f"{percent(row['maj_most'])}, {percent(row['pass_most'])}"


def best_table(figures: Json) -> Table:
    """rm@k of every judge that scored the samples."""
    columns: list[Column] = [
        ("model", lambda row: short(row["arm"])),
        ("judge", lambda row: row["judge"]),
        ("score", lambda row: f"{row['aggregate']} of its steps"),
        ("k", lambda row: str(row["k"])),
        ("output tokens", lambda row: number(row["tokens"])),
        ("rm@k", lambda row: percent(row["value"])),
        ("95 % interval", lambda row: interval(row["low"], row["high"])),
        ("nulls as right", lambda row: percent(row["most"]) if row["most"] != row["value"] else ""),
    ]
    rows = [
        {"arm": arm, "k": point["k"], "tokens": point["tokens"], **row}
        for arm, curve in figures.get("votes", {}).items()
        for point in curve
        for row in point.get("rm", [])
    ]
    rows.sort(key=lambda row: row["judge"])
    return table("Best by a judge's scores of its steps", columns, rows)


def group_table(figures: Json) -> Table:
    """Accuracy by level and subject: one column an arm, the first `MOST` of them."""
    found: Mapping[str, Sequence[Json]] = figures.get("groups", {})
    named = [arm for arm in arms(figures) if arm in found]
    lines: dict[tuple[str, str | None], dict[str, Json]] = {}
    for arm in named[:MOST]:
        for row in found[arm]:
            lines.setdefault((row["by"], row["group"]), {})[arm] = row

    columns: list[Column] = [
        ("", lambda line: f"{line[0][0]} {'not given' if line[0][1] is None else line[0][1]}"),
        ("problems", lambda line: number(max(row["problems"] for row in line[1].values()))),
        *((short(arm), lambda line, arm=arm: accuracy_of(line[1].get(arm))) for arm in named[:MOST]),
    ]
    note = f"{len(named) - MOST} more arms are in report.json." if len(named) > MOST else ""
    return table("By level and subject", columns, lines.items(), note=note)
