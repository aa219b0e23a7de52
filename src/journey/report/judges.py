"""Judges side by side as tables, and how far their scores can be believed as pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.report.charts import Chart, Line, chart_svg
from journey.report.document import Column, Document, Picture, Pictures, Table, table

FIGURES = {
    "step_f1": "step F1",
    "step_f1_bad": "F1 of wrong",
    "first_error": "first error",
    "right_accepted": "right accepted",
    "processbench_f1": "harmonic",
    "step_auc": "AUC",
    "solution_f1": "solution F1",
    "solution_auc": "solution AUC",
    "ece": "ECE",
}
TONES = ("accent", "ink", "soft")

Row = Mapping[str, Any]


def figure(one: Mapping[str, float] | None) -> str:
    """A share in per cent and its interval."""
    if one is None:
        return "-"
    return f"{100 * one['value']:.1f} ({100 * one['low']:.0f}-{100 * one['high']:.0f})"


def document(rows: Sequence[Row]) -> Document:
    """One table a set, every figure in per cent with its 95 % interval, and the charts of `charts`."""
    columns: list[Column] = [
        ("judge", lambda row: row["judge"]),
        *((title, lambda row, name=name: figure(row["figures"][name])) for name, title in FIGURES.items()),
        ("could not say", _silent),
    ]
    tables: list[Table] = []
    for name in dict.fromkeys(row["set"] for row in rows):
        found = [row for row in rows if row["set"] == name]
        title = f"{name}: {found[0]['solutions']} solutions, {found[0]['steps']} labelled steps"
        tables.append(table(title, columns, found, brief=True))
    drawn = [Picture(chart.name, chart.title, chart_svg(chart)) for chart in charts(rows)]
    return Document("Judges", "Step judges against labels, %, 95 % interval", (), [*tables, Pictures("", drawn)])


def _silent(row: Row) -> str:
    unsaid = row["unsaid"] and f"{row['unsaid']} of {row['steps']} steps"
    failed = f", {len(row['failed'])} failed" if row["failed"] else ""
    return f"{unsaid or 0}{failed}"


def charts(rows: Sequence[Row]) -> list[Chart]:
    """One chart a set: the share of right steps against the score, a line a judge that gives scores."""
    found: list[Chart] = []
    for name in dict.fromkeys(row["set"] for row in rows):
        lines = [
            Line(row["judge"], [(b["score"], b["right"]) for b in row["calibration"]], TONES[min(i, 2)])
            for i, row in enumerate(row for row in rows if row["set"] == name and row["calibration"])
        ]
        if lines:
            even = Line("as sure as right", [(0.0, 0.0), (1.0, 1.0)], "soft", dashed=True)
            title = f"Calibration on {name}"
            found.append(
                Chart(f"calibration-{name}", title, "score", "share of right steps", [*lines, even], percent=True)
            )
    return found
