"""Recipes that come along: found by name, listed, printed, and named where another is missing."""

from pathlib import Path

import pytest
import yaml
from commanding import done, journey

from journey.pipeline import recipe_files


@pytest.mark.parametrize("named", ["countdown", "countdown.yaml", "recipes/countdown.yaml"])
def test_a_recipe_is_found_by_its_name_from_any_folder(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_files.find(named).name == "countdown.yaml"
    assert done("run", named, "--dry-run", "--json").data["run"] == "runs/countdown"


def test_a_file_of_ones_own_goes_before_the_recipe_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "countdown.yaml").write_text("seeds: 1\n")
    assert recipe_files.find("countdown.yaml") == Path("countdown.yaml")


def test_recipes_are_listed_with_what_they_are_for_and_printed_to_be_edited() -> None:
    found = done("recipe", "--json").data
    assert found.keys() == set(recipe_files.names()) and "prices" not in found
    assert all(len(summary) > 20 for summary in found.values())
    assert yaml.safe_load(done("recipe", "countdown").out)["task"] == "countdown"


def test_a_recipe_that_is_not_there_is_refused_with_those_that_are() -> None:
    for command in (("recipe", "cuntdown"), ("run", "cuntdown"), ("run", "elsewhere/countdown.yaml")):
        said = journey(*command)
        assert said.code == 2 and "those that ship with journey are cluster, code, countdown, distill" in said.err
