"""labels.db, opened by any number of processes that write and read; what it holds is in `store.labels`."""

import sqlite3
import time
from pathlib import Path

from journey.errors import UsageError
from journey.store.files import PATIENCE, sync_folder

NAME = "labels.db"
VERSION = 1


def connect_writing(path: Path) -> sqlite3.Connection:
    """A connection that writes; makes the database where there is none. Each commit is on the disk when it returns."""
    is_new = not path.exists()
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):  # a commit is on the disk when it returns
            _patiently(connection, pragma)
        if not version(connection, path):
            _create(connection, path)
        if is_new:
            sync_folder(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def _patiently(connection: sqlite3.Connection, pragma: str) -> None:
    """Sets a pragma; while two processes make the same database SQLite refuses at once instead of waiting."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _create(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if not version(connection, path):  # another process may have been faster
        connection.execute(
            "CREATE TABLE said (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, annotator TEXT NOT NULL,"
            " item TEXT NOT NULL, json TEXT NOT NULL, seal INTEGER NOT NULL)"
        )
        connection.execute("CREATE INDEX said_of ON said (kind, item, annotator)")
        connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the database; 0 while another process is making it. Raises UsageError for one unknown here."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found not in (0, VERSION):
        raise UsageError(f"{path} is of version {found}; this journey reads {VERSION}: use the one that wrote it.")
    return found
