"""Problems of a task from a file: one a row, each once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from journey.store.datafiles import Row, rows
from journey.types import Problem


def problems_in(path: str | Path, limit: int | None, problem_of: Callable[[Row, str], Problem]) -> list[Problem]:
    """The first `limit` different problems of a file (null: all), each made of its row and the row's place.

    A row's `subject` is the problem's where it has no other.
    """
    found: dict[str, Problem] = {}
    for place, row in rows(path):
        if limit is not None and len(found) >= limit:
            break
        problem = problem_of(row, place)
        subject = problem.subject or row.get("subject")
        found.setdefault(problem.id, replace(problem, subject=None if subject is None else str(subject)))
    return list(found.values())
