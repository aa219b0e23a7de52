"""A training method and a thought method from outside the package: a line in each table, and everything knows them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey

from journey.pipeline.arm_rows import SeedRun, thought_rows
from journey.pipeline.arms import ARMS, PHASE1, Arm, Work
from journey.store.run import Run
from journey.thoughts.base import Made, Material, ThoughtMethod, Tools, asks_nothing
from journey.thoughts.draft import draft
from journey.thoughts.methods import METHODS
from journey.thoughts.shortcut import shortest_paths, straight
from journey.training.rows import Row

SMALL = (
    "problems={phase1: 200, train: 30, test: 6}", "seeds=1", "workers=0", "evaluation.max_tokens=60",
    "evaluation.votes=1", "trees.count=10", "arms=[phase1, shortcut, journey, twice]", "arms.phase1.epochs=1",
    "training.epochs=1", "thoughts.methods=[shortcut, traverse, echoed]",
)  # fmt: skip


async def make_echoed(material: Material, settings: Any, tools: Tools) -> Made:
    """The right path alone, under another name."""
    assert material.tree is not None
    tree, narration = material.tree, tools.narration
    made = [draft(tree, material.problem, straight(tree, leaf), narration) for leaf in shortest_paths(tree, tools)]
    return Made([replace(thought, id=f"echoed-{thought.id}", method="echoed") for thought in made])


async def twice(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
    """Every thought two times."""
    return 2 * thought_rows(of.run, "echoed", seed=of.owner)


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "echoed", ThoughtMethod(source="trees", make=make_echoed, estimate=asks_nothing))
    arm = Arm(
        label="shortcuts, each twice", short="twice", needs=PHASE1, method="echoed", rows=twice,
        estimate=lambda settings, sizes: Work(2 * sizes.thoughts),
    )  # fmt: skip
    monkeypatch.setitem(ARMS, "twice", arm)


def test_a_new_arm_on_a_new_kind_of_thoughts_is_run_estimated_reported_and_shown(tmp_path: Path) -> None:
    flags = [part for setting in SMALL for part in ("--set", setting)]
    plan = done("run", "countdown", "--out", tmp_path / "run", *flags, "--dry-run", "--json").data
    found = done("run", "countdown", "--out", tmp_path / "run", *flags, "--json").data
    assert found["arms"]["twice"]["accuracy"] >= 0
    assert "shortcuts, each twice" in (tmp_path / "run" / "report" / "report.md").read_text()
    with Run.read(tmp_path / "run") as run:
        rows = {p.parent.name: json.loads(p.read_text())["rows"] for p in run.path.glob("models/*/*/training.json")}
        assert rows["twice"] == 2 * rows["shortcut"]
        # What a dry run says is never passed.
        assert sum(rows.values()) <= plan["rows_trained_on_at_most"]
        assert len(rows) == plan["models_trained"] == 4
        assert run.count("attempts") <= plan["attempts_at_most"]
        assert run.count("trees") == plan["trees_grown"]
        assert run.count("thoughts", method="echoed") == rows["shortcut"]
    exported = done("export", tmp_path / "run", "sft", "--arm", "twice", "--to", tmp_path / "rows.jsonl", "--json")
    assert exported.data["rows"] == rows["shortcut"]


def test_a_new_arm_has_its_settings_in_recipes_and_its_mistakes_named() -> None:
    said = journey("run", "countdown", "--dry-run", "--set", "arms=[phase1, twice]")
    assert said.code == 2 and "the arm twice trains on echoed, which is not among thoughts.methods" in said.err
    said = journey("run", "countdown", "--dry-run", "--set", "arms.twice.epoch=2")
    assert said.code == 2 and "did you mean arms.twice.epochs?" in said.err
