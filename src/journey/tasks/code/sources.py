"""Problems with tests from files: HumanEval's rows, MBPP's, and rows of a user's own (docs/code.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.store.datafiles import Row
from journey.tasks.code.grader import head_of
from journey.tasks.code.splitting import split
from journey.tasks.files import problems_in
from journey.types import Problem, make_problem

QUESTIONS = ("prompt", "question", "text")
TESTS = ("test_list", "tests", "test")
SOLUTIONS = ("canonical_solution", "code", "solution")
SETUP = ("test_imports", "test_setup_code", "setup")
WANTED = "a row needs a question (prompt, question or text) and its tests (test_list, tests or test)"


def read(path: str | Path, limit: int | None = None) -> list[Problem]:
    """The problems of a file, repeated ones left out. Raises UsageError at the first row that is none."""
    source = _source(path)
    return problems_in(path, limit, lambda row, place: problem_of(row, place, source))


def problem_of(row: Row, place: str, source: str) -> Problem:
    """The problem of a row: the question as a model reads it, and tests that are whole. Raises UsageError."""
    question, tests = _first(row, QUESTIONS), _first(row, TESTS)
    if not isinstance(question, str) or not question.strip() or not tests:
        raise UsageError(f"{place} is no problem with tests; {WANTED}")
    listed = [tests] if isinstance(tests, str) else tests
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise UsageError(f"{place} has tests that are neither a text nor a list of texts; {WANTED}")
    setup = [text for name in SETUP for text in _texts(row.get(name))]
    whole = "\n".join([*setup, *(text.rstrip() for text in listed)]).rstrip() + "\n"
    whole += _call(whole, row.get("entry_point"))
    try:
        cases, names = split(whole)[1:]
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{place} has tests that are no Python ({error}); mend or drop the row") from None
    if not cases:
        raise UsageError(
            f"{place} has tests without an assertion, which every program would pass; mend or drop the row"
        )
    if not head_of(question):
        question = question.strip()
        if not any(f"{name}(" in question for name in names):
            question += "\n\nThe program must pass these tests:\n" + "\n".join(text.strip() for text in listed)
    solution = _first(row, SOLUTIONS)
    return make_problem(
        question, whole, source=source, solution=solution if isinstance(solution, str) else None, subject="code",
        task="code", level=None if row.get("level") is None else str(row["level"]),
    )  # fmt: skip


def _call(tests: str, entry: Any) -> str:
    """The call that runs tests of HumanEval's form, a function `check` that nobody has called yet; else ""."""
    if not isinstance(entry, str) or not entry.isidentifier():
        return ""
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError):
        return ""
    defined = any(isinstance(one, ast.FunctionDef) and one.name == "check" for one in tree.body)
    is_called = any(isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) for one in tree.body)
    return f"\ncheck({entry})\n" if defined and not is_called else ""


def _first(row: Row, names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name)), None)


def _texts(value: Any) -> Iterator[str]:
    """The texts of a cell that holds one or several."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one.strip():
            yield one


def _source(path: str | Path) -> str:
    file = Path(path)
    return f"{file.absolute().parent.name}/{file.name.split('.')[0]}" if file.is_file() else str(path)
