"""journey grade: answers in a file, checked against the reference beside them."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from journey.commands import flags
from journey.commands.output import say, sheet
from journey.data.answer_files import AnswerColumns, graded
from journey.errors import UsageError
from journey.store.export import write_rows

File = Annotated[
    Path, typer.Argument(help="Rows with reference and answer or text: a file or data set.", metavar="FILE")
]
To = Annotated[Path, typer.Option("--to", help="The file to write: .jsonl, .jsonl.gz or .parquet.", metavar="OUT")]
Task = Annotated[str, typer.Option("--task", help="How rows that name no task are graded: math, text, ...")]
_STATES = {True: "right", False: "wrong", None: "could not say"}


def grade(
    file: File,
    to: To,
    task: Task = "math",
    reference: Annotated[
        str | None, typer.Option("--reference-column", help="Where the reference stands.", metavar="NAME")
    ] = None,
    answer: Annotated[
        str | None, typer.Option("--answer-column", help="Where the answer stands.", metavar="NAME")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text-column", help="Where a whole text with an answer stands.", metavar="NAME")
    ] = None,
    json: flags.Json = False,
) -> int:
    """Check the answers of a file.

    Each row has `reference`, and `answer` or a whole `text`; written are the same rows in the same order with `correct`
    (true, false, or null: nobody can say), `found`, `reason` and `seconds`. Columns are found by their usual names or
    named.
    """
    if answer is not None and text is not None:
        raise UsageError("--answer-column and --text-column are two ways to say where the answer stands; give one")
    if file.resolve() == to.resolve():
        raise UsageError(f"{to} is the file to read; give another one to --to")
    counts, began = Counter[str](), time.perf_counter()

    def counted() -> Iterator[dict[str, Any]]:
        for row, is_graded in graded(file, task, AnswerColumns(reference, answer, text)):
            state = "no answer" if row["reason"] == "no answer" else _STATES[row["correct"]]
            counts[state if is_graded else "unreadable"] += 1
            yield row

    rows = write_rows(counted(), to)
    seconds = round(time.perf_counter() - began, 1)
    data = {"rows": rows, **{name: counts[name] for name in (*_STATES.values(), "no answer", "unreadable")}}
    lines = [(name, n) for name, n in data.items()]
    say(json, {**data, "seconds": seconds, "to": str(to)}, sheet(to, [*lines, ("seconds", seconds)]))
    return 1 if counts["unreadable"] else 0
