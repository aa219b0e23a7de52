"""Files whose rows each become a tree or a thought: every row gives one, joins one, or is listed with the reason."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from journey.errors import UsageError
from journey.store import datafiles
from journey.store.datafiles import Row
from journey.types import Problem, Thought, Tree

UNLIKE = (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError)
"""What reading raises of a row that is not of the shape that others of its kind have."""
Record = TypeVar("Record", Tree, Tree | Thought)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row or tree that is not what one might expect, and why.

    `kind` "no tree": the row's shape is broken; "merged": the row joined the tree of an earlier row of its problem;
    "no thought": the tree, named by its first row, has no right leaf. Every row makes a tree or is listed as "no tree"
    or "merged".
    """

    kind: Literal["no tree", "merged", "no thought"]
    file: str
    line: int
    problem: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Imported(NamedTuple):
    """What the files gave: as many trees as problems, in the order of the files."""

    problems: list[Problem]
    trees: list[Tree]
    listed: list[Listed]


class NoRecord(Exception):
    """A row gives no tree and no thought, for the reason that it says."""


class Place(NamedTuple):
    """A row, its file and line, and how messages name them ("FILE line 3")."""

    file: str
    line: int
    where: str
    row: Row


def places(files: Iterable[str], split: str | None = None) -> Iterator[Place]:
    """Every row of the files; `split` is the part of Hub data sets. Raises UsageError for what cannot be read."""
    for file in files:
        for line, (where, row) in enumerate(datafiles.rows(file, split=split), 1):
            yield Place(file, line, where, row)


async def read_records(
    rows: Iterable[Place],
    read: Callable[[Place], Awaitable[tuple[Problem, Record]]],
    kind: str,
    limit: int | None = None,
) -> tuple[list[Problem], list[Record], list[Listed]]:
    """The different records that `read` makes of the rows, at most `limit`, and their problems; the other rows listed.

    `kind` is what a row should be, as in "log of Tree of Thoughts". Raises UsageError where no row gives a record.
    """
    problems: dict[str, Problem] = {}
    records: dict[str, Record] = {}
    first: dict[str, Place] = {}
    listed: list[Listed] = []
    for place in rows:
        if len(records) == limit:
            break
        await asyncio.sleep(0)  # an interrupt takes effect here
        try:
            problem, record = await read(place)
        except (NoRecord, *UNLIKE) as error:
            reason = str(error) if isinstance(error, NoRecord) else f"no {kind} as others are ({type(error).__name__})"
            listed.append(Listed("no tree", place.file, place.line, None, reason))
            continue
        if record.id in records:
            what, of = "tree" if isinstance(record, Tree) else "thought", first[record.id]
            reason = f"joined the {what} of {of.file}:{of.line}, the same problem, with no new steps"
            listed.append(Listed("merged", place.file, place.line, problem.id, reason))
            continue
        problems[problem.id], records[record.id], first[record.id] = problem, record, place
    if not records:
        example = f"; the first, {listed[0]}" if listed else ""
        raise UsageError(f"none of {len(listed)} rows is a {kind}{example}")
    return list(problems.values()), list(records.values()), listed
