"""Quantities with units: what they measure, who is near enough, and what nobody can say."""

import asyncio
import json
from pathlib import Path

import pytest
from commanding import done, journey
from hypothesis import given
from hypothesis import strategies as st

from journey.answers.quantities import quantity, same_quantity
from journey.errors import UsageError
from journey.tasks.qa.quantities import QuantityGrader, read
from journey.tasks.table import ask, task
from journey.types import make_problem

RIGHT = [
    (r"50.7 \mathrm{atm}", "5137 kPa"), (r"50.7 \mathrm{atm}", r"50.69\,\text{atm}"), (r"50.7 \mathrm{atm}", "51"),
    (r"65.49 \mathrm{kJ} \mathrm{mol}^{-1}", "65490 J/mol"), (r"22.6 \mathrm{JK}^{-1}", "22.6 J/K"),
    (r"2380 \mathrm{~m} / \mathrm{s}", "2.38 km/s"), (r"2.57 \times 10^{11} \mathrm{~J}", "2.57e11"),
    (r"1.2 \mathrm{dm}^3 \mathrm{~mol}^{-1}", "1.2 L/mol"), (r"589 \mathrm{~nm}", r"5.89 \times 10^{-7} m"),
    (r"41.4 \mathrm{J} \mathrm{K}^{-1} \mathrm{~mol}^{-1}", "41.4 J/(mol K)"), ("25 s", "t = 25 seconds"),
    (r"12 \mathrm{\mu m}", r"12 \mu m"), ("10 N m", "10 J"), ("2.534324263", r"2\sqrt{2}\sin\frac{\pi}{2\sqrt{2}}"),
    ("1590 km", "1,590 kilometers"), ("0 J", "0"), ("3 min", "180 s"),
]  # fmt: skip
WRONG = [
    ("5 m", "6 m"),
    ("5 m", "5 s"),
    ("5 m", "-5 m"),
    ("5 m", "6"),
    ("4.184 J", "4.184 cal"),
    ("5 kg", "5 g"),
    ("0 J", "1 J"),
]
UNKNOWN = [
    ("131", "131 K"),
    ("5 m", "5 bananas"),
    ("5 m", "5000"),
    ("27 °C", "300 K"),
    ("x m", "5 m"),
    ("5 m", "five or so"),
]


@pytest.mark.parametrize(("pairs", "verdict"), [(RIGHT, True), (WRONG, False), (UNKNOWN, None)])
def test_quantities_are_compared_by_what_they_measure(pairs: list[tuple[str, str]], verdict: bool | None) -> None:
    assert {pair: same_quantity(*pair) for pair in pairs} == dict.fromkeys(pairs, verdict)


@given(st.text(alphabet="0123456789.-+eE*^{}()/ kmgsJKµ°%\\$,=", max_size=40))
def test_any_text_is_a_quantity_or_none(text: str) -> None:
    found = quantity(text)
    assert found is None or isinstance(found.value, float)


@pytest.mark.parametrize(
    "text", ["1 " + "m " * 5000, "1e999 m", "1 m^9" + " m^9" * 40, "(" * 190, "1 " + "/" * 190, "9" * 199]
)
def test_hostile_units_neither_hang_nor_break(text: str) -> None:
    assert same_quantity("5 m", text) is not True


def test_a_grader_knows_units_and_leaves_formulas_to_mathematics() -> None:
    def graded(answer: str, text: str) -> bool | None:
        with QuantityGrader() as grader:
            return asyncio.run(grader.grade(make_problem("How far?", answer), text)).correct

    assert graded(r"2380 \mathrm{~m}/\mathrm{s}", r"So it is \boxed{2.4\ \mathrm{km/s}}.") is True
    assert graded(r"2380 \mathrm{~m}/\mathrm{s}", r"So it is \boxed{3 km/s}.") is False
    assert graded(r"2380 \mathrm{~m}/\mathrm{s}", r"So it is \boxed{3 parsnips}.") is None
    assert graded(r"(\frac{1}{3}) m l^2", r"\boxed{\frac{ml^2}{3}}") is True
    assert graded(r"(\frac{1}{3}) m l^2", r"\boxed{\frac{ml^2}{2}}") is False


ROWS = [
    {"problem_text": "A gas at 20 °C. Its pressure?", "answer_latex": " 1.20", "answer_number": "1.20",
     "unit": "$\\mathrm{atm}$ ", "source": "atkins"},
    {"problem_text": "The inertia of a rod?", "answer_latex": "$\\frac{1}{3}$", "answer_number": "0.3333",
     "unit": " $m l^2$"},
    {"problem_text": "The energy of it?", "answer_number": "2.57", "unit": "$10^{11} \\mathrm{~J}$ "},
    {"question": "A ratio?", "final_answer": ["0.75"], "unit": None, "solution": "Divide."},
    {"question": "How fast is it?", "answer": "4.3 m/s"},
]  # fmt: skip


def test_rows_with_a_unit_are_read_by_their_columns_and_evaluated(tmp_path: Path) -> None:
    (file := tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    found = read(file)
    assert [problem.answer for problem in found] == [
        r"1.20 \mathrm{atm}", r"(\frac{1}{3}) m l^2", r"2.57 \times 10^{11} \mathrm{~J}", "0.75", "4.3 m/s",
    ]  # fmt: skip
    assert (found[0].subject, found[3].solution, found[4].task) == ("atkins", "Divide.", "science")
    assert "with its unit" in ask(found[0], ()).text and task("science").read is read
    run = tmp_path / "run"
    done("import", "puzzles", file, "--task", "science", "--split", "test", "--out", run)
    answers = dict(zip([p.id for p in found], ["122 kPa", "ml^2/3", "2.6e11 J", "75\\%", "15.5 km/h"], strict=True))
    script = [{"prompt": ask(p, ()).text, "completions": [f"So.\n\n\\boxed{{{answers[p.id]}}}"]} for p in found]
    (tmp_path / "model.jsonl").write_text("\n".join(map(json.dumps, script)))
    said = done("eval", run, "--model", f"scripted/{tmp_path / 'model.jsonl'}", "--json").data
    assert (said["right"], said["attempts"]) == (5, 5)


@pytest.mark.parametrize(
    "row", [{"question": "How far?"}, {"answer": "5 m"}, {"problem_text": "", "answer_number": "5"}]
)
def test_a_row_without_question_or_answer_is_one_sentence(tmp_path: Path, row: dict[str, str]) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    with pytest.raises(UsageError, match=r"line 1 is no problem with a quantity"):
        read(tmp_path / "rows.jsonl")
    said = journey("import", "puzzles", tmp_path / "rows.jsonl", "--task", "science", "--out", tmp_path / "run")
    assert said.code == 2 and "Traceback" not in said.err and not (tmp_path / "run").exists()
