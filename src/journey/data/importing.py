"""Files become part of a run: problems, benchmarks, rated trees, labelled solutions and a run's own exported records.

Each function gives what came in as a mapping for JSON. All raise UsageError for what cannot be read, and for problems
that would be both trained on and tested on.
"""

import shutil
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from journey.data import benchmarks, prm800k, problems
from journey.data.choosing import disjoint
from journey.data.columns import Columns
from journey.data.problems import PARTS
from journey.data.row_records import Imported, Listed
from journey.errors import UsageError
from journey.store import images
from journey.store.database import discard
from journey.store.datafiles import rows
from journey.store.entries import ImportListing
from journey.store.export import import_file
from journey.store.faults import StoreDamaged
from journey.store.files import NAME
from journey.store.run import Run
from journey.tasks.base import Task
from journey.types import EMPTY, Problem, make_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFiles:
    """How files of problems are read, and into which `part` of the run.

    `task` reads files of its own form (`Task.read`); null: they hold problems in words, in these `columns`. `hub_split`
    is the split of a Hub data set; at most `limit` problems are read. `language` is that of all, not their rows' own.
    """

    part: str
    task: Task | None = None
    columns: Columns = Columns()
    hub_split: str | None = None
    limit: int | None = None
    language: str | None = None


@contextmanager
def opened(out: Path, config: Mapping[str, Any] | None = None, ignore: Sequence[str] = ()) -> Generator[Run]:
    """The run that something is brought into (see `Run.open`); a new one is removed again where that fails."""
    is_new, had_run = not out.exists(), (out / NAME).exists()
    try:
        with Run.open(out, config, ignore=ignore) as into:
            yield into
    except (UsageError, StoreDamaged):
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        elif not had_run and out.is_dir():
            discard(out)
        raise


def check_files(files: Sequence[str]) -> None:
    """Raises UsageError at the first file that is not there."""
    for file in files:
        if not Path(file).is_file():
            raise UsageError(f"there is no file {file}; check the path")


def import_problems(into: Run, files: Sequence[str], how: ProblemFiles) -> dict[str, Any]:
    """Problems of files or Hub ids. Rows that a run exported keep their ids, parts and tasks."""
    parts: dict[str, list[Problem]] = {how.part: []}
    found, exported = parts[how.part], list[str]()
    left_out, taken_in = Counter[str](), Counter[str]()
    unreadable: list[str] = []
    keep = partial(images.put, into.path)
    for file in files:
        room = None if how.limit is None else how.limit - len(found)
        if room == 0:
            break
        if how.task is not None:
            found += problems.load_for(how.task, file, limit=room, keep=keep)
        elif _is_exported(file):
            exported.append(file)
            for _, row in rows(file):
                problem = make_problem(str(row["question"]), str(row["answer"]), images=tuple(row.get("images") or ()))
                parts.setdefault(str(row.get("split") or how.part), []).append(problem)
        else:
            loaded = problems.read(file, columns=how.columns, split=how.hub_split, limit=room, keep=keep)
            found += loaded.problems
            left_out.update({"repeated": loaded.duplicates, "without an answer": loaded.unanswered})
            taken_in += loaded.taken_in
            unreadable += loaded.unreadable
    found[:] = problems.in_language(found, how.language)
    for part, those in parts.items():
        check_disjoint(into, those, part, parts)
    before = into.count("problems")
    for file in exported:
        take_exported(into, file)
        import_file(into, "problems", file, split=how.part)
    if not exported:
        into.put_all("problems", found, split=how.part)
    now = {part: n for part in PARTS if (n := into.count("problems", split=part))}
    new = into.count("problems") - before
    return {
        "read": sum(map(len, parts.values())), "left_out": left_out, "taken_in": taken_in, "unreadable": unreadable,
        "new": new, "problems": now,
    }  # fmt: skip


def take_exported(into: Run, file: str) -> None:
    """Brings the pictures that lie beside a run's exported problems into the run. Raises UsageError for one missing."""
    names = [str(name) for _, row in rows(file) for name in row.get("images") or ()]
    images.take(names, Path(file).parent, into.path)


def _is_exported(file: str) -> bool:
    """Whether the rows are a run's own (`journey export RUN problems`)."""
    if not Path(file).is_file() or Path(file).suffix == ".json":
        return False
    first = next((row for _, row in rows(file)), {})
    return {"schema", "id", "question", "answer"} <= first.keys()


def import_benchmark(
    into: Run, name: str, file: str | None, limit: int | None, part: str, language: str | None = None
) -> dict[str, Any]:
    """A benchmark by its name, from the Hub or from a file; `language` is that of all, whatever their rows say."""
    loaded = benchmarks.load(name, file, limit)
    found = problems.in_language(loaded.problems, language)
    check_disjoint(into, found, part)
    before = into.count("problems")
    into.put_all("problems", found, split=part)
    return {
        "benchmark": loaded.problems[0].source if loaded.problems else name,
        "part": part,
        "read": len(loaded.problems),
        "new": into.count("problems") - before,
        "licence": benchmarks.benchmark(name).licence,
        "left_out": {"repeated": loaded.duplicates, "without an answer": loaded.unanswered},
    }


def import_records(into: Run, table: str, files: Sequence[str]) -> dict[str, Any]:
    """Records of one table that `journey export` wrote; `without_problem` counts those whose problem is not there."""
    before = into.count(table)
    read = {file: import_file(into, table, file) for file in files}
    if not sum(read.values()):
        raise UsageError(f"{', '.join(files)} holds no rows; give a file that journey export wrote")
    known = into.ids("problems")
    lost = sum(getattr(record, "problem", "") not in known for record in into.all(table))
    return {"table": table, "read": read, "new": into.count(table) - before, "without_problem": lost}


def had_a_tree(into: Run, found: Imported) -> int:
    """How many problems of PRM800K's rows have another tree of theirs in the run."""
    kept = {tree.id for tree in found.trees}
    return sum(bool(into.ids("trees", problem=p.id, policy=prm800k.POLICY) - kept) for p in found.problems)


def store_rated(into: Run, found: Imported) -> dict[str, Any]:
    """Stores rated trees; how many rows joined a tree or gave none, by reason."""
    check_disjoint(into, found.problems, "train")
    put_rated(into, found)
    merged, broken = (Counter(_grouped(x) for x in found.listed if x.kind == kind) for kind in ("merged", "no tree"))
    number = len(found.trees) + merged.total() + broken.total()
    return {"rows": number, "merged": merged, "no_tree": broken}


def put_rated(run: Run, found: Imported) -> None:
    """Stores rated trees with their problems; what became of rows that gave none is logged, each once."""
    run.put_all("problems", found.problems, split="train")
    run.put_all("trees", found.trees)
    known = set(run.entries(ImportListing))
    run.add(*(one for one in (ImportListing(**asdict(row)) for row in found.listed) if one not in known))


def _grouped(listed: Listed) -> str:
    """The reason without what differs from row to row."""
    if listed.kind == "merged":
        return "a plain duplicate" if listed.reason.endswith("with no new steps") else "with new steps"
    return listed.reason


def check_disjoint(
    into: Run, found: Sequence[Problem], part: str, coming: Mapping[str, Sequence[Problem]] = EMPTY
) -> None:
    """Raises UsageError for problems to be trained on that are tested on, in the run or among those `coming` too."""
    for other in PARTS:
        if other != part and {"validation", "test"} & {other, part}:
            disjoint(found, [*into.problems(split=other), *coming.get(other, ())])
