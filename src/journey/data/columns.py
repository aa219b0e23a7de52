"""The columns of anybody's problems: found by their usual names, capitals aside, or named by the caller."""

import re
from dataclasses import dataclass, fields
from typing import Any

from journey.data import choices
from journey.errors import UsageError
from journey.store.datafiles import Row


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a data set's columns; null: found by its usual names, or not there."""

    question: str | None = None
    answer: str | None = None
    solution: str | None = None
    level: str | None = None
    subject: str | None = None
    choices: str | None = None
    context: str | None = None
    language: str | None = None
    images: str | None = None


# In order of preference. MATH says problem, GSM8K question, OlympiadBench final_answer and subfield, Hendrycks' own
# MATH files type and "Level 5", the long-thought sets gold.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "question": ("question", "problem", "query", "instruction", "prompt", "question_stem", "input"),
    "answer": (
        "answer", "final_answer", "expected_answer", "reference_answer", "correct_answer", "gold", "target", "output",
        "ground_truth", "gt_answer", "answerkey", "answer_key",
    ),
    "solution": ("solution", "rationale", "generated_solution", "response"),
    "level": ("level", "difficulty"),
    "subject": ("subject", "subfield", "type", "category", "topic"),
    "choices": choices.NAMES,
    "context": ("context", "body", "passage", "story"),
    "language": (),  # one row may have another column of these than the first, or the first none: `LANGUAGE`
    "images": (),  # and `data.pictures.NAMES`
}  # fmt: skip
LANGUAGE = ("language", "lang")
"""The column of a row's language by its usual names."""
OF_OPTIONS = ("correct", "correct_option", "answer_idx", "answer_index", "label", "cop")
"""Names of the answer where a row has options."""


def plain(name: str) -> str:
    """A column's name without capitals, spaces and hyphens."""
    return re.sub(r"[\s-]+", "_", str(name).strip().casefold())


def find_columns(row: Row, wanted: Columns, path: str) -> Columns:
    """The columns of a data set, by its first row. Raises UsageError where there is no question or no answer."""
    there = ", ".join(str(name) for name in row) or "none"
    names = {plain(name): name for name in reversed(tuple(row))}  # of two alike the first
    has_options = wanted.choices is not None or choices.family(names) or any(n in names for n in choices.NAMES)
    found: dict[str, str | None] = {}
    for one in fields(Columns):
        name = getattr(wanted, one.name)
        if name is not None and name not in row:
            raise UsageError(f"{path} has no column {name!r} for the {one.name}; its columns are {there}")
        usual = USUAL_NAMES[one.name] + (OF_OPTIONS if one.name == "answer" and has_options else ())
        found[one.name] = name or next((names[n] for n in usual if n in names), None)
    if found["question"] is None:
        raise UsageError(
            f"{path} has no column with the question; name it (--question-column NAME), its columns are {there}"
        )
    if found["answer"] is None and found["solution"] is None:
        raise UsageError(
            f"{path} has no column with the answer; name it (--answer-column NAME), its columns are {there}"
        )
    if plain(found["question"] or "") == "instruction" and found["context"] is None:
        found["context"] = names.get("input")  # Alpaca's rows
    return Columns(**found)


def usual_cell(row: Row, what: str) -> Any:
    """The cell of a row by the usual names of what stands there; null where no column has one of them."""
    names = {plain(name): name for name in reversed(tuple(row))}
    return next((row[names[name]] for name in USUAL_NAMES[what] if name in names), None)
