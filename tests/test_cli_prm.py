"""journey export prm and journey train prm: judged trees become rows, rows a judge that other commands name."""

import asyncio
import json
from pathlib import Path

import pytest
from commanding import done, journey, scripted_recipe

from journey.models.budget import BudgetTracker
from journey.pipeline import registry
from journey.store.run import Run


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prm")
    done("grow", scripted_recipe(folder), "--out", folder / "grown")
    return folder / "grown"


def test_judged_trees_are_exported_in_trls_stepwise_type(grown: Path, tmp_path: Path) -> None:
    import datasets

    said = done("export", grown, "prm", "--to", tmp_path / "rows.jsonl", "--json").data
    rows = datasets.load_dataset("json", data_files=str(tmp_path / "rows.jsonl"), cache_dir=str(tmp_path))["train"]
    assert said["rows"] == len(rows) > 0
    assert set(rows.column_names) == {"prompt", "completions", "labels"}
    labels = [label for row in rows for label in row["labels"]]
    with Run.read(grown) as run:
        nodes = [node for tree in run.trees() for node in tree.nodes]
    judged = [node.judgement.verdict for node in nodes if node.judgement and node.judgement.verdict]
    assert (labels.count(True), labels.count(False)) == (judged.count("right"), judged.count("wrong"))


@pytest.mark.parametrize("settings", [[], ["--set", "classes=3", "--set", "soft=true"]])
def test_a_judge_is_trained_and_named_by_its_folder(grown: Path, settings: list[str]) -> None:
    name = f"judge-{len(settings)}"
    fast = ("--set", "max_steps=3", "--set", "learning_rate=1e-3", "--set", "device=cpu")
    said = done("train", "prm", grown, "--model", "tiny", "--name", name, *fast, *settings, "--json").data
    assert said["steps"] == 3
    assert json.loads((grown / "models" / name / "training.json").read_text())["method"] == "prm"
    with Run.open(grown) as run:
        models = registry.Models(run, BudgetTracker())
        judge = models.judge(f"prm:{grown}/models/{name}", "tiny")
        tree = next(run.trees())
        problem = run.get("problems", tree.problem)
        (judged,) = asyncio.run(judge.judge(problem, [], [tree.nodes[0].text]))  # type: ignore[arg-type]
        assert judged.score is not None
        assert judged.by == f"prm:{grown}/models/{name}"
        asyncio.run(models.close())


def test_trees_of_a_judge_that_judged_none_are_refused(grown: Path, tmp_path: Path) -> None:
    said = journey("export", grown, "prm", "--by", "nobody", "--to", tmp_path / "rows.jsonl")
    assert said.code == 2
    assert "no trees of the judge nobody; there are those of exact" in said.err


def test_other_commands_take_the_judge_by_its_name(grown: Path, tmp_path: Path) -> None:
    done("train", "prm", grown, "--model", "tiny", "--name", "three", "--set", "max_steps=2", "--set", "device=cpu")
    judge = f"prm:{grown}/models/three"
    recipe = scripted_recipe(tmp_path)
    asked = done("grow", recipe, "--out", tmp_path / "again", "--set", f"judge={judge}", "--dry-run", "--json").data
    assert "verdicts" not in str(asked["asked_at_most"])
    done("grow", recipe, "--out", tmp_path / "again", "--set", f"judge={judge}")
    with Run.read(tmp_path / "again") as run:
        trees = list(run.trees())
    assert {tree.judge for tree in trees} == {judge}
    said_of = [node.judgement for tree in trees for node in tree.nodes if node.judgement and node.judgement.by == judge]
    assert {one.reason for one in said_of if one.score is None} <= {"the judge's vocabulary lacks 'no'"}
    assert len(said_of) > len(trees)
    said = done("eval", "judges", "--judge", judge, "--on", "countdown", "--limit", "20", "--json").data
    assert judge in str(said)
