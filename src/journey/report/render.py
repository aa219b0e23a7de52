"""One document in three forms: Markdown, the terminal (rich), a self-contained HTML page (jinja2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from journey.report.document import Document, Picture, Table
from journey.report.templates import style, templates

ALONE = "background:var(--paper);font-family:system-ui,sans-serif"
"""How a drawing looks outside a page."""
SENTENCES = 40  # columns that a cell with sentences needs to be read


def markdown(document: Document) -> str:
    """For a README or a pull request; its pictures are files beside it."""
    first, *others = document.tables() or [Table("", (), ())]
    parts = [f"# {_plain(document.title)}", _markdown_table(first)]
    parts += ["\n".join(f"- {_plain(line)}" for line in document.headline), _plain(" ".join(document.notes))]
    parts += [document.warning, *(f"![{one.name}]({one.name}.svg)" for one in document.pictures())]
    return "\n\n".join(part for part in [*parts, *map(_markdown_table, others)] if part) + "\n"


def _markdown_table(table: Table) -> str:
    align = [":--"] + ["--:"] * (len(table.columns) - 1)
    lines = [[_plain(cell) for cell in line] for line in (table.columns, *table.rows)]
    title = [f"## {_plain(table.title)}", _plain(table.note)] if table.title else []
    grid = "\n".join("| " + " | ".join(line) + " |" for line in (lines[0], align, *lines[1:])) if table.rows else ""
    return "\n\n".join(part for part in (*title, grid) if part)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no cell borders, one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def terminal(document: Document, *, turned: bool = False) -> Group:
    """The brief tables with what came out under the first, then the notes; to be printed by rich.

    `turned`: what are columns elsewhere are rows here.
    """
    tables = [table.turned() if turned else table for table in document.tables() if table.brief]
    grids = [_Fitted(table, document.title) for table in tables]
    lines = [Text(line, style="bold" if i == 0 else "") for i, line in enumerate(document.headline)]
    return Group(*grids[:1], *lines, *grids[1:], *(Text(line, style="dim") for line in document.notes))


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A table for a terminal: a grid, or a paragraph a row where a grid would cut words or squeeze sentences."""

    table: Table
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        grid, table = _grid(self.table, self.title), self.table
        unlimited = options.update(width=10_000)
        least = sum(Measurement.get(console, unlimited, cell).minimum for cell in _widest(console, unlimited, table))
        if least + 3 * len(table.columns) + 1 <= options.max_width:
            yield grid
            return
        yield Text(table.title or self.title, style="bold")
        for i, row in enumerate(table.rows):
            shown, last = (row[:-1], row[-1]) if table.prose else (row, "")
            yield Text(row[0], style="bold" if table.prose or i in table.strong else "")
            named = zip(table.columns[1:], shown[1:], strict=False)
            cells = [f"{name} {cell}" for name, cell in named if cell not in ("", "-")]
            lines = filter(None, (", ".join(cells), last and f"{table.columns[-1]}: {last}"))
            yield from (Padding(Text(line), (0, 0, 0, 4)) for line in lines)


def _widest(console: Console, options: ConsoleOptions, table: Table) -> list[Text]:
    """The text of each column whose longest word is longest; of sentences as much as they need."""
    columns = [[Text(cell) for cell in cells] for cells in zip(table.columns, *table.rows, strict=True)]
    widest = [max(cells, key=lambda one: Measurement.get(console, options, one).minimum) for cells in columns]
    return [*widest[:-1], Text("-" * SENTENCES)] if table.prose else widest


def _grid(table: Table, title: str) -> Grid:
    grid = Grid(title=Text(table.title or title), title_justify="left", title_style="bold")
    for i, name in enumerate(table.columns):
        is_words = i == 0 or (table.prose and i == len(table.columns) - 1)
        grid.add_column(Text(name), justify="left" if is_words else "right", overflow="fold")
    for i, row in enumerate(table.rows):
        grid.add_row(*map(Text, row), style="bold" if i in table.strong else "")
    return grid


def page(document: Document) -> str:
    """No script, no outside request, and jinja2 escapes every text; only our own drawings are marked as safe."""
    return templates().get_template("page.html").render(document=document, style=style())


def write_pictures(folder: Path, pictures: Sequence[Picture]) -> list[str]:
    """Writes each picture as an SVG file that stands by itself; the names of the files."""
    sheet = style().replace(":root", "svg")
    for one in pictures:
        head, _, rest = one.svg.partition(">")
        text = f'{head} xmlns="http://www.w3.org/2000/svg" style="{ALONE}"><style>{sheet}</style>{rest}'
        (folder / f"{one.name}.svg").write_text(text, encoding="utf-8", errors="replace")
    return [f"{one.name}.svg" for one in pictures]
