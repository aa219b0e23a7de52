"""The command `journey`, from problems to compared models; with scripted models where none has to be real."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_models
from commanding import (
    PUZZLES,
    TESTS,
    completion,
    done,
    journey,
    rated,
    scripted_recipe,
    sum_row,
    whole_answers,
    write_rows,
)
from real_data import whole

from journey.cli import COMMANDS, app, help_line
from journey.models import weights
from journey.store.run import Run
from journey.tasks.countdown import sources
from journey.tasks.countdown.puzzle import parse_puzzle, steps
from journey.types import Problem

COUNTDOWN = Path(__file__).parents[1] / "recipes" / "countdown.yaml"


@pytest.fixture
def rated_run(tmp_path: Path) -> Path:
    """Six sums told by people: a duplicate, one that people got wrong, one whose row is broken."""
    rows = [sum_row(n) for n in range(1, 5)]
    rows += [sum_row(1), sum_row(9, answer=3), rated("What is 5 + 5?", "10", [])]
    rows[-1]["label"]["steps"] = []
    done("import", "prm800k", write_rows(tmp_path / "rows.jsonl", rows), "--out", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def grown_run(tmp_path: Path) -> Path:
    done("grow", scripted_recipe(tmp_path), "--out", tmp_path / "grown")
    return tmp_path / "grown"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_what_its_flags_mean(command: str) -> None:
    assert f"Usage: journey {command}" in done(command, "--help").out
    found = app.get_command(None, command)
    assert [p.name for p in found.params if not p.help] == []
    assert found.help.startswith(help_line(command)), "the list of commands says the same"


def test_help_and_import_load_nothing_heavy() -> None:
    code = "import sys, journey.cli; print([m for m in ('torch', 'rich', 'pydantic', 'pebble') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_rated_row_makes_a_tree_joins_one_or_is_listed(rated_run: Path, tmp_path: Path) -> None:
    said = done("import", "prm800k", tmp_path / "rows.jsonl", "--out", rated_run, "--json").data
    assert said["rows"] == 7 == said["trees"] + sum(said["merged"].values()) + sum(said["no_tree"].values())
    assert said["merged"] == {"a plain duplicate": 1}
    assert said["with_right_leaf"] == said["with_wrong_branches"] == 4
    assert said["no_thought"] == {"no final answer is the right one": 1}
    status = done("status", rated_run, "--json").data
    assert status["trees"]["trees"] == 5
    assert status["listed"] == {"merged": 1, "no thought": 1, "no tree": 1}, "the second import lists nothing again"


def test_trees_become_rows_for_both_arms(rated_run: Path, tmp_path: Path) -> None:
    told = done("derive", rated_run, "--json").data
    assert told["thoughts"] == {"shortcut": 4, "traverse": 4}
    assert told["no_thought"] == {"no final answer is the right one": 1}
    rows = {}
    for arm in ("journey", "shortcut", "traverse"):
        file = tmp_path / f"{arm}.jsonl"
        assert done("export", rated_run, "sft", "--arm", arm, "--to", file, "--json").data["rows"] == 4
        rows[arm] = {row["prompt"]: row["completion"] for row in map(json.loads, file.read_text().splitlines())}
    assert rows["journey"].keys() == rows["shortcut"].keys()
    assert rows["journey"] == rows["traverse"], "an arm may be called by its method"
    prompt = next(prompt for prompt in rows["journey"] if "What is 3 + 3?" in prompt)
    assert "Multiply 3 by 3." in rows["journey"][prompt]
    assert "Multiply" not in rows["shortcut"][prompt]
    assert all(row.endswith("\\boxed{6}") for row in (rows["journey"][prompt], rows["shortcut"][prompt]))


def test_rows_load_with_datasets_from_both_kinds_of_file(rated_run: Path, tmp_path: Path) -> None:
    import datasets

    done("derive", rated_run)
    for what, kind, file in (
        ("sft", "json", "sft.jsonl"),
        ("sft", "parquet", "sft.parquet"),
        ("trees", "json", "t.jsonl"),
    ):
        done("export", rated_run, what, "--to", tmp_path / file)
        cache = str(tmp_path / "cache")
        loaded = datasets.load_dataset(kind, data_files=str(tmp_path / file), split="train", cache_dir=cache)
        assert len(loaded) == (5 if what == "trees" else 4)
    done("export", rated_run, "sft", "--messages", "--to", tmp_path / "chat.jsonl")
    first = json.loads((tmp_path / "chat.jsonl").read_text().splitlines()[0])
    assert [turn["role"] for turn in first["prompt"] + first["completion"]] == ["user", "assistant"]


def test_a_run_is_told_in_one_way_only(rated_run: Path) -> None:
    done("derive", rated_run, "--method", "shortcut")
    done("derive", rated_run, "--trials", "3")
    assert done("derive", rated_run, "--trials", "3", "--json").data["thoughts"]["traverse"] == 4
    refused = journey("derive", rated_run)
    assert refused.code == 2
    assert "trials: was 3, now 2" in refused.err
    commands = refused.err.partition("another run: ")[2].split(" && ")
    assert [command.split()[0] for command in commands] == ["journey"] * 4
    for command in commands:
        done(*command.split()[1:])
    assert done("derive", f"{rated_run}-again", "--json").data["thoughts"]["traverse"] == 4
    assert done("status", rated_run, "--json").data["thoughts"] == {"shortcut": 4, "traverse": 4}


def test_one_trial_tells_the_shortcut(rated_run: Path, tmp_path: Path) -> None:
    done("derive", rated_run, "--trials", "1")
    texts = {}
    for arm in ("journey", "shortcut"):
        done("export", rated_run, "sft", "--arm", arm, "--to", tmp_path / f"{arm}.jsonl")
        texts[arm] = sorted((tmp_path / f"{arm}.jsonl").read_text().splitlines())
    assert texts["journey"] == texts["shortcut"]


def test_exported_records_come_back_as_they_were(rated_run: Path, tmp_path: Path) -> None:
    done("derive", rated_run)
    for table in ("problems", "trees", "thoughts"):
        done("export", rated_run, table, "--to", tmp_path / f"{table}.jsonl.gz")
        done("import", table, tmp_path / f"{table}.jsonl.gz", "--out", tmp_path / "again")
    with Run.read(rated_run) as one, Run.read(tmp_path / "again") as other:
        for table in ("problems", "trees", "thoughts"):
            assert list(one.all(table)) == list(other.all(table))
        assert one.ids("problems", split="train") == other.ids("problems", split="train")


def test_trees_without_their_problems_are_said_and_cannot_be_told(rated_run: Path, tmp_path: Path) -> None:
    done("export", rated_run, "trees", "--to", tmp_path / "trees.jsonl")
    assert (
        done("import", "trees", tmp_path / "trees.jsonl", "--out", tmp_path / "bare", "--json").data["without_problem"]
        == 5
    )
    refused = journey("derive", tmp_path / "bare")
    assert refused.code == 2
    assert "import" in refused.err


def test_a_scripted_policy_grows_trees_and_the_same_command_does_nothing_twice(grown_run: Path, tmp_path: Path) -> None:
    again = done("grow", tmp_path / "scripted.yaml", "--out", grown_run, "--json").data
    assert again["trees"] == again["with_right_leaf"] == len(PUZZLES)
    assert again["with_wrong_branches"] > 0
    told = done("derive", grown_run, "--start", "root", "--json").data
    assert told["thoughts"] == {"shortcut": len(PUZZLES), "traverse": len(PUZZLES)}
    done("export", grown_run, "sft", "--to", tmp_path / "rows.jsonl")
    texts = [json.loads(line)["completion"] for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert any("\nWait , " in text and "\nBack to ( " in text for text in texts), "puzzles are told in their own voice"


def test_units_that_fail_are_listed_and_done_when_the_model_can(tmp_path: Path) -> None:
    failed = journey("grow", scripted_recipe(tmp_path, lacking=2), "--out", tmp_path / "run")
    assert failed.code == 1
    assert failed.err.count("failed: trees ") == 2
    status = done("status", tmp_path / "run", "--json").data
    assert (status["trees"]["trees"], len(status["failures"])) == (len(PUZZLES) - 2, 2)
    done("grow", scripted_recipe(tmp_path), "--out", tmp_path / "run")
    status = done("status", tmp_path / "run", "--json").data
    assert (status["trees"]["trees"], status["failures"]) == (len(PUZZLES), [])


def solved(problem: Problem) -> str:
    return f"{problem.solution}\nyes , made {problem.answer}"


def missed(problem: Problem) -> str:
    """A true chain to another number than the target."""
    puzzle = parse_puzzle(problem.question)
    chains = ((a, b) for a in steps(puzzle.numbers, puzzle.target) for b in steps(a.rest, puzzle.target))
    first, last = next((a, b) for a, b in chains if b.result != puzzle.target)
    return f"{first}\n{last}\nno , {last.result} is not {puzzle.target}"


def test_two_models_are_compared_problem_by_problem(grown_run: Path, tmp_path: Path) -> None:
    tests = sources.read(tmp_path / "test.jsonl")
    with Run.read(grown_run) as run:
        tests = list(run.problems(split="test"))
    for name, right in (("one", set[str]()), ("other", {tests[0].id})):
        script = whole_answers(tmp_path / "answers", tests, lambda p, right=right: solved(p) if p.id in right else "no")
        script = script.rename(tmp_path / f"{name}.jsonl")
        done("export", grown_run, "problems", "--to", tmp_path / "problems.jsonl")
        done("import", "problems", tmp_path / "problems.jsonl", "--out", tmp_path / name)
        said = done("eval", tmp_path / name, "--model", f"scripted/{script}", "--json").data
        assert said["attempts"] == len(TESTS)
        assert said["right"] == len(right)
    compared = done("compare", tmp_path / "one", tmp_path / "other", "--json").data["models"]
    assert [(row["fixed"], row["broke"], row["same"]) for row in compared] == [(1, 0, 1)]
    assert compared[0]["low"] <= compared[0]["points"] == 50 <= compared[0]["high"]
    assert "+50.0" in done("compare", tmp_path / "one", tmp_path / "other").out


def test_attempts_by_different_rules_never_mix(grown_run: Path, tmp_path: Path) -> None:
    with Run.read(grown_run) as run:
        tests = list(run.problems(split="test"))
    model = f"scripted/{whole_answers(tmp_path / 'a.jsonl', tests, solved)}"
    rules = {
        "greedy": (),
        "sampled": ("--decoding", "sampled"),
        "sampled samples=3": ("--decoding", "sampled", "--samples", "3"),
        "sampled temperature=0.25": ("--temperature", "0.25"),
        "greedy max_tokens=50 seed=4": ("--answer-tokens", "50", "--seed", "4"),
    }
    for name, flags in rules.items():
        for _ in range(2):
            said = done("eval", grown_run, "--model", model, *flags, "--json").data
            assert said["decoding"] == name
            assert said["accuracy"] == 1.0
    status = done("status", grown_run, "--json").data
    assert {row["decoding"]: row["attempts"] for row in status["attempts"]} == {
        name: len(TESTS) * (3 if "samples=3" in name else 1) for name in rules
    }


def test_a_model_is_trained_and_asked_by_its_name(grown_run: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    tiny_models.save_word_model(base, unknown="<unk>", width=32)
    done("derive", grown_run)
    flags = ("--set", "max_steps=2", "--set", "learning_rate=1e-4", "--set", "batch=4")
    refused = journey("train", "sft", grown_run, "--model", base, *flags)
    assert refused.code == 2
    assert "vocabulary lacks" in refused.err


def test_the_tiny_model_is_trained_on_both_arms_asked_and_reported(grown_run: Path) -> None:
    done("derive", grown_run)
    flags = ("--set", "max_steps=2", "--set", "learning_rate=1e-4", "--set", "batch=4")
    for arm in ("journey", "shortcut"):
        said = done("train", "sft", grown_run, "--model", "tiny", "--arm", arm, *flags, "--json").data
        assert said["rows"] == len(PUZZLES)
        answered = done("eval", grown_run, "--model", arm, "--answer-tokens", "600", "--json").data
        assert answered["attempts"] == len(TESTS)
    refused = journey("train", "sft", grown_run, "--model", "tiny", "--set", "learning_rate=1e-3")
    assert refused.code == 2
    assert "trained otherwise" in refused.err and "--name" in refused.err
    found = done("report", grown_run, "--json").data
    assert {"journey", "shortcut"} <= found["arms"].keys()
    assert (grown_run / "report" / "report.html").is_file()


def test_preference_rows_come_from_right_and_wrong_attempts(grown_run: Path, tmp_path: Path) -> None:
    assert journey("export", grown_run, "dpo", "--to", tmp_path / "dpo.jsonl").code == 2
    with Run.read(grown_run) as run:
        asked = list(run.problems(split="train"))
    rows = [{"prompt": f"{p.question}\n", "completions": [solved(p), missed(p)]} for p in asked]
    model = f"scripted/{write_rows(tmp_path / 'a.jsonl', rows)}"
    flags = ("--split", "train", "--decoding", "sampled", "--samples", "4")
    assert done("eval", grown_run, "--model", model, *flags, "--json").data["accuracy"] == 0.5
    assert done("export", grown_run, "dpo", "--to", tmp_path / "dpo.jsonl", "--json").data["rows"] == len(PUZZLES)
    row = json.loads((tmp_path / "dpo.jsonl").read_text().splitlines()[0])
    assert "yes , made" in row["chosen"]
    assert "no , " in row["rejected"]


def test_pairs_of_steps_come_from_trees_and_are_trained_on(grown_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    number = done("export", grown_run, "pairs", "--kind", "first-error", "--to", file, "--json").data["rows"]
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert number == len(rows) and {row["kind"] for row in rows} == {"first-error"}
    flags = ("--model", "tiny", "--set", "max_steps=2", "--set", "batch=2", "--set", "sft_weight=0.2")
    assert done("train", "dpo", grown_run, "--pairs", "first-error=3", *flags, "--json").data["rows"] == 3
    for words, sentence in {
        ("export", grown_run, "pairs", "--to", file): "no kind of pairs is named; known are outcome, ",
        ("export", grown_run, "pairs", "--kind", "outcome", "--to", file): "has right and wrong attempts; draw some",
        ("export", grown_run, "pairs", "--kind", "recover", "--to", file): "did you mean recovery?",
        ("train", "sft", grown_run, "--pairs", "value", "--model", "tiny"): "--pairs goes with journey train dpo",
    }.items():
        refused = journey(*words)
        assert refused.code == 2 and sentence in refused.err


def test_problems_of_any_columns_become_parts_of_a_run(tmp_path: Path) -> None:
    rows = [{"frage": f"Was ist {n} + 1?", "loesung": n + 1, "stufe": 2} for n in range(5)]
    file = write_rows(tmp_path / "fragen.jsonl", rows)
    columns = ("--question-column", "frage", "--answer-column", "loesung", "--level-column", "stufe")
    said = done(
        "import", "problems", file, "--out", tmp_path / "run", "--split", "test", *columns, "--limit", 4, "--json"
    )
    assert said.data["problems"] == {"test": 4}
    with Run.read(tmp_path / "run") as run:
        assert {(p.level, p.answer) for p in run.problems()} == {("2", str(n)) for n in range(1, 5)}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    said = done(
        "run", COUNTDOWN, "--out", tmp_path / "run", "--limit", 7, "--set", "seeds=3", "--dry-run", "--json"
    ).data
    assert (said["problems_train"], said["problems_test"], said["trees_grown"], said["seeds"]) == (7, 7, 21, 3)
    assert said["tokens_in_trees_about"] > 0
    assert not (tmp_path / "run").exists()


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_SEEDS", "2")
    monkeypatch.setenv("JOURNEY_OUT", str(tmp_path / "from-environment"))
    monkeypatch.setenv("JOURNEY_LIMIT", "5")
    said = done("run", COUNTDOWN, "--dry-run", "--json").data
    assert (said["seeds"], said["run"], said["problems_test"]) == (2, str(tmp_path / "from-environment"), 5)
    said = done(
        "run", COUNTDOWN, "--dry-run", "--json", "--set", "seeds=4", "--out", tmp_path / "flag", "--limit", 6
    ).data
    assert (said["seeds"], said["run"], said["problems_test"]) == (4, str(tmp_path / "flag"), 6)


def test_doctor_names_settings_and_never_says_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    said = done("doctor")
    assert "OPENAI_API_KEY" in said.out
    assert "canary" not in said.out + said.err
    assert done("doctor", "--json").data["cores"] == os.cpu_count()


def test_a_person_sees_lines_of_life_where_no_terminal_is(tmp_path: Path) -> None:
    said = done("grow", scripted_recipe(tmp_path), "--out", tmp_path / "run")
    assert f"trees 0/{len(PUZZLES)}" in said.err
    assert done("grow", tmp_path / "scripted.yaml", "--out", tmp_path / "run", "--json").err == ""


@pytest.mark.slow
def test_all_rows_of_the_shared_files_are_accounted_for(tmp_path: Path) -> None:
    files = [whole(f"prm800k/{name}") for name in ("phase1_train_trees.jsonl.gz", "phase1_test_trees.jsonl")]
    said = done("import", "prm800k", *files, "--out", tmp_path / "run", "--json").data
    assert said["rows"] == 837 == said["trees"] + sum(said["merged"].values()) + sum(said["no_tree"].values())
    assert said["trees"] == said["with_right_leaf"] + sum(said["no_thought"].values())
    told = done("derive", tmp_path / "run", "--json").data
    assert told["thoughts"]["shortcut"] == told["thoughts"]["traverse"] == said["with_right_leaf"] > 600
    assert completion("")  # the layout that the other tests write is the one read here


@pytest.mark.parametrize("command", ["grow", "judge"])
def test_a_judge_that_was_trained_anew_in_its_place_is_refused(grown_run: Path, tmp_path: Path, command: str) -> None:
    place, out = tmp_path / "judge", tmp_path / "judged"
    shutil.copytree(Path(weights.model_path("tiny")), place)
    name = f"rollout:hf/{place}"
    short = ("--set", "rollout.n=1", "--set", "rollout.max_tokens=4")
    begin = (
        ("judge", grown_run, "--judge", name, "--limit", 1)
        if command == "judge"
        else ("grow", tmp_path / "scripted.yaml", "--limit", 1, "--set", f"judge={name}")
    )
    done(*begin, *short, "--out", out)
    done(*begin, *short, "--out", out)
    tiny_models.save_word_model(place, width=32, seed=1)
    refused = journey(*begin, *short, "--out", out)
    assert refused.code == 2
    assert "with other weights than it has now" in refused.err and "another --out" in refused.err
