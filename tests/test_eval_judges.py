"""The command `journey eval judges`, from names to tables, files and mistakes."""

import json
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from commanding import done, journey, scripted_recipe, write_rows

from journey.errors import UsageError
from journey.models.budget import BudgetTracker
from journey.pipeline import registry
from journey.tasks.countdown.puzzle import Puzzle, to_problem
from journey.types import make_problem

ROWS = [
    {"id": "1", "question": "q1", "steps": ["a", "b"], "labels": ["right", "wrong"]},
    {"id": "2", "question": "q2", "steps": ["a", "c"], "labels": ["right", "right"]},
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "steps.jsonl", ROWS)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "says.json"
    file.write_text(json.dumps({"a": 0.9, "b": "wrong", "*": "right"}), "utf-8")
    return file


def test_every_judge_goes_over_every_set_and_leaves_tables_and_pictures(
    tmp_path: Path, labelled: Path, script: Path
) -> None:
    out = tmp_path / "out"
    recorded = write_rows(
        tmp_path / "recorded.jsonl",
        [{"dataset": "steps", "model": "m", "id": row["id"], "scores": [0.8, 0.2]} for row in ROWS],
    )
    judges = [f"scripted:{script}", f"recorded:{recorded}#m", f"vote:[scripted:{script},recorded:{recorded}]"]
    flags = [flag for judge in judges[:2] for flag in ("--judge", judge)]
    said = done("eval", "judges", *flags, "--on", labelled, "--on", "countdown", "--limit", 5, "--out", out, "--json")
    rows = said.data["results"]
    assert [(row["judge"], row["set"]) for row in rows] == [
        ("scripted:says.json", "steps"), ("recorded:m", "steps"),
        ("scripted:says.json", "countdown"), ("recorded:m", "countdown"),
    ]  # fmt: skip
    assert rows[1]["figures"]["step_f1_bad"]["value"] == pytest.approx(2 / 3)
    assert rows[0]["unsaid"] == 2 and rows[0]["unscored"] == 2  # a score alone is no verdict
    assert rows[3]["unsaid"] == rows[3]["steps"] > 0 and rows[3]["figures"]["step_f1"] is None
    assert json.loads((out / "judges" / "judges.json").read_text())["results"] == rows
    assert "| recorded:m | " in (out / "judges" / "judges.md").read_text()
    ElementTree.parse(out / "judges" / "calibration-steps.svg")
    human = done("eval", "judges", *flags, "--judge", judges[2], "--on", labelled)
    assert "vote:[scripted:says.json,recorded:m] on steps" in human.err  # brackets are no markup
    assert "steps: 2 solutions, 4 labelled steps" in human.out and "F1 of wrong" in human.out


def test_rollouts_by_a_model_are_kept_in_the_folder_and_asked_once(tmp_path: Path) -> None:
    answers = write_rows(
        tmp_path / "policy.jsonl", [{"prompt": prompt, "completions": ["The answer is 4."]} for prompt in ("unused",)]
    )
    problem = to_problem(Puzzle((3, 4), 7))
    step = "3 + 4 = 7 ( 7 -> 7 )"
    file = write_rows(tmp_path / "c.jsonl", [{"question": problem.question, "steps": [step], "labels": ["right"]}])
    said = done("eval", "judges", "--judge", f"rollout:scripted/{answers}", "--on", file, "--json")
    row = said.data["results"][0]
    assert row["figures"]["right_accepted"]["value"] == 1.0
    assert row["cost"] == {"labels": 1, "calls": 0, "tokens": 0, "shared": 0}  # the last step has the answer


def test_a_model_that_fails_is_listed_and_ends_with_exit_code_1(tmp_path: Path, labelled: Path) -> None:
    answers = write_rows(tmp_path / "policy.jsonl", [{"prompt": "unused", "completions": ["x"]}])
    said = journey("eval", "judges", "--judge", f"rollout:scripted/{answers}", "--on", labelled, "--json")
    assert said.code == 1 and set(said.data["results"][0]["failed"]) == {"1", "2"}


def test_the_exact_judge_on_other_problems_is_refused_alone_and_silent_beside_others(
    tmp_path: Path, labelled: Path, script: Path
) -> None:
    alone = journey("eval", "judges", "--judge", "exact", "--on", labelled)
    assert alone.code == 2 and "the judge exact does not know problems of the task math; name another" in alone.err
    flags = ("--judge", f"vote:[exact,scripted:{script}]", "--judge", f"scripted:{script}", "--on", labelled)
    together, itself = done("eval", "judges", *flags, "--json").data["results"]
    assert together["figures"]["step_f1"] == itself["figures"]["step_f1"] is not None
    assert together["unsaid"] == itself["unsaid"] and together["failed"] == {}


def test_a_runs_judged_trees_are_a_set_and_eval_of_a_run_is_as_it_was(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("grow", scripted_recipe(tmp_path), "--out", run, "--limit", 2)
    said = done("eval", "judges", "--judge", "exact", "--on", run, "--json")
    assert said.data["results"][0]["set"] == "run"
    assert said.data["results"][0]["figures"]["step_f1"]["value"] == 1.0  # the exact judge agrees with itself
    assert journey("eval", run, "--model", f"scripted/{tmp_path / 'answers.jsonl'}", "--split", "nowhere").code == 2
    assert "--model says who answers" in journey("eval", run).err


@pytest.mark.parametrize(
    ("judge", "on", "words"),
    [
        ("nobody", "countdown", "there is no judge"),
        ("vote:[exact]", "countdown", "names one judge only"),
        ("recorded:missing.jsonl", "countdown", "there is no file missing.jsonl"),
        ("recorded:missing", "countdown", "there is no file missing"),
        ("scripted:missing.json", "countdown", "no judge's script"),
        ("rollout:", "countdown", "there is no judge"),
        ("rollout:gpt", "countdown", "there is no model"),
        ("exact", "missing.jsonl", "there is no file missing.jsonl"),
    ],
)
def test_mistakes_are_one_sentence(judge: str, on: str, words: str) -> None:
    said = journey("eval", "judges", "--judge", judge, "--on", on)
    assert said.code == 2 and words in said.err and said.err.count("\n") == 1


def test_settings_are_checked(labelled: Path) -> None:
    for setting in ("judging.combine=best", "rollout.n=0", "rollout.label=medium", "judging.nothing=1", "in_flight=0"):
        assert journey("eval", "judges", "--judge", "exact", "--on", labelled, "--set", setting).code == 2


async def test_one_rollout_judge_goes_over_problems_of_several_tasks(tmp_path: Path) -> None:
    class Nothing:
        def call(self, key: str) -> None: ...

        async def put_call(self, key: str, completions: list, patience: float) -> None: ...

    models = registry.Models(Nothing(), BudgetTracker())
    answers = write_rows(tmp_path / "policy.jsonl", [{"prompt": "unused", "completions": ["x"]}])
    judge = models.judge(f"rollout:scripted/{answers}", "tiny")
    puzzle = to_problem(Puzzle((3, 4), 7))
    said = await judge.judge(puzzle, [], ["3 + 4 = 7 ( 7 -> 7 )"])
    said += await judge.judge(make_problem("What is 3 + 4?", "7"), [], ["The answer is 7.", "The answer is 8."])
    assert [one.verdict for one in said] == ["right", "right", "wrong"]
    await models.close()


def test_the_models_that_a_judge_asks_are_known_by_its_name() -> None:
    assert registry.judge_models("vote:[exact,critic:openai/x,rollout:tiny,critic]") == ["openai/x", "tiny"]
    assert registry.judge_is_served("vote:[exact,rollout:openai/x]")
    assert registry.judge_is_served("critic", "openai/x") and not registry.judge_is_served("rollout:tiny")
    with pytest.raises(UsageError):
        registry.check_names([], "rollout:nothing/known")


def test_a_runs_trees_are_judged_again_into_another_run_once(tmp_path: Path, script: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    done("grow", scripted_recipe(tmp_path), "--out", run, "--limit", 2)
    first = done("judge", run, "--judge", f"scripted:{script}", "--out", again, "--json").data
    assert first["trees"] == 2 and first["failed"] == 0
    said = done("judge", run, "--judge", f"scripted:{script}", "--out", again, "--json").data
    assert said["trees"] == 2
    rows = done("eval", "judges", "--judge", "exact", "--on", again, "--json").data["results"]
    assert rows[0]["figures"]["step_f1_bad"]["value"] == 0.0  # the script calls nothing wrong
    assert journey("judge", run, "--judge", "exact", "--out", again).code == 2
    assert journey("judge", run, "--judge", "exact", "--out", run).code == 2


def test_labels_by_rollouts_are_kept_in_the_new_run_with_what_they_cost(tmp_path: Path) -> None:
    run, again = tmp_path / "run", tmp_path / "again"
    done("grow", scripted_recipe(tmp_path), "--out", run, "--limit", 2, "--set", "trees.grow.depth=1")
    policy = f"scripted/{tmp_path / 'answers.jsonl'}"
    flags = ("--set", "rollout.n=2", "--set", "rollout.max_tokens=60")
    said = done("judge", run, "--judge", f"rollout:{policy}", "--out", again, *flags, "--json").data
    assert said["trees"] == 2
    exported = tmp_path / "trees.jsonl"
    done("export", again, "trees", "--to", exported)
    trees = [json.loads(line) for line in exported.read_text().splitlines()]
    assert all(tree["judge"].startswith("rollout:") and tree["settings"]["rollout"]["labels"] > 0 for tree in trees)


def test_values_by_leaves_and_by_a_judge_are_kept_apart_from_the_judgements(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("grow", scripted_recipe(tmp_path), "--out", run, "--limit", 2)
    kept = {node["text"]: node["judgement"] for tree in _trees(run) for node in tree["nodes"]}
    for name in ("leaves", "exact"):
        for _ in range(2):
            counts = done("judge", run, "--values", name, "--out", tmp_path / name, "--json").data
            assert counts["trees"] == 2 and counts["steps_with_value"] > 0
        trees = _trees(tmp_path / name)
        assert {node["text"]: node["judgement"] for tree in trees for node in tree["nodes"]} == kept
        assert {tree["settings"]["values"]["by"] for tree in trees} == {name}
        assert "steps with a value" in done("status", tmp_path / name).out
    assert journey("judge", run, "--out", tmp_path / "none").code == 2
    assert journey("judge", run, "--judge", "exact", "--values", "exact", "--out", tmp_path / "none").code == 2


def _trees(run: Path) -> list[dict[str, Any]]:
    done("export", run, "trees", "--to", run / "trees.jsonl")
    return [json.loads(line) for line in (run / "trees.jsonl").read_text().splitlines()]


def test_the_benchmark_of_judges_does_not_know_what_it_could_not_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmarks = Path(__file__).parents[1] / "benchmarks"
    monkeypatch.syspath_prepend(str(benchmarks))
    outcome = runpy.run_path(str(benchmarks / "e3_judges.py"), run_name="e3")["outcome"]
    exact, not_exact = ([{"judge": "exact", "figures": {"step_f1": {"value": value}}}] for value in (1.0, 0.9))
    assert outcome(exact, True) == (True, None)
    assert outcome(exact, False) == outcome(not_exact, None) == (False, None)
    for rows, agrees, words in ((exact, None, "recorded judges"), ([], True, "run here"), ([], None, "recorded")):
        reached, reason = outcome(rows, agrees)
        assert reached is None and words in reason
