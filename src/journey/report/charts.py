"""Charts as hand-written SVG: no library, no script, colours from the page's style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from math import ceil, floor, log10

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points. `tone` is a colour of the style sheet: accent, ink, soft, teal, plum or ochre."""

    name: str
    points: Sequence[Point]
    tone: str = "ink"
    dashed: bool = False
    marks: Sequence[str] = ()  # a small label at each point


@dataclass(frozen=True, slots=True)
class Dot:
    """A named point with the interval of its y (or, in a `whiskers` chart, of its x) and the single seeds' values."""

    name: str
    at: Point
    low: float
    high: float
    tone: str = "ink"
    seeds: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: lines and dots over two axes."""

    name: str
    title: str
    x: str
    y: str
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    percent: bool = False  # y runs over shares
    log: bool = False  # x is logarithmic
    whole: bool = False  # x runs over whole numbers


WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 118, 22, 44
LINE = 15  # the height of a line of text
NAMED = 8  # dots and lines in one picture that all have their names
NEAR = (0.35, 0.05)  # of the width, and of the accuracies from 0 to 1: nearer names would stand on one another


def chart_svg(chart: Chart) -> str:
    """A chart of lines and dots; labels stand at the right end of what they name."""
    xs, ys = extent(chart)
    frame = _Frame(xs, ys, chart.log)
    body = [_grid(chart, frame)]
    body += [_line(line, frame) for line in chart.lines]
    body += [_dot(dot, frame) for dot in chart.dots]
    body += _names(chart, frame)
    return _svg(WIDTH, HEIGHT, chart.title, body)


def whiskers_svg(title: str, dots: Sequence[Dot]) -> str:
    """One row an arm: its accuracy with the interval, the single seeds as small ticks; shares on the x axis."""
    left, right, row = 32 + 7 * max((len(dot.name) for dot in dots), default=14), 64, 34
    height = row * len(dots) + 40
    most = max((max(d.high, *d.seeds, 0.0) for d in dots), default=1.0)
    ticks = [t for t in nice_ticks(0.0, min(1.0, most or 1.0), 5) if t <= 1]
    top = max(ticks[-1], most)

    def x(value: float) -> float:
        return left + (WIDTH + 80 - left - right) * value / top

    body = [
        f'<line class="grid" x1="{x(t):.1f}" y1="6" x2="{x(t):.1f}" y2="{height - 30}"/>'
        f'<text class="tick" x="{x(t):.1f}" y="{height - 12}" text-anchor="middle">{100 * t:.0f} %</text>'
        for t in ticks
    ]
    for i, dot in enumerate(dots):
        y = 22 + row * i
        body += [
            f'<text class="name {dot.tone}" x="{left - 14}" y="{y + 4}" text-anchor="end">{escape(dot.name)}</text>',
            *(
                f'<line class="seed {dot.tone}" x1="{x(s):.1f}" y1="{y - 7}" x2="{x(s):.1f}" y2="{y + 7}"/>'
                for s in dot.seeds
            ),
            f'<line class="whisker {dot.tone}" x1="{x(dot.low):.1f}" y1="{y}" x2="{x(dot.high):.1f}" y2="{y}"/>',
            f'<circle class="dot {dot.tone}" cx="{x(dot.at[0]):.1f}" cy="{y}" r="4.5"/>',
            f'<text class="value {dot.tone}" x="{x(max(dot.high, *dot.seeds, 0.0)) + 10:.1f}" y="{y + 4}">'
            f"{100 * dot.at[0]:.1f} %</text>",
        ]
    return _svg(WIDTH + 80, height, title, body)


def uncrowded(dots: Sequence[Dot]) -> list[Dot]:
    """The dots; of very many only first and second have their names, and those that stand apart from others."""
    if len(dots) <= NAMED:
        return list(dots)
    width = max(d.at[0] for d in dots) - min(d.at[0] for d in dots)
    kept = [d for d in dots if d.tone != "soft"]
    found = list(kept)
    for d in sorted((d for d in dots if d.tone == "soft"), key=lambda d: -d.at[1]):
        is_near = any(abs(d.at[0] - k.at[0]) <= NEAR[0] * width and abs(d.at[1] - k.at[1]) < NEAR[1] for k in kept)
        found.append(replace(d, name="") if is_near else d)
        kept += [] if is_near else [d]
    return found


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most about `most` round numbers, two at least, that cover [low, high]."""
    size = max(abs(low), abs(high))
    raw = max((high - low) or size or 1.0, 1e-9 * size, 1e-9) / most
    power = 10.0 ** floor(log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def extent(chart: Chart) -> tuple[list[float], list[float]]:
    """The ticks of both axes; the outermost are the axes' ends."""
    points = [p for line in chart.lines for p in line.points] + [d.at for d in chart.dots]
    xs = [p[0] for p in points] or [0.0, 1.0]
    ys = [p[1] for p in points] + [v for d in chart.dots for v in (d.low, d.high)] or [0.0, 1.0]
    if not chart.log:
        ticks = nice_ticks(min(xs), max(xs), 5)
        return [t for t in ticks if not chart.whole or t == int(t)], nice_ticks(min(0.0, *ys), max(ys), 5)
    steps = [f * 10.0**d for d in range(-1, 8) for f in (1, 2, 5)]
    first = max((t for t in steps if t <= min(xs)), default=steps[0])
    last = min((t for t in steps if t >= max(xs)), default=steps[-1])
    return [t for t in steps if first <= t <= last], nice_ticks(min(0.0, *ys), max(ys), 5)


class _Frame:
    """Where values stand on the picture."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], log: bool):
        self.xs, self.ys, self.log = xs, ys, log

    def x(self, value: float) -> float:
        low, high, at = self.xs[0], self.xs[-1], value
        if self.log:
            low, high, at = log10(low), log10(high), log10(max(value, 1e-9))
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - low) / ((high - low) or 1)

    def y(self, value: float) -> float:
        low, high = self.ys[0], self.ys[-1]
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / ((high - low) or 1)


def _grid(chart: Chart, frame: _Frame) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<line class="grid" x1="{LEFT}" y1="{frame.y(t):.1f}" x2="{right}" y2="{frame.y(t):.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{frame.y(t) + 4:.1f}" text-anchor="end">{_tick(t, chart.percent)}</text>'
        for t in frame.ys
    ]
    parts += [
        f'<text class="tick" x="{frame.x(t):.1f}" y="{bottom + 18}" text-anchor="middle">{_tick(t, False)}</text>'
        for t in frame.xs
    ]
    parts.append(f'<text class="axis" x="{right}" y="{HEIGHT - 8}" text-anchor="end">{escape(chart.x)}</text>')
    return "".join(parts)


def _tick(value: float, percent: bool) -> str:
    return f"{100 * value:g} %" if percent else f"{value:,.10g}".replace(",", " ")


def _line(line: Line, frame: _Frame) -> str:
    path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line.points)
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    parts = [f'<polyline class="line {line.tone}" points="{path}"{dash}/>']
    for (x, y), mark in zip(line.points, line.marks, strict=False):
        parts.append(f'<circle class="dot {line.tone}" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2.5"/>')
        at = f'x="{frame.x(x):.1f}" y="{frame.y(y) + 16:.1f}"'
        parts.append(f'<text class="tick" {at} text-anchor="middle">{escape(mark)}</text>')
    return "".join(parts)


def _dot(dot: Dot, frame: _Frame) -> str:
    x, y = frame.x(dot.at[0]), frame.y(dot.at[1])
    return (
        f'<line class="whisker {dot.tone}" x1="{x:.1f}" y1="{frame.y(dot.low):.1f}" x2="{x:.1f}" '
        f'y2="{frame.y(dot.high):.1f}"/><circle class="dot {dot.tone}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    )


def _names(chart: Chart, frame: _Frame) -> list[str]:
    """Dots and lines are named at their right; full lines, which may end together, one name under the other."""
    placed = [_name(d.name, d.tone, frame.x(d.at[0]) + 9, y) for d, y in _apart(chart.dots, frame)]
    ends = [(line, *line.points[-1]) for line in chart.lines if line.name and line.points]
    for line, x, y in ends:
        if line.dashed:
            is_near_edge = frame.x(x) + 9 + 7 * len(line.name) > WIDTH
            at = (frame.x(x) + 8, frame.y(y) - 10, "end") if is_near_edge else (frame.x(x) + 9, frame.y(y), "start")
            placed.append(_name(line.name, line.tone, *at))
    full = sorted((frame.y(y), line.name, line.tone, frame.x(x)) for line, x, y in ends if not line.dashed)
    heights = _spread([y for y, *_ in full], HEIGHT - BOTTOM - 2)
    placed += [_name(name, tone, x + 9, y) for y, (_, name, tone, x) in zip(heights, full, strict=True)]
    return placed


def _apart(dots: Sequence[Dot], frame: _Frame) -> list[tuple[Dot, float]]:
    """Each dot with the height of its name, names of near dots one under the other."""
    placed: list[tuple[Dot, float]] = []
    for dot in sorted((d for d in dots if d.name), key=lambda d: frame.y(d.at[1])):
        y, x = frame.y(dot.at[1]), frame.x(dot.at[0])
        near = [other for d, other in placed if abs(frame.x(d.at[0]) - x) < 110]
        placed.append((dot, max([y, *(other + LINE for other in near)])))
    return placed


def _spread(heights: Sequence[float], bottom: float) -> list[float]:
    """Sorted heights pushed apart to at least a line, none below `bottom`."""
    placed: list[float] = []
    for y in heights:
        placed.append(max(y, placed[-1] + LINE) if placed else y)
    for i in range(len(placed) - 1, -1, -1):
        limit = bottom if i == len(placed) - 1 else placed[i + 1] - LINE
        placed[i] = min(placed[i], limit)
    return placed


def _name(name: str, tone: str, x: float, y: float, anchor: str = "start") -> str:
    return f'<text class="name {tone}" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(name)}</text>'


def _svg(width: float, height: float, title: str, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(body)}</svg>'
    )
