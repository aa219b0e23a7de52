"""The rows of anybody's data, one by one: JSONL, JSON, Parquet, Hugging Face data sets; gzipped or not."""

import gzip
import json
import re
import zlib
from base64 import b64encode
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, Literal, cast

from journey.errors import UsageError
from journey.store.parquet import pyarrow

Format = Literal["auto", "jsonl", "json", "parquet", "hub"]
Row = Mapping[str, Any]
BATCH = 128  # rows of a Parquet file read together, which may hold pictures
_OR_HUB = ", or give a Hub name such as owner/name"


def rows(path: str | Path, *, format: Format = "auto", split: str | None = None) -> Iterator[tuple[str, Row]]:
    """The rows of a data set one by one, each with its place for messages ("FILE line 3")."""
    file = Path(path)
    kind = _kind(file, str(path)) if format == "auto" else format
    if kind == "hub":
        return _hub_rows(str(path), split or "train")
    _check(file, f"there is no file {path}; check the path{'' if format != 'auto' else _OR_HUB}")
    if split is not None:
        raise UsageError(f"{path} is a single file and has no split {split!r}; leave the split out")
    return {"jsonl": _jsonl_rows, "json": _json_rows, "parquet": _parquet_rows}[kind](file)


def _kind(file: Path, name: str) -> Format:
    suffixes = [suffix for suffix in file.suffixes if suffix != ".gz"]
    match suffixes[-1] if suffixes else "":
        case ".jsonl" | ".ndjson":
            return "jsonl"
        case ".json":
            return "json"
        case ".parquet":
            return "parquet"
        case _:
            pass
    if file.is_file():
        raise UsageError(f"{name}: unknown kind of file; name it .jsonl, .json or .parquet")
    is_hub_name = re.fullmatch(r"[\w.-]+(/[\w.-]+)?(:[\w.-]+)?", name) and not name.startswith(".")
    return "hub" if file.is_dir() or is_hub_name else "jsonl"


def _check(file: Path, no_file: str) -> None:
    if not file.is_file():
        raise UsageError(no_file)
    if file.stat().st_size == 0:
        raise UsageError(f"{file} is empty; give a file with its data, one entry a row")


def lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, unpacked if it is gzipped, without a mark of their byte order.

    Raises UsageError where there is no file, or an empty or damaged one.
    """
    _check(file, f"{file} is a folder; give the files in it" if file.is_dir() else f"{file} does not exist")
    # Bytes, because lines end at \n only: a text stream would also cut at the other line ends inside strings.
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            yield from enumerate((line.removeprefix(BOM_UTF8) for line in stream), 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{file} is not a whole gzip file ({error}); compress or download it again") from error


def _jsonl_rows(file: Path) -> Iterator[tuple[str, Row]]:
    for number, line in lines(file):
        if line.strip():
            yield f"{file} line {number}", row_of(line, f"{file} line {number}")


def row_of(text: bytes, place: str) -> Row:
    """The row that a line of JSONL is. Raises UsageError with the place."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", error)
        raise UsageError(f"{place} is not JSON ({reason}); each line must be one JSON object") from error
    if not isinstance(row, dict):
        raise UsageError(f'{place} is not a JSON object; each row must be one, such as {{"question": ..., ...}}')
    return cast("Row", row)


def _json_rows(file: Path) -> Iterator[tuple[str, Row]]:
    text = b"".join(line for _, line in lines(file))
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith(b"{") and b"\n" in text.strip():
            yield from _jsonl_rows(file)  # one object a line under the name .json is common
            return
        raise UsageError(f"{file} is not JSON ({error}); give a list of objects, or one object a line") from error
    if isinstance(data, dict):
        lists: list[Any] = [value for value in cast("Row", data).values() if isinstance(value, list)]
        data = lists[0] if len(lists) == 1 else [data]
    rows = cast("list[Any]", data) if isinstance(data, list) else [data]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UsageError(f"{file} entry {number} is not a JSON object; each entry must be one")
        yield f"{file} entry {number}", row


def _parquet_rows(file: Path) -> Iterator[tuple[str, Row]]:
    arrow, parquet = pyarrow()
    try:
        table = parquet.ParquetFile(file)
        batches = (row for batch in table.iter_batches(batch_size=BATCH) for row in batch.to_pylist())
        for number, row in enumerate(batches, 1):
            yield f"{file} row {number}", row
    except (arrow.ArrowException, OSError) as error:
        raise UsageError(f"{file} is not a readable Parquet file ({error}); write or download it again") from error


def _hub_rows(name: str, split: str) -> Iterator[tuple[str, Row]]:
    try:
        load_dataset = import_module("datasets").load_dataset
    except ImportError as error:
        raise UsageError(f"reading the data set {name} needs datasets; install journey-learning[train]") from error
    path, _, config = name.partition(":")
    try:
        data = load_dataset(path, config or None, split=split, streaming=True)
        for number, row in enumerate(data.decode(False), 1):  # pictures as their bytes
            yield f"{name} ({split}) row {number}", row
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UsageError(
            f"the data set {name} ({split}) cannot be read: {reason.rstrip('.')}; check its name and split, or give "
            "a file"
        ) from error


def as_json(value: Any) -> Any:
    """A cell as strict JSON has it: no number for NaN and infinity, times in ISO 8601, bytes in base64."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else None
        case bytes():
            return b64encode(value).decode("ascii")
        case Mapping():
            return {str(name): as_json(one) for name, one in cast("Mapping[Any, Any]", value).items()}
        case list() | tuple():
            return [as_json(one) for one in cast("list[Any]", value)]
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
