"""Charts as SVG: where lines, dots and their names stand; drawings.html draws them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from typing import NamedTuple

from journey.report.templates import drawing

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
class Band:
    """An interval along x: (x, low, high) in the order of x; what lies outside the axes is cut off."""

    points: Sequence[tuple[float, float, float]]
    tone: str = "ink"


@dataclass(frozen=True, slots=True)
class Dot:
    """A named point with the interval of its y (or, in a `whiskers` chart, of its x) and the single seeds' values."""

    name: str
    at: Point
    low: float
    high: float
    tone: str = "ink"
    seeds: Sequence[float] = ()

    @property
    def most(self) -> float:
        """The greatest value that is drawn of it."""
        return max(self.high, *self.seeds, 0.0)


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: lines and dots over two axes."""

    name: str
    title: str
    x: str
    y: str
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    bands: Sequence[Band] = ()
    percent: bool = False  # y runs over shares
    log: bool = False  # x is logarithmic
    whole: bool = False  # x runs over whole numbers
    small: bool = False


NAMED = 8  # dots and lines in one picture that all have their names
NEAR = (0.35, 0.05)  # of the width, and of the accuracies from 0 to 1: nearer names would stand on one another
LINE = 15  # the height of a line of text


def chart_svg(chart: Chart) -> str:
    """A chart of lines and dots; labels stand at the right end of what they name."""
    frame = (SmallFrame if chart.small else Frame)(*extent(chart), chart.log)
    return drawing("chart", chart, frame, _names(chart, frame))


def whiskers_svg(title: str, dots: Sequence[Dot]) -> str:
    """One row an arm: its accuracy with the interval, the single seeds as small ticks; shares on the x axis."""
    place = Rows(dots)
    return drawing("whiskers", title, dots, place.ticks, place)


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
        if chart.whole:
            xs = [floor(min(xs) + 0.5), ceil(max(xs) - 0.5)]
        ticks = nice_ticks(min(xs), max(xs), 5)
        return [t for t in ticks if not chart.whole or t == int(t)], nice_ticks(min(0.0, *ys), max(ys), 5)
    steps = [f * 10.0**d for d in range(-1, 8) for f in (1, 2, 5)]
    first = max((t for t in steps if t <= min(xs)), default=steps[0])
    last = min((t for t in steps if t >= max(xs)), default=steps[-1])
    return [t for t in steps if first <= t <= last], nice_ticks(min(0.0, *ys), max(ys), 5)


class Rows:
    """Where the rows of a whisker chart stand."""

    width = 640

    def __init__(self, dots: Sequence[Dot]):
        self.left, self.height = 32 + 7 * max((len(dot.name) for dot in dots), default=14), 34 * len(dots) + 40
        most = max((dot.most for dot in dots), default=1.0)
        self.ticks = [t for t in nice_ticks(0.0, min(1.0, most or 1.0), 5) if t <= 1]
        self._top = max(self.ticks[-1], most)

    def x(self, share: float) -> float:
        return self.left + (self.width - self.left - 64) * share / self._top

    def y(self, row: int) -> float:
        return 22 + 34 * row


class Frame:
    """Where values stand on a chart."""

    width, height, left, right, top, bottom = 560, 300, 46, 442, 22, 256

    def __init__(self, xs: Sequence[float], ys: Sequence[float], log: bool):
        self.xs, self.ys, self._log = xs, ys, log

    def x(self, value: float) -> float:
        low, high, at = self.xs[0], self.xs[-1], value
        if self._log:
            low, high, at = log10(low), log10(high), log10(max(value, 1e-9))
        return self.left + (self.right - self.left) * (at - low) / ((high - low) or 1)

    def y(self, value: float) -> float:
        low, high = self.ys[0], self.ys[-1]
        return self.bottom - (self.bottom - self.top) * (value - low) / ((high - low) or 1)

    def around(self, band: Band) -> str:
        """The outline of a band."""
        low, high = self.ys[0], self.ys[-1]
        kept = [(x, max(low, min(high, one)), max(low, min(high, other))) for x, one, other in band.points]
        return self.path([*((x, one) for x, one, _ in kept), *((x, other) for x, _, other in reversed(kept))])

    def path(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def tick(self, value: float, percent: bool = False) -> str:
        return f"{100 * value:g} %" if percent else f"{value:,.10g}".replace(",", " ")


class SmallFrame(Frame):
    """The same for one of many charts beside each other."""

    width, height, left, right, top, bottom = 300, 190, 44, 216, 14, 152


class Name(NamedTuple):
    """A label and where it stands."""

    text: str
    tone: str
    x: float
    y: float
    anchor: str = "start"


def _names(chart: Chart, frame: Frame) -> list[Name]:
    """Dots and lines are named at their right; full lines, which may end together, one name under the other."""
    placed = [Name(d.name, d.tone, frame.x(d.at[0]) + 9, y) for d, y in _apart(chart.dots, frame)]
    ends = [Name(one.name, one.tone, *_at(frame, one.points[-1])) for one in chart.lines if one.name and one.points]
    dashed = {one.name for one in chart.lines if one.dashed}
    for name in ends:
        if name.text in dashed:
            is_near_edge = name.x + 9 + 7 * len(name.text) > frame.width
            x, y, anchor = (name.x + 8, name.y - 10, "end") if is_near_edge else (name.x + 9, name.y, "start")
            placed.append(Name(name.text, name.tone, x, y, anchor))
    full = sorted((name for name in ends if name.text not in dashed), key=lambda name: (name.y, name.text))
    heights = _spread([name.y for name in full], frame.bottom - 2)
    return placed + [name._replace(x=name.x + 9, y=y) for name, y in zip(full, heights, strict=True)]


def _at(frame: Frame, point: Point) -> Point:
    return frame.x(point[0]), frame.y(point[1])


def _apart(dots: Sequence[Dot], frame: Frame) -> list[tuple[Dot, float]]:
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
