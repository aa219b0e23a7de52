"""Folders and models may be called anything: no name is read back, so one that looks like another stays itself."""

import json
import shutil
from pathlib import Path

import pytest
from commanding import done, write_rows

from journey.models import weights
from journey.store.run import Run
from journey.studio.compare_sides import sides
from journey.studio.facts import catch_up, connect
from journey.types import label

NAMES = [
    "x+beam n=4",
    "seed-3/journey",
    "a b/+vote n=2 judge=exact",
    'it\'s "quoted" [rollout.n=2,k=v]',
    "  = judge=critic:m",
]
QUICK = ("--set", "search.max_tokens=8", "--set", "search.n=2")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_takes_the_name_as_it_is(name: str, tmp_path: Path) -> None:
    run = tmp_path / f"run of {name}"
    file = write_rows(tmp_path / "tests.jsonl", [{"nums": [3, 4, 5], "target": 17}, {"nums": [2, 7, 9], "target": 25}])
    done("import", "puzzles", file, "--split", "test", "--out", run)
    shutil.copytree(weights.model_path("tiny"), run / "models" / name)
    asked = ("eval", run, "--model", name)
    plain = done(*asked, "--answer-tokens", 8, "--json").data
    assert plain["model"] == name
    searched = done(*asked, "--search", "best_of_n", "--judge", "exact", *QUICK, "--json").data["searches"][0]
    assert searched["model"].startswith(f"{name}+best_of_n n=2")
    with Run.read(run) as of:
        models = {a.model for a in of.attempts()}
        assert {m.name for m in models} == {name} and {m.seed for m in models} == {m.arm for m in models} == {None}
        assert sorted(m.search.name for m in models if m.search is not None) == ["best_of_n"]
        assert of.count("attempts", name=name, search=None) == 2 == of.count("attempts", search="best_of_n")
    done("report", run)
    figures = json.loads((run / "report/report.json").read_text())
    assert list(figures["arms"]) == [name]
    assert [(row["model"], row["name"], row["n"]) for row in figures["search"]] == [(name, "best_of_n", 2)]
    for model in (name, searched["model"]):
        (compared,) = done("compare", run, run, "--model", model, "--json").data["models"]
        assert (compared["problems"], compared["same"]) == (2, 2)
    assert {row["model"] for row in done("status", run, "--json").data["attempts"]} == {label(m) for m in models}
    facts = connect(run)
    catch_up(facts, run)
    assert {row[0] for row in facts.execute("SELECT model FROM attempts")} == {label(m) for m in models}
    facts.close()
    assert {side.name for side in sides({"run": run}, "test")} == {label(m) for m in models}
