"""Reinforcement learning in the report: its curves over seeds, their chart, their table."""

from pathlib import Path
from typing import Any

import pytest

from journey.report.figures import figures
from journey.report.render import markdown
from journey.report.tables import document
from journey.store.entries import Training
from journey.store.run import Run
from journey.types import Attempt, ModelRef, make_problem


def checked(tokens: int, right: int) -> dict[str, Any]:
    check = {"problems": 100, "right": right, "greedy_right": right - 10, "answer_tokens": 150.0, "backtracks": 2.0,
             "recoveries": 0.25, "cut_off": 0.1}  # fmt: skip
    return {"step": tokens // 100, "tokens": tokens, "check": check}


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Any]:
    curves = {(1, "rl_journey"): [70, 75, 80], (2, "rl_journey"): [72, 79], (1, "rl_shortcut"): [30, 60]}
    with Run.open(tmp_path / "run", {}) as run:
        for (seed, arm), rights in curves.items():
            curve = [checked(1000 * i, right) for i, right in enumerate(rights)]
            curve.insert(1, {"step": 1, "tokens": 500, "loss": 0.1})
            run.add(Training(f"seed-{seed}/{arm}", curve, 9000, 1.0, seed, None, arm, "rl"))
    with Run.read(tmp_path / "run") as run:
        return figures(run)


def test_the_checks_of_all_seeds_are_one_curve_from_start_to_end(found: dict[str, Any]) -> None:
    assert list(found["rl"]) == ["rl_shortcut", "rl_journey"]
    start, end = found["rl"]["rl_journey"]
    assert (start["tokens"], start["accuracy"], start["greedy"], start["seeds"]) == (0, 0.71, 0.61, 2)
    assert (end["tokens"], end["accuracy"], end["recovery"]) == (1500, 0.795, 0.25)
    assert start["low"] < 0.63 < 0.78 < start["high"]  # not narrower than 100 problems allow
    assert found["gain_after_rl"] is None  # nothing was asked on the test problems


def test_the_report_draws_accuracy_and_no_loss_of_it(found: dict[str, Any]) -> None:
    made = document(found)
    titles = {picture.name: picture.title for picture in made.pictures()}
    assert titles["rl"] == "Validation accuracy against generated tokens of RL"
    assert "rl_loss" not in titles
    assert "| RL from journey | 1 500 | 79.5 % |" in markdown(made)


def test_pass_at_16_stands_at_both_ends_where_it_was_measured(tmp_path: Path) -> None:
    problems = [make_problem(f"{n} + 1", str(n + 1)) for n in range(2)]
    with Run.open(tmp_path / "run", {"recipe": {"model": "tiny", "arms": {"journey": {}, "rl_journey": {}}}}) as run:
        run.put_all("problems", problems, split="validation")
        for arm, rights in (("journey", 1), ("rl_journey", 16)):
            ref = ModelRef(f"seed-1/{arm}", 1, None, arm)
            run.put_all("attempts", [
                Attempt(f"{arm}{i}{n}", p.id, ref, "starts", n, "", "1", n < rights and i == 0, None, 5, "end", 1)
                for i, p in enumerate(problems) for n in range(16)
            ], split="validation")  # fmt: skip
        run.add(Training("seed-1/rl_journey", [checked(0, 50), checked(9, 60), checked(20, 70)], 9, 1.0, 1, None,
                         "rl_journey", "rl"))  # fmt: skip
        made = figures(run)
    assert [point["pass16"] for point in made["rl"]["rl_journey"]] == [0.5, None, 0.5]
    assert "| 50.0 % |" in markdown(document(made)) and "pass@16" in markdown(document(made))
