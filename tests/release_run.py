"""A small run of a real recipe, as release and transparency read it."""

import json
import shutil
from pathlib import Path

from journey.models.weights import TINY, model_path
from journey.pipeline.kept_recipe import config_of
from journey.pipeline.recipe_reading import load
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.table import task
from journey.types import Attempt, Judgement, ModelRef, Node, Segment, Thought, Tree, content_hash

SMALL = (
    "seeds=1",
    "problems.phase1=3",
    "problems.train=4",
    "problems.test=5",
    "trees.count=2",
    "arms=[phase1,journey]",
)


def countdown_run(path: Path) -> Path:
    """A run of a small recipe: drawn puzzles, two trees, a thought of each, a model that is the base's copy."""
    recipe = load("countdown", (*SMALL, "thoughts.methods=[shortcut,traverse]", "evaluation.max_tokens=40"), {})
    puzzles = task("countdown")
    assert puzzles.draw is not None and puzzles.settings is not None
    with Run.open(path, config_of(recipe)) as run:
        for part, count in (("phase1", 3), ("train", 4), ("test", 5)):
            made = puzzles.draw(part, count, 1, puzzles.settings(), held_out=part == "test")
            run.put_all("problems", made, split=part)
        for problem in run.problems(split="train"):
            last = (problem.solution or "").splitlines()[-1]
            said = Judgement("right", by="exact"), Judgement("wrong", reason="misses", by="exact")
            nodes = Node(-1, last, said[0], "1", True), Node(-1, "1 + 1 = 2", said[1], "2", False)
            tree = Tree(content_hash(problem.id), problem.id, nodes, "seed-1/phase1", "exact", {"width": 2, "seed": 1})
            run.put_all("trees", [tree])
            for method in ("shortcut", "traverse"):
                piece = Segment("step", last, 0, 0, len(last))
                id = content_hash(tree.id, method)
                run.put_all("thoughts", [Thought(id, problem.id, tree.id, method, (piece,), last, last, "1", seed=1)])
        for arm in ("phase1", "journey"):
            name = f"seed-1/{arm}"
            shutil.copytree(model_path(TINY), path / "models" / name)
            facts = {"method": "sft", "model": str(path / "models"), "rows": 4, "steps": 1, "settings": {"batch": 16}}
            (path / "models" / name / "training.json").write_text(json.dumps(facts))
            run.add(Training(name, [{"step": 1, "loss": 1.0}], 40, 2.5, seed=1, arm=arm, kind="sft"))
            for decoding in ("sampled", "greedy"):
                made = [
                    Attempt(content_hash(arm, decoding, p.id), p.id, ModelRef(name, 1, None, arm), decoding, 0, "no",
                            None, False, "cut off", 40, "length", 1)
                    for p in run.problems(split="test")
                ]  # fmt: skip
                run.put_all("attempts", made, split="test")
    return path
