"""A report as data: sentences, tables and pictures; `render.py` shows them in the terminal, as Markdown, as a page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from journey.report.example import Example

Column = tuple[str, Callable[[Any], str]]
"""A column's head and the text of its cell for an item."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text. `strong` rows stand out, a `folded` table opens on a click, the terminal shows the `brief` ones.

    `prose`: the last column holds sentences.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    strong: Sequence[int] = ()
    folded: bool = False
    brief: bool = False
    prose: bool = False
    kind: ClassVar[str] = "table"

    def turned(self) -> "Table":
        """The same with its columns as rows, for narrow places."""
        columns, *rows = zip(self.columns, *self.rows, strict=True)
        return replace(self, columns=columns, rows=rows, strong=())


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG drawing that the page shows and that lies beside the Markdown as `name`.svg."""

    name: str
    title: str
    svg: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures beside each other, under a title or none; `small` ones stand closer."""

    title: str
    pictures: Sequence[Picture]
    small: bool = False
    kind: ClassVar[str] = "pictures"


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that a report says, in its order. `headline`: what came out; `notes`: what a reader must know."""

    title: str
    subtitle: str
    headline: Sequence[str]
    parts: Sequence[Table | Pictures | Example]
    notes: Sequence[str] = ()
    warning: str = ""
    settings: str = field(default="", repr=False)

    def tables(self) -> list[Table]:
        """Those of its tables that have rows."""
        return [part for part in self.parts if isinstance(part, Table) and part.rows]

    def pictures(self) -> list[Picture]:
        """All its pictures, an example's tree among them."""
        found = list[Picture]()
        for part in self.parts:
            if isinstance(part, Pictures):
                found += part.pictures
            elif isinstance(part, Example):
                found.append(Picture("tree", "A tree of steps", part.svg))
        return found


def table(title: str, columns: Sequence[Column], items: Iterable[Any], **more: Any) -> Table:
    """A table with one row an item; a column without any text is left out."""
    rows = [tuple(cell(item) for _, cell in columns) for item in items]
    kept = [i for i in range(len(columns)) if i == 0 or not rows or any(row[i] for row in rows)]
    names = [columns[i][0] for i in kept]
    return Table(title, names, [tuple(row[i] for i in kept) for row in rows], **more)
