"""The arm of Quiet-STaR: trained from phase 1 on the shortcuts, and asked with thoughts and without."""

from pathlib import Path

from journey.models.local_thoughts import FILE
from journey.pipeline.experiment import run_recipe
from journey.pipeline.recipe_reading import load
from journey.store.entries import Training
from journey.store.run import Run

RECIPE = """
task: countdown
seeds: 1
workers: 0
problems: {phase1: 200, train: 30, test: 6}
trees: {count: 10, grow: {width: 6, keep: 2, follow_wrong: 6, depth: 2, max_step_tokens: 24}}
training: {epochs: 1, batch: 16, learning_rate: 1.0e-3}
arms: [phase1: {epochs: 1}, shortcut, quiet_star: {thought: 3, places: 2}]
evaluation: {max_tokens: 60, votes: 1}
"""


def test_an_arm_learns_to_think_and_answers_with_thoughts_and_without(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    recipe = load(tmp_path / "recipe.yaml", [], {})
    run_recipe(recipe, tmp_path / "run", fresh=False, progress=lambda *said: None, on_seed=lambda run: None).close()
    assert (tmp_path / "run" / "models" / "seed-1" / "quiet_star" / FILE).is_file()
    with Run.read(tmp_path / "run") as run:
        (trained,) = run.entries(Training, arm="quiet_star")
        found = {name: list(run.attempts(model="seed-1/quiet_star", decoding=name)) for name in (
            "sampled", "greedy", "sampled with thoughts", "greedy with thoughts"
        )}  # fmt: skip
    assert trained.kind == "quiet_star" and recipe.arms["quiet_star"].learning_rate == 1e-3
    assert {name: len(attempts) for name, attempts in found.items()} == dict.fromkeys(found, 6)
    assert all(one.tokens > 3 for one in found["greedy with thoughts"])
