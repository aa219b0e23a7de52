"""Read problems from anybody's files: MATH, GSM8K, AIME and other contests, JSONL, JSON, Parquet, Hugging Face data.

Columns are found by their usual names or named by the caller. Files are streamed; what is wrong in one is reported in
one sentence with its place.
"""

import logging
import math
import re
from dataclasses import dataclass, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

from journey.answers.find import find_answer
from journey.errors import UsageError
from journey.store.datafiles import Format, Row, rows
from journey.tasks.base import Task
from journey.types import Problem, make_problem

PARTS = ("phase1", "train", "validation", "test")
"""The parts of a run's problems."""
TRAINED_PARTS = PARTS[:2]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a data set's columns; null: found by its usual names, or not there."""

    question: str | None = None
    answer: str | None = None
    solution: str | None = None
    level: str | None = None
    subject: str | None = None


# In order of preference. MATH says problem, GSM8K question, OlympiadBench final_answer and subfield, Hendrycks' own
# MATH files type and "Level 5", the long-thought sets gold.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "problem", "query", "instruction", "prompt", "input"),
    "answer": ("answer", "final_answer", "expected_answer", "reference_answer", "gold", "target", "output"),
    "solution": ("solution", "rationale", "generated_solution", "response"),
    "level": ("level", "difficulty"),
    "subject": ("subject", "subfield", "type", "category", "topic"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Problems, and how many rows gave none: repeated ones, and ones without an answer (proofs, say)."""

    problems: list[Problem]
    duplicates: int
    unanswered: int


def load(path: str | Path, **how: Any) -> list[Problem]:
    """The problems of a file, a folder or a Hugging Face data set, repeated ones left out; `how` as in `read`."""
    loaded = read(path, **how)
    if loaded.duplicates or loaded.unanswered:
        logger.warning(
            "%s: left out %d repeated problems and %d without an answer", path, loaded.duplicates, loaded.unanswered
        )
    return loaded.problems


def read(
    path: str | Path,
    *,
    format: Format = "auto",
    columns: Columns | None = None,
    split: str | None = None,
    limit: int | None = None,
) -> Loaded:
    """The problems of a data set and the count of rows left out.

    `path` is a file (.jsonl, .json, .parquet; .jsonl.gz, .json.gz), a folder or a Hub name ("owner/name", or
    "owner/name:config"); `split` names a split of the latter two ("train" if null). At most `limit` problems are read.
    Raises UsageError for what cannot be read.
    """
    stream = rows(path, format=format, split=split)
    first = next(stream, None)
    if first is None:
        raise UsageError(f"{path} holds no rows; give a file with one problem a row")
    found = _find_columns(first[1], columns or Columns(), str(path))
    source = _source(path)
    problems: dict[str, Problem] = {}
    duplicates = unanswered = 0
    for place, row in chain([first], stream):
        problem = _problem(row, found, place, source)
        if problem is None:
            unanswered += 1
        elif problem.id in problems:
            duplicates += 1
        else:
            problems[problem.id] = problem
        if limit is not None and len(problems) >= limit:
            break
    if not problems and unanswered:
        column = f"column {found.answer or found.solution!r}"
        raise UsageError(f"{path}: none of {unanswered} rows has an answer in {column}; name the column")
    return Loaded(list(problems.values()), duplicates, unanswered)


def load_for(task: Task, path: str | Path, *, split: str | None = None, limit: int | None = None) -> list[Problem]:
    """The problems of a file for a task: in the task's own form where it has one, else as `load` reads them."""
    if task.read is not None:
        return task.read(path, limit)
    return [replace(problem, task=task.name) for problem in load(path, split=split, limit=limit)]


# --- a row as a problem -----------------------------------------------------------------------------------------------


def _source(path: str | Path) -> str:
    file = Path(path)
    if not file.is_file():
        return str(path)
    return f"{file.absolute().parent.name}/{file.name.split('.')[0]}"


def _find_columns(row: Row, wanted: Columns, path: str) -> Columns:
    there = ", ".join(str(name) for name in row) or "none"
    found: dict[str, str | None] = {}
    for field in fields(Columns):
        name = getattr(wanted, field.name)
        if name is not None and name not in row:
            raise UsageError(f"{path} has no column {name!r} for the {field.name}; its columns are {there}")
        found[field.name] = name or next((n for n in USUAL_NAMES[field.name] if n in row), None)
    if found["question"] is None:
        raise UsageError(f"{path} has no column with the question; name it, its columns are {there}")
    if found["answer"] is None and found["solution"] is None:
        raise UsageError(f"{path} has no column with the answer; name it, its columns are {there}")
    return Columns(**found)


def _problem(row: Row, columns: Columns, place: str, source: str) -> Problem | None:
    """The problem of a row; null where the row has no answer. Raises UsageError for a broken row."""
    question = _text(_cell(row, columns.question, place), place, "question")
    if not question:
        raise UsageError(f"{place} has an empty question in column {columns.question!r}; fill it or take the row out")
    context = _text(row.get("context"), place, "context") if columns.question == "question" else None
    answer = _text(_cell(row, columns.answer, place), place, "answer") if columns.answer else None
    solution = _text(_cell(row, columns.solution, place), place, "solution") if columns.solution else None
    if columns.answer is None or (answer and ("####" in answer or "\\boxed" in answer)):
        # GSM8K, and MATH as first published: the answer stands at the end of the worked solution.
        worked = answer or solution or ""
        solution, answer = _worked(worked), find_answer(worked)
    if not answer:
        return None
    level = _text(row.get(columns.level), place, "level") if columns.level else None
    return make_problem(
        f"{context}\n{question}" if context else question,
        _without_dollars(answer),
        source=str(row.get("source") or source) if "schema" in row else source,
        solution=solution or None,
        level=level.removeprefix("Level ") if level else None,
        subject=(_text(row.get(columns.subject), place, "subject") or None) if columns.subject else None,
        task=str(row.get("task") or "") if "schema" in row else "math",
    )


def _cell(row: Row, column: str | None, place: str) -> Any:
    if column is None or column not in row:
        raise UsageError(f"{place} has no column {column!r}; its columns are {', '.join(map(str, row)) or 'none'}")
    return row[column]


def _text(value: Any, place: str, what: str) -> str:
    """A cell as text, "" for an empty one; a list of messages is its last user's turn, other lists are joined."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case float() if not math.isfinite(value):
            raise UsageError(f"{place} has {value} as its {what}; put the true value there or take the row out")
        case float() if value.is_integer():
            return str(int(value))
        case str():
            if value.strip().lower() == "nan":
                raise UsageError(f"{place} has NaN as its {what}; put the true value there or take the row out")
            return value.strip()
        case [{"content": _}, *_]:
            turns = [str(turn.get("content", "")) for turn in value if turn.get("role") in ("user", None)]
            return turns[-1].strip() if turns else ""
        case list() if what == "solution":
            return _text(value[0], place, what) if value else ""  # OlympiadBench: several solutions of one problem
        case list():
            return ", ".join(_without_dollars(_text(item, place, what)) for item in value)
        case dict():
            raise UsageError(f"{place} has an object as its {what}; name a column that holds text or a number")
    return str(value)


def _worked(text: str) -> str:
    # GSM8K: without the calculator's marks <<6*8=48>> and the final "#### 48".
    return re.sub(r"<<[^<>]*>>", "", text.rpartition("####")[0] or text).strip()


def _without_dollars(answer: str) -> str:
    inner = answer[1:-1]
    return inner.strip() if re.fullmatch(r"\$.+\$", answer, re.DOTALL) and "$" not in inner else answer
