"""People's labels and notes of several runs in one labels.db: nothing is lost, and what was said last still counts."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from journey.store.faults import one_sentence
from journey.store.labels import read_rows
from journey.store.labels_file import NAME, connect_writing
from journey.store.schema import Row

COLUMNS = "kind, annotator, item, json, seal"


def unite_labels(sources: Sequence[Path], into: Path) -> int:
    """Brings what people said in the runs `sources` (folders) into the run `into`; how many rows were new."""
    there = _rows(into)
    new = dict.fromkeys(row for folder in sources for row in _rows(folder))
    for row in there:
        new.pop(row, None)
    if not new:
        return 0
    latest = {row[:3]: row for row in sorted([*there, *new], key=_made)}
    order = sorted(new, key=_made)
    last = {row[:3]: row for row in [*there, *order]}
    again = [row for item, row in latest.items() if last[item] != row]  # the latest row of an item is what counts
    path = into / NAME
    with one_sentence(path), closing(connect_writing(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO said ({COLUMNS}) VALUES (?, ?, ?, ?, ?)", [*order, *again])
        connection.execute("COMMIT")
    return len(new)


def _rows(folder: Path) -> list[Row]:
    return read_rows(folder, f"SELECT {COLUMNS} FROM said ORDER BY seq", ())


def _made(row: Row) -> str:
    return str(json.loads(row[3]).get("made", ""))
