"""Read problems from anybody's files: MATH, GSM8K, AIME and other contests, JSONL, JSON, Parquet, Hugging Face data.

Columns are found by their usual names, capitals aside, or named by the caller. A question's options and what is told
before it (`context`) become part of it. Files are streamed; what is wrong in one is reported in one sentence with its
place.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from journey.answers.find import find_answer
from journey.data import choices
from journey.data.columns import LANGUAGE, Columns, find_columns, plain, usual_cell
from journey.data.curation import has_answer
from journey.data.pictures import Keep, only_name, pictures
from journey.errors import UsageError
from journey.prompts import languages
from journey.store.datafiles import Row, rows
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.types import Problem, make_problem

PARTS = ("phase1", "train", "validation", "test", "rl")
"""The parts of a run's problems."""
TRAINED_PARTS = ("phase1", "train", "rl")
GENERAL = "general"
"""The part of the problems of the general suite."""
TESTED_PARTS = ("validation", "test", GENERAL)
"""Every other part is trained on, those that a round has to itself included."""
logger = logging.getLogger(__name__)
SCANNED = 5000  # rows in which the least and greatest index of an option are looked for


@dataclass(frozen=True, slots=True)
class Loaded:
    """Problems, and what became of the rows.

    `duplicates` and `unanswered` rows gave none: repeated ones, and ones without an answer (proofs, say). `taken_in`
    counts the rows whose options, context or pictures became part of the question.
    `unreadable` are the places and answers of rows whose answer has brackets that do not pair; they are kept.
    """

    problems: list[Problem]
    duplicates: int
    unanswered: int
    taken_in: Counter[str] = field(default_factory=Counter[str])
    unreadable: list[str] = field(default_factory=list[str])


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
    columns: Columns | None = None,
    split: str | None = None,
    limit: int | None = None,
    keep: Keep = only_name,
) -> Loaded:
    """The problems of a data set and what became of its rows.

    `path` is a file (.jsonl, .json, .parquet; .jsonl.gz, .json.gz), a folder or a Hub name ("owner/name", or
    "owner/name:config"); `split` names a split of the latter two ("train" if null). At most `limit` problems are read.
    Their pictures are given to `keep`, and nothing is fetched (see `data.pictures`).
    Raises UsageError for what cannot be read.
    """
    stream = rows(path, split=split)
    first = next(stream, None)
    if first is None:
        raise UsageError(f"{path} holds no rows; give a file with one problem a row")
    found = find_columns(first[1], columns or Columns(), str(path))
    reader = _Reader(found, _source(path), lambda: rows(path, split=split), _base(path), keep)
    problems: dict[str, Problem] = {}
    duplicates = unanswered = 0
    for place, row in chain([first], stream):
        problem = reader.problem(row, place)
        if problem is None:
            unanswered += 1
        elif problem.id in problems:
            duplicates += 1
        else:
            problems[problem.id] = problem
        if limit is not None and len(problems) >= limit:
            break
    if not problems and unanswered:
        column = f"column {reader.columns.answer or reader.columns.solution!r}"
        raise UsageError(f"{path}: none of {unanswered} rows has an answer in {column}; name the column")
    return Loaded(list(problems.values()), duplicates, unanswered, reader.taken_in, reader.unreadable)


def in_language(found: Iterable[Problem], language: str | None) -> list[Problem]:
    """The problems in that language, whatever their rows said; null: as they are. Raises UsageError for no language."""
    if language is None:
        return list(found)
    code = languages.normal(language)
    return [replace(problem, language=code) for problem in found]


def load_for(
    task: Task, path: str | Path, *, split: str | None = None, limit: int | None = None, keep: Keep = only_name
) -> list[Problem]:
    """The problems of a file for a task: in the task's own form where it has one, else as `load` reads them.

    Questions with options stay of the task that reads letters where the task is mathematics.
    """
    if task.read is not None:
        return task.read(path, limit)
    loaded = load(path, split=split, limit=limit, keep=keep)
    return loaded if task.name == "math" else [replace(problem, task=task.name) for problem in loaded]


# --- a row as a problem -----------------------------------------------------------------------------------------------


def _source(path: str | Path) -> str:
    file = Path(path)
    if not file.is_file():
        return str(path)
    return f"{file.absolute().parent.name}/{file.name.split('.')[0]}"


def _base(path: str | Path) -> Path:
    """The folder that the paths of a data set's pictures are relative to: its file's, or itself."""
    return Path(path) if Path(path).is_dir() else Path(path).parent


def _index(cell: Any) -> int | None:
    """An answer as the index of an option, null for anything else."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if cell == cell // 1 else None
    return int(cell) if isinstance(cell, str) and cell.strip().isdecimal() and len(cell) < 4 else None


def _counted_from(reader: "_Reader", stream: Iterable[tuple[str, Row]]) -> int:
    """Whether indices of options are counted from 0, as they mostly are, or from 1."""
    is_last = False
    for _, row in islice(stream, SCANNED):
        index, given = _index(row.get(reader.columns.answer or "")), reader.options(row)
        if given is None:
            continue
        if index == 0:
            return 0
        is_last = is_last or index == len(given.texts)
    return int(is_last)


@dataclass(slots=True)
class _Reader:
    """How the rows of one data set are read, and what was noticed in them."""

    columns: Columns
    source: str
    again: Callable[[], Iterable[tuple[str, Row]]]
    base: Path = Path()
    keep: Keep = only_name
    counted_from: int | None = None
    taken_in: Counter[str] = field(default_factory=Counter[str])
    unreadable: list[str] = field(default_factory=list[str])

    def options(self, row: Row) -> choices.Options | None:
        """The options of a row; null where it has none."""
        if self.columns.choices is not None:
            return choices.options(row.get(self.columns.choices))
        names = {plain(name): name for name in reversed(tuple(row))}
        for name in choices.NAMES:  # the first row may lack what later ones have
            if name in names and (found := choices.options(row[names[name]])) is not None:
                return found
        one_each = [row[names[name]] for name in choices.family(names)]
        return choices.options([text for text in one_each if text not in (None, "")])

    def problem(self, row: Row, place: str) -> Problem | None:
        """The problem of a row; null where the row has no answer. Raises UsageError for a broken row."""
        columns, own = self.columns, "schema" in row
        question = _text(_cell(row, columns.question, place), place, "question")
        if not question:
            raise UsageError(
                f"{place} has an empty question in column {columns.question!r}; fill it or take the row out"
            )
        stated = row.get(columns.context) if columns.context else usual_cell(row, "context")
        context = (
            None if isinstance(stated, dict) else _text(stated, place, "context")
        )  # an object is no text before it
        given = self.options(row)
        cell = _cell(row, columns.answer, place) if columns.answer else None
        if given is not None and self.counted_from is None and isinstance(_index(cell), int):
            self.counted_from = _counted_from(self, self.again())
        chosen = None if given is None else choices.chosen(cell, given, self.counted_from or 0)
        if given is not None and chosen is None and isinstance(_index(cell), int) and not isinstance(cell, str):
            return None  # -1 and the like: the index of no option
        answer = chosen or (_text(cell, place, "answer") if columns.answer else None)
        solution = _text(_cell(row, columns.solution, place), place, "solution") if columns.solution else None
        if columns.answer is None or (answer and ("####" in answer or "\\boxed" in answer)):
            # GSM8K, and MATH as first published: the answer stands at the end of the worked solution.
            worked = answer or solution or ""
            solution, answer = _worked(worked), find_answer(worked)
            answer = (given and choices.chosen(answer, given)) or answer
        if not answer or not has_answer(answer) or plain(str(row.get("question_type"))) == "proof":
            return None
        self.taken_in.update({"options": given is not None, "context": bool(context)})
        shown = pictures(row, columns.images, self.base, place, self.keep)
        self.taken_in["pictures"] += bool(shown)
        if given is not None:
            question = choices.written(question, given)
        elif not own and not _pairs(answer):
            self.unreadable.append(f"{place}: {answer[:80]!r}")
        parts = [part for part in (context, question) if part]
        if columns.context and plain(columns.context) == "input":  # Alpaca's instruction stands before it
            parts.reverse()
        level = _text(row.get(columns.level), place, "level") if columns.level else None
        return make_problem(
            "\n".join(parts),
            _without_dollars(answer),
            source=str(row.get("source") or self.source) if own else self.source,
            solution=solution or None,
            level=level.removeprefix("Level ") if level else None,
            subject=(_text(row.get(columns.subject), place, "subject") or None) if columns.subject else None,
            language=_language(row, columns.language),
            task=str(row.get("task") or "") if own else "math" if given is None else "text",
            images=shown,
        )


def _language(row: Row, column: str | None) -> str | None:
    """The code of the language that a row names; null for none, and for what people do not speak ("python").

    `column` null: found in each row by its usual names.
    """
    usual = [row[name] for name in row if column is None and plain(name) in LANGUAGE and row[name]]
    cell = row.get(column) if column is not None else next(iter(usual), None)
    try:
        return languages.normal(str(cell)) if cell else None
    except UsageError:
        return None


def _pairs(answer: str) -> bool:
    """Whether the braces and environments of an answer in TeX pair; round and square brackets may be an interval's."""
    depth = 0
    for mark in re.sub(r"\\.", "", answer):
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0 and answer.count("\\begin{") == answer.count("\\end{") and answer.count("$") % 2 == 0


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


def part(run: Run, name: str) -> list[Problem]:
    """The stored problems of a part, by their ids; those taken out of training are left out unless it is tested."""
    out = () if name in TESTED_PARTS else excluded(run)
    return [p for p in run.problems(split=name) if p.id not in out]
