"""Stacked bars as SVG: where their parts stand; drawings.html draws them."""

from collections.abc import Sequence
from dataclasses import dataclass

from journey.report.templates import drawing


@dataclass(frozen=True, slots=True)
class Bar:
    """A named bar of parts one after the other: each its name, its size and its colour."""

    name: str
    parts: Sequence[tuple[str, float, str]]

    @property
    def size(self) -> float:
        """That of all its parts."""
        return sum(size for _, size, _ in self.parts)


def bars_svg(title: str, bars: Sequence[Bar]) -> str:
    """One row a bar, its parts with their sizes; their names stand once, above."""
    place = BarRows(bars)
    parts = [part for bar in bars for part in bar.parts]
    there = {name for name, size, _ in parts if size}
    names = {name: tone for name, _, tone in parts if name in there}
    return drawing("bars", title, bars, names, place)


class BarRows:
    """Where the bars of a chart of bars stand."""

    width, row = 640, 26

    def __init__(self, bars: Sequence[Bar]):
        self.left, self.height = 24 + 7 * max((len(bar.name) for bar in bars), default=14), self.row * len(bars) + 42
        self._most = max((bar.size for bar in bars), default=0) or 1

    def wide(self, size: float) -> float:
        return (self.width - self.left - 56) * size / self._most

    def y(self, row: int) -> float:
        return 34 + self.row * row
