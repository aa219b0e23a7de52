"""Texts to measure: the thoughts of a run, or of a file with one text a row."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from journey.errors import UsageError
from journey.prompts.languages import code
from journey.store import datafiles
from journey.store.export import record_of
from journey.store.run import Run
from journey.types import Thought, Tree

TEXT_COLUMNS = ("text", "response", "long_cot", "thought", "output", "completion", "solution", "model_output")
QUESTION_COLUMNS = ("question", "problem", "instruction", "prompt")


class TextSample(NamedTuple):
    """A text by its name; `thought` and `tree` where it has segments and where its tree is known.

    `language` is the code of the language that it should be in; null: English, or nobody said.
    """

    name: str
    text: str
    question: str = ""
    thought: Thought | None = None
    tree: Tree | None = None
    language: str | None = None


def read_texts(source: Path) -> Iterator[tuple[str, TextSample]]:
    """The texts of a run or file with the method each was made by. Raises UsageError where there is none."""
    if (source / "run.db").is_file():
        return _of_run(source)
    if source.is_dir():
        raise UsageError(f"there is no run in {source}; give the folder of one, such as runs/countdown")
    if not source.is_file():
        raise UsageError(
            f"there is no run and no file {source}; give a run's folder, or a JSONL file of thoughts or texts"
        )
    return _of_file(source)


def _of_run(source: Path) -> Iterator[tuple[str, TextSample]]:
    with Run.read(source) as of:
        if not of.count("thoughts"):
            raise UsageError(f"{source} holds no thoughts; derive some with journey derive {source}")
        problems = {p.id: p for p in of.problems()}
        thoughts = list(of.thoughts())
        wanted = {thought.tree for thought in thoughts}
        trees = {t.id: t for t in of.trees() if t.id in wanted}
    for one in thoughts:
        tree = None if one.tree is None else trees.get(one.tree)
        problem = problems.get(one.problem)
        question, own = ("", None) if problem is None else (problem.question, problem.language)
        yield set_of(one), TextSample(one.id, one.text, question, one, tree, code(one.language or own))


def set_of(thought: Thought) -> str:
    """The set that a thought is measured in: its method, and the language where it was retold in one."""
    return thought.method if thought.language is None else f"{thought.method} in {thought.language}"


def _of_file(source: Path) -> Iterator[tuple[str, TextSample]]:
    column: str | None = None
    number = 0
    for number, (place, row) in enumerate(datafiles.rows(source), 1):
        question = next((row[name] for name in QUESTION_COLUMNS if isinstance(row.get(name), str)), "")
        if "segments" in row and "draft" in row:
            one = record_of(Thought, row, place)
            yield set_of(one), TextSample(one.id, one.text, question, one, language=code(one.language))
            continue
        column = column or next((name for name in TEXT_COLUMNS if _text(row.get(name)) is not None), None)
        text = None if column is None else _text(row.get(column))
        if text is None:
            named = f"no text in its column {column!r}" if column else f"none of the columns {', '.join(TEXT_COLUMNS)}"
            raise UsageError(
                f"{place} has {named}; each row must have its text there, or be a thought of journey export"
            )
        name = row.get("id")
        yield "text", TextSample(str(number if name is None else name), text, question, language=language_in(row))
    if not number:
        raise UsageError(f"{source} has no rows; give a file with one text a row")


def language_in(row: Mapping[str, Any]) -> str | None:
    """The code of the language that a row names; null for English, for none, and for what is no language's name."""
    try:
        return code(str(row.get("language") or row.get("lang") or "") or None)
    except UsageError:
        return None


def _text(value: Any) -> str | None:
    """A text, or a list of steps as lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(step, str) for step in value):
        return "\n".join(value)
    return None
