"""A lineage goes from a record back to the base, by way of every model and what it was trained on."""

from dataclasses import replace
from pathlib import Path

import pytest
import round_runs
from commanding import done, journey

from journey.errors import UsageError
from journey.pipeline.lineage import lineage
from journey.store.entries import Training
from journey.store.run import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return round_runs.write(tmp_path_factory.mktemp("lineage") / "run")


def test_a_thought_of_round_3_is_traced_through_every_round_to_the_base(folder: Path) -> None:
    with Run.read(folder) as run:
        thought = next(t for t in run.thoughts(method="traverse", seed=1) if t.round == 3)
        found = lineage(run, thought.id)
    assert [(one.kind, one.name, one.round) for one in found] == [
        ("thought", thought.id, 3), ("tree", thought.tree, 3), ("model", "seed-1/round-2/journey", 2),
        ("model", "seed-1/journey", 1), ("model", "seed-1/phase1", 1), ("base", "an unknown base", None),
    ]  # fmt: skip
    second = found[2].about
    assert second["on"] == {"given": 6, "round 1": 6, "labelled": 2, "round 2": 6} and second["given share"] == 0.4
    assert (second["from"], second["trees by"]) == ("seed-1/phase1", "seed-1/journey")
    assert second["labelled by"] == {"ann": 2}


def test_trees_attempts_and_models_have_lineages_too(folder: Path) -> None:
    with Run.read(folder) as run:
        tree = next(run.trees(policy="seed-2/shortcut"))
        assert [one.name for one in lineage(run, tree.id)][1:3] == ["seed-2/shortcut", "seed-2/phase1"]
        answer = next(run.attempts(model="seed-1/round-3/shortcut"))
        first, model, *_ = lineage(run, answer.id)
        assert (first.kind, first.round, model.about["stopped"]) == ("attempt", 3, round_runs.STOPPED)
        with pytest.raises(UsageError, match="knows no thought, tree, attempt or model 'none'"):
            lineage(run, "none")


def test_a_run_without_rounds_is_traced_by_its_arms(tmp_path: Path) -> None:
    (problem,) = [replace(round_runs.make_problem("Make 17 from 3 4 5", "17", task="countdown"), solution="so")]
    tree = round_runs.grown(1, problem, "seed-1/phase1", "")
    recipe = {"model": "tiny", "arms": {"phase1": {}, "journey": {}}}
    with Run.open(tmp_path / "run", {"recipe": recipe}) as run:
        run.put_all("problems", [problem], split="phase1")
        run.put_all("trees", [tree])
        run.put_all("thoughts", [replace(round_runs.thought_of(tree, "journey", 1, 1), round=None)])
        for arm in ("phase1", "journey"):
            run.add(Training(f"seed-1/{arm}", [], 10, 1.0, 1, None, arm, "sft"))
        model, first, base = lineage(run, "seed-1/journey")
    assert (model.about["on"], model.about["trees by"]) == ({"thoughts by traverse": 1}, "seed-1/phase1")
    assert (first.about["on"], base.kind, base.name) == ({"given": 1}, "base", "tiny")


def test_the_command_prints_the_links_as_a_table_and_as_json(folder: Path) -> None:
    shown = done("status", folder, "--lineage", "seed-1/round-2/journey").out
    words = " ".join(shown.replace("│", " ").split())  # a narrow table folds its lines
    assert "6 given + 6" in words and "seed-1/phase1" in words
    data = done("status", folder, "--lineage", "seed-1/round-2/journey", "--json").data
    assert [one["round"] for one in data["lineage"]] == [2, 1, 1, None]
    assert journey("status", folder, "--lineage", "none").code == 2
