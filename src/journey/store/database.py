"""The run's SQLite database: opened for its one writer or for any reader, and written in whole transactions."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from journey.errors import UsageError
from journey.store.entries import ENTRIES
from journey.store.faults import damaged, one_sentence
from journey.store.files import NAME, PATIENCE, sync_folder
from journey.store.migrate import COPY, migrate
from journey.store.schema import (
    STATEMENTS,
    STORE_VERSION,
    TABLES,
    Rows,
    definition,
    definitions,
    dumps,
    entry_definition,
    indexes,
    opened,
    sealed,
)

LOCK = "run.lock"


def connect_writing(folder: Path) -> sqlite3.Connection:
    """The connection of the one writer; makes the database where there is none, and migrates one of an older version.

    Each commit is on the disk (FULL).
    """
    path = folder / NAME
    with one_sentence(path):
        if not path.exists():
            discard(folder)  # a log without its database belongs to a run that was being removed
            _make(path)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32768", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                _create(connection)
            if is_old(connection, path):
                migrate(connection, path)
                sync_folder(folder)
            _add_tables(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_reading(folder: Path) -> sqlite3.Connection:
    """A connection that only reads, any number of them beside the writer. Raises UsageError where there is no run.

    A run of an older version is migrated first; in a folder that nobody can write to, a copy of it in memory is.
    """
    path = folder / NAME
    if not path.is_file():
        raise UsageError(f"There is no run in {folder} (no {NAME}): check the path, or make it with --out {folder}.")
    with one_sentence(path):
        connection = open_reading(path)
        try:
            if not is_old(connection, path):
                return _stand_in(connection)
            if not os.access(folder, os.W_OK) or not os.access(path, os.W_OK):
                return _in_memory(connection, path)
        except BaseException:
            connection.close()
            raise
        connection.close()
        _migrate(folder)
        return _stand_in(open_reading(path))


def open_reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads the database at `path`, beside any number of writers."""
    try:
        return _connect_reading(path, "mode=ro")
    except sqlite3.OperationalError:
        # SQLite must write its shared memory to read beside a writer. In a folder that nobody can write to
        # there is no writer, and with no log left over the file alone holds everything.
        if path.with_name(path.name + "-wal").exists() or os.access(path.parent, os.W_OK):
            raise
        return _connect_reading(path, "immutable=1")


def _migrate(folder: Path) -> None:
    """Migrates the run of an older version in `folder`, as its one writer."""
    try:
        with FileLock(folder / LOCK, timeout=PATIENCE):
            connect_writing(folder).close()
    except Timeout:
        raise UsageError(
            f"The run {folder} is of an older version and is being written by another command: wait for it, then give "
            "this one again."
        ) from None


def _in_memory(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.backup(copy)
    connection.close()
    migrate(copy, path, copy=False)
    return _stand_in(copy)


def _connect_reading(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _stand_in(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, with empty tables in memory for kinds that are newer than the run, which only writers change."""
    for statement in _missing(connection):
        if statement.startswith("CREATE TABLE"):
            connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
    return connection


def memory_database() -> sqlite3.Connection:
    """The database of a run that is nowhere but in memory, for what comes and goes."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _create(connection)
    return connection


def _make(path: Path) -> None:
    """An empty database, whole or not there: a command that was killed before leaves nothing to read."""
    part = path.with_name(f".{path.name}.part")
    for ending in ("", "-journal"):
        part.with_name(f"{part.name}{ending}").unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        _create(connection)
    part.replace(path)
    sync_folder(path.parent)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in definitions():
        connection.execute(statement)
    facts = {"version": STORE_VERSION, "uid": uuid4().hex}
    connection.executemany(STATEMENTS["meta"], [sealed(key, dumps(value)) for key, value in facts.items()])
    connection.execute("COMMIT")


def _add_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables of kinds of records and entries that are newer than the run."""
    if missing := _missing(connection):
        connection.execute("BEGIN IMMEDIATE")
        for statement in missing:
            connection.execute(statement)
        connection.execute("COMMIT")


def _missing(connection: sqlite3.Connection) -> list[str]:
    """The SQL that makes the tables that are newer than the run."""
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    found = [entry_definition(table) for table in ENTRIES.values() if table.name not in there]
    for table in TABLES.values():
        found += [] if table.name in there else [definition(table), *indexes(table)]
    return found


def is_old(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the database is of an older version, which `migrate` knows. Raises UsageError for a newer one."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "meta" not in tables:
        raise UsageError(f"{path} is not the database of a run: choose another --out.")
    version = meta(connection, path, "version")
    if not isinstance(version, int) or not 1 <= version <= STORE_VERSION:
        raise UsageError(
            f"{path} was written in store version {version}; this journey reads version {STORE_VERSION}: "
            "use the journey that wrote it, or export there and import here."
        )
    return version < STORE_VERSION


def meta(connection: sqlite3.Connection, path: Path, key: str) -> Any:
    """A fact about the run, null where it was never set."""
    row = connection.execute("SELECT key, json, seal FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    value = opened(row)
    if value is None:
        raise damaged(path, f"its {key} does not fit its seal")
    return value


def commit(connection: sqlite3.Connection, path: Path, writes: Iterable[Rows]) -> None:
    """All of the writes or none, on the disk when this returns. Raises StoreFull."""
    with one_sentence(path):
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement, rows in writes:
                connection.executemany(STATEMENTS[statement], rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite may have rolled back by itself
                connection.execute("ROLLBACK")
            raise


def discard(folder: Path) -> None:
    """Removes the database, itself first: what then remains of its log is known to belong to nothing."""
    for name in (NAME, COPY, "words.db", "studio.db"):
        for ending in ("", "-wal", "-shm"):
            (folder / f"{name}{ending}").unlink(missing_ok=True)
    (folder / "config.yaml").unlink(missing_ok=True)


def uid_of(path: Path) -> str:
    """The name that the run in that folder was born with; a run made afresh has another. UsageError without a run."""
    reading = connect_reading(path)
    try:
        return str(meta(reading, path / NAME, "uid"))
    finally:
        reading.close()
