"""What stands in a run's database: its tables, and records as rows.

A row is the record's id, the columns it can be found by, its strict JSON form, and a seal (CRC-32 over all of these)
so that a byte that changed on the disk is noticed instead of believed. Entries (see `entries`) have no id.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from journey.store.entries import ENTRIES, Entry, EntryTable
from journey.types import (
    SCHEMA,
    Attempt,
    Problem,
    Record,
    Rollout,
    Thought,
    Tree,
    attempt_from_json,
    label,
    problem_from_json,
    rollout_from_json,
    thought_from_json,
    to_json,
    tree_from_json,
)

STORE_VERSION = 2

Value: TypeAlias = str | int | None
Row: TypeAlias = tuple[Any, ...]
Write: TypeAlias = tuple[str, list[Row]]  # the name of a statement, and the rows it is done for
Rows: TypeAlias = tuple[str, Iterable[Row]]  # the same, of rows that may be read one at a time


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of record in the database: `own` columns are read off the record, `given` ones added by who writes it.

    `indexed` columns are found without reading the whole table.
    """

    name: str
    kind: type[Record]
    own: Mapping[str, Callable[[Any], Value]]
    given: tuple[str, ...]
    indexed: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Record]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that records can be asked for by."""
        return (*self.own, *self.given)


def _fields(*names: str) -> dict[str, Callable[[Any], Value]]:
    return {name: attrgetter(name) for name in names}


_MODEL: dict[str, Callable[[Attempt | Rollout], Value]] = {
    "model": lambda attempt: label(attempt.model),
    "name": lambda attempt: attempt.model.name,
    "seed": lambda attempt: attempt.model.seed,
    "round": lambda attempt: attempt.model.round,
    "arm": lambda attempt: attempt.model.arm,
}
_CHOSEN: dict[str, Callable[[Attempt], Value]] = {
    "search": lambda attempt: None if attempt.model.search is None else attempt.model.search.name,
    "judge": lambda attempt: attempt.model.judge,
}
INTEGERS = ("seed", "round", "step")

TABLES: dict[str, Table] = {
    "problems": Table("problems", Problem, _fields("task"), ("split",), ("split",), problem_from_json),
    "trees": Table("trees", Tree, _fields("problem", "policy", "judge"), (), ("problem", "policy", "judge"),
                   tree_from_json),
    "thoughts": Table("thoughts", Thought, _fields("problem", "tree", "method", "seed", "round"), (),
                      ("problem", "tree", "method", "seed"), thought_from_json),
    "attempts": Table("attempts", Attempt, _fields("problem", "decoding", "graded_by") | _MODEL | _CHOSEN,
                      ("split",), ("problem", "model", "decoding", "split"), attempt_from_json),
    "rollouts": Table("rollouts", Rollout, _fields("problem", "step") | _MODEL, (), ("problem", "name", "step"),
                      rollout_from_json),
}  # fmt: skip

_encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=dict)


def dumps(value: Any) -> str:
    """Strict JSON in ASCII, so that any text survives, lone surrogates too; NaN and infinity raise ValueError."""
    return _encoder.encode(value)


def seal(*parts: Any) -> int:
    """CRC-32 over the parts of a row."""
    return zlib.crc32("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"))


def sealed(*parts: Any) -> Row:
    """A row with its seal behind it."""
    return (*parts, seal(*parts))


def table_named(name: str) -> Table:
    """The table of that name; ValueError where there is none."""
    if name not in TABLES:
        raise ValueError(f"no table {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]


def encode(table: Table, record: Record, given: Mapping[str, Value]) -> Row:
    """A record as a row. Raises ValueError for what strict JSON cannot hold and TypeError for the wrong kind."""
    if not isinstance(record, table.kind):
        raise TypeError(f"table {table.name} holds {table.kind.__name__}, not {type(record).__name__}")
    if unknown := given.keys() - set(table.given):
        raise ValueError(f"table {table.name} has no column {', '.join(sorted(unknown))}")
    columns = [read(record) for read in table.own.values()] + [given.get(name) for name in table.given]
    return sealed(record.id, *columns, dumps({"schema": SCHEMA} | to_json(record)))


def decode(table: Table, row: Row) -> Record | None:
    """The record of a row, null where the seal says that the row is not what was written."""
    fields = opened(row)
    return None if fields is None else table.read(fields)


def encode_entry(entry: Entry) -> Row:
    """An entry as a row of its table. Raises ValueError for what strict JSON cannot hold."""
    fields = {name: getattr(entry, name) for name in entry.__slots__}
    return sealed(*(fields[name] for name in ENTRIES[type(entry)].columns), dumps(fields))


def opened(row: Row) -> Any:
    """The JSON value in the last part of a sealed row, null where the seal does not fit."""
    return json.loads(row[-2]) if fits(row) else None


def fits(row: Row) -> bool:
    """Whether a sealed row is what was written."""
    return seal(*row[:-1]) == row[-1]


def columns_of(table: Table) -> str:
    """The columns of a whole row, as SQL names them."""
    return ", ".join(("id", *table.columns, "json", "seal"))


def entry_columns(table: EntryTable) -> str:
    """The columns of a whole row of entries."""
    return ", ".join((*table.columns, "json", "seal"))


def definitions() -> list[str]:
    """The SQL that makes an empty database."""
    return [
        "CREATE TABLE meta (key TEXT PRIMARY KEY, json TEXT NOT NULL, seal INTEGER NOT NULL)",
        "CREATE TABLE calls (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, json TEXT NOT NULL,"
        " seal INTEGER NOT NULL)",
        *map(entry_definition, ENTRIES.values()),
        *map(definition, TABLES.values()),
        *(index for table in TABLES.values() for index in indexes(table)),
    ]


def definition(table: Table) -> str:
    """The SQL that makes the table of a kind of record."""
    columns = "".join(f" {name} {_type(name)}," for name in table.columns)
    return (
        f"CREATE TABLE {table.name} (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,{columns} json TEXT NOT NULL,"
        " seal INTEGER NOT NULL)"
    )


def indexes(table: Table) -> list[str]:
    """The SQL that makes its indexes. The id stands in each, so that a resume reads ids and not the records."""
    return [f"CREATE INDEX {table.name}_{name} ON {table.name} ({name}, id)" for name in table.indexed]


def entry_definition(table: EntryTable) -> str:
    """The SQL that makes the table of a kind of entry."""
    columns = "".join(f" {name} {_type(name)}," for name in table.columns)
    key = f", UNIQUE ({', '.join(table.columns[: table.keyed])})" if table.keyed else ""
    return (
        f"CREATE TABLE {table.name} (seq INTEGER PRIMARY KEY,{columns} json TEXT NOT NULL, seal INTEGER NOT NULL{key})"
    )


def _type(column: str) -> str:
    return "INTEGER" if column in INTEGERS else "TEXT"


def _insert(verb: str, table: str, columns: str) -> str:
    return f"{verb} INTO {table} ({columns}) VALUES ({', '.join('?' for _ in columns.split(', '))})"


# Every way of changing a run; a worker names one of these, it never sends SQL.
STATEMENTS: dict[str, str] = {
    **{name: f"{_insert('INSERT', name, columns_of(t))} ON CONFLICT (id) DO NOTHING" for name, t in TABLES.items()},
    **{t.name: _insert("INSERT OR REPLACE", t.name, entry_columns(t)) for t in ENTRIES.values()},
    "restore": "DELETE FROM exclusions WHERE problem = ?",
    "call": "INSERT INTO calls (key, json, seal) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
    "unfail": "DELETE FROM failed_units WHERE stage = ? AND unit = ?",
    "meta": "INSERT OR REPLACE INTO meta (key, json, seal) VALUES (?, ?, ?)",
}
