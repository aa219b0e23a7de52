"""The report's table in the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from journey.report.searches import COLUMNS as SEARCH_COLUMNS
from journey.report.searches import TITLE, search_rows
from journey.report.wording import COLUMNS, gain_lines, notes, rows


def table(figures: Mapping[str, Any]) -> Group:
    """The table in the shape of Journey part 1, Table 6, the gains under it, then the notes; to be printed by rich."""
    grid = Table(title=Text(str(figures["run"])), title_justify="left", title_style="bold")
    for i, name in enumerate(COLUMNS):
        grid.add_column(name, justify="right" if i else "left", no_wrap=i > 0)
    for row in rows(figures):
        grid.add_row(*(Text(cell) for cell in row.cells), style="bold" if row.arm == "journey" else "")
    gains = [Text(line, style="bold" if i == 0 else "") for i, line in enumerate(gain_lines(figures))]
    return Group(grid, *gains, *_searches(figures), *(Text(line, style="dim") for line in notes(figures)))


def _searches(figures: Mapping[str, Any]) -> list[Table]:
    rows = search_rows(figures)
    grid = Table(title=Text(TITLE), title_justify="left", title_style="bold")
    for i, name in enumerate(SEARCH_COLUMNS):
        grid.add_column(name, justify="right" if i else "left")
    for row in rows:
        grid.add_row(*map(Text, row))
    return [grid] if rows else []
