"""The report of a sweep: scaling.json, scaling.md, scaling.html and, with matplotlib, one PNG an axis."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from journey.metrics.curves import Curve
from journey.report.build import write_text
from journey.report.charts import Chart, Dot, Line, chart_svg
from journey.report.page import POLICY
from journey.report.png import can_draw, draw_all
from journey.report.wording import TOY, interval, number, percent, short

Json = Mapping[str, Any]

COLUMNS = ("axis, arm", "at", "accuracy", "95 % interval", "output tokens", "data FLOPs", "training FLOPs",
           "FLOPs an answer", "points per TFLOP")  # fmt: skip
BETWEEN = ("axis, arm", "from", "to", "points", "per TFLOP of data and training", "per GFLOP of an answer")
FORMS = {"saturating": ("abc", "a - b n^-c"), "power": ("bc", "1 - b n^-c"), "logarithmic": ("ab", "a + b ln n"),
         "flat": ("a", "a")}  # fmt: skip
TONES = {"journey": "accent", "shortcut": "ink", "phase1": "soft"}
DRAWN = 40  # points of a drawn curve


def write(figures: Json, out: Path) -> list[str]:
    """Writes the report's files into the sweep's folder; their names."""
    drawn = charts(figures)
    pictures = draw_all(out, [], drawn, None) if can_draw() else []
    write_text(out / "scaling.json", json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(out / "scaling.md", _markdown(figures, pictures))
    write_text(out / "scaling.html", _page(figures, drawn))
    return ["scaling.json", "scaling.md", "scaling.html", *pictures]


def point_rows(figures: Json) -> list[tuple[str, ...]]:
    """The table of `COLUMNS`, as text: phase 1 first, then every point of every axis."""
    found = [_row("", "phase1", figures["phase1"])] if figures["phase1"] else []
    for name, axis in figures["axes"].items():
        for arm, of in axis["arms"].items():
            found += [_row(name, arm, point) for point in of["points"]]
    return found


def _row(axis: str, arm: str, point: Json) -> tuple[str, ...]:
    cost = point["flops"]
    return (
        ", ".join(filter(None, (axis, short(arm)))),
        "" if point["at"] is None else _amount(point["at"]),
        percent(point["accuracy"]),
        interval(point["low"], point["high"]),
        number(point["tokens"]),
        _flops(cost["data"]),
        _flops(cost["training"]),
        _flops(cost["inference"]),
        _rate(point["points_per_flop"], 1e12),
    )


def between_rows(figures: Json) -> list[tuple[str, ...]]:
    """The table of `BETWEEN`, as text: what each step along an axis gained, and what a point of it cost."""
    return [
        (f"{name}, {short(arm)}", _amount(step["from"]), _amount(step["to"]), f"{step['points']:+.1f}",
         _rate(step["points_per_flop"], 1e12), _rate(step["points_per_flop_asked"], 1e9))
        for name, axis in figures["axes"].items()
        for arm, of in axis["arms"].items()
        for step in of["between"]
    ]  # fmt: skip


def _amount(at: object) -> str:
    return f"{at:g}" if isinstance(at, float) else str(at)


def _rate(points_per_flop: float | None, flops: float) -> str:
    return "-" if points_per_flop is None else f"{float(f'{points_per_flop * flops:.2g}'):g}"


def _flops(value: float | None) -> str:
    return "-" if value is None else f"{value:.2e}".replace("e+0", "e").replace("e+", "e") if value else "0"


def fit_lines(figures: Json) -> list[str]:
    """One sentence a fit: the form that predicts left-out points best, its parameters, and twice as far."""
    said: list[str] = []
    for name, axis in figures["axes"].items():
        for arm, of in axis["arms"].items():
            if not of["fits"]:
                continue
            best = of["fits"]["best"]
            found = of["fits"]["forms"][best]
            names, formula = FORMS[best]
            parts = ", ".join(
                f"{p} {found[p]['value']:.3g} ({found[p]['low']:.3g} to {found[p]['high']:.3g})" for p in names
            )
            far = found["at"][-1]
            left = (
                "" if found["left_out"] is None else f"; error at left-out points {100 * found['left_out']:.1f} points"
            )
            said.append(
                f"{name}, {short(arm)}: {best} ({formula}), {parts}{left}; at {far['at']:g}, beyond what was measured: "
                f"{percent(far['value'])} ({interval(far['low'], far['high'])})"
            )
    return said


def notes(figures: Json) -> list[str]:
    """What a reader must know beside the figures."""
    seeds = figures["seeds"]
    many = (
        "1 seed: the intervals, by a bootstrap over problems, say nothing of other trainings."
        if seeds == 1
        else f"{seeds} seeds. 95 % intervals of fits: a bootstrap over seeds and problems; of points: the wider of "
        "that and Student's over seeds."
    )
    return [
        f"{figures['problems']} problems, {many}",
        "FLOPs are of one seed, by 2 N D forward and 6 N D in training with the attention term "
        f"(Kaplan et al. 2020), N = {figures['parameters']:,} without embeddings; prompts are not counted. "
        "Points per TFLOP: gained over phase 1, for each 10^12 FLOPs of data and training; between two points: gained "
        'from one to the next, "-" where the next costs no more.',
        TOY,
    ]


def charts(figures: Json) -> list[Chart]:
    """One chart an axis of numbers: points with intervals, the best curve dashed, its interval as thin lines."""
    drawn: list[Chart] = []
    for name, axis in figures["axes"].items():
        dots: list[Dot] = []
        lines: list[Line] = []
        for arm, of in axis["arms"].items():
            tone = TONES.get(arm, "soft")
            points = [p for p in of["points"] if isinstance(p["at"], int | float) and p["at"] > 0]
            for place, point in enumerate(points):
                label = short(arm) if place == len(points) - 1 else ""
                dots.append(Dot(label, (point["at"], point["accuracy"]), point["low"], point["high"], tone))
            lines += _curve(of["fits"], tone)
        if len({dot.at[0] for dot in dots}) > 1:
            drawn.append(Chart(f"scaling-{name}", f"Accuracy against {name}", axis["setting"], "accuracy",
                               lines, dots, percent=True, log=True))  # fmt: skip
    return drawn


def _curve(fits: Json, tone: str) -> list[Line]:
    if not fits:
        return []
    found = fits["forms"][fits["best"]]
    curve, at = Curve(**found["curve"]), [row["at"] for row in found["at"][:-1]]
    low, high = at[0], at[-1]
    ns = [low * (high / low) ** (i / DRAWN) for i in range(DRAWN + 1)]
    band = [[(row["at"], row[end]) for row in found["at"][:-1]] for end in ("low", "high")]
    return [Line("", [(n, curve.at(n)) for n in ns], tone, dashed=True), *(Line("", b, f"{tone} thin") for b in band)]


def _markdown(figures: Json, pictures: Sequence[str]) -> str:
    parts = [
        f"# {figures['sweep']}", _grid(COLUMNS, point_rows(figures)),
        "\n".join(f"- {line}" for line in fit_lines(figures)), _grid(BETWEEN, between_rows(figures)), *notes(figures),
    ]  # fmt: skip
    return "\n\n".join(part for part in [*parts, *(f"![{name}]({name})" for name in pictures)] if part) + "\n"


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows] if rows else []
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n'


def _page(figures: Json, drawn: Sequence[Chart]) -> str:
    style = files("journey.report").joinpath("page.css").read_text(encoding="utf-8")
    pictures = "".join(f"<figure><figcaption>{escape(c.title)}</figcaption>{chart_svg(c)}</figure>" for c in drawn)
    fits = "".join(f"<li>{escape(line)}</li>" for line in fit_lines(figures))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(figures['sweep'])} · scaling</title>\n<style>\n{style}</style></head>\n<body>"
        f'<header><h1>{escape(figures["sweep"])}</h1><p class="quiet">Scaling</p></header>\n'
        f'<div class="charts">{pictures}</div>\n<h2>Fits</h2><ul>{fits}</ul>\n<h2>Points</h2>'
        f"{''.join(f'<p class=quiet>{escape(line)}</p>' for line in notes(figures))}\n"
        f"{_table(COLUMNS, point_rows(figures))}<h2>From each point to the next</h2>"
        f"{_table(BETWEEN, between_rows(figures))}</body></html>\n"
    )
