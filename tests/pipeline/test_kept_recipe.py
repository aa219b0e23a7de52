"""Recipes of runs of store version 1, read in the form of today."""

from dataclasses import replace
from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from version_1 import unpacked

from journey.errors import UsageError
from journey.pipeline import kept_recipe as kept_recipe_module
from journey.pipeline.kept_recipe import config_of, kept_recipe, open_run
from journey.pipeline.recipe_reading import recipe_of
from journey.store.run import Run
from journey.store.settings import plain


def test_a_comparison_of_version_1_is_gone_on_with_by_the_recipe_that_means_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unpacked("countdown", tmp_path) / "countdown"
    with Run.read(folder) as run:
        old, recipe = run.config["recipe"], recipe_of(kept_recipe(run), "the run")
        trees = run.count("trees")
    assert list(recipe.arms) == ["phase1", "shortcut", "shortcut_tokens", "journey", "dpo"]
    assert recipe.arms["phase1"].epochs == old["phase1"]["epochs"]
    assert recipe.arms["dpo"].problems == old["preferences"]["problems"]
    assert recipe.thoughts.settings["traverse"].trials == old["telling"]["traverse"]["trials"]
    for one in (recipe, replace(recipe, task="maze")):  # no settings would help
        with pytest.raises(UsageError, match="other weights of the tiny model"):
            open_run(folder, one, fresh=False)
    monkeypatch.setattr(kept_recipe_module, "FIRST_TINY", config_of(recipe)["weights"]["tiny"])
    with pytest.raises(UsageError, match="task: was"):
        open_run(folder, replace(recipe, task="maze"), fresh=False)
    with open_run(folder, recipe, fresh=False) as run:
        assert run.count("trees") == trees and "goal" not in run.config["recipe"]
    open_run(folder, recipe, fresh=False).close()


def test_a_collection_of_version_1_keeps_its_methods_models_and_seed(tmp_path: Path) -> None:
    folder = unpacked("thoughts", tmp_path) / "thoughts"
    with Run.read(folder) as run:
        old, recipe = run.config["recipe"], recipe_of(kept_recipe(run), "the run")
    assert (recipe.model, recipe.helper, recipe.first_seed) == (
        old["model"],
        old["strong"] or old["model"],
        old["seed"],
    )
    assert list(recipe.thoughts.methods) == old["methods"] and recipe.problems.train == old["problems"]["limit"]
    assert recipe.thoughts.explain == old["telling"]["explain"]
    said = done("derive", folder, "--method", "shortcut", "--json").data
    assert said["failed"] == 0 and said["thoughts"]["shortcut"] > 0
    other = journey("derive", folder, "--method", "traverse", "--trials", 5)
    assert other.code == 2 and "trials: was" in other.err


def test_students_that_version_1_trained_in_phases_are_not_trained_again_under_other_names(tmp_path: Path) -> None:
    folder = tmp_path / "distilled"
    phases = [{"method": "rewrite", "training": {}}, {"method": "traverse", "training": {}}]
    Run.open(folder, {"recipe": {"goal": "thoughts", "phases": phases}}).close()
    with pytest.raises(UsageError, match=r"trained students in phases.*another --out"):
        open_run(folder, recipe_of({"problems": {"train": 5}}, "the recipe"), fresh=False)


def test_a_setting_that_a_run_is_older_than_is_as_it_is_by_default(tmp_path: Path) -> None:
    folder, recipe = tmp_path / "run", recipe_of({"problems": {"train": 5}}, "the recipe")
    config = plain(config_of(recipe))
    del config["recipe"]["dtype"]
    Run.open(folder, config).close()
    open_run(folder, recipe, fresh=False).close()
    with pytest.raises(UsageError, match='dtype: was "auto", now "float32"'):
        open_run(folder, replace(recipe, dtype="float32"), fresh=False)
    with pytest.raises(UsageError, match="there is no dtype 'bf16'"):
        replace(recipe, dtype="bf16")


def test_a_dry_run_on_imported_problems_says_the_same_as_the_run(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [{"question": "1 + 1?", "answer": "2"}])
    done("import", "problems", rows, "--out", tmp_path / "run")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("{task: math, judge: exact, thoughts: {methods: [traverse]}}")
    done("grow", recipe, "--out", tmp_path / "run", "--dry-run")
