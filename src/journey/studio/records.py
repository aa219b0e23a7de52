"""The opened runs and their records, read and never written; decoded trees are kept for the next click."""

import json
import os
from functools import lru_cache
from pathlib import Path

from journey.store.database import uid_of
from journey.store.run import Run
from journey.studio.facts import searched
from journey.types import Attempt, Thought, Tree, label, to_json

ENVIRONMENT = "JOURNEY_STUDIO_RUNS"
LOG_ENVIRONMENT = "JOURNEY_STUDIO_LOG"


def opened() -> dict[str, Path]:
    """The runs that the studio was opened on by name, in the order they were given.

    A run is asked for by its name, never by a path that came with a request. Two folders of one name get their parents'
    before it.
    """
    paths = [Path(path) for path in json.loads(os.environ.get(ENVIRONMENT, "[]"))]
    short = [path.name or "run" for path in paths]
    long = [f"{path.parent.name}/{path.name}" for path in paths]
    names = [
        one if short.count(one) == 1 else two if long.count(two) == 1 else f"{two} ({number})"
        for number, (one, two) in enumerate(zip(short, long, strict=True), 1)
    ]
    return dict(zip(names, paths, strict=True))


def run_at(path: Path) -> Run:
    """The run in that folder, opened once; opened anew when the run was made afresh. Raises UsageError without one."""
    return _opened(path, uid_of(path))


@lru_cache(maxsize=16)
def _opened(path: Path, uid: str) -> Run:
    return Run.read(path)


def tree_of(path: Path, id: str) -> Tree | None:
    """The tree of that id, null where the run has none."""
    try:
        return _tree(run_at(path), id)
    except KeyError:
        return None


@lru_cache(maxsize=8)
def _tree(run: Run, id: str) -> Tree:
    found = run.tree(id)
    if found is None:
        raise KeyError(id)  # what is not there yet is not remembered as missing
    return found


def thoughts_of_tree(path: Path, tree: str) -> list[Thought]:
    """The thoughts made of a tree, the longest first."""
    return sorted(run_at(path).thoughts(tree=tree), key=lambda t: (-len(t.text), t.method, t.id))


def attempts_of(path: Path, problem: str) -> list[Attempt]:
    """The attempts at a problem, by model, way of decoding and sample."""
    return sorted(run_at(path).attempts(problem=problem), key=lambda a: (label(a.model), a.decoding, a.sample))


def text_of(path: Path, table: str, id: str) -> str:
    """What is searched for words in a record; empty where the run has none of that id."""
    found = run_at(path).get(table, id)
    return "" if found is None else searched(to_json(found))
