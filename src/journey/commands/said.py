"""What the commands share: opening runs, and saying what came out to a person or as JSON."""

import json as jsons
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from journey import build
from journey.errors import UsageError
from journey.puzzles.countdown import parse_puzzle
from journey.store.run import Run
from journey.store.schema import Failure
from journey.training.rows import Row, dpo_rows, sft_rows
from journey.trees.mark import right_leaves, wrong_branches
from journey.types import Attempt, Problem, Thought, Tree

METHODS = {"journey": "traverse", "shortcut": "shortcut"}


def writing(path: Path) -> Run:
    if not (path / "run.db").is_file():
        raise UsageError(f"there is no run in {path}; give the folder of one, such as runs/countdown")
    return Run.open(path)


def reading(path: Path) -> Run:
    if not (path / "run.db").is_file():
        raise UsageError(f"there is no run in {path}; give the folder of one, such as runs/countdown")
    return Run.read(path)


def all_problems(of: Run) -> list[Problem]:
    return [p for p in of.all("problems") if isinstance(p, Problem)]


def task_of(asked: Iterable[Problem]) -> build.Task:
    """The task of a run's problems: Countdown where the first one is a puzzle's question."""
    first = next(iter(asked), None)
    if first is None:
        raise UsageError("the run holds no problems; import some first")
    try:
        parse_puzzle(first.question)
    except UsageError:
        return build.task("math")
    return build.task("countdown")


def training_rows(of: Run, kind: str, arm: str) -> list[Row]:
    asked = all_problems(of)
    ask = task_of(asked).ask
    if kind == "dpo":
        rows = dpo_rows((a for a in of.all("attempts", split="train") if isinstance(a, Attempt)), asked, ask)
        if not rows:
            raise UsageError("no training problem has right and wrong attempts; draw some: journey eval --split train")
        return rows
    if arm not in METHODS:
        raise UsageError(f"there is no arm {arm!r}; known are journey and shortcut")
    rows = sft_rows((t for t in of.all("thoughts", method=METHODS[arm]) if isinstance(t, Thought)), asked, ask)
    if not rows:
        raise UsageError(f"{of.path} holds no thoughts for the arm {arm}; make them with journey derive {of.path}")
    return rows


def tree_counts(trees: Sequence[Tree]) -> dict[str, int]:
    right = [tree for tree in trees if right_leaves(tree)]
    return {
        "trees with a right leaf": len(right),
        "of those, with wrong branches beside it": sum(bool(wrong_branches(tree)) for tree in right),
        "trees without a right leaf": len(trees) - len(right),
    }


def two_columns(title: str, said: Mapping[str, Any]) -> Table:
    grid = Table(title=title, title_justify="left", show_header=False)
    for key, value in said.items():
        grid.add_row(key, str(value))
    return grid


def say(json: bool, data: Mapping[str, Any], human: Any) -> int:
    if json:
        print(jsons.dumps(data, ensure_ascii=False))
    else:
        Console().print(human)
    return 0


def failed_units(failures: Sequence[Failure]) -> int:
    for failure in failures[:10]:
        print(f"failed: {failure.station} {failure.unit}: {failure.reason}", file=sys.stderr)
    if len(failures) > 10:
        print(f"and {len(failures) - 10} more, in the report", file=sys.stderr)
    return 1 if failures else 0
