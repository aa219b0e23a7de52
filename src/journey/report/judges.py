"""Judges side by side as Markdown, and how far their scores can be believed as pictures."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from journey.report import png
from journey.report.charts import Chart, Line, chart_svg

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
COLUMNS = ("judge", *FIGURES.values(), "could not say")
TONES = ("accent", "ink", "soft")

Row = Mapping[str, Any]


def cells(row: Row) -> tuple[str, ...]:
    """A judge's row on one set: per cent with the 95 % interval, "-" where there is no such figure."""
    silent = row["unsaid"] and f"{row['unsaid']} of {row['steps']} steps"
    failed = f", {len(row['failed'])} failed" if row["failed"] else ""
    return (row["judge"], *(figure(row["figures"][name]) for name in FIGURES), f"{silent or 0}{failed}")


def figure(one: Mapping[str, float] | None) -> str:
    """A share in per cent and its interval."""
    if one is None:
        return "-"
    return f"{100 * one['value']:.1f} ({100 * one['low']:.0f}-{100 * one['high']:.0f})"


def markdown(rows: Sequence[Row]) -> str:
    """One table a set, every figure in per cent with its 95 % interval."""
    parts: list[str] = []
    for name in dict.fromkeys(row["set"] for row in rows):
        found = [row for row in rows if row["set"] == name]
        parts.append(f"## {name}\n\n{found[0]['solutions']} solutions, {found[0]['steps']} labelled steps\n")
        parts.append("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
        parts += ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells(row)) + " |" for row in found]
        parts.append("")
    return "\n".join(parts)


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


def pictures(folder: Path, rows: Sequence[Row]) -> list[str]:
    """Writes each chart as SVG and, where matplotlib is installed, as PNG; the names of the files."""
    drawn = charts(rows)
    style = files("journey.report").joinpath("page.css").read_text(encoding="utf-8").replace(":root", "svg")
    for chart in drawn:
        head, _, rest = chart_svg(chart).partition(">")
        text = f'{head} xmlns="http://www.w3.org/2000/svg"><style>{style}</style>{rest}'
        (folder / f"{chart.name}.svg").write_text(text, "utf-8")
    return [
        *(f"{chart.name}.svg" for chart in drawn),
        *(png.draw_all(folder, [], drawn, None) if png.can_draw() else []),
    ]
