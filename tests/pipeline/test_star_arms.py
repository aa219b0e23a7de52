"""STaR, its hybrid with journeys, and DPO of the one over the other: with the tiny base, and by a served model."""

from pathlib import Path

import player
import pytest
from commanding import done, journey, write_rows
from served import served

from journey.store.run import Run
from journey.thoughts.star import is_hinted
from journey.thoughts.traverse import has_side_trip
from journey.types import Node, Thought, Tree, make_problem

RECIPE = """
task: countdown
seeds: 1
workers: 0
problems: {phase1: 300, train: 60, test: 4}
trees: {count: 12, grow: {width: 3, keep: 1, follow_wrong: 3, depth: 2, max_step_tokens: 24}}
thoughts: {methods: [traverse, star, hybrid], hinting: {max_tokens: 200}}
training: {epochs: 1, batch: 16, learning_rate: 1.0e-3}
arms: [phase1: {epochs: 1}, journey, star, hybrid, journey_over_star: {batch: 4}]
evaluation: {max_tokens: 60, votes: 2}
"""
SERVED = """
task: math
model: openai/m
judge: critic:openai/m
problems: {{file: "{file}", train: 12}}
trees: {{grow: {{width: 2, keep: 1, follow_wrong: 1}}}}
"""


def hinted(thoughts: list[Thought]) -> list[Thought]:
    return [thought for thought in thoughts if is_hinted(thought)]


def test_the_three_arms_are_run_estimated_and_their_hinted_thoughts_counted(tmp_path: Path) -> None:
    file, out = tmp_path / "recipe.yaml", tmp_path / "run"
    file.write_text(RECIPE)
    plan = done("run", file, "--out", out, "--dry-run", "--json").data
    assert [(row["model"], row["calls"]) for row in plan["asked_at_most"]] == [("phase1", 480)]
    found = done("run", file, "--out", out, "--json").data
    assert {"star", "hybrid", "journey_over_star"} <= {*found["arms"]}
    with Run.read(out) as run:
        by = {name: list(run.thoughts(method=name)) for name in ("traverse", "star", "hybrid")}
        assert len(by["traverse"]) == 12 and not run.failures()
        assert all(not hinted(by[name]) or len(by[name]) > 12 for name in ("star", "hybrid"))
        solved = {t.problem: t.text for t in by["hybrid"] if not is_hinted(t)}
        assert solved == {t.problem: t.text for t in by["traverse"]}
        assert all(has_side_trip(thought) for thought in hinted(by["hybrid"]))
        assert found["thoughts"]["star"].get("hinted", 0) == len(hinted(by["star"])) > 0
    again = done("run", file, "--out", out, "--json").data
    assert again["arms"] == found["arms"]


def test_a_served_model_is_given_hints_and_no_more_is_asked_than_a_dry_run_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    run = tmp_path / "run"
    with served(player.answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        file = tmp_path / "recipe.yaml"
        file.write_text(SERVED.format(file=write_rows(tmp_path / "sums.jsonl", player.rows(12))))
        done("grow", file, "--out", run)
        for method in ("star", "hybrid"):
            flags = ("derive", run, "--method", method, "--json")
            (most,) = done(*flags, "--dry-run").data["asked_at_most"]
            made = done(*flags).data
            spent = made["spent"][0] if made["spent"] else {"calls": 0, "prompt_tokens": 0, "tokens": 0}
            assert all(spent[what] <= most[what] for what in ("calls", "prompt_tokens", "tokens"))
            assert made["hinted"][method] > 0
    with Run.read(run) as of:
        assert hinted(list(of.thoughts(method="star")))
        assert all(has_side_trip(thought) for thought in hinted(list(of.thoughts(method="hybrid"))))
    sent = journey("derive", run, "--method", "star", "--set", "thoughts.hinting.tries=0")
    assert sent.code == 2 and "hinting.tries" in sent.err


def test_an_answer_that_is_the_whole_solution_is_no_hint_and_nothing_is_lost(tmp_path: Path) -> None:
    problem = make_problem("Add.", "First 1 + 1 = 2.\n\nThen 2 + 1 = 3.", task="math")
    with Run.open(tmp_path / "run", {}) as run:
        run.put_all("problems", [problem], split="train")
        run.put_all("trees", [Tree("t", problem.id, (Node(-1, "x", None, "4", False),), "m", "j", {})])
    model = write_rows(tmp_path / "model.jsonl", [{"prompt": "a", "completions": ["b"]}])
    sent = journey("derive", tmp_path / "run", "--method", "star", "--model", f"scripted/{model}")
    assert sent.code == 2 and "is its whole solution, which is no hint" in sent.err
    with Run.read(tmp_path / "run") as of:
        assert of.count("trees") == 1 and not of.failures()
