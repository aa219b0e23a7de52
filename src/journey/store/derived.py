"""Databases beside a run that hold no truth of their own: made anew when they belong to another run or are damaged."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from journey.store.files import PATIENCE


def open_derived(path: Path, uid: str, tables: Mapping[str, Sequence[str]]) -> sqlite3.Connection:
    """The database at `path`, empty where it did not belong to `uid`; `tables` are the statements that make each table.

    It is kept in memory in a folder that cannot be written.
    """
    try:
        return _opened(path.absolute().as_uri(), uid, tables)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        return _opened("file::memory:", uid, tables)


def read_to(connection: sqlite3.Connection, table: str) -> int:
    """The place of the last record of the run's table that was read into it."""
    return int(connection.execute("SELECT seq FROM done WHERE name = ?", (table,)).fetchone()[0])


def remove(path: Path) -> None:
    """Throws the database away: the next opening makes it anew."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _opened(uri: str, uid: str, tables: Mapping[str, Sequence[str]]) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS done (name TEXT PRIMARY KEY, seq INTEGER, uid TEXT)")
        if connection.execute("SELECT count(*) FROM done WHERE uid IS NOT ?", (uid,)).fetchone()[0]:
            for table in tables:
                connection.execute(f"DROP TABLE IF EXISTS {table}")
            connection.execute("DELETE FROM done")
        for table, statements in tables.items():
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT OR IGNORE INTO done VALUES (?, 0, ?)", (table, uid))
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
