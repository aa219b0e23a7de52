"""Single records of the opened runs, read and never written; decoded trees are kept for the next click."""

from functools import lru_cache
from pathlib import Path

from journey.store.database import NAME, connect_reading, meta
from journey.store.run import Run
from journey.types import Attempt, Problem, Thought, Tree, label


def uid_of(path: Path) -> str:
    """The name that the run in that folder was born with; a run made afresh has another. UsageError without a run."""
    reading = connect_reading(path)
    try:
        return str(meta(reading, path / NAME, "uid"))
    finally:
        reading.close()


def run_at(path: Path) -> Run:
    """The run in that folder, opened once; opened anew when the run was made afresh. Raises UsageError without one."""
    return _opened(path, uid_of(path))


@lru_cache(maxsize=16)
def _opened(path: Path, uid: str) -> Run:
    return Run.read(path)


def problem_of(path: Path, id: str) -> Problem | None:
    """The problem of that id, null where the run has none."""
    return run_at(path).problem(id)


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


def thought_of(path: Path, id: str) -> Thought | None:
    """The thought of that id, null where the run has none."""
    return run_at(path).thought(id)


def thoughts_of_tree(path: Path, tree: str) -> list[Thought]:
    """The thoughts told of a tree, the long ones first."""
    found = list(run_at(path).thoughts(tree=tree))
    return sorted(found, key=lambda t: (t.method == "shortcut", t.method, t.id))


def text_of(path: Path, table: str, id: str) -> str:
    """What is searched for words in a record: question, steps or text; empty where the run has none of that id."""
    match run_at(path).get(table, id):
        case Problem() as found:
            return found.question
        case Tree() as found:
            return "\n".join(node.text for node in found.nodes)
        case Thought() | Attempt() as found:
            return found.text
        case _:
            return ""


def attempt_of(path: Path, id: str) -> Attempt | None:
    """The attempt of that id, null where the run has none."""
    return run_at(path).attempt(id)


def attempts_of(path: Path, problem: str) -> list[Attempt]:
    """The attempts at a problem, by model, way of decoding and sample."""
    found = list(run_at(path).attempts(problem=problem))
    return sorted(found, key=lambda a: (label(a.model), a.decoding, a.sample))
