"""The report of a sweep: what scaling.md, scaling.html and the terminal show of scaling.json."""

from collections.abc import Mapping
from typing import Any

from journey.metrics.curves import Curve
from journey.report.charts import Chart, Dot, Line, chart_svg
from journey.report.document import Column, Document, Picture, Pictures, Table, table
from journey.report.wording import TOY, interval, label, number, percent, short, tone

Json = Mapping[str, Any]

FORMS = {"saturating": ("abc", "a - b n^-c"), "power": ("bc", "1 - b n^-c"), "logarithmic": ("ab", "a + b ln n"),
         "flat": ("a", "a")}  # fmt: skip
DRAWN = 40  # points of a drawn curve


def document(figures: Json) -> Document:
    """The points of every axis, their fits, and what each step along an axis gained."""
    drawn = [Picture(chart.name, chart.title, chart_svg(chart)) for chart in charts(figures)]
    parts = [point_table(figures), Pictures("", drawn), fit_table(figures), step_table(figures)]
    return Document(figures["sweep"], "Scaling", (), parts, notes(figures), TOY)


def point_table(figures: Json) -> Table:
    """The policy first, then every point of every axis."""
    columns: list[Column] = [
        ("axis, arm", lambda row: ", ".join(filter(None, (row["axis"], short(row["arm"]))))),
        ("at", lambda row: "" if row["at"] is None else _amount(row["at"])),
        ("accuracy", lambda row: percent(row["accuracy"])),
        ("95 % interval", lambda row: interval(row["low"], row["high"])),
        ("output tokens", lambda row: number(row["tokens"])),
        ("data FLOPs", lambda row: _flops(row["flops"]["data"])),
        ("training FLOPs", lambda row: _flops(row["flops"]["training"])),
        ("FLOPs an answer", lambda row: _flops(row["flops"]["inference"])),
        ("points per TFLOP", lambda row: _rate(row["points_per_flop"], 1e12)),
    ]
    policy = figures["policy"]
    first = [{"axis": "", "arm": policy, **figures[policy]}] if figures[policy] else []
    return table("", columns, [*first, *_rows(figures, "points")], brief=True)


def step_table(figures: Json) -> Table:
    """What each step along an axis gained, and what a point of it cost."""
    columns: list[Column] = [
        ("axis, arm", lambda row: f"{row['axis']}, {short(row['arm'])}"),
        ("from", lambda row: _amount(row["from"])),
        ("to", lambda row: _amount(row["to"])),
        ("points", lambda row: f"{row['points']:+.1f}"),
        ("per TFLOP of data and training", lambda row: _rate(row["points_per_flop"], 1e12)),
        ("per GFLOP of an answer", lambda row: _rate(row["points_per_answer_flop"], 1e9)),
    ]
    return table("From each point to the next", columns, _rows(figures, "between"))


def _rows(figures: Json, kind: str) -> list[Json]:
    axes = figures["axes"].items()
    return [{"axis": a, "arm": arm, **row} for a, axis in axes for arm, of in axis["arms"].items() for row in of[kind]]


def _amount(at: object) -> str:
    return f"{at:g}" if isinstance(at, float) else str(at)


def _rate(points_per_flop: float | None, flops: float) -> str:
    return "-" if points_per_flop is None else f"{float(f'{points_per_flop * flops:.2g}'):g}"


def _flops(value: float | None) -> str:
    return "-" if value is None else f"{value:.2e}".replace("e+0", "e").replace("e+", "e") if value else "0"


def fit_table(figures: Json) -> Table:
    """The form of each curve that predicts left-out points best, its parameters, and its value twice as far."""
    columns: list[Column] = [
        ("axis, arm", lambda row: f"{row['axis']}, {short(row['arm'])}"),
        ("form", lambda row: f"{row['form']} ({FORMS[row['form']][1]})"),
        ("parameters, 95 % interval", _parameters),
        ("points off where left out", lambda row: number(row["left_out"] and 100 * row["left_out"], 1)),
        ("beyond", lambda row: _amount(row["at"][-1]["at"])),
        ("accuracy there", lambda row: percent(row["at"][-1]["value"])),
        ("95 % interval", lambda row: interval(row["at"][-1]["low"], row["at"][-1]["high"])),
    ]
    rows = [
        {"axis": name, "arm": arm, "form": of["fits"]["best"], **of["fits"]["forms"][of["fits"]["best"]]}
        for name, axis in figures["axes"].items()
        for arm, of in axis["arms"].items()
        if of["fits"]
    ]
    return table("Fits", columns, rows, brief=True)


def _parameters(row: Json) -> str:
    of = ((name, row[name]) for name in FORMS[row["form"]][0])
    return ", ".join(f"{name} {one['value']:.3g} ({one['low']:.3g} to {one['high']:.3g})" for name, one in of)


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
        f"Points per TFLOP: gained over {label(figures['policy'])}, for each 10^12 FLOPs of data and "
        'training; between two points: gained from one to the next, "-" where the next costs no more.',
    ]


def charts(figures: Json) -> list[Chart]:
    """One chart an axis of numbers: points with intervals, the best curve dashed, its interval as thin lines."""
    drawn: list[Chart] = []
    for name, axis in figures["axes"].items():
        dots: list[Dot] = []
        lines: list[Line] = []
        for arm, of in axis["arms"].items():
            colour = tone(arm)
            points = [p for p in of["points"] if isinstance(p["at"], int | float) and p["at"] > 0]
            for place, point in enumerate(points):
                label = short(arm) if place == len(points) - 1 else ""
                dots.append(Dot(label, (point["at"], point["accuracy"]), point["low"], point["high"], colour))
            lines += _curve(of["fits"], colour)
        if len({dot.at[0] for dot in dots}) > 1:
            drawn.append(Chart(f"scaling-{name}", f"Accuracy against {name}", axis["setting"], "accuracy",
                               lines, dots, percent=True, log=True))  # fmt: skip
    return drawn


def _curve(fits: Json, colour: str) -> list[Line]:
    if not fits:
        return []
    found = fits["forms"][fits["best"]]
    curve, at = Curve(**found["curve"]), [row["at"] for row in found["at"][:-1]]
    low, high = at[0], at[-1]
    ns = [low * (high / low) ** (i / DRAWN) for i in range(DRAWN + 1)]
    band = [[(row["at"], row[end]) for row in found["at"][:-1]] for end in ("low", "high")]
    return [
        Line("", [(n, curve.at(n)) for n in ns], colour, dashed=True),
        *(Line("", b, f"{colour} thin") for b in band),
    ]
