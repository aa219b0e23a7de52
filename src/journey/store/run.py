"""A run: the folder and database in which everything that was made stays, and from which a killed run goes on."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from filelock import FileLock, Timeout

from journey.errors import UsageError
from journey.store import settings
from journey.store.database import LOCK, NAME, commit, connect_reading, connect_writing, discard, meta
from journey.store.entries import ENTRIES, Entry, Training
from journey.store.faults import damaged, one_sentence
from journey.store.schema import (
    TABLES,
    Failure,
    Row,
    Value,
    Write,
    columns_of,
    decode,
    dumps,
    encode,
    encode_entry,
    entry_columns,
    opened,
    sealed,
    table_named,
)
from journey.store.words import Words
from journey.store.writer import Commit, Writer
from journey.types import Attempt, ModelRef, Problem, Record, Thought, Tree

AnEntry = TypeVar("AnEntry")

PAGE = 500  # records read at a time, so that no reader keeps the database's log from being folded in


class Run:
    """One run, by `open` (the one writer), `read` (any number of readers) or in a worker process (`pipeline.executor`).

    Records are named by content: the same id again replaces nothing and is no error. Reading sees everything that was
    acknowledged. Methods raise StoreFull when nothing more fits on the disk and StoreDamaged when the files changed
    behind our back; all may be called from any thread.
    """

    def __init__(
        self,
        path: Path,
        reading: sqlite3.Connection,
        commit: Commit,
        closing: Callable[[], None] | None = None,
        *,
        patient: bool = False,
    ) -> None:
        self.path = path
        self._file = path / NAME
        self._reading = reading
        self._lock = threading.Lock()
        self._writer = Writer(commit, patient=patient)
        self._closing = closing
        self._closed = False
        with self._reads():
            self.config: dict[str, Any] = meta(reading, self._file, "config") or {}
            self._words = Words(path, str(meta(reading, self._file, "uid")))

    @classmethod
    def open(
        cls,
        path: str | Path,
        config: Mapping[str, Any] | None = None,
        *,
        fresh: bool = False,
        ignore: Sequence[str] = (),
    ) -> "Run":
        """Makes a run or goes on with one, as its only writer.

        `config` null takes the settings as they are. Settings that differ from those the run was made with raise
        UsageError naming each, except those named in `ignore` (see `settings.differences`), which are taken over.
        `fresh` removes the run that is there, people's labels excepted. A second writer raises UsageError at once.
        """
        path = Path(path)
        lock = _take(path)
        try:
            if fresh:
                _clear(path)
            connection = connect_writing(path)
        except BaseException:
            lock.release()
            raise

        def closing() -> None:
            connection.close()
            lock.release()

        try:
            with one_sentence(path):
                _settle(connection, path, config, ignore)
            return cls(path, connect_reading(path), partial(commit, connection, path), closing)
        except BaseException:
            closing()
            raise

    @classmethod
    def read(cls, path: str | Path) -> "Run":
        """A run to read only, beside its writer or without one. Raises UsageError where there is none."""
        path = Path(path)
        return cls(path, connect_reading(path), partial(_refuse, path))

    # Reading.

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
        """The records, in the order of their ids: the same order however many were in flight when they were made."""
        condition, values = _condition(table, table_named(table).columns, where)
        columns = columns_of(table_named(table))
        query = f"SELECT {columns} FROM {table} WHERE {condition} AND id > ? ORDER BY id LIMIT {PAGE}"
        last = ""
        while rows := self._rows(query, (*values, last)):
            for row in rows:
                yield self._record(table, row)
            last = rows[-1][0]

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

    def keyword_count(self, word: str, table: str = "thoughts") -> int:
        """How many thoughts (or attempts) have the word or phrase in their text, in any case.

        The index catches up with what was written since it was last asked, so the first call after much writing takes
        longer: about a tenth of a millisecond a thought.
        """
        with self._reads():
            return self._words.count(self._reading, table, word)

    def call(self, key: str) -> list[dict[str, Any]] | None:
        """What a model answered to the call of that content hash, null where it was never made."""
        rows = self._rows("SELECT key, json, seal FROM calls WHERE key = ?", (key,))
        return self._opened("calls", rows[0]) if rows else None

    def failures(self, station: str | None = None) -> list[Failure]:
        """The units that failed, by station and unit."""
        query = "SELECT station, unit, json, seal FROM failures WHERE ? IS NULL OR station = ? ORDER BY station, unit"
        rows = self._rows(query, (station, station))
        return [Failure(row[0], row[1], self._opened("failures", row)) for row in rows]

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

    # Writing.

    async def put(self, table: str, *records: Record, **columns: Value) -> None:
        """Stores records; durable when it returns. Puts awaited in one tick of the event loop share one commit.

        `columns` are the table's given ones ("split" of problems and attempts). A record that strict JSON cannot hold
        (NaN) raises ValueError. When the awaiting task is cancelled the records may or may not stay.
        """
        await self._writer.write([_insertion(table, records, columns)])

    def put_all(self, table: str, records: Iterable[Record], **columns: Value) -> None:
        """Stores many records in one commit, blocking until it is durable."""
        self._writer.write_now([_insertion(table, records, columns)])

    async def put_call(self, key: str, completions: list[dict[str, Any]], patience: float = 0.0) -> None:
        """Keeps what a model answered; durable when it returns, and kept though the awaiting task is cancelled.

        It may wait `patience` seconds for other writes to share a commit with.
        """
        await self._writer.write([("call", [sealed(key, dumps(completions))])], patience)

    def fail(self, station: str, unit: str, reason: str) -> None:
        """Lists a unit of work as failed; a later reason replaces the earlier."""
        self._writer.write_now([("fail", [sealed(station, unit, dumps(reason))])])

    def unfail(self, station: str, unit: str) -> None:
        """Takes a unit of work off the list of the failed."""
        self._writer.write_now([("unfail", [(station, unit)])])

    def add(self, *entries: Entry) -> None:
        """Stores entries (see `store.entries`) in one commit, blocking until it is durable."""
        self._writer.write_now([(ENTRIES[type(entry)].name, [encode_entry(entry)]) for entry in entries])

    def apply(self, writes: Sequence[Write]) -> None:
        """Does writes that another process prepared, in one commit (see `pipeline.executor`)."""
        self._writer.write_now(writes)

    def close(self) -> None:
        """Finishes what was begun and lets the next writer in. Closing twice is no error."""
        if self._closed:
            return
        self._closed = True
        try:
            self._writer.close()
        finally:
            self._words.close()
            self._reading.close()
            if self._closing is not None:
                self._closing()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _reads(self) -> Generator[None]:
        """One reader at a time on the run's connection, its errors said in one sentence."""
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


def _insertion(table: str, records: Iterable[Record], columns: Mapping[str, Value]) -> Write:
    kind = table_named(table)
    return table, [encode(kind, record, columns) for record in records]


def _take(path: Path) -> FileLock:
    """The lock of the one writer. The system lets go of it when the process ends, however it ends."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file, a run is a folder: choose another --out.")
    lock = FileLock(path / LOCK, timeout=0)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"The run {path} is being written by another command: wait for it, stop it, or write to another --out."
        ) from None
    except PermissionError as error:
        raise UsageError(f"The folder {path} cannot be written ({error.strerror}): choose another --out.") from None
    return lock


def _clear(path: Path) -> None:
    had_run = (path / NAME).exists()
    with one_sentence(path):
        discard(path)
        if had_run:  # only what a run made itself; labels.db is people's work and stays
            for folder in ("models", "report"):
                shutil.rmtree(path / folder, ignore_errors=True)


def _settle(
    connection: sqlite3.Connection, path: Path, config: Mapping[str, Any] | None, ignore: Sequence[str]
) -> None:
    """Makes the run's settings `config`, unless it was made with others."""
    old: dict[str, Any] = meta(connection, path / NAME, "config") or {}
    new = old if config is None else settings.plain(config)
    if old:
        settings.refuse_changes(path, old, new, ignore)
    if new != old:
        commit(connection, path, [("meta", [sealed("config", dumps(new))])])
    settings.write_yaml(path, new)


def _refuse(path: Path, writes: Sequence[Write]) -> None:
    raise UsageError(f"The run {path} was opened for reading only.")
