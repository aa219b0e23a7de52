"""Science problems whose answers are quantities with units: their rows, and the grader that knows units."""

from pathlib import Path
from typing import Any

from journey.answers.check import MathGrader
from journey.answers.grade import Grade, could_not_check
from journey.answers.quantities import quantity, same_quantity
from journey.errors import UsageError
from journey.store.datafiles import Row
from journey.tasks.files import problems_in
from journey.types import Problem, make_problem

QUESTIONS = ("problem_text", "question", "problem")
ANSWERS = ("answer_number", "final_answer", "answer")
UNITS = ("unit", "units", "answer_unit")
UPRIGHT = ("\\mathrm", "\\text", "\\rm", "\\circ", "\\%", "\\Omega")
"""What a unit in TeX is set with; other letters are names of variables."""
SUBJECTS = ("subject", "subfield", "source")


class QuantityGrader(MathGrader):
    """Grades quantities by what they measure, within 5 %; other answers as mathematics.

    Null where an answer's unit is not known here, or where it may be meant in another one.
    """

    def _without_worker(self, gold: str, answer: str) -> Grade | None:
        if (verdict := same_quantity(gold, answer)) is not None:
            return Grade(answer, verdict)
        found = super()._without_worker(gold, answer)
        if quantity(gold) is None or (found is not None and found.correct):
            return found
        return could_not_check(answer, "its unit is not known here, or it may be meant in another one")


def read(path: str | Path, limit: int | None = None) -> list[Problem]:
    """The problems of a file: a question, an answer and its unit, in SciBench's columns or the usual ones.

    What stands for a unit and is none (a formula such as m l^2) makes the answer a formula. Raises UsageError.
    """
    return problems_in(path, limit, lambda row, place: _problem(row, place, str(path)))


def _problem(row: Row, place: str, path: str) -> Problem:
    question, answer = _first(row, QUESTIONS), _first(row, ANSWERS)
    if not question or not answer:
        raise UsageError(
            f"{place} is no problem with a quantity; a row needs a question (problem_text, question or problem) and an "
            "answer (answer_number, final_answer or answer)"
        )
    cell = _first(row, UNITS)
    unit, answer = (text.replace("$", "").strip() for text in (cell, answer))
    whole = f"{answer} {unit}".strip()
    if unit and unit[0].isdigit():  # 2.57 in units of 10^{11} J
        whole = f"{answer} \\times {unit}"
    elif unit and "$" in cell and not any(mark in cell for mark in UPRIGHT):
        exact = _first(row, ("answer_latex",)).replace("$", "").strip()
        whole = f"({exact or answer}) {unit}"
    subject, level = _first(row, SUBJECTS), _first(row, ("level", "difficulty"))
    return make_problem(
        question, whole, source=Path(path).name.split(".")[0], solution=_first(row, ("solution",)) or None,
        subject=subject or None, level=level or None, task="science",
    )  # fmt: skip


def _first(row: Row, names: tuple[str, ...]) -> str:
    """The first of these cells that holds something, as text; "" for none."""
    cells: list[Any] = [row[name] for name in names if row.get(name) not in (None, "", [])]
    cell = cells[0] if cells else ""
    cell = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
    return str(cell).strip() if isinstance(cell, str | int | float) else ""
