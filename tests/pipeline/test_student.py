"""A student of another vocabulary than the model that grows the trees, and one first phase for all seeds."""

from pathlib import Path

from commanding import done, journey
from tiny_models import save_chat_model

from journey.store.entries import Training
from journey.store.run import Run

RECIPE = """
task: countdown_words
model: {student}
seeds: 2
share_phase1: true
workers: 0
problems: {{phase1: 6, practice: 4, train: 12, test: 3}}
trees:
  model: tiny
  count: 4
  grow: {{width: 6, keep: 2, follow_wrong: 6, depth: 2, temperature: 1.0, max_step_tokens: 24}}
thoughts: {{traverse: {{start: root, trials: 3, to_answer: true}}}}
training: {{max_steps: 1, batch: 4}}
arms: [phase1: {{max_steps: 1, batch: 4}}, shortcut, journey]
evaluation: {{max_tokens: 8, votes: 1, greedy: false}}
"""


def test_a_student_learns_from_another_models_trees_and_all_seeds_from_one_first_phase(tmp_path: Path) -> None:
    student, file, out = save_chat_model(tmp_path / "student"), tmp_path / "recipe.yaml", tmp_path / "run"
    file.write_text(RECIPE.format(student=f"hf/{student}"))
    plan = done("run", file, "--out", out, "--dry-run", "--json").data
    assert (plan["model"], plan["trees_by"], plan["models_trained"]) == (f"hf/{student}", "tiny", 5)
    found = done("run", file, "--out", out, "--json").data
    assert found["seeds"] == 2 and found["shared_phase1"] and found["trees_by_seed"][1]["grown"] == 12
    with Run.read(out) as run:
        assert {tree.policy for tree in run.trees()} == {"tiny"} and run.count("trees") == 24
        assert all("leaving" in thought.text for thought in run.thoughts())
        assert {entry.model for entry in run.entries(Training)} == {
            f"seed-{seed}/{arm}" for seed in (1, 2) for arm in ("phase1", "shortcut", "journey")
        }
        one, two = (run.path / "models" / f"seed-{seed}" / "phase1" / "model.safetensors" for seed in (1, 2))
        assert one.read_bytes() == two.read_bytes()
    assert "trained once" in (out / "report" / "report.md").read_text("utf-8")
    own = done("run", file, "--out", out, "--dry-run", "--json", "--set", "trees.model=null", "--fresh").data
    assert own["trees_by"] == "phase1"


def test_practice_of_a_task_that_has_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("model: tiny\nworkers: 0\nproblems: {phase1: 5, practice: 1, train: 2, test: 1}\narms: [phase1]\n")
    refused = journey("run", file, "--out", tmp_path / "run")
    assert refused.code == 2 and "countdown has no practice" in refused.err
