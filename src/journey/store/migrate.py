"""Brings a run of store version 1 to today's version, inside one transaction: killed anywhere, the run is as it was.

A copy of the old file stays beside it (`COPY`), made before anything is changed.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from journey.store import version_1
from journey.store.entries import ENTRIES
from journey.store.faults import damaged
from journey.store.files import sync_folder
from journey.store.schema import (
    STATEMENTS,
    STORE_VERSION,
    TABLES,
    Row,
    columns_of,
    definition,
    definitions,
    dumps,
    encode,
    encode_entry,
    indexes,
    opened,
    sealed,
    table_named,
)

COPY = "run.version-1.db"
OLD_COLUMNS = {
    "problems": ("split",),
    "trees": ("problem", "policy", "judge"),
    "thoughts": ("problem", "tree", "method", "arm"),
    "attempts": ("problem", "model", "decoding", "split"),
}
BATCH = 1000


def migrate(connection: sqlite3.Connection, path: Path, *, copy: bool = True) -> None:
    """Brings the database at `path` to today's version; the caller holds the lock of the one writer.

    `copy` false keeps no copy of the old file (the connection is one). Raises StoreDamaged for what does not fit its
    seal, and StoreFull: then nothing was changed.
    """
    if copy:
        _keep_copy(connection, path.with_name(COPY))
    try:
        connection.execute("BEGIN IMMEDIATE")
        _rewrite(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _keep_copy(connection: sqlite3.Connection, to: Path) -> None:
    """Writes the copy whole or not at all."""
    part = to.with_name(f".{to.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(to)
    sync_folder(to.parent)


def _rewrite(connection: sqlite3.Connection, path: Path) -> None:
    log = [(str(row[0]), _value(path, "log", row)) for row in connection.execute(_LOG)]
    entry_tables = [sql for sql in definitions() if any(f"TABLE {t.name} " in sql for t in ENTRIES.values())]
    for sql in entry_tables:
        connection.execute(sql)
    for entry in version_1.entries(log):
        connection.execute(STATEMENTS[ENTRIES[type(entry)].name], encode_entry(entry))
    for stage, unit, *sealed_reason in connection.execute("SELECT station, unit, json, seal FROM failures").fetchall():
        failure = version_1.failure(stage, unit, _value(path, "failures", (stage, unit, *sealed_reason)))
        connection.execute(STATEMENTS[ENTRIES[type(failure)].name], encode_entry(failure))
    connection.execute("DROP TABLE failures")
    connection.execute("DROP TABLE log")
    for table in (TABLES[name] for name in OLD_COLUMNS):
        connection.execute(f"ALTER TABLE {table.name} RENAME TO old_{table.name}")
        connection.execute(definition(table))
        places = ", ".join("?" * (len(table.columns) + 4))
        insert = f"INSERT INTO {table.name} (seq, {columns_of(table)}) VALUES ({places})"
        for rows in _upgraded(connection, path, table.name):
            connection.executemany(insert, rows)
        connection.execute(f"DROP TABLE old_{table.name}")
        for sql in indexes(table):
            connection.execute(sql)
    connection.execute(STATEMENTS["meta"], sealed("version", dumps(STORE_VERSION)))


_LOG = "SELECT station, json, seal FROM log ORDER BY seq"


def _upgraded(connection: sqlite3.Connection, path: Path, name: str) -> Iterator[list[Row]]:
    """The rows of today's table, with their places, a batch at a time."""
    table, columns = table_named(name), OLD_COLUMNS[name]
    query = f"SELECT seq, id, {', '.join(columns)}, json, seal FROM old_{name} WHERE seq > ? ORDER BY seq LIMIT {BATCH}"
    last = -1

    def is_model(name: str) -> bool:
        try:
            return (path.parent / "models" / name / "config.json").is_file()
        except (OSError, ValueError):  # longer than a file's name may be, or with a NUL in it
            return False

    while found := connection.execute(query, (last,)).fetchall():
        rows: list[Row] = []
        for seq, *row in found:
            given = {key: row[1 + place] for place, key in enumerate(columns) if key in ("split", "arm")}
            fields, given = version_1.upgraded(name, _value(path, name, tuple(row)), given, is_model)
            rows.append((seq, *encode(table, table.read(fields), given)))
        yield rows
        last = found[-1][0]


def _value(path: Path, table: str, row: Row) -> Any:
    value = opened(row)
    if value is None:
        raise damaged(path, f"entry {row[0]} of {table} does not fit its seal; nothing of it was changed")
    return value
