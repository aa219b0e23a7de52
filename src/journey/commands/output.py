"""What the commands share: opening runs, and saying what came out, to a person or as JSON."""

import json as jsons
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from journey.data.problems import PARTS
from journey.errors import UsageError
from journey.pipeline.shard import Shard
from journey.store.entries import Failure
from journey.store.run import Run

WIDE = 120  # columns, where no terminal says how many it has
SHOWN = 10  # failures that are written out


def writing(path: Path) -> Run:
    """The run to write. Raises UsageError where there is none."""
    check_run(path)
    return Run.open(path)


def reading(path: Path) -> Run:
    """The run to read. Raises UsageError where there is none."""
    check_run(path)
    return Run.read(path)


def check_run(path: Path) -> None:
    """Raises UsageError where there is no run."""
    if not (path / "run.db").is_file():
        raise UsageError(f"there is no run in {path}; give the folder of one, such as runs/countdown")


def check_part(name: str) -> None:
    """Raises UsageError for a part of the problems that no run has."""
    if name not in PARTS:
        raise UsageError(f"there is no part {name!r} of a run's problems; known are {', '.join(PARTS)}")


def tree_lines(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What `pipeline.holdings.tree_counts` counts, for a person."""
    return [
        ("trees", counts["trees"]),
        ("  with a right leaf", counts["with_right_leaf"]),
        ("    and wrong branches beside it", counts["with_wrong_branches"]),
        ("  without a right leaf", sum(counts["no_thought"].values())),
        *((f"    {reason}", number) for reason, number in counts["no_thought"].items()),
        *([("  steps with a value", counts["steps_with_value"])] if counts["steps_with_value"] else []),
    ]


def side_trip_lines(counts: Mapping[str, int], method: str, of: int) -> list[tuple[str, Any]]:
    """Side trips for a person, below the method's thoughts; the others are their shortcuts, letter by letter."""
    return [("    with a side trip", f"{counts[method]} of {of}")] if method in counts else []


def sheet(title: object, lines: Iterable[tuple[str, Any]], values: Literal["left", "right"] = "right") -> Table:
    """A table of two columns; words stand at the left of theirs, figures at the right."""
    grid = Table(title=Text(str(title)), title_justify="left", show_header=False)
    grid.add_column()
    grid.add_column(justify=values)
    for name, value in lines:
        grid.add_row(Text(name), Text(str(value)))
    return grid


def console() -> Console:
    """Standard output for a person, wide enough where it is a file."""
    fixed = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if fixed else WIDE, highlight=False, soft_wrap=False)


def say(json: bool, data: Mapping[str, Any], *human: RenderableType) -> None:
    """The one JSON object, or what a person reads."""
    if json:
        print(jsons.dumps(data, allow_nan=False, default=str))
    else:
        out = console()
        for part in human:
            out.print(Text(part) if isinstance(part, str) else part, soft_wrap=isinstance(part, str))


def say_empty(run: Path, part: Shard, json: bool) -> int:
    """Says that a shard has nothing to do, which is no failure; the exit code."""
    say(json, {"run": str(run), "problems": 0}, f"shard {part} holds none of the problems; {run} is there to be merged")
    return 0


def own_language_words(number: int) -> str:
    """Half a sentence on the thoughts among rows that were not retold in the language asked for; "" for none."""
    if not number:
        return ""
    return f"; {number} of them are in their own language, as nobody retold them or no try kept them whole"


def failed_units(failures: Sequence[Failure]) -> int:
    """Lists what failed on standard error; the exit code."""
    for failure in failures[:SHOWN]:
        print(f"failed: {failure.stage} {failure.unit}: {failure.reason}", file=sys.stderr)
    if len(failures) > SHOWN:
        print(f"failed: and {len(failures) - SHOWN} more; journey status --json lists them", file=sys.stderr)
    return 1 if failures else 0
