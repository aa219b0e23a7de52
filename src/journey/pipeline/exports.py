"""What a run holds as rows in the forms of other projects; docs/exports.md has an example of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from journey.data import problems
from journey.data.problems import PARTS
from journey.data.prompt_sets import prompt_rows
from journey.errors import UsageError
from journey.store.run import Run
from journey.tasks.table import ask, check_gradable, shared_task

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """`part` is the run's part whose problems are written, alone; with `messages` prompts are chat messages."""

    part: str = "train"
    messages: bool = False


def foreign_rows(of: Run, what: str, form: str, options: ExportOptions) -> list[Row]:
    """The rows for `what` ("prompts") in the form of a project ("verl"). Raises UsageError where there are none."""
    if (what, form) not in ROWS:
        known = ", ".join(f"{one} --for {project}" for one, project in ROWS)
        raise UsageError(f"nothing is written as {what} --for {form}; there are {known}")
    return ROWS[what, form](of, form, options)


def _prompts(of: Run, form: str, options: ExportOptions) -> list[Row]:
    if options.part not in PARTS:
        raise UsageError(f"there is no part {options.part!r}; known are {', '.join(PARTS)}")
    found = problems.part(of, options.part)
    if not found:
        raise UsageError(
            f"{of.path} holds no problems in the part {options.part}; journey status {of.path} counts them"
        )
    shared_task(found)
    check_gradable(found, code=True)
    return list(prompt_rows(found, ask, form, part=options.part, messages=options.messages))


ROWS: dict[tuple[str, str], Callable[[Run, str, ExportOptions], list[Row]]] = {
    ("prompts", "trl"): _prompts,
    ("prompts", "verl"): _prompts,
    ("prompts", "openrlhf"): _prompts,
}
