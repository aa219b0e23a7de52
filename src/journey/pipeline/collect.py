"""Runs a recipe whose goal is thoughts: problems or rated trees, then thoughts, rows to train on, and a student."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from journey.data import prm800k, problems
from journey.data.curation import curate
from journey.data.importing import put_rated
from journey.errors import UsageError
from journey.pipeline import registry
from journey.pipeline.collection import Collection
from journey.pipeline.derive import Methods, chosen
from journey.pipeline.fan_out import Progress, silent
from journey.pipeline.registry import Models
from journey.pipeline.stages import grow_trees, refuse_retrained, train
from journey.store.excluded import excluded
from journey.store.export import write_rows
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, task
from journey.training.rows import Row, sft_rows
from journey.types import Problem

PART = "train"
CURATION = "curation"


async def collect(run: Run, wanted: Collection, models: Models, progress: Progress = silent) -> None:
    """Everything up to the rows, in the run; what failed is listed there. Raises UsageError, BudgetReached."""
    await store_problems(run, wanted, progress)
    check_student(wanted, list(run.problems(split=PART)))
    if wanted.tells_trees and not wanted.trees.prm800k:
        await grow_wanted(run, wanted, models, progress)
    methods = Methods(run, wanted, task(wanted.task), models, progress)
    try:
        for method in wanted.methods:
            await methods.make(method)
        await methods.refine(wanted.telling.refine)
    finally:
        methods.close()


def check_student(wanted: Collection, problems: Sequence[Problem]) -> None:
    """Raises UsageError for a student that cannot read what it would be trained on, as far as that is known.

    Before anything is asked that is the problems as they are asked, and the solutions that are to be rewritten.
    """
    if wanted.student is None:
        return
    texts = [ask(problem, ()).text for problem in problems]
    if any(phase.method == "rewrite" for phase in wanted.phases):
        texts += [problem.solution for problem in problems if problem.solution is not None]
    if missing := registry.lacking(registry.model_path(wanted.student), texts):
        raise UsageError(
            f"the student {wanted.student} cannot read {len(missing)} of {len(texts)} problems and solutions, such as "
            f"{missing[0]!r}, and nothing was asked yet; choose a student whose vocabulary has it"
        )


async def grow_wanted(run: Run, wanted: Collection, models: Models, progress: Progress = silent) -> int:
    """The trees of the run's problems by the recipe's model and judge; how many failed."""
    out = excluded(run)
    judge = models.judge(wanted.judge, wanted.helper, wanted.judge_settings)
    refuse_retrained(run, judge.name, registry.judge_weights(wanted.judge, wanted.helper))
    return await grow_trees(
        run,
        [p for p in run.problems(split=PART) if p.id not in out],
        models.model(wanted.model),
        judge,
        task(wanted.task),
        replace(wanted.trees.grow, seed=wanted.seed),
        in_flight=wanted.in_flight,
        progress=progress,
    )


async def store_problems(run: Run, wanted: Collection, progress: Progress = silent) -> None:
    """Stores the problems that pass the curation, and rated trees where those are wanted; logs what was left out."""
    if wanted.trees.prm800k:
        progress("import", 0, 1)
        grader = TaskGrader()
        try:
            put_rated(run, await prm800k.read(wanted.trees.prm800k, grader, wanted.problems.limit))
        finally:
            grader.close()
        progress("import", 1, 1)
    if wanted.problems.file is None or run.count("problems", split=PART):
        return
    found, dropped = make_problems(wanted)
    if dropped:
        run.log(CURATION, {"dropped": dropped})
    run.put_all("problems", found, split=PART)


def make_problems(wanted: Collection) -> tuple[list[Problem], dict[str, int]]:
    """The problems of the file or Hub id that are kept, and how many were dropped for which reason."""
    source = wanted.problems
    if source.file is None:
        return [], {}
    if source.curate is None:
        return _read(wanted, source.limit), {}
    curated = curate(_read(wanted, None), source.curate)
    return list(curated.kept[: source.limit]), {reason: len(ids) for reason, ids in curated.dropped.items()}


def _read(wanted: Collection, limit: int | None) -> list[Problem]:
    assert wanted.problems.file is not None
    return problems.load_for(task(wanted.task), wanted.problems.file, split=wanted.problems.split, limit=limit)


def rows_of(run: Run, method: str, *, messages: bool = False) -> list[Row]:
    """The rows to train on of one method's thoughts, refined where they were refined."""
    out = excluded(run)
    told = [t for t in run.thoughts(method=method) if t.problem not in out]
    asked = list(run.problems())
    return sft_rows(chosen(told), asked, ask, messages=messages)


def write_all_rows(run: Run, wanted: Collection) -> dict[str, int]:
    """Writes RUN/rows/METHOD.jsonl for every method with thoughts; how many rows each has."""
    written: dict[str, int] = {}
    for method in wanted.methods:
        if rows := rows_of(run, method):
            (run.path / "rows").mkdir(exist_ok=True)
            written[method] = write_rows(rows, run.path / "rows" / f"{method}.jsonl")
    return written


def teach(run: Run, wanted: Collection, progress: Progress = silent) -> list[Path]:
    """Trains the student on the phases, each from where the one before ended; the folders of the models."""
    made: list[Path] = []
    if wanted.student is None:
        return made
    base = registry.model_path(wanted.student)
    for number, phase in enumerate(wanted.phases, 1):
        rows = rows_of(run, phase.method)
        if not rows:
            raise UsageError(
                f"no thought by {phase.method} is there to train the student on; see journey status {run.path}"
            )
        settings = replace(phase.training, seed=wanted.seed)
        made.append(train(run, f"phase-{number}-{phase.method}", made[-1] if made else base, rows, settings, progress))
    return made
