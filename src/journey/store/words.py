"""The full-text index of a run: which records have a word in them.

It lies beside the database (words.db), holds no truth of its own, and catches up when it is asked, so storing a
thought costs nothing for it. It is thrown away and made again when it does not belong to the run or is damaged.
"""

import sqlite3
from pathlib import Path

from journey.store.derived import open_derived, read_to, remove
from journey.store.faults import damaged
from journey.store.files import NAME as DATABASE
from journey.store.schema import Row, columns_of, opened, table_named

INDEXED = ("problems", "trees", "thoughts", "attempts")
BATCH = 2000  # records indexed in one commit
NAME = "words.db"
# Only which words stand where: the texts themselves are in the run's database.
TABLES = {table: [f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(text, content='')"] for table in INDEXED}


class Words:
    """The index of the run in `folder` that is known as `uid`."""

    def __init__(self, folder: Path, uid: str) -> None:
        self._folder = folder
        self._uid = uid
        self._index: sqlite3.Connection | None = None

    def count(self, reading: sqlite3.Connection, table: str, word: str) -> int:
        """How many records of the table have the word or phrase; `reading` is a connection to the run's database."""
        if table not in INDEXED:
            raise ValueError(f"only {', '.join(INDEXED)} are indexed, not {table}")
        try:
            return self._count(reading, table, word)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if "no such module" in str(error):
                raise
            # Whatever is wrong with it, it can be made again from the database.
            self.close()
            remove(self._folder / NAME)
            return self._count(reading, table, word)

    def close(self) -> None:
        """Closes the index's file."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _count(self, reading: sqlite3.Connection, table: str, word: str) -> int:
        if self._index is None:
            self._index = open_derived(self._folder / NAME, self._uid, TABLES)
        _catch_up(self._folder, self._index, reading, table)
        phrase = '"' + word.encode("utf-8", "replace").decode().replace('"', '""') + '"'
        query = f"SELECT count(*) FROM {table} WHERE {table} MATCH ?"
        return self._index.execute(query, (phrase,)).fetchone()[0]


def _catch_up(folder: Path, index: sqlite3.Connection, reading: sqlite3.Connection, table: str) -> None:
    newest = reading.execute(f"SELECT coalesce(max(seq), 0) FROM {table_named(table).name}").fetchone()[0]
    while read_to(index, table) < newest:
        index.execute("BEGIN IMMEDIATE")  # another reader may be doing the same: whoever comes second skips ahead
        try:
            columns = columns_of(table_named(table))
            query = f"SELECT seq, {columns} FROM {table} WHERE seq > ? ORDER BY seq LIMIT {BATCH}"
            rows = reading.execute(query, (read_to(index, table),)).fetchall()
            texts = [(row[0], _text(folder, table, row[1:])) for row in rows]
            if texts:
                index.executemany(f"INSERT INTO {table} (rowid, text) VALUES (?, ?)", texts)
                index.execute("UPDATE done SET seq = ? WHERE name = ?", (texts[-1][0], table))
        finally:
            index.execute("COMMIT")


def _text(folder: Path, table: str, row: Row) -> str:
    fields = opened(row)
    if fields is None:
        raise damaged(folder / DATABASE, f"record {row[0]} of {table} does not fit its seal")
    match table:
        case "problems":
            text = fields["question"]
        case "trees":
            text = "\n".join(node["text"] for node in fields["nodes"])
        case _:
            text = fields["text"]
    return text.encode("utf-8", "replace").decode()  # the index takes no lone surrogates
