"""The reading half of a run: records, entries, calls and failures, by kind and by their columns."""

import sqlite3
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from journey.store.database import meta
from journey.store.entries import ENTRIES, Failure, Training
from journey.store.faults import damaged, one_sentence
from journey.store.files import NAME
from journey.store.schema import TABLES, Row, Value, columns_of, decode, entry_columns, fits, opened, table_named
from journey.types import Attempt, ModelRef, Problem, Record, Rollout, Thought, Tree

AnEntry = TypeVar("AnEntry")

CALLS = "calls"
PAGE = 500  # records read at a time, so that no reader keeps the database's log from being folded in


class Reader:
    """What can be read of the run in the folder `path`, over a connection of its own, from any thread.

    `config` are the settings that the run was made with, `uid` the name that it was born with. Methods raise
    StoreDamaged when the files changed behind our back.
    """

    def __init__(self, path: Path, reading: sqlite3.Connection) -> None:
        self.path = path
        self._file = path / NAME
        self._reading = reading
        self._lock = threading.Lock()
        with self._reads():
            self.config: dict[str, Any] = meta(reading, self._file, "config") or {}
            self.uid = str(meta(reading, self._file, "uid"))

    def get(self, table: str, id: str) -> Record | None:
        """The record of that id, null where there is none."""
        kind = table_named(table)
        rows = self._rows(f"SELECT {columns_of(kind)} FROM {table} WHERE id = ?", (id,))
        return self._record(table, rows[0]) if rows else None

    def ids(self, table: str, **where: Value) -> set[str]:
        """The ids of the records whose columns have these values (null: that have none). This is what resumes read."""
        condition, values = _condition(table, table_named(table).columns, where)
        with self._reads():
            cursor = self._reading.execute(f"SELECT id FROM {table} WHERE {condition}", values)
            return {row[0] for row in cursor}

    def all(self, table: str, **where: Value) -> Iterator[Record]:
        """The records there are now, in the order of their ids, however many were in flight when they were made.

        Raises StoreDamaged for a record that does not fit its seal, and at the end where an index gave fewer records
        than the table holds: an index has no seal of its own.
        """
        condition, values = _condition(table, table_named(table).columns, where)
        return (
            self._record(table, row) for row in self._pages(table, columns_of(table_named(table)), condition, values)
        )

    def rows(self, table: str) -> Iterator[Row]:
        """The whole rows of a kind of record, or of "calls", in the order of their names; see `all`."""
        for row in self._pages(table, "key, json, seal" if table == CALLS else columns_of(table_named(table))):
            if not fits(row):
                raise damaged(self._file, f"record {row[0]} of {table} does not fit its seal")
            yield row

    def _pages(self, table: str, columns: str, condition: str = "1", values: Sequence[Value] = ()) -> Iterator[Row]:
        """The rows there are now, in the order of the first column."""
        name = columns.partition(",")[0]
        newest = self._rows(f"SELECT coalesce(max(seq), 0) FROM {table}", ())[0][0]
        now = f"{condition} AND +seq <= ?"  # +: never looked up by seq, which would cost the order by name
        query = f"SELECT {columns} FROM {table} WHERE {now} AND {name} > ? ORDER BY {name} LIMIT {PAGE}"
        last, given = "", 0
        while rows := self._rows(query, (*values, newest, last)):
            yield from rows
            last, given = rows[-1][0], given + len(rows)
        there = self._rows(f"SELECT count(*) FROM {table} NOT INDEXED WHERE {now}", (*values, newest))[0][0]
        if there != given:
            raise damaged(self._file, f"an index of {table} gives {given} of {there} records")

    def problems(self, **where: Value) -> Iterator[Problem]:
        """The problems whose columns have these values, in the order of their ids."""
        return cast("Iterator[Problem]", self.all("problems", **where))

    def trees(self, **where: Value) -> Iterator[Tree]:
        """The trees whose columns have these values, in the order of their ids."""
        return cast("Iterator[Tree]", self.all("trees", **where))

    def thoughts(self, **where: Value) -> Iterator[Thought]:
        """The thoughts whose columns have these values, in the order of their ids."""
        return cast("Iterator[Thought]", self.all("thoughts", **where))

    def attempts(self, **where: Value) -> Iterator[Attempt]:
        """The attempts whose columns have these values, in the order of their ids."""
        return cast("Iterator[Attempt]", self.all("attempts", **where))

    def rollouts(self, **where: Value) -> Iterator[Rollout]:
        """The rollouts whose columns have these values, in the order of their ids."""
        return cast("Iterator[Rollout]", self.all("rollouts", **where))

    def problem(self, id: str) -> Problem | None:
        """The problem of that id, null where there is none."""
        return cast("Problem | None", self.get("problems", id))

    def tree(self, id: str) -> Tree | None:
        """The tree of that id, null where there is none."""
        return cast("Tree | None", self.get("trees", id))

    def thought(self, id: str) -> Thought | None:
        """The thought of that id, null where there is none."""
        return cast("Thought | None", self.get("thoughts", id))

    def attempt(self, id: str) -> Attempt | None:
        """The attempt of that id, null where there is none."""
        return cast("Attempt | None", self.get("attempts", id))

    def given(self, table: str, id: str) -> dict[str, Value]:
        """The columns that were added to the record by who wrote it ("split"); empty where there is none."""
        names = table_named(table).given
        rows = self._rows(f"SELECT {', '.join(('id', *names))} FROM {table} WHERE id = ?", (id,))
        return dict(zip(names, rows[0][1:], strict=True)) if rows else {}

    def count(self, table: str, **where: Value) -> int:
        """How many records there are."""
        condition, values = _condition(table, table_named(table).columns, where)
        return self._rows(f"SELECT count(*) FROM {table} WHERE {condition}", values)[0][0]

    def call(self, key: str) -> list[dict[str, Any]] | None:
        """What a model answered to the call of that content hash, null where it was never made."""
        rows = self._rows("SELECT key, json, seal FROM calls WHERE key = ?", (key,))
        return self._opened("calls", rows[0]) if rows else None

    def failures(self, **where: Value) -> list[Failure]:
        """The units that failed, by stage and unit."""
        return sorted(self.entries(Failure, **where), key=lambda failure: (failure.stage, failure.unit))

    def entries(self, kind: type[AnEntry], **where: Value) -> list[AnEntry]:
        """The entries of a kind (see `store.entries`) whose columns have these values, oldest first."""
        table = ENTRIES[kind]
        condition, values = _condition(table.name, table.columns, where)
        query = f"SELECT {entry_columns(table)} FROM {table.name} WHERE {condition} ORDER BY seq"
        return [kind(**self._opened(table.name, row)) for row in self._rows(query, values)]

    def model_ref(self, name: str) -> ModelRef:
        """The model of that name, with its seed, round and arm where the run trained it."""
        for trained in self.entries(Training, model=name):
            return ModelRef(name, trained.seed, trained.round, trained.arm)
        return ModelRef(name)

    def check(self) -> int:
        """Reads every byte that matters; the number of records. Raises StoreDamaged at the first that is not right."""
        with self._reads():
            verdict = self._reading.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise damaged(self._file, str(verdict))
        for kind in ENTRIES:
            self.entries(kind)
        return sum(1 for table in TABLES for _ in self.all(table))

    def close(self) -> None:
        """Lets go of the run's files."""
        self._reading.close()

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """What is read inside is of one moment, whatever its writer does meanwhile."""
        self._rows("BEGIN", ())
        try:
            yield
        finally:
            self._rows("ROLLBACK", ())

    @contextmanager
    def _reads(self) -> Generator[None]:
        """One reader at a time on the run's connection, its errors in one sentence."""
        with self._lock, one_sentence(self._file):
            yield

    def _rows(self, query: str, values: Sequence[Any]) -> list[Row]:
        with self._reads():
            return self._reading.execute(query, values).fetchall()

    def _record(self, table: str, row: Row) -> Record:
        record = decode(table_named(table), row)
        if record is None:
            raise damaged(self._file, f"record {row[0]} of {table} does not fit its seal")
        return record

    def _opened(self, table: str, row: Row) -> Any:
        value = opened(row)
        if value is None:
            raise damaged(self._file, f"entry {row[0]} of {table} does not fit its seal")
        return value


def _condition(table: str, columns: Sequence[str], where: Mapping[str, Value]) -> tuple[str, tuple[Value, ...]]:
    if unknown := where.keys() - set(columns):
        raise ValueError(f"table {table} has no column {', '.join(sorted(unknown))}")
    return " AND ".join([f"{name} IS ?" for name in where] or ["1"]), tuple(where.values())
