"""The whole river on the tiny base, small: what it leaves, that it goes on, and that workers change no result."""

import json
from pathlib import Path

import pytest

from journey import interrupts
from journey.pipeline.arm_rows import PreferenceSettings, SeedRun, of_preferences
from journey.pipeline.experiment import run_recipe
from journey.pipeline.recipe_reading import load
from journey.pipeline.stages import evaluate
from journey.report.build import build
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.table import task

RECIPE = Path(__file__).parents[1] / "recipes" / "countdown.yaml"
SMALL = [
    "seeds=1", "problems.phase1=320", "problems.train=40", "problems.validation=4", "problems.test=8",
    "arms.phase1.epochs=2", "trees.count=16", "training.epochs=1", "arms.dpo.problems=10", "arms.dpo.samples=12",
    "arms.dpo.temperature=1.0", "evaluation.max_tokens=250", "evaluation.votes=3",
]  # fmt: skip


def run_small(out: Path, *settings: str) -> Run:
    recipe = load(RECIPE, [*SMALL, *settings], {})
    return run_recipe(recipe, out, fresh=False, progress=lambda *said: None, on_seed=lambda run: None)


def contents(run: Run) -> dict[str, list[str]]:
    return {table: [repr(r) for r in run.all(table)] for table in ("problems", "trees", "thoughts", "attempts")}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("river") / "run"
    run_small(out, "workers=2").close()
    return out


def test_every_arm_is_trained_and_every_problem_attempted(small: Path) -> None:
    with Run.read(small) as run:
        for arm in ("phase1", "shortcut", "shortcut_tokens", "journey", "dpo"):
            assert (small / "models" / "seed-1" / arm / "model.safetensors").is_file()
            assert run.count("attempts", model=f"seed-1/{arm}", decoding="greedy", split="test") == 8
        assert run.count("attempts", model="seed-1/shortcut", decoding="sampled") == 24
        assert run.failures() == []


def test_both_arms_are_told_from_the_same_trees(small: Path) -> None:
    with Run.read(small) as run:
        short = [t.tree for t in run.all("thoughts", method="shortcut")]
        long = [t.tree for t in run.all("thoughts", method="traverse")]
    assert len(short) == 16
    assert sorted(short) == sorted(long)


def test_the_report_has_the_promised_keys(small: Path) -> None:
    with Run.read(small) as run:
        build(run)
    found = json.loads((small / "report" / "report.json").read_text())
    assert found["seeds"] == 1
    assert found["trees"] == 16
    assert {"phase1", "shortcut", "shortcut_majk", "shortcut_tokens", "journey", "dpo"} <= found["arms"].keys()
    for arm in found["arms"].values():
        assert {"accuracy", "low", "high", "tokens", "finished"} <= arm.keys()
    for gain in ("gain", "gain_equal_tokens"):
        assert {"points", "low", "high"} <= found[gain].keys()
    assert "<script" not in (small / "report" / "report.html").read_text()


def test_pairs_of_steps_come_from_the_seeds_own_trees_and_draw_no_answers(small: Path) -> None:
    settings = PreferenceSettings(kinds={"first-error": None, "recovery": 4})
    with Run.read(small) as run:
        of = SeedRun(run=run, seed=1, task=task("countdown"), evaluate=evaluate, policy="seed-1/phase1")
        rows = interrupts.run(of_preferences(of, settings, "seed-1/journey", small / "models" / "seed-1" / "journey"))
    kinds = [row["kind"] for row in rows]
    assert kinds.count("recovery") == 4 and kinds.count("first-error") > 4
    assert len(rows) <= settings.pairs_at_most(40) and settings.answers_at_most(40) == 0


def test_the_same_command_again_makes_nothing_new(small: Path) -> None:
    with Run.read(small) as run:
        before, logged = contents(run), len(run.entries(Training))
    with run_small(small, "workers=1") as run:
        assert contents(run) == before
        assert len(run.entries(Training)) == logged


def test_one_worker_with_few_in_flight_gives_what_two_with_many_give(small: Path, tmp_path: Path) -> None:
    with run_small(tmp_path / "other", "workers=1", "in_flight=3") as run, Run.read(small) as first:
        assert contents(run) == contents(first)
