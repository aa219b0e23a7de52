"""journey compare: the paired test of two models, exact against a plain count, and what it says of seeds."""

from math import comb
from pathlib import Path

import pytest
from commanding import done

from journey.store.run import Run
from journey.store.version_1 import model_ref
from journey.types import Attempt, make_problem


def run_of(path: Path, models: dict[str, list[bool | None]]) -> Path:
    """A run with one attempt a problem by each model."""
    problems = [make_problem(f"{i} + 1", str(i + 1)) for i in range(max(map(len, models.values())))]
    with Run.open(path) as run:
        run.put_all("problems", problems, split="test")
        for model, rights in models.items():
            attempts = [
                Attempt(f"{model}-{p.id}", p.id, model_ref(model), "greedy", 0, "", "1", right, None, 5, "end", 0)
                for p, right in zip(problems, rights, strict=False)
            ]
            run.put_all("attempts", attempts, split="test")
    return path


def test_one_seed_has_newcombe_and_bootstrap_intervals_and_the_exact_p(tmp_path: Path) -> None:
    first = [True] * 4 + [False] * 16
    second = [False] + [True] * 11 + [False] * 7 + [None]
    one, two = run_of(tmp_path / "one", {"m": [*first]}), run_of(tmp_path / "two", {"m": [*second]})
    (row,) = done("compare", one, two, "--json").data["models"]
    assert (row["fixed"], row["broke"], row["same"]) == (8, 1, 11)
    assert row["p"] == pytest.approx(2 * (comb(9, 0) + comb(9, 1)) / 2**9)
    assert row["points"] == pytest.approx(35)
    for low, high in (("low", "high"), ("bootstrap_low", "bootstrap_high")):
        assert 0 < row[low] < row["points"] < row[high] < 100
    assert "0.039" in done("compare", one, two).out


def test_several_seeds_have_an_interval_and_no_mcnemar(tmp_path: Path) -> None:
    one = run_of(tmp_path / "one", {"seed-1/a": [True, False, False], "seed-2/a": [False, False, True]})
    two = run_of(tmp_path / "two", {"seed-1/a": [True, True, False], "seed-2/a": [True, False, True]})
    (row,) = done("compare", one, two, "--json").data["models"]
    assert row["seeds"] == 2
    assert row["p"] is None
    assert row["low"] <= row["bootstrap_low"] <= row["points"] <= row["bootstrap_high"] <= row["high"]


def test_the_behaviours_of_both_are_means_with_intervals(tmp_path: Path) -> None:
    path = run_of(tmp_path / "run", {"a": [True, False], "b": [False, True]})
    (row,) = done("compare", path, path, "--model", "a", "--other-model", "b", "--json").data["models"]
    assert row["behaviours"]["first"]["backtracks"] == {"value": 0, "low": 0, "high": 0}
    assert row["behaviours"]["second"]["recovery"] is None
    assert "backtracks" in done("compare", path, path, "--model", "a", "--other-model", "b").out
