"""Sets of labelled steps by name: a task's own, a run's judged trees, a file, or all files of a folder."""

from collections.abc import Callable
from pathlib import Path

from journey import interrupts
from journey.data.step_labels import is_prm800k, load, load_prm800k, of_trees
from journey.errors import UsageError
from journey.store.run import Run
from journey.tasks.labelled import LabelledSet
from journey.tasks.table import TASKS

DRAWN = 200  # solutions of a task's own set, where no limit is given
WITH_SETS = [name for name, task in TASKS.items() if task.labelled_set is not None]
"""The tasks that have a set of their own."""


def labelled_sets(
    name: str, limit: int | None = None, seed: int = 0, on_skip: Callable[[str], None] = lambda reason: None
) -> list[LabelledSet]:
    """The sets that a name means, of at most `limit` solutions each. Raises UsageError.

    `on_skip` takes the reason for every file of a folder that holds no such set.
    """
    path = Path(name)
    if name in TASKS and not path.exists() and (labelled_set := TASKS[name].labelled_set) is not None:
        return [labelled_set(limit or DRAWN, seed)]
    if (path / "run.db").is_file():
        return [_of_run(path, limit)]
    if not path.exists() and path.name == path.stem == name:
        raise UsageError(
            f"there is no set of labelled steps {name!r}; give a file, a folder, a run, a data set of the Hub such as "
            f"OWNER/NAME, or {' or '.join(WITH_SETS)}"
        )
    if not path.is_dir():
        return [_of_file(path, limit)]
    found: list[LabelledSet] = []
    for file in sorted(path.iterdir()):
        try:
            found.append(_of_file(file, limit))
        except UsageError as error:
            on_skip(str(error))
    if not found:
        raise UsageError(f"{path} holds no files of labelled steps")
    return found


def _of_file(path: Path, limit: int | None) -> LabelledSet:
    return interrupts.run(load_prm800k(path, limit)) if is_prm800k(path) else load(path, limit)


def _of_run(path: Path, limit: int | None) -> LabelledSet:
    with Run.read(path) as of:
        problems = {p.id: p for p in of.problems()}
        trees = [t for t in of.trees() if t.problem in problems][:limit]
    found = of_trees(path.name, ((problems[tree.problem], tree) for tree in trees))
    if not found.items:
        raise UsageError(f"{path} holds no trees with judged steps; grow some with journey grow --out {path}")
    return found
