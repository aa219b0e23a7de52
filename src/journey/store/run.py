"""A run: the folder and database in which everything that was made stays, and from which a killed run goes on."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from journey.errors import UsageError
from journey.store import images, settings
from journey.store.database import LOCK, commit, connect_reading, connect_writing, discard, meta
from journey.store.entries import ENTRIES, Entry
from journey.store.faults import one_sentence
from journey.store.files import NAME, NOT_ALLOWED
from journey.store.reader import Reader
from journey.store.schema import Rows, Value, Write, dumps, encode, encode_entry, sealed, table_named
from journey.store.writer import Commit, Writer
from journey.types import Record


class Run(Reader):
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
        super().__init__(path, reading)
        self._writer = Writer(commit, patient=patient)
        self._closing = closing
        self._closed = False

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

    def unfail(self, stage: str, unit: str) -> None:
        """Takes a unit of work off the list of the failed."""
        self._writer.write_now([("unfail", [(stage, unit)])])

    def add(self, *entries: Entry) -> None:
        """Stores entries (see `store.entries`) in one commit, blocking until it is durable."""
        self._writer.write_now([(ENTRIES[type(entry)].name, [encode_entry(entry)]) for entry in entries])

    def apply(self, writes: Iterable[Rows]) -> None:
        """Does writes that another process prepared, or that are read from other runs, in one commit: all or none."""
        self._writer.write_now(writes)

    def close(self) -> None:
        """Finishes what was begun and lets the next writer in. Closing twice is no error."""
        if self._closed:
            return
        self._closed = True
        try:
            self._writer.close()
        finally:
            super().close()
            if self._closing is not None:
                self._closing()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
    except OSError as error:
        if error.errno not in NOT_ALLOWED:
            raise
        raise UsageError(f"The folder {path} cannot be written ({error.strerror}): name another.") from None
    return lock


def _clear(path: Path) -> None:
    had_run = (path / NAME).exists()
    with one_sentence(path):
        discard(path)
        if had_run:  # only what a run made itself; labels.db is people's work and stays
            for folder in ("models", "report", images.FOLDER):
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


def _refuse(path: Path, writes: Iterable[Rows]) -> None:
    raise UsageError(f"The run {path} was opened for reading only.")
