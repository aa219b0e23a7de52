"""Files of answers: each row's answer is checked against its reference as the row's task does."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from journey.answers.check import MathGrader
from journey.answers.grade import Grade
from journey.data.columns import plain
from journey.errors import UsageError
from journey.store import datafiles
from journey.tasks.table import TaskGrader, task
from journey.types import make_problem

REFERENCES = ("reference", "gold", "ground_truth", "expected_answer", "target", "expected")
TEXTS = ("text", "response", "completion", "output", "generation")
ANSWERS = ("answer", "prediction", "pred", "extracted")
ADDED = ("correct", "found", "reason", "seconds")
BATCH = 256

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The columns of the reference and of the answer, a whole text perhaps; null: found by the usual names."""

    reference: str | None = None
    answer: str | None = None
    text: str | None = None


def graded(
    file: Path, default_task: str, columns: AnswerColumns = AnswerColumns()
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The rows of a file in their order, each with `ADDED` beside its fields, and whether it could be graded.

    `correct` true, false, or null where nobody can say; `found` the answer that was checked, null where there is none;
    `reason` why it is not right, or what is wrong with the row; `seconds` how long it took. Raises UsageError, also at
    the end where no row could be graded.
    """
    task(default_task)
    wrong = "the file has no rows"
    with MathGrader() as mathematics:
        grader = TaskGrader({"math": mathematics})
        rows = _rows(file)

        async def all_of(some: tuple[Row | str, ...]) -> list[tuple[dict[str, Any], bool]]:
            return await asyncio.gather(*(_one(row, grader, default_task, columns) for row in some))

        while some := tuple(islice(rows, BATCH)):
            of_some = asyncio.run(all_of(some))
            wrong = "" if any(is_graded for _, is_graded in of_some) else wrong and of_some[0][0]["reason"]
            yield from of_some
    if wrong:
        names = ", ".join(REFERENCES), ", ".join(ANSWERS), ", ".join(TEXTS)
        takes = "a reference ({}), and an answer ({}) or a text ({})".format(*names)
        raise UsageError(
            f"no row of {file} can be graded: {wrong}; rows take {takes}, or name yours by --reference-column, "
            "--answer-column, --text-column"
        )


async def _one(
    row: Row | str, grader: TaskGrader, default_task: str, columns: AnswerColumns
) -> tuple[dict[str, Any], bool]:
    began = time.perf_counter()
    fields: Row = {} if isinstance(row, str) else row
    try:
        if isinstance(row, str):
            raise UsageError(row)
        grade, is_graded = await _grade(row, grader, default_task, columns), True
    except UsageError as error:
        grade, is_graded = Grade(None, None, str(error)), False
    reason = grade.error or ("wrong answer" if grade.correct is False else None)
    seconds = round(time.perf_counter() - began, 4)
    added = {"correct": grade.correct, "found": grade.answer, "reason": reason, "seconds": seconds}
    return {**datafiles.as_json(fields), **added}, is_graded


async def _grade(row: Row, grader: TaskGrader, default_task: str, columns: AnswerColumns) -> Grade:
    reference = _first(row, REFERENCES, columns.reference)
    text, answer = _first(row, TEXTS, columns.text), _first(row, ANSWERS, columns.answer)
    if columns.text is not None:
        answer = None
    if reference is None and columns.reference is None and text is not None:
        reference, answer = answer, None  # {question, answer, response}: the answer is the known one
    if reference is None or (text is None and answer is None):
        missing = "reference" if reference is None else "answer and no text"
        raise UsageError(f"the row has no {missing}")
    name = row.get("task") or default_task
    problem = make_problem(str(row.get("question") or row.get("problem") or ""), reference, task=str(name))
    return await (grader.grade(problem, text or "") if answer is None else grader.compare(problem, answer))


def _first(row: Row, usual: tuple[str, ...], named: str | None) -> str | None:
    """The text of the named column, else of the first usual one that holds something; lists are joined."""
    if named is not None and named not in row:
        raise UsageError(f"the row has no column {named!r}; its columns are {', '.join(map(str, row))}")
    names = {plain(name): name for name in reversed(tuple(row))}
    cells = (row[names[name]] for name in usual if name in names) if named is None else [row[named]]
    found = next((cell for cell in cells if cell not in (None, "", []) and cell == cell), None)
    return ", ".join(map(str, found)) if isinstance(found, list) else None if found is None else str(found)


def _rows(file: Path) -> Iterator[Row | str]:
    """Rows, and in words what is wrong with a line that is none."""
    if not file.is_file() or not file.name.endswith((".jsonl", ".ndjson", ".jsonl.gz")):
        yield from (row for _, row in datafiles.rows(file))
        return
    for number, line in datafiles.lines(file):
        if line.strip():
            try:
                yield datafiles.row_of(line, f"line {number}")
            except UsageError as error:
                yield str(error)
