"""The report of a sweep: its tables as text, and files whose names come from a recipe."""

from pathlib import Path
from typing import Any

from journey.report.build import write
from journey.report.scaling import document, fit_table, notes, point_table, step_table


def point(at: float | None, accuracy: float, made: float) -> dict[str, Any]:
    return {
        "at": at, "accuracy": accuracy, "low": accuracy - 0.1, "high": accuracy + 0.1, "tokens": 120.0, "seeds": 3,
        "flops": {"data": made / 2, "training": made / 2, "inference": 6.7e8},
        "points_per_flop": 100 * (accuracy - 0.4) / made if made else None,
    }  # fmt: skip


def swept(name: str = "thoughts") -> dict[str, Any]:
    points = [point(41, 0.6, 1e11), point(1308.0, 0.75, 1e12)]
    step = {"from": 41, "to": 1308.0, "points": 15.0, "points_per_flop": 1.7e-11, "points_per_answer_flop": None}
    bounds = {"value": 0.7, "low": 0.6, "high": 0.8}
    flat = {
        "curve": {"form": "flat", "a": 0.7, "b": 0.0, "c": 0.0, "error": 0.1}, "a": bounds, "b": bounds, "c": bounds,
        "left_out": 0.1, "at": [{"at": n, **bounds} for n in (41, 1308, 2616)], "rounds": 20,
    }  # fmt: skip
    arm = {"points": points, "between": [step], "fits": {"best": "flat", "forms": {"flat": flat}}}
    axis = {"setting": "trees.count", "arms": {"journey": arm}}
    first = point(None, 0.4, 0.0)
    return {
        "sweep": name,
        "seeds": 3,
        "problems": 300,
        "parameters": 1332896,
        "policy": "phase1",
        "phase1": first,
        "axes": {name: axis},
    }


def test_a_row_has_a_cell_for_every_column_and_no_exponent_that_nobody_reads() -> None:
    phase1, few, many = point_table(swept()).rows
    assert phase1 == ("phase 1", "", "40.0 %", "30.0 to 50.0", "120", "0", "0", "6.70e8", "-")
    assert few[:2] == ("thoughts, journey", "41")
    assert few[-1] == "200"
    assert many[1] == "1308"


def test_a_step_that_costs_nothing_has_no_return() -> None:
    assert step_table(swept()).rows == [("thoughts, journey", "41", "1308", "+15.0", "17", "-")]


def test_a_fit_says_its_formula_and_what_lies_beyond_the_points() -> None:
    (row,) = fit_table(swept()).rows
    assert row == ("thoughts, journey", "flat (a)", "a 0.7 (0.6 to 0.8)", "10.0", "2616", "70.0 %", "60.0 to 80.0")


def test_one_seed_is_said_to_tell_nothing_of_other_trainings() -> None:
    assert "nothing of other trainings" in notes(swept() | {"seeds": 1})[0]
    assert "nothing of other trainings" not in notes(swept())[0]


def test_a_hostile_name_stays_text_on_the_page(tmp_path: Path) -> None:
    figures = swept() | {"sweep": "<script>alert(1)</script>"}
    write(tmp_path, "scaling", figures, document(figures))
    page = (tmp_path / "scaling.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 1
