"""Sweeps: points from axes, what they share with the base, and a tiny one from recipe to report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from commanding import done, journey

from journey.errors import UsageError
from journey.pipeline.points import Point, points_of, runs_of, shared
from journey.pipeline.recipe import Axis
from journey.pipeline.recipe_reading import load, plain_recipe
from journey.pipeline.sweep import share
from journey.store.entries import SharedPart, Training
from journey.store.run import Run

RECIPES = Path(__file__).parents[1] / "recipes"
SMALL = {
    "seeds": 1, "problems": {"phase1": 320, "train": 40, "validation": 4, "test": 8},
    "arms": [{"phase1": {"epochs": 2}}, "shortcut", "journey"], "trees": {"count": 16}, "training": {"epochs": 1},
    "evaluation": {"max_tokens": 250, "votes": 1, "greedy": False},
}  # fmt: skip
AXES = {
    "thoughts": {"setting": "trees.count", "values": [4, 16]},
    "output": {"setting": "evaluation.max_tokens", "values": [120, 250]},
}


def swept(limit: int | None = None) -> list[Point]:
    return points_of(RECIPES / "scaling.yaml", limit=limit)


def test_the_recipe_that_comes_along_has_the_points_of_the_report() -> None:
    found = swept()
    assert [p.value for p in found if p.axis == "thoughts"] == [41, 82, 164, 327, 654, 1308]
    assert [p.recipe.thoughts.settings["traverse"].trials for p in found if p.axis == "trials"] == [1, 2, 3, 4, 6]
    assert found[0].folder == "base" == next(p.folder for p in found if p.value == 327)
    assert len(runs_of(found)) == 13


def test_a_point_differs_from_the_base_in_its_one_setting() -> None:
    found = swept()
    base = plain_recipe(found[0].recipe)
    for place in found[1:]:
        other = plain_recipe(place.recipe)
        changed = [key for key in base if base[key] != other[key]]
        assert len(changed) == (place.folder != "base")


def test_what_a_point_takes_over_is_what_its_setting_cannot_have_changed() -> None:
    found = {p.folder: p.recipe for p in swept()}
    base = found["base"]
    assert shared(base, found["output-75"]) == "models"
    assert shared(base, found["thoughts-41"]) == shared(base, found["trials-2"]) == "trees"
    assert shared(base, replace(base, judge="critic")) == "nothing"


def test_a_point_takes_over_what_seeds_that_are_added_need(tmp_path: Path) -> None:
    recipe = load("countdown", (), {})
    with Run.open(tmp_path / "base", {}) as base, Run.open(tmp_path / "point", {}) as point:
        for seed in (1, 2):
            (base.path / f"models/seed-{seed}/phase1").mkdir(parents=True)
            (base.path / f"models/seed-{seed}/phase1/config.json").write_text(str(seed))
            base.add(Training(f"seed-{seed}/phase1", [], seed, None, seed=seed, arm="phase1"))
        share(base.path, point, "trees", replace(recipe, seeds=1))
        assert not (point.path / "models/seed-2").exists()
        for _ in range(2):
            share(base.path, point, "trees", replace(recipe, seeds=2))
        assert [(point.path / f"models/seed-{s}/phase1/config.json").read_text() for s in (1, 2)] == ["1", "2"]
        assert [entry.tokens for entry in point.entries(Training)] == [1, 2]
        assert len(point.entries(SharedPart)) == 2


def test_points_that_a_limit_makes_equal_are_one_run() -> None:
    found = swept(limit=20)
    assert {p.folder for p in found if p.axis == "thoughts"} == {"base"}
    assert found[0].recipe.trees.count == 20


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ("axes.thoughts.setting=trees.cuont", "did you mean trees.count"),
        ("axes.thoughts.values=[]", "no values"),
        ("axes.thoughts.values=[0, 41]", "fit: false"),
        ("axes.thoughts.valeus=[1]", "did you mean axes.thoughts.values"),
        ("base=none.yaml", "no recipe"),
        ("base=distill.yaml", "not among thoughts.methods"),
        ("arms=[phase1, shortcut]", "the journey and the arm that makes the policy"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_mend(changed: str, sentence: str) -> None:
    said = journey("run", RECIPES / "scaling.yaml", "--dry-run", "--set", changed)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("redraws", [0, -1])
def test_a_sweep_without_redraws_is_refused_before_anything_is_made(redraws: int) -> None:
    with pytest.raises(UsageError, match="it must be at least 1"):
        load("scaling", [f"redraws={redraws}"], {})


def test_an_axis_without_numbers_may_say_that_it_wants_no_curve() -> None:
    with pytest.raises(UsageError, match="fit: false"):
        Axis(setting="thoughts.traverse.start", values=("path", "root"))
    assert Axis(setting="thoughts.traverse.start", values=("path", "root"), fit=False).values == ("path", "root")


def test_a_sweep_takes_no_budget_and_says_so(tmp_path: Path) -> None:
    refused = journey("run", RECIPES / "scaling.yaml", "--out", tmp_path / "sweep", "--max-calls", 5)
    assert refused.code == 2
    assert "a sweep has no budget" in refused.err
    assert not (tmp_path / "sweep").exists()


def test_a_dry_run_says_how_many_runs_and_makes_nothing(tmp_path: Path) -> None:
    said = done("run", RECIPES / "scaling.yaml", "--out", tmp_path / "sweep", "--dry-run", "--json")
    assert said.data["runs"] == 13
    assert {row["takes over"] for row in said.data["each"]} == {"nothing", "trees", "models"}
    assert not (tmp_path / "sweep").exists()


@pytest.mark.slow
def test_a_tiny_sweep_shares_its_trees_and_goes_on(tmp_path: Path) -> None:
    recipe = {"base": str(RECIPES / "countdown.yaml"), **SMALL, "axes": AXES, "redraws": 20}
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(recipe))
    out = tmp_path / "sweep"
    first = done("run", file, "--out", out, "--json").data
    points = first["axes"]["thoughts"]["arms"]["journey"]["points"]
    assert [p["at"] for p in points] == [4, 16]
    assert [p["flops"]["data"] for p in points] == sorted({p["flops"]["data"] for p in points})
    assert all(0 <= p["low"] <= p["accuracy"] <= p["high"] <= 1 for p in points)
    with Run.read(out / "base") as base, Run.read(out / "thoughts-4") as small, Run.read(out / "output-120") as short:
        assert base.ids("trees") == small.ids("trees") == short.ids("trees")
        assert {a.decoding for a in small.attempts()} == {"sampled"}
        told = {t.tree for t in small.thoughts()}
        assert len(told) == 4
        assert told < {t.tree for t in base.thoughts()}
        trained = short.entries(Training, model="seed-1/journey")
        assert trained == base.entries(Training, model="seed-1/journey")
    weights = "models/seed-1/journey/model.safetensors"
    assert (out / "output-120" / weights).read_bytes() == (out / "base" / weights).read_bytes()
    assert "<script" not in (out / "scaling.html").read_text()
    assert "From each point to the next" in (out / "scaling.md").read_text()
    assert done("run", file, "--out", out, "--json").data == first
    assert json.loads((out / "scaling.json").read_text()) == first
