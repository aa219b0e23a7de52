"""Files of answers: each row's answer is checked against its reference as the row's task does."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from journey.answers.check import MathGrader
from journey.answers.grade import Grade
from journey.errors import UsageError
from journey.store import datafiles
from journey.tasks.table import TaskGrader, task
from journey.types import make_problem

REFERENCES = ("reference", "gold", "ground_truth", "expected_answer", "target", "expected")
TEXTS = ("text", "response", "completion", "output", "generation")
ANSWERS = ("answer", "prediction", "pred", "extracted")
ADDED = ("correct", "found", "reason", "seconds")
_AT_ONCE = 256

Row = Mapping[str, Any]


def graded(file: Path, default_task: str) -> Iterator[dict[str, Any]]:
    """The rows of a file in their order, each with `ADDED` beside its fields.

    `correct` true, false, or null where nobody can say; `found` the answer that was checked, null where there is none;
    `reason` why it is not right, or what is wrong with the row; `seconds` how long it took. Raises UsageError.
    """
    task(default_task)
    with MathGrader() as mathematics:
        grader = TaskGrader({"math": mathematics})
        rows = _rows(file)
        while some := tuple(islice(rows, _AT_ONCE)):
            yield from asyncio.run(_all(some, grader, mathematics, default_task))


async def _all(
    rows: tuple[Row | str, ...], grader: TaskGrader, mathematics: MathGrader, default_task: str
) -> list[dict[str, Any]]:
    return await asyncio.gather(*(_one(row, grader, mathematics, default_task) for row in rows))


async def _one(row: Row | str, grader: TaskGrader, mathematics: MathGrader, default_task: str) -> dict[str, Any]:
    began = time.perf_counter()
    if isinstance(row, str):
        return {"correct": None, "found": None, "reason": row, "seconds": 0.0}
    try:
        grade = await _grade(row, grader, mathematics, default_task)
    except UsageError as error:
        grade = Grade(None, None, str(error))
    reason = grade.error or ("wrong answer" if grade.correct is False else None)
    seconds = round(time.perf_counter() - began, 4)
    return {**row, "correct": grade.correct, "found": grade.answer, "reason": reason, "seconds": seconds}


async def _grade(row: Row, grader: TaskGrader, mathematics: MathGrader, default_task: str) -> Grade:
    text, answer, reference = (_first(row, names) for names in (TEXTS, ANSWERS, REFERENCES))
    if reference is None and text is not None:
        reference, answer = answer, None  # {question, answer, response}: the answer is the known one
    if reference is None or (text is None and answer is None):
        missing = "reference" if reference is None else "answer and no text"
        return Grade(None, None, f"the row has no {missing}")
    name = row.get("task") or default_task
    if name == "math" and answer is not None:
        return await mathematics.compare(reference, answer)
    question = row.get("question") or row.get("problem") or ""
    return await grader.grade(make_problem(str(question), reference, task=str(name)), answer or text or "")


def _first(row: Row, names: tuple[str, ...]) -> str | None:
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), None)


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
