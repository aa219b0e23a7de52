"""Which runs the studio was opened on: a run is asked for by its name, never by a path that came with a request."""

import json
import os
from pathlib import Path

ENVIRONMENT = "JOURNEY_STUDIO_RUNS"


def opened() -> dict[str, Path]:
    """The runs by name, in the order they were given; two folders of one name get their parents' before it."""
    paths = [Path(path) for path in json.loads(os.environ.get(ENVIRONMENT, "[]"))]
    names = [path.name or "run" for path in paths]
    return {
        name if names.count(name) == 1 else _longer(path, number, paths): path
        for number, (name, path) in enumerate(zip(names, paths, strict=True))
    }


def _longer(path: Path, number: int, paths: list[Path]) -> str:
    name = f"{path.parent.name}/{path.name}"
    same = [other for other in paths if f"{other.parent.name}/{other.name}" == name]
    return name if len(same) == 1 else f"{name} ({number + 1})"
