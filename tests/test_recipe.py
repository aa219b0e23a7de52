"""Recipes: files, overrides, and what is said of a mistake in them."""

from pathlib import Path

import pytest

from journey.errors import UsageError
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import load, plain_recipe, recipe_of
from journey.store.settings import plain

RECIPES = [Path(__file__).parents[1] / "recipes" / f"{name}.yaml" for name in ("countdown", "maze")]


def write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("file", RECIPES, ids=lambda f: f.stem)
def test_the_recipes_that_come_along_can_be_read(file: Path) -> None:
    assert isinstance(load(file, environment={}), Recipe)


def test_a_flag_beats_the_environment_and_the_environment_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "seeds: 3\ntrees: {count: 5}\narms: [phase1]\n")
    environment = {"JOURNEY_SEEDS": "4", "JOURNEY_TREES__COUNT": "6", "JOURNEY_HOME": "unrelated"}
    assert load(file, environment={}).seeds == 3
    assert load(file, environment=environment).seeds == 4
    assert load(file, ["seeds=7"], environment).seeds == 7
    assert load(file, ["seeds=7"], environment).trees.count == 6


def test_settings_left_out_have_their_defaults(tmp_path: Path) -> None:
    recipe = load(write(tmp_path, "trees: {grow: {width: 9}}\n"), environment={})
    assert recipe.trees.settings.width == 9
    assert recipe.trees.settings.keep == Recipe().trees.settings.keep


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sedes: 3\n", "did you mean seeds"),
        ("trees: {grow: {widht: 3}}\n", r"trees.grow.widht; did you mean trees.grow.width"),
        ("trees: 3\n", "must hold settings"),
        ("seeds: many\n", "seeds is 'many'"),
        ("task: chess\n", "no task 'chess'; known are countdown, maze, lists"),
        ("problems: {puzzles: {nubmers: 4}}\n", r"problems.puzzles.nubmers; did you mean problems.puzzles.numbers"),
        ("problems: {puzzles: {numbers: four}}\n", "numbers is 'four'"),
        ("problems: {puzzles: 4}\n", "problems.puzzles is 4; it must hold settings"),
        ("{task: math, problems: {puzzles: {numbers: 4}}}\n", "not drawn"),
        ("arms: [phase1, shortcut, journey, dpo: {sft_weight: 1}]", "did you mean arms.dpo.training.sft_weight"),
        ("training: {epochs: .nan}\n", r"training.epochs is nan: give a finite number"),
        ("arms: [phase1, shortcut, journey, rl_journey: {band: {tokens: [.inf, null]}}]", r"tokens.0 is inf: give a"),
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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("goal: comparison", "leave it out"),
        ("telling: {neutral: false}", "write thoughts"),
        ("preferences: {problems: 3}", "write arms.dpo"),
        ("matched_tokens: false", "shortcut_tokens among the arms"),
        ("phase1: {epochs: 2}", "write arms.phase1"),
        ("methods: [traverse]", "write thoughts.methods"),
        ("phases: [{method: distill}]", "distill among the arms"),
        ("seed: 3", "write first_seed"),
        ("problems: {limit: 3}", "write problems.train"),
    ],
)
def test_a_key_of_an_older_recipe_is_refused_with_the_new_one(tmp_path: Path, old: str, new: str) -> None:
    file = write(tmp_path, old)
    with pytest.raises(UsageError, match=new):
        load(file, environment={})
    plain = write(tmp_path, "seeds: 1\n")
    key = old.partition(":")[0]
    with pytest.raises(UsageError, match=rf"--set {key}.*{new}|{new}"):
        load(plain, [f"{key}.limit=3" if key == "problems" else f"{key}=1"], {})
    if key not in ("seed", "problems"):  # JOURNEY_SEED is the flag --seed's own
        with pytest.raises(UsageError, match=rf"JOURNEY_{key.upper()}: .*{new}"):
            load(plain, environment={f"JOURNEY_{key.upper()}": "1"})


def test_a_list_of_arms_chooses_among_them_and_their_settings_stay(tmp_path: Path) -> None:
    file = write(tmp_path, "arms: [phase1, shortcut, journey, dpo: {problems: 7}]\n")
    chosen = load(file, ["arms=[phase1, journey, dpo]", "arms.dpo.samples=3"], {}).arms
    assert list(chosen) == ["phase1", "journey", "dpo"]
    assert (chosen["dpo"].problems, chosen["dpo"].samples) == (7, 3)


def test_training_is_of_second_phases_beside_their_own_settings(tmp_path: Path) -> None:
    file = write(tmp_path, "training: {epochs: 7, batch: 4}\narms: [phase1, shortcut, journey: {epochs: 2}, dpo]\n")
    arms = load(file, environment={}).arms
    assert [arms[name].epochs for name in ("phase1", "shortcut", "journey")] == [3.0, 7.0, 2.0]
    assert arms["journey"].batch == 4 and arms["dpo"].training.epochs == 1.0


def test_settings_in_two_places_by_one_anchor_are_set_in_one_of_them_alone(tmp_path: Path) -> None:
    file = write(tmp_path, "training: &sft {epochs: 7}\narms: [phase1: *sft, journey]\n")
    arms = load(file, ["training.epochs=1"], {}).arms
    assert (arms["phase1"].epochs, arms["journey"].epochs) == (7.0, 1.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("arms: [jurney]", "did you mean arms.journey"),
        ("arms: journey", "a list of names"),
        ("arms: [dpo]", "starts from journey"),
        ("arms: [distill]", "trains on distill"),
        ("arms: [phase1: {epochs: many}]", "arms.phase1.epochs is 'many'"),
        ("thoughts: {traverse: {trails: 3}}", "did you mean thoughts.traverse.trials"),
        ("thoughts: {methods: [travers]}", "did you mean thoughts.traverse"),
        ("thoughts: {methods: []}", "name at least one"),
        ("seeds: 2", "write seeds: 1"),
        ("seeds: 0", "seeds is 0; it must be at least 1"),
        ("arms: [phase1: 3]", "arms.phase1 is 3; it must hold settings"),
        ("trees: {grower: nosuch}", "there is no setting trees.grower; known are grow"),
        ("thoughts: {settings: {}}", "there is no setting thoughts.settings; known are traverse"),
        ("evaluation: {votes: 0}", "evaluation.votes is 0; it must be at least 1"),
        ("trees: {count: 0}", "trees.count is 0; it must be at least 1"),
        ("arms: [journey, dpo: {kinds: {recover: 9}}]", "no pairs of the kind 'recover'; did you mean recovery?"),
        ("arms: [journey, dpo: {samples: 1}]", "arms.dpo.samples is 1; it must be at least 2"),
        ("arms: [journey, dpo: {training: {sft_weight: -1}}]", "sft_weight is -1.0; it must be at least 0"),
        ("evaluation: {max_tokens: 0}", "evaluation.max_tokens is 0; it must be at least 1"),
        ("evaluation: {temperature: -1}", "must be at least 0"),
        (
            "{launch: {processes: 2}, arms: [phase1, shortcut, journey, rl_journey]}",
            "and rl is not one; leave it out",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        load(write(tmp_path, text), environment={})
    assert "\n" not in str(caught.value)


def test_a_recipe_over_a_base_has_its_settings_but_for_those_that_it_changes(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("seeds: 3\narms: [phase1, journey, dpo: {problems: 7}]\ntrees: {count: 4}\n")
    recipe = load(write(tmp_path, "base: base.yaml\narms: [phase1, journey]\ntrees: {grow: {width: 2}}\n"), (), {})
    assert recipe.seeds == 3 and list(recipe.arms) == ["phase1", "journey"]
    assert (recipe.trees.count, recipe.trees.settings.width) == (4, 2)


@pytest.mark.parametrize("name", ["countdown", "distill", "math_server", "prm800k", "scaling"])
def test_a_recipe_is_read_back_from_what_a_run_keeps_of_it(name: str) -> None:
    recipe = load(name, environment={})
    assert recipe_of(plain(plain_recipe(recipe)), "the run") == recipe
