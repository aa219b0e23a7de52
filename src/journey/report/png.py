"""The report's pictures as PNG, drawn by matplotlib from the same data as the page's; the only file that needs it."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from journey.report.charts import Chart, Dot, extent
from journey.report.drawing import MARKS, Drawing

COLOURS = {
    "accent": "#2456c9", "ink": "#1d2126", "soft": "#8b919a", "teal": "#0f7f8c", "plum": "#8b3fa0", "ochre": "#a86400",
}  # fmt: skip
STATES = {"right": "#23834f", "wrong": "#c23b31", "neutral": "#b98900", "unjudged": "#8b919a", "root": "#1d2126"}


def can_draw() -> bool:
    """Whether matplotlib is installed (extra `report`)."""
    return find_spec("matplotlib") is not None


def draw_all(folder: Path, dots: Sequence[Dot], charts: Sequence[Chart], tree: Drawing | None) -> list[str]:
    """Writes accuracy.png, one PNG a chart and tree.png; the names of the files written."""
    names = list[str]()
    if dots:
        names.append(_whiskers(folder / "accuracy.png", dots))
    names += [_chart(folder / f"{chart.name}.png", chart) for chart in charts]
    if tree:
        names.append(_tree(folder / "tree.png", tree))
    return names


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> str:
    figure.savefig(path, metadata={"Software": None})
    return path.name


def _colour(tone: str) -> str:
    return COLOURS[tone.split()[0]]


def _whiskers(path: Path, dots: Sequence[Dot]) -> str:
    figure, axes = _canvas(7, 0.7 + 0.42 * len(dots))
    for i, dot in enumerate(dots):
        colour = _colour(dot.tone)
        axes.plot([100 * dot.low, 100 * dot.high], [i, i], color=colour, lw=2)
        axes.plot([100 * s for s in dot.seeds], [i] * len(dot.seeds), "|", color=colour, alpha=0.5)
        axes.plot([100 * dot.at[0]], [i], "o", color=colour)
    axes.set_yticks(range(len(dots)), [_literal(dot.name) for dot in dots])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("accuracy, % (95 % interval)")
    return _save(figure, path)


def _chart(path: Path, chart: Chart) -> str:
    figure, axes = _canvas(6, 3.6)
    scale = 100 if chart.percent else 1
    for line in chart.lines:
        is_thin = "thin" in line.tone
        xs, ys = [p[0] for p in line.points], [scale * p[1] for p in line.points]
        style: Mapping[str, Any] = {"lw": 0.8 if is_thin else 1.8, "alpha": 0.35 if is_thin else 1.0}
        name = _literal(line.name) if line.name else None
        axes.plot(xs, ys, "--" if line.dashed else "-", color=_colour(line.tone), label=name, **style)
    for dot in chart.dots:
        (x, y), colour = dot.at, _colour(dot.tone)
        axes.plot([x, x], [scale * dot.low, scale * dot.high], color=colour)
        axes.plot([x], [scale * y], "o", color=colour)
        axes.annotate(_literal(dot.name), (x, scale * y), xytext=(7, -3), textcoords="offset points", color=colour)
    if chart.log:
        axes.set_xscale("log")
        ticks = extent(chart)[0]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
    if any(line.name for line in chart.lines):
        axes.legend(frameon=False)
    axes.set(title=chart.title, xlabel=chart.x, ylabel=f"{chart.y}, %" if chart.percent else chart.y)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    return _save(figure, path)


def _tree(path: Path, tree: Drawing) -> str:
    figure, axes = _canvas(max(4, tree.width / 100), max(1.5, tree.height / 100))
    for edge in sorted(tree.edges, key=lambda e: (e.on_right_path, e.walked)):
        colour = STATES["right"] if edge.on_right_path else COLOURS["soft"]
        style = "--" if edge.walked and not edge.on_right_path else "-"
        width = 2 if edge.on_right_path else 0.8
        (x1, y1), (x2, y2) = edge.start, edge.end
        xs, ys = ([x1, x1, x2], [y1 + 8, y2, y2]) if edge.elbow else ([x1, x2], [y1, y2])
        axes.plot(xs, ys, style, color=colour, lw=width)
    for spot in tree.spots:
        axes.plot([spot.x], [spot.y], "o", color=STATES[spot.state], ms=7, mew=2 if spot.is_answer else 0)
        axes.text(spot.x, spot.y, MARKS.get(spot.state, ""), color="white", fontsize=5, ha="center", va="center")
        turns = "  " + " ".join(str(v) for v in spot.visits) if spot.visits else ""
        axes.text(spot.x + 12, spot.y, _literal(spot.text + turns), fontsize=7, family="monospace", va="center")
    axes.set(xlim=(0, tree.width), ylim=(tree.height, 0))
    axes.axis("off")
    return _save(figure, path)


def _literal(text: str) -> str:
    """Text as it is: matplotlib reads dollar signs as mathematics."""
    return text.replace("$", r"\$")
