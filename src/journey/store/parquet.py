"""Parquet files: the only place that knows pyarrow, which is loaded when a Parquet file is asked for."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import islice
from typing import IO, Any, cast

from journey.errors import UsageError
from journey.store.files import without_halves

GROUP = 1000  # rows written at a time
WRITER = {"compression": "zstd", "compression_level": 9, "version": "2.6", "data_page_version": "1.0"}
"""Set here, so that the same rows are the same bytes whatever a version of pyarrow does of itself."""
TEXTS = {"settings", "rewards"}  # columns that are JSON texts, since each record has others in them

# The columns' types, so that a column that happens to be all null has the same type in every file.
JUDGEMENT = {"verdict": "string", "score": "float64", "reason": "string", "by": "string", "evidence": "string"}
NODE = {"parent": "int64", "text": "string", "judgement": JUDGEMENT, "answer": "string", "correct": "bool",
        "by": "string", "tokens": "int64", "value": "float64"}  # fmt: skip
SEGMENT = {"kind": "string", "text": "string", "node": "int64", "start": "int64", "end": "int64"}
# The settings of a search are a JSON text, since each search has others.
MODEL = {"name": "string", "seed": "int64", "round": "int64", "arm": "string", "judge": "string",
         "search": {"name": "string", "n": "int64", "settings": "string"}}  # fmt: skip
SPENT = {"model_tokens": "int64", "judge_tokens": "int64", "calls": "int64"}
COLUMNS: dict[str, dict[str, Any]] = {
    "problems": {"schema": "int64"} | dict.fromkeys(
        ("id", "question", "answer", "source", "solution", "level", "subject", "task", "language", "split"), "string")
        | {"images": ["string"]},
    "trees": {"schema": "int64", "id": "string", "problem": "string", "nodes": [NODE], "policy": "string",
              "judge": "string", "settings": "string"},
    "thoughts": {"schema": "int64", "id": "string", "problem": "string", "tree": "string", "method": "string",
                 "segments": [SEGMENT], "draft": "string", "text": "string", "answer": "string",
                 "refined_by": "string", "note": "string", "seed": "int64", "round": "int64", "language": "string"},
    "attempts": {"schema": "int64", "id": "string", "problem": "string", "model": "string", "model_ref": MODEL,
                 "decoding": "string", "graded_by": "string", "sample": "int64", "text": "string", "answer": "string",
                 "correct": "bool", "error": "string", "tokens": "int64", "finish": "string", "seed": "int64",
                 "spent": SPENT, "suite_part": "string", "split": "string"},
    "rollouts": {"schema": "int64", "id": "string", "problem": "string", "model": "string", "model_ref": MODEL,
                 "step": "int64", "sample": "int64", "text": "string", "answer": "string", "correct": "bool",
                 "error": "string", "tokens": "int64", "finish": "string", "seed": "int64", "rewards": "string",
                 "credit": [{"start": "int64", "end": "int64", "credit": "float64", "value": "float64"}],
                 "logprob": "float64", "token_ids": ["int64"], "shared": "int64", "spent": SPENT},
}  # fmt: skip

PICTURES = {"images": {"feature": {"_type": "Image"}, "_type": "List"}}
"""The column of pictures as the package datasets describes it."""


def write(rows: Iterable[Mapping[str, Any]], file: IO[bytes], table: str | None) -> int:
    """Writes rows as Parquet, typed as the table's columns or, with null, as the rows are; how many.

    Every column of any row is written. One whose cells have no common type holds texts as they are and
    all else as JSON.
    """
    pa, parquet = pyarrow()
    rest = iter(rows)
    number = 0
    if table is None:
        found = _typed(pa, parquet, [_plain(row) | _pictures(row) for row in rest])
        if "images" in found.column_names:
            found = found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": PICTURES}})})
        parquet.write_table(found, file, row_group_size=GROUP, **WRITER)
        return found.num_rows
    schema = pa.schema([(name, _type(pa, kind)) for name, kind in COLUMNS[table].items()])
    with parquet.ParquetWriter(file, schema, **WRITER) as writer:
        while group := [_flat(row) for row in islice(rest, GROUP)]:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            number += len(group)
    return number


def _typed(pa: Any, parquet: Any, rows: Sequence[Mapping[str, Any]]) -> Any:
    """The rows as a table that can be written."""
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        cells = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(cells)
            parquet.ParquetWriter(pa.BufferOutputStream(), pa.schema([(name, columns[name].type)])).close()
        except (pa.ArrowException, OverflowError):
            columns[name] = pa.array([_as_text(cell) for cell in cells])
    return pa.table(columns)


def _as_text(cell: Any) -> str | None:
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def pyarrow() -> tuple[Any, Any]:
    """The packages pyarrow and pyarrow.parquet. Raises UsageError where they are not installed."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'journey-learning[train]', or name a .jsonl.") from None


def _type(pa: Any, kind: Any) -> Any:
    if isinstance(kind, list):
        return pa.list_(_type(pa, cast("list[Any]", kind)[0]))
    if isinstance(kind, dict):
        fields = cast("dict[str, Any]", kind)
        return pa.struct([(name, _type(pa, inner)) for name, inner in fields.items()])
    return getattr(pa, kind if kind != "bool" else "bool_")()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON has it, without what UTF-8 cannot hold and without bytes. Raises ValueError for NaN."""
    row = {name: value for name, value in row.items() if name not in _pictures(row)}
    text = json.dumps(row, ensure_ascii=False, default=dict, allow_nan=False)
    return json.loads(without_halves(text))


def _pictures(row: Mapping[str, Any]) -> dict[str, Any]:
    """The column of a row's pictures where it holds the pictures themselves."""
    shown = cast("list[Any]", row.get("images") or [])
    return {"images": shown} if any(isinstance(one, dict) for one in shown) else {}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat = _plain(row)
    for name in TEXTS & flat.keys():
        flat[name] = json.dumps(flat[name])
    if (search := flat.get("model_ref", {}).get("search")) is not None:
        search["settings"] = json.dumps(search["settings"])
    return flat
