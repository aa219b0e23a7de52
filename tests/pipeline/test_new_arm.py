"""Training methods and a thought method from outside the package: a line in each table, and everything knows them."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey

from journey.pipeline.arm_rows import SeedRun, seed_rows
from journey.pipeline.arms import ARMS, Arm, Gain, Work
from journey.report.document import Table
from journey.report.example import choose
from journey.report.tables import brief
from journey.store.run import Run
from journey.studio.compare_page import first_base, first_other
from journey.studio.compare_sides import sides
from journey.thoughts.base import Made, Material, ThoughtMethod, Tools, asks_nothing
from journey.thoughts.draft import draft
from journey.thoughts.methods import METHODS
from journey.thoughts.shortcut import shortest_paths, straight
from journey.training.rows import Row

SOURCE = Path(__file__).parents[2] / "src" / "journey"
NAMED = set(ARMS)
NAMESAKES = {  # a part of the problems, a kind of training, a method and the package
    "pipeline/arm_rows.py": {"phase1"}, "pipeline/parts.py": {"phase1"}, "pipeline/plans.py": {"phase1"},
    "pipeline/training_rows.py": {"dpo"}, "pipeline/lineage.py": {"phase1"}, "pipeline/slurm.py": {"journey"},
    "pipeline/experiment.py": {"phase1"}, "pipeline/recipe.py": {"shortcut"},
    "pipeline/recipe_files.py": {"journey"}, "studio/pages.py": {"journey"}, "studio/app.py": {"journey"},
    # A section of a data card, rows of a paper's table of ablations, and a control that wants its own measure.
    "report/release_data_card.py": {"dpo"}, "report/transparency_method.py": {"shortcut", "phase1", "dpo"},
    "report/transparency_open.py": {"shortcut_tokens"},
}  # fmt: skip
RECIPE = """
task: countdown
seeds: 1
workers: 0
problems: {phase1: 200, train: 30, test: 6}
trees: {count: 10, grow: {width: 6, keep: 2, follow_wrong: 6, depth: 2, max_step_tokens: 24}}
thoughts: {methods: [shortcut, traverse, echoed]}
training: {epochs: 1, batch: 16, learning_rate: 1.0e-3}
arms: [opening: {epochs: 1}, plain, winding, twice]
evaluation: {max_tokens: 60, votes: 2}
"""
AXES = "axes: {output: {setting: evaluation.max_tokens, values: [40, 60]}}"


async def make_echoed(material: Material, settings: Any, tools: Tools) -> Made:
    """The right path alone, under another name."""
    assert material.tree is not None
    tree, narration = material.tree, tools.narration
    made = [draft(tree, material.problem, straight(tree, leaf), narration) for leaf in shortest_paths(tree, tools)]
    return Made([replace(thought, id=f"echoed-{thought.id}", method="echoed") for thought in made])


async def twice(of: SeedRun, settings: Any, source: str, weights: str | Path) -> list[Row]:
    """Every thought two times."""
    return 2 * seed_rows(of, "echoed")


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table in which no arm is called as in ours, with one arm more; every place finds its arms by their roles."""
    monkeypatch.setitem(METHODS, "echoed", ThoughtMethod(source="trees", make=make_echoed, estimate=asks_nothing))
    ours = dict(ARMS)
    gains = (Gain("plain", "gain", "winding over plain"), Gain("plain", "gain_votes", "at votes", votes="plain_votes"))
    theirs = {
        "opening": replace(ours["phase1"], label="the opening", short="opening"),
        "plain": replace(ours["shortcut"], label="plain ones", short="plain", needs="opening"),
        "winding": replace(ours["journey"], label="winding ones", short="winding", needs="opening", gains=gains),
        "twice": Arm(
            label="shortcuts, each twice", short="twice", needs="opening", method="echoed", rows=twice,
            estimate=lambda settings, sizes: Work(2 * sizes.thoughts),
            gains=(Gain("winding", "gain_twice", "twice over winding"),),
        ),
    }  # fmt: skip
    ARMS.clear()
    ARMS.update(theirs)
    yield
    ARMS.clear()  # not by monkeypatch: the order of the table counts
    ARMS.update(ours)


def test_new_arms_on_a_new_kind_of_thoughts_are_run_estimated_compared_and_shown(tmp_path: Path) -> None:
    file, out = tmp_path / "recipe.yaml", tmp_path / "sweep" / "base"
    file.write_text(RECIPE)
    plan = done("run", file, "--out", out, "--dry-run", "--json").data
    found = done("run", file, "--out", out, "--json").data
    assert {*found["arms"]} == {"opening", "plain", "plain_votes", "winding", "twice"}
    assert {"only_winding", "only_plain"} <= found["gain"]["by_seed"][0].keys()
    assert found["gain_votes"] is not None and found["gain_twice"] is not None
    shown = brief(found)
    assert [line.partition(":")[0] for line in shown.headline] == [
        "winding over plain",
        "at votes",
        "twice over winding",
    ]
    (arms,) = [part for part in shown.parts if isinstance(part, Table) and part.rows]
    assert [row[0] for row in arms.rows[:2]] == ["the opening", "plain ones"]
    assert arms.rows[2][0].startswith("plain, maj@") and list(arms.strong) == [3]
    report = (out / "report" / "report.md").read_text()
    assert "shortcuts, each twice" in report
    with Run.read(out) as run:
        example = choose(run)
        assert example is not None and example.short is not None and example.long is not None
        assert {p.name for p in (out / "report").glob("*.svg")} >= {"loss.svg"}
        rows = {p.parent.name: json.loads(p.read_text())["rows"] for p in run.path.glob("models/*/*/training.json")}
        assert rows["twice"] == 2 * rows["plain"]
        # What a dry run says is never passed.
        assert sum(rows.values()) <= plan["rows_trained_on_at_most"]
        assert len(rows) == plan["models_trained"] == 4
        assert run.count("attempts") <= plan["attempts_at_most"]
        assert run.count("trees") == plan["trees_grown"]
        assert run.count("thoughts", method="echoed") == rows["plain"]
    exported = done("export", out, "sft", "--arm", "twice", "--to", tmp_path / "rows.jsonl", "--json")
    assert exported.data["rows"] == rows["plain"]
    sides_of_run = sides({"base": out}, "test")
    base = first_base(sides_of_run, "base")
    assert (base.name, first_other(sides_of_run, base).name) == ("plain", "winding")
    file.write_text(RECIPE + AXES)
    swept = done("run", file, "--out", tmp_path / "sweep", "--json").data
    assert swept["policy"] == "opening" and {*swept["axes"]["output"]["arms"]} == {"plain", "winding", "twice"}
    assert "| opening |" in (tmp_path / "sweep" / "scaling.md").read_text()


def test_a_new_arm_has_its_settings_in_recipes_and_its_mistakes_named(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE)
    said = journey("run", file, "--dry-run", "--set", "thoughts.methods=[shortcut, traverse]")
    assert said.code == 2 and "the arm twice trains on echoed, which is not among thoughts.methods" in said.err
    said = journey("run", file, "--dry-run", "--set", "arms.twice.epoch=2")
    assert said.code == 2 and "did you mean arms.twice.epochs?" in said.err


def test_arms_are_named_in_their_table_alone() -> None:
    found: dict[str, set[str]] = {}
    for file in (file for room in ("report", "studio", "pipeline") for file in (SOURCE / room).glob("*.py")):
        nodes = ast.walk(ast.parse(file.read_text("utf-8")))
        if named := NAMED & {node.value for node in nodes if isinstance(node, ast.Constant)}:
            found[file.relative_to(SOURCE).as_posix()] = named
    del found["pipeline/arms.py"], found["pipeline/kept_recipe.py"], found["pipeline/moved_keys.py"]  # and old recipes
    assert found == NAMESAKES
