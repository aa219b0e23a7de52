"""Recipes: files, overrides, and what is said of a mistake in them."""

from pathlib import Path

import pytest

from journey.errors import UsageError
from journey.pipeline.recipe import Recipe, load

RECIPES = [Path(__file__).parents[1] / "recipes" / f"{name}.yaml" for name in ("countdown", "maze")]


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("file", RECIPES, ids=lambda f: f.stem)
def test_the_recipes_that_come_along_can_be_read(file: Path) -> None:
    assert isinstance(load(file, environment={}), Recipe)


def test_a_flag_beats_the_environment_and_the_environment_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "seeds: 3\ntrees: {count: 5}\n")
    environment = {"JOURNEY_SEEDS": "4", "JOURNEY_TREES__COUNT": "6", "JOURNEY_HOME": "unrelated"}
    assert load(file, environment={}).seeds == 3
    assert load(file, environment=environment).seeds == 4
    assert load(file, ["seeds=7"], environment).seeds == 7
    assert load(file, ["seeds=7"], environment).trees.count == 6


def test_settings_left_out_have_their_defaults(tmp_path: Path) -> None:
    recipe = load(write(tmp_path, "trees: {grow: {width: 9}}\n"), environment={})
    assert recipe.trees.grow.width == 9
    assert recipe.trees.grow.keep == Recipe().trees.grow.keep


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sedes: 3\n", "did you mean seeds"),
        ("trees: {grow: {widht: 3}}\n", r"trees.grow.widht; did you mean trees.grow.width"),
        ("trees: 3\n", "must hold settings"),
        ("seeds: many\n", "seeds is 'many'"),
        ("task: chess\n", "no task 'chess'; known are countdown, maze, math"),
        ("problems: {puzzles: {nubmers: 4}}\n", r"problems.puzzles.nubmers; did you mean problems.puzzles.numbers"),
        ("problems: {puzzles: {numbers: four}}\n", "numbers is 'four'"),
        ("problems: {puzzles: 4}\n", "problems.puzzles is 4; it must hold settings"),
        ("{task: math, problems: {puzzles: {numbers: 4}}}\n", "not drawn"),
        ("", "holds no settings"),
        ("- 1\n", "holds no settings"),
        ("a: [1\n", "cannot be read as YAML"),
    ],
)
def test_a_mistake_in_a_recipe_is_one_sentence_with_the_mend(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        load(write(tmp_path, text), environment={})
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_and_an_override_without_a_value_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no recipe"):
        load(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="has no value"):
        load(write(tmp_path, "seeds: 1\n"), ["seeds"], {})
    with pytest.raises(UsageError, match="no settings below"):
        load(write(tmp_path, "seeds: 1\n"), ["seeds.deep=1"], {})
