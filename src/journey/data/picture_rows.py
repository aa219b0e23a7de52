"""Rows with pictures as files of rows: the names of pictures become what other programs read them by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store import images

Row = Mapping[str, Any]
COLUMN = "images"


def with_pictures(rows: Iterable[Row], runs: Sequence[Path], to: Path, *, records: bool) -> Iterator[Row]:
    """The rows as the file `to` holds them; their pictures are found in the runs.

    Records keep the names, and the pictures lie in the folder `images` beside the file. Rows to train on hold in JSONL
    the paths of those files, from the file's folder, and in Parquet the pictures themselves, which
    `datasets.load_dataset` decodes; where one has pictures every row has the column. Raises UsageError for rows to
    train on that are no chat messages, and where a picture is missing.
    """
    if records:
        for row in rows:
            _beside(row.get(COLUMN) or (), runs, to)
            yield row
        return
    given = list(rows)
    if not any(row.get(COLUMN) for row in given):
        yield from given
        return
    for row in given:
        names: Sequence[str] = row.get(COLUMN) or ()
        if isinstance(row.get("prompt"), str):
            raise UsageError("the problems have pictures, and rows with pictures are chat messages; add --messages")
        if to.suffix == ".parquet":
            found: list[Any] = [_embedded(name, runs) for name in names]
        else:
            found = _beside(names, runs, to)
        yield {**row, COLUMN: found}


def _beside(names: Iterable[str], runs: Sequence[Path], to: Path) -> list[str]:
    """The paths of the pictures beside the file, once they lie there."""
    paths: list[str] = []
    for name in names:
        holder = _holder(name, runs)
        images.take([name], holder, to.parent)
        file = images.find(to.parent, name)
        assert file is not None
        paths.append(file.relative_to(to.parent).as_posix())
    return paths


def _embedded(name: str, runs: Sequence[Path]) -> dict[str, Any]:
    """A picture in the form of Hugging Face's data sets."""
    holder = _holder(name, runs)
    data, _ = images.read(holder, name)
    file = images.find(holder, name)
    return {"bytes": data, "path": file.name if file else None}


def _holder(name: str, runs: Sequence[Path]) -> Path:
    return next((run for run in runs if images.find(run, name) is not None), runs[0])
