"""What a run holds as rows in the forms of other projects; docs/exports.md has an example of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journey.data import problems
from journey.data.problems import PARTS
from journey.data.prompt_sets import prompt_rows
from journey.data.traces import trace_of
from journey.errors import UsageError
from journey.pipeline import registry
from journey.pipeline.merge import check_same
from journey.pipeline.trained_models import trained_or_named
from journey.store.run import Run
from journey.tasks.table import ask, check_gradable, shared_task
from journey.training.advantages import rllm_episode
from journey.types import Problem, Thought, Tree, content_hash

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """`part` is the run's part whose problems are written, alone; with `messages` prompts are chat messages.

    `model` is the one whose tokens advantages are for, null: one number a step.
    """

    part: str = "train"
    messages: bool = False
    model: str | None = None


def together(runs: Sequence[Run], rows: Callable[[Run], Iterable[Row]]) -> Iterable[Row]:
    """The rows of many runs of one recipe one after the other, those of shards say, without making one run of them.

    What several of them hold is written once. Raises UsageError where they were made with other settings, and for a
    record that two of them hold differently.
    """
    check_same(runs)
    return rows(runs[0]) if len(runs) == 1 else _once(runs, rows)


def _once(runs: Sequence[Run], rows: Callable[[Run], Iterable[Row]]) -> Iterator[Row]:
    holders: dict[str, tuple[str, Run]] = {}  # by a record's id, or what a row is
    for run in runs:
        for row in rows(run):
            content = content_hash("row", row)
            name = str(row.get("id", content))
            before, holder = holders.setdefault(name, (content, run))
            if holder is run:
                yield row
            elif before != content:
                raise UsageError(
                    f"{holder.path} and {run.path} hold {name} with different contents; export each of them by itself, "
                    "or leave one away"
                )


def foreign_rows(of: Run, what: str, form: str, options: ExportOptions) -> list[Row]:
    """The rows for `what` ("prompts", "trees") in a project's form ("verl"). Raises UsageError where there are none."""
    if (what, form) not in ROWS:
        known = ", ".join(f"{one} --for {project}" for one, project in ROWS)
        raise UsageError(f"nothing is written as {what} --for {form}; there are {known}")
    return ROWS[what, form](of, what, form, options)


def _problems(of: Run, form: str, options: ExportOptions) -> list[Problem]:
    if options.part not in PARTS:
        raise UsageError(f"there is no part {options.part!r}; known are {', '.join(PARTS)}")
    found = problems.part(of, options.part)
    if not found:
        raise UsageError(
            f"{of.path} holds no problems in the part {options.part}; journey status {of.path} counts them"
        )
    if form != "trl" and any(problem.images for problem in found):
        raise UsageError(f"problems with pictures are written for trl, not for {form}; docs/pictures.md says how")
    return found


def _prompts(of: Run, what: str, form: str, options: ExportOptions) -> list[Row]:
    found = _problems(of, form, options)
    shared_task(found)
    check_gradable(found, code=True)
    return list(prompt_rows(found, ask, form, part=options.part, messages=options.messages))


def _traces(of: Run, what: str, form: str, options: ExportOptions) -> list[Row]:
    """The trees or thoughts of a part's problems."""
    known = {problem.id: problem for problem in _problems(of, form, options)}
    records: Iterable[Tree | Thought] = of.trees() if what == "trees" else of.thoughts()
    rows = [trace_of(record, known[record.problem], ask) for record in records if record.problem in known]
    if not rows:
        raise UsageError(f"{of.path} holds no {what} in the part {options.part}; journey status {of.path} counts them")
    return list(rows)


def _advantages(of: Run, what: str, form: str, options: ExportOptions) -> list[Row]:
    """The trees of a part's problems that have values, or checked ends to give them."""
    known = {problem.id: problem for problem in _problems(of, form, options)}
    encoder = None if options.model is None else registry.encoder(trained_or_named(of, options.model))
    found = (rllm_episode(tree, known[tree.problem], ask, encoder) for tree in of.trees() if tree.problem in known)
    rows = [episode for episode in found if episode is not None]
    if not rows:
        raise UsageError(
            f"{of.path} holds no trees with values or checked ends in the part {options.part}; journey judge "
            f"{of.path} --values leaves measures them"
        )
    return list(rows)


ROWS: dict[tuple[str, str], Callable[[Run, str, str, ExportOptions], list[Row]]] = {
    ("prompts", "trl"): _prompts,
    ("prompts", "verl"): _prompts,
    ("prompts", "openrlhf"): _prompts,
    ("advantages", "rllm"): _advantages,
    ("trees", "verifiers"): _traces,
    ("thoughts", "verifiers"): _traces,
}
