"""A run's tables as files, and files as a run's tables: JSONL (gzipped too) and Parquet, whole or not at all."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from errno import EEXIST, EISDIR, ENOTDIR
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from journey.errors import UsageError
from journey.store import datafiles, parquet, version_1
from journey.store.faults import one_sentence
from journey.store.files import NOT_ALLOWED, replacing, without_halves
from journey.store.run import Run
from journey.store.schema import Value, dumps, table_named
from journey.types import SCHEMA, Record, Tree, model_from_json, to_json, tree_from_json

ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
IMPORTED_TOGETHER = 1000  # records in one commit


def export(run: Run, table: str, to: str | Path, **where: Value) -> int:
    """Writes the records of a table, in the order of their ids; how many.

    Each row is a record's JSON form with `"schema"` and the table's given columns ("split"). In Parquet the
    `settings` of trees are a JSON text, since each tree may have others.
    """
    return write_rows(record_rows(run, table, **where), to, table=table)


def record_rows(run: Run, table: str, **where: Value) -> Iterator[dict[str, Any]]:
    """The rows that `export` writes."""
    return (record_row(run, table, record) for record in run.all(table, **where))


def write_rows(rows: Iterable[Mapping[str, Any]], to: str | Path, *, table: str | None = None) -> int:
    """Writes rows to a file named *.jsonl, *.jsonl.gz or *.parquet; how many.

    The file appears when it is complete and on the disk, so a kill leaves the old one. `table` names the columns'
    types in Parquet; null finds them out from the rows. Raises UsageError for other endings and places that may not be
    written, StoreFull, and ValueError for NaN.
    """
    path = Path(to)
    ending = _ending(path)
    with one_sentence(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                return _WRITERS[ending](rows, file, table)
        except OSError as error:
            if error.errno not in (*NOT_ALLOWED, EISDIR, ENOTDIR, EEXIST):
                raise
            raise UsageError(f"{path} may not be written ({error.strerror}); name a file in another folder") from error


def import_file(run: Run, table: str, source: str | Path, **columns: Value) -> int:
    """Stores the records of a file that `export` wrote; how many rows it has.

    Given columns stand in the rows; `columns` are for rows without. Rows of an older schema are read as today's. The
    whole file is read and checked before the first record is stored; rows that are not records raise UsageError with
    their line or row number.
    """
    for _ in _records(table, source):
        pass
    number = 0
    groups: dict[tuple[tuple[str, Value], ...], list[Record]] = {}
    for record, given in _records(table, source):
        group = groups.setdefault(tuple((columns | given).items()), [])
        group.append(record)
        number += 1
        if len(group) >= IMPORTED_TOGETHER:
            run.put_all(table, group, **(columns | given))
            group.clear()
    for key, group in groups.items():
        run.put_all(table, group, **dict(key))
    return number


def _unpacked(model: Any) -> Any:
    """A model's JSON form; Parquet holds the settings of its search as a text."""
    search = model["search"]
    if search is None or not isinstance(search["settings"], str):
        return model
    return model | {"search": search | {"settings": json.loads(search["settings"])}}


def record_row(run: Run, table: str, record: Record) -> dict[str, Any]:
    """A record's row in a file."""
    return {"schema": SCHEMA} | to_json(record) | run.given(table, record.id)


def _ending(path: Path) -> str:
    for ending in ENDINGS:
        if path.name.endswith(ending):
            return ending
    raise UsageError(f"{path}: a file's name must end in one of {', '.join(ENDINGS)}.")


def _write_jsonl(rows: Iterable[Mapping[str, Any]], file: IO[bytes], table: str | None) -> int:
    number = 0
    for row in rows:
        line = without_halves(json.dumps(row, ensure_ascii=False, allow_nan=False, default=dict))
        file.write(line.encode() + b"\n")
        number += 1
    return number


def _write_gzip(rows: Iterable[Mapping[str, Any]], file: IO[bytes], table: str | None) -> int:
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:  # no name, no time: same bytes
        return _write_jsonl(rows, cast("IO[bytes]", packed), table)


_WRITERS: dict[str, Callable[[Iterable[Mapping[str, Any]], IO[bytes], str | None], int]] = {
    ".jsonl": _write_jsonl,
    ".jsonl.gz": _write_gzip,
    ".parquet": parquet.write,
}


def _records(table: str, source: str | Path) -> Iterator[tuple[Record, dict[str, Value]]]:
    kind = table_named(table)
    if Path(source).is_file() and not Path(source).stat().st_size:
        return  # a table without records
    for where, given in datafiles.rows(source):
        row = dict(given)
        try:
            dumps(row)
        except ValueError as error:
            raise UsageError(f"{where} is no strict JSON ({error}).") from error
        if row.get("schema") not in range(1, SCHEMA + 1):
            raise UsageError(f"{where}: its schema is {row.get('schema')}, this journey reads {SCHEMA} and older ones.")
        for name in parquet.TEXTS & row.keys():
            with suppress(TypeError, ValueError):  # a text in Parquet alone; anything else is refused below
                row[name] = json.loads(row[name])
        try:
            if row["schema"] == 1:
                row |= version_1.upgraded(table, row, {key: row.get(key) for key in ("split", "arm")})[0]
            if "model_ref" in row:
                row["model"] = model_from_json(_unpacked(row["model_ref"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{where} is no {kind.kind.__name__}: its model cannot be read ({error!r}).") from error
        record = record_of(kind.kind, row, where)
        if isinstance(record, Tree):
            if any(not -1 <= node.parent < i for i, node in enumerate(record.nodes)):
                raise UsageError(f"{where} is no Tree: a node's parent must stand before it.")
            record = tree_from_json(to_json(record))  # judgements of before as they are read today
        yield record, {name: str(row[name]) for name in kind.given if row.get(name) is not None}


Kind = TypeVar("Kind", bound=Record)


def record_of(kind: type[Kind], row: Mapping[str, Any], where: str) -> Kind:
    """The record that a row of JSON is. Raises UsageError that names the row's place and what is wrong in it."""
    try:
        return _adapter(kind).validate_python({name: row[name] for name in kind.__slots__ if name in row})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the row"
        raise UsageError(f"{where} is no {kind.__name__}: {place}: {first['msg']}.") from error


@lru_cache
def _adapter(kind: type[Kind]) -> TypeAdapter[Kind]:
    return TypeAdapter(kind)
