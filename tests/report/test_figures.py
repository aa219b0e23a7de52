"""report.json: its keys, and that it says what the run holds."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journey.pipeline.outcome import seed_and_arm
from journey.report.figures import figures
from journey.store.entries import Failure
from journey.store.run import Run
from journey.types import Attempt, ModelRef, make_problem

Make = Callable[..., Path]


def of(path: Path) -> dict[str, Any]:
    with Run.read(path) as run:
        return figures(run)


@pytest.fixture(scope="module")
def found(experiment: Path) -> dict[str, Any]:
    return of(experiment)


def test_an_experiment_has_the_keys_that_everyone_reads(found: dict[str, Any]) -> None:
    assert (found["seeds"], found["trees"], found["left_out"]) == (3, 5, [])
    assert set(found["arms"]) == {"phase1", "shortcut", "shortcut_tokens", "journey", "dpo", "shortcut_majk"}
    for arm in found["arms"].values():
        assert 0 <= arm["low"] <= arm["accuracy"] <= arm["high"] <= 1
        assert arm["tokens"] > 0
        assert 0 <= arm["finished"] <= 1
    for key in ("gain", "gain_equal_tokens", "gain_greedy", "gain_trained_tokens"):
        assert found[key]["low"] <= found[key]["points"] <= found[key]["high"]


def test_the_gain_is_the_difference_of_the_arms_in_points(found: dict[str, Any]) -> None:
    arms = found["arms"]
    assert math.isclose(found["gain"]["points"], 100 * (arms["journey"]["accuracy"] - arms["shortcut"]["accuracy"]))
    equal = 100 * (arms["journey"]["accuracy"] - arms["shortcut_majk"]["accuracy"])
    assert math.isclose(found["gain_equal_tokens"]["points"], equal)
    greedy = arms["journey"]["greedy"]["accuracy"] - arms["shortcut"]["greedy"]["accuracy"]
    assert math.isclose(found["gain_greedy"]["points"], 100 * greedy)


def test_only_the_first_sample_counts_for_an_arms_accuracy(found: dict[str, Any]) -> None:
    assert found["arms"]["shortcut"]["attempts"] == 3 * 40
    assert [row["attempts"] for row in found["arms"]["shortcut"]["by_seed"]] == [40, 40, 40]


def test_the_votes_cost_what_the_journey_costs(found: dict[str, Any]) -> None:
    votes, journey = found["arms"]["shortcut_majk"], found["arms"]["journey"]
    assert math.isclose(votes["tokens"], journey["tokens"], rel_tol=1e-9)
    assert 1 < votes["k"] < 8
    assert not votes["capped"]
    assert [p["k"] for p in found["votes"]["shortcut"]] == [1, 2, 4, 8]


def test_shares_of_errors_and_of_right_answers_are_all_answers(found: dict[str, Any]) -> None:
    for name, arm in found["arms"].items():
        if "errors" in arm:
            assert math.isclose(sum(arm["errors"].values()) + arm["accuracy"], 1), name


def test_each_seed_says_who_got_right_what_the_other_did_not(found: dict[str, Any]) -> None:
    for row in found["gain"]["by_seed"]:
        assert math.isclose(row["points"], 100 * (row["only_journey"] - row["only_shortcut"]) / 40)
        assert 0 < row["p"] <= 1


def test_trees_curves_words_and_trained_tokens_are_told(found: dict[str, Any]) -> None:
    assert found["trees_by_seed"] == [{"seed": s, "grown": 5, "with_thought": 5} for s in (1, 2, 3)]
    assert found["curves"]["seed-1/journey"]["points"][0][0] == 1
    assert found["words"]["thoughts"]["traverse"]["texts"] == 15
    assert found["words"]["answers"]["journey"]["key_words"]["wait"][0] == 120
    assert found["arms"]["journey"]["trained_tokens"] == 760000


def test_every_arm_has_its_behaviours(found: dict[str, Any]) -> None:
    assert found["behaviours"].keys() == set(found["arms"]) - {"shortcut_majk"}
    assert found["behaviours"]["journey"]["verifications"]["low"] >= 0


def test_the_figures_are_strict_json_and_the_same_again(experiment: Path, found: dict[str, Any]) -> None:
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(of(experiment), allow_nan=False))


def test_one_seed_has_wilson_and_newcombe(tmp_path: Path, make_run: Make) -> None:
    alone = of(make_run(tmp_path / "one", seeds=1))
    assert alone["seeds"] == 1
    assert alone["interval"].startswith("Wilson")
    only = alone["gain"]["by_seed"][0]
    assert alone["gain"]["low"] == only["low"]


def test_a_seed_that_is_not_finished_is_left_out_and_said_so(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "two", seeds=2)
    with Run.read(path) as run:
        drawn = run.attempts(model="seed-1/journey", decoding="sampled")
        some = list(drawn)[:7]
        config = run.config
    with Run.open(path, config) as run:
        run.put_all("attempts", [_of_seed(a, 3) for a in some], split="test")
    found = of(path)
    assert found["seeds"] == 2
    (row,) = found["left_out"]
    assert row == {"seed": 3, "why": "arm phase1 has 0 of 40 problems"}


def test_a_model_asked_beside_the_seeds_changes_nothing(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "two", seeds=2)
    before = of(path)
    with Run.read(path) as run:
        drawn = run.attempts(model="seed-1/journey", decoding="sampled")
        asked = [replace(a, id=f"tiny {a.id}", model=ModelRef("tiny")) for a in drawn][:7]
        config = run.config
    with Run.open(path, config) as run:
        run.put_all("attempts", asked, split="test")
    assert of(path) == before


def test_a_failed_unit_does_not_keep_its_seed_from_being_finished(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "failed", seeds=1, problems=3)
    with Run.read(path) as run:
        config = run.config
    with Run.open(path, config) as run:
        lost = make_problem("a question", "that the model could not answer")
        run.put_all("problems", [lost], split="test")
        assert figures(run)["seeds"] == 0
        run.add(Failure("eval", "unit", "server away", lost.id, "seed-1/journey", "sampled"))
        found = figures(run)
    assert (found["seeds"], found["failures"]) == (1, {"eval": 1})


def test_a_missing_arm_has_no_gain(tmp_path: Path, make_run: Make) -> None:
    found = of(make_run(tmp_path / "shortcut only", arms=("phase1", "shortcut")))
    assert (found["seeds"], found["gain"], found["gain_equal_tokens"], found["arms"]) == (0, None, None, {})
    assert found["left_out"][0]["why"] == "arm journey has 0 of 40 problems"


def test_too_few_samples_for_the_budget_are_said(tmp_path: Path, make_run: Make) -> None:
    found = of(make_run(tmp_path / "few", seeds=1, samples=2))
    assert found["arms"]["shortcut_majk"]["capped"]
    assert found["arms"]["shortcut_majk"]["k"] == 2


def test_a_run_of_trees_alone_has_a_report_too(tmp_path: Path, make_run: Make) -> None:
    found = of(make_run(tmp_path / "trees", arms=(), seeds=1))
    assert (found["seeds"], found["trees"], found["arms"], found["gain"]) == (0, 5, {}, None)


def test_any_other_models_name_is_an_arm_of_the_only_seed() -> None:
    assert seed_and_arm(ModelRef("seed-12/journey", seed=12, arm="journey")) == (12, "journey")
    assert seed_and_arm(ModelRef("seed-12/journey")) == (1, "seed-12/journey")
    assert seed_and_arm(ModelRef("seed-0/journey", seed=0, arm="journey")) == (0, "journey")


def _of_seed(attempt: Attempt, seed: int) -> Attempt:
    return replace(attempt, id=attempt.id + str(seed), model=ModelRef(f"seed-{seed}/journey", seed=seed, arm="journey"))


def test_before_the_test_set_was_looked_at_the_validation_problems_count(tmp_path: Path, make_run: Make) -> None:
    found = of(make_run(tmp_path / "choosing", seeds=1, problems=5, split="validation"))
    assert (found["split"], found["seeds"], found["problems"]) == ("validation", 1, 5)


def test_a_model_that_was_asked_some_of_the_problems_is_told_alone(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "one model", arms=(), seeds=1)
    with Run.read(path) as run:
        config, asked = run.config, sorted(run.ids("problems", split="test"))[:3]
    with Run.open(path, config) as run:
        made = [Attempt(p, p, ModelRef("hf/small"), "default", 0, "", "1", True, None, 2, "end", 0) for p in asked]
        run.put_all("attempts", made, split="test")
    found = of(path)
    assert found["arms"]["hf/small"]["accuracy"] == 1
    assert found["gain"] is None
