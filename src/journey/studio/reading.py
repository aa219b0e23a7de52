"""The lists of a run: what a filter asks for, as SQL, a page at a time."""

import sqlite3
import threading
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store.faults import StoreDamaged, StoreError, one_sentence
from journey.store.schema import dumps
from journey.studio import facts
from journey.studio.records import run_at, uid_of
from journey.types import SCHEMA, to_json

PAGE = 50
KEPT = 12  # searches whose result is kept
CHOICES: dict[str, tuple[str, ...]] = {
    "problems": ("outcome", "level", "subject", "split", "source"),
    "trees": ("outcome", "policy", "judge", "level", "subject"),
    "thoughts": ("outcome", "method", "round", "judge", "seed", "refined", "level", "subject"),
    "attempts": ("outcome", "model", "decoding", "split", "suite_part", "error", "finish", "level", "subject"),
    "rollouts": ("outcome", "way", "model", "finish", "error", "level", "subject"),
}
RANGES: dict[str, tuple[str, ...]] = {
    "problems": ("letters", "trees", "attempts", "right_attempts"),
    "trees": ("steps", "depth", "right_leaves", "wrong_branches", "tokens"),
    "thoughts": ("letters", "trials"),
    "attempts": ("tokens", "letters", "sample"),
    "rollouts": ("step", "backtracks", "recoveries", "mistakes", "verifications", "repeats", "tokens"),
}
OF_PROBLEM = ("level", "subject")
NUMBERS = ("seed", "round", "refined")
"""Choices whose values are numbers."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
NOT_RIGHT = "not right"
"""As an outcome: any but right, of what was tried."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows: `chosen` column to value, `least` and `most` column to number, words that all must be there.

    `problem` and `tree` ask for what belongs to one. `sort` is a column (of CHOICES or RANGES), null the order in which
    records were made. A value of "" asks for records that have none.
    """

    table: str
    chosen: dict[str, str] = field(default_factory=dict[str, str])
    least: dict[str, int] = field(default_factory=dict[str, int])
    most: dict[str, int] = field(default_factory=dict[str, int])
    words: tuple[str, ...] = ()
    problem: str | None = None
    tree: str | None = None
    sort: str | None = None
    falling: bool = False


class Lists:
    """The lists of one run; may be asked from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._facts = facts.connect(path)
        self._matches: dict[tuple[str, str, int], str] = {}
        self._matched = 0

    def refresh(self) -> None:
        """Catches up with what the run holds now."""
        with self._asking():
            facts.catch_up(self._facts, self._path)

    def count(self, wanted: Filter) -> int:
        """How many records there are."""
        with self._asking():
            where, values = self._where(wanted)
            return int(self._ask(f"SELECT count(*) FROM {wanted.table} WHERE {where}", values)[0][0])

    def page(self, wanted: Filter, page: int = 0, size: int = PAGE) -> list[dict[str, Any]]:
        """One page of the list as facts by column, and the problem's question, level and subject with them."""
        order = f"{_column(wanted)} {'DESC' if wanted.falling else 'ASC'}, seq" if wanted.sort else "seq"
        with self._asking():
            where, values = self._where(wanted)
            # The rows before the page are counted in the index alone, without reading what they say.
            paged = f"SELECT seq FROM {wanted.table} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
            query = f"SELECT * FROM {wanted.table} WHERE seq IN ({paged}) ORDER BY {order}"
            return self._with_problems(wanted.table, self._ask(query, [*values, size, page * size]))

    def values(self, table: str, column: str) -> list[tuple[str | None, int]]:
        """The values that a column has, the most frequent first, and how many records have each."""
        if column not in CHOICES[table]:
            raise ValueError(f"no choice {column!r} in {table}")
        if column in OF_PROBLEM and table != "problems":
            table = "problems"
        query = f"SELECT {column}, count(*) FROM {table} GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT 200"
        return [(None if value is None else str(value), int(n)) for value, n in self._ask(query, [])]

    def newest(self, table: str) -> int:
        """The number of the last record that is known: what was reckoned from the same ones stays true."""
        return int(self._ask(f"SELECT coalesce(max(seq), 0) FROM {table}", ())[0][0])

    def figure(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Rows of a question about the facts that a page has written out itself."""
        return self._ask(query, values)

    def problems(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Question, level and subject of the problems of these ids, those that the run has."""
        query = f"SELECT id, question, level, subject FROM problems WHERE id IN ({', '.join('?' * len(ids))})"
        return {row["id"]: dict(row) for row in self._ask(query, sorted(ids))}

    def ids(self, wanted: Filter) -> Iterator[str]:
        """The ids of all records of the list, in its order, a thousand at a time."""
        number = 0
        while rows := self.page(wanted, number, 1000):
            yield from (row["id"] for row in rows)
            number += 1

    def lines(self, wanted: Filter) -> Iterator[str]:
        """The records of the list as JSON Lines, as they are stored."""
        for id in self.ids(wanted):
            record = run_at(self._path).get(wanted.table, id)
            if record is not None:
                yield dumps({"schema": SCHEMA} | to_json(record)) + "\n"

    def _with_problems(self, table: str, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
        found = [dict(row) for row in rows]
        if table == "problems" or not found:
            return found
        problems = self.problems({row["problem"] for row in found})
        for row in found:
            of = problems.get(row["problem"], {})
            row |= {"question": of.get("question", ""), "level": of.get("level"), "subject": of.get("subject")}
        return found

    def _where(self, wanted: Filter) -> tuple[str, list[Any]]:
        if wanted.table not in facts.COLUMNS:
            raise UsageError(f"There is no list of {wanted.table}; there are {', '.join(facts.COLUMNS)}.")
        if any(word.strip() for word in wanted.words):
            facts.catch_up(self._facts, self._path, wanted.table)
        parts, values = ["1"], list[Any]()
        for column, value in wanted.chosen.items():
            if column not in CHOICES[wanted.table]:
                continue  # a link of another version: what is not known here does not filter
            if (column, value) == ("outcome", NOT_RIGHT):
                parts.append("outcome <> 'right'")
                continue
            is_of_problem = column in OF_PROBLEM and wanted.table != "problems"
            test = f"{column} IS ?" if value else f"coalesce({column}, '') = ''"
            parts.append(f"problem IN (SELECT id FROM problems WHERE {test})" if is_of_problem else test)
            is_number = column in NUMBERS and value.isdecimal() and len(value) < 12
            values += [int(value) if is_number else value] if value else []
        for sign, bounds in ((">=", wanted.least), ("<=", wanted.most)):
            for column, bound in bounds.items():
                if column in RANGES[wanted.table]:
                    parts.append(f"{column} {sign} ?")
                    values.append(bound)
        for column, id in (("problem", wanted.problem), ("tree", wanted.tree)):
            if id is not None and column in facts.COLUMNS[wanted.table]:
                parts.append(f"{column} = ?")
                values.append(id)
        words = [word for word in wanted.words if word.strip()]
        parts += [f"seq IN (SELECT seq FROM {self._matching(wanted.table, word)})" for word in words]
        while len(self._matches) > max(KEPT, len(words)):  # never one that this question reads: those come last
            self._ask(f"DROP TABLE {self._matches.pop(next(iter(self._matches)))}", ())
        return " AND ".join(parts), values

    def _matching(self, table: str, word: str) -> str:
        """The temporary table of the records that have the word; the last few are kept for the next pages."""
        newest = self._ask("SELECT seq FROM done WHERE name = ?", (f"words_{table}",))[0][0]
        known = (table, word, newest)
        if known not in self._matches:
            text = word.encode("utf-8", "replace").decode().replace("\0", " ")  # where SQLite would stop reading
            phrase = '"' + text.replace('"', '""') + '"'
            name = f"temp.matching_{self._matched}"
            self._matched += 1
            self._ask(f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY)", ())
            self._ask(f"INSERT INTO {name} SELECT rowid FROM words_{table} WHERE words_{table} MATCH ?", (phrase,))
            self._matches[known] = name
        self._matches[known] = self._matches.pop(known)  # the one used last comes last
        return self._matches[known]

    def _ask(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._asking():
            cursor = self._facts.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(query, values).fetchall()

    @contextmanager
    def _asking(self) -> Generator[None]:
        with self._lock:
            try:
                with one_sentence(self._path / facts.NAME):
                    yield
            except StoreDamaged as error:
                if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF not in DAMAGED:
                    raise
                self._begin_anew()
                message = "was damaged and is made anew from the run: load the page again"
                raise StoreError(f"{self._path / facts.NAME} {message}.") from error

    def _begin_anew(self) -> None:
        """The facts hold no truth of their own: a damaged file is thrown away rather than a run lost to it."""
        self._facts.close()
        facts.remove(self._path)
        self._facts = facts.connect(self._path)
        self._matches.clear()


def _column(wanted: Filter) -> str:
    if wanted.sort not in (*CHOICES[wanted.table], *RANGES[wanted.table]) or (
        wanted.sort in OF_PROBLEM and wanted.table != "problems"
    ):
        return "seq"
    return str(wanted.sort)


def lists_of(path: Path) -> Lists:
    """The lists of the run in that folder, caught up; opened anew when the run was made afresh."""
    found = _lists(path, uid_of(path))
    found.refresh()
    return found


@lru_cache(maxsize=16)
def _lists(path: Path, uid: str) -> Lists:
    return Lists(path)
