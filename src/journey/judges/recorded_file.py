"""Recorded judge outputs read from a file, joined with the solutions that were judged.

A row names its `model` and holds what it said (forms: `judges.recorded`). It carries the `question` and the `steps`
itself, or names the `dataset` and `id` of a row in a file beside it (or in a folder beside that one).
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.judges.base import JudgeKind
from journey.judges.recorded import Recorded, Recording, judgements
from journey.store import datafiles
from journey.tasks.labelled import Labelled, LabelledSet

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".parquet")


Load = Callable[[Path], LabelledSet]


def load_recorded(named: str, load: Load) -> Recorded:
    """The recorded judge of "FILE#MODEL"; MODEL may be left out where the file holds only one. Raises UsageError.

    `load` reads a set of labelled steps.
    """
    file, _, model = named.partition("#")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file}; give one with recorded judgements, as in recorded:FILE#MODEL")
    rows = list(datafiles.rows(Path(file)))
    models = list(dict.fromkeys(str(row.get("model", "")) for _, row in rows))
    if model not in models and (model or len(models) > 1):
        lacking = f"nothing of {model}" if model else "several models"
        raise UsageError(f"{file} holds {lacking}; name one of {', '.join(models)} as in recorded:{file}#{models[0]}")
    chosen = model or models[0]
    by = f"recorded:{chosen}" if chosen else f"recorded:{Path(file).name}"
    found = (row for row in rows if str(row[1].get("model", "")) == chosen)
    return Recorded(_recordings(Path(file), found, by, load), by)


def _recordings(file: Path, rows: Iterator[tuple[str, Mapping[str, Any]]], by: str, load: Load) -> Iterator[Recording]:
    sets: dict[str, dict[str, Labelled]] = {}
    for where, row in rows:
        match row:
            case {"question": str(question), "steps": [*steps]} if all(isinstance(step, str) for step in steps):
                yield Recording(question, tuple(steps), judgements(row, [1] * len(steps), by, where))
            case {"dataset": str(dataset), "id": id}:
                if dataset not in sets:
                    sets[dataset] = {item.id: item for item in load(_beside(file, dataset, where)).items}
                item = sets[dataset].get(str(id))
                if item is None:
                    raise UsageError(f"{where} is about the row {id!r} of {dataset}, which is not there")
                yield Recording(item.problem.question, item.steps, judgements(row, item.pieces, by, where))
            case _:
                raise UsageError(f"{where} must have question and steps, or dataset and id, of what was judged")


def _beside(file: Path, dataset: str, where: str) -> Path:
    """The file of a set, in the folder of the recordings or in one beside it."""
    names = [dataset + ending for ending in ENDINGS]
    folders = [file.parent, *sorted(folder for folder in file.resolve().parent.parent.iterdir() if folder.is_dir())]
    for folder in folders:
        for name in names:
            if "/" not in name and (folder / name).is_file():
                return folder / name
    raise UsageError(f"{where} is about the set {dataset}; put {names[0]} into {file.parent}")


KIND = JudgeKind("recorded:FILE#MODEL", lambda ref, settings, sources: load_recorded(ref.model, sources.labelled))
