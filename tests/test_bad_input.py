"""Every mistake of a user: exit code 2 (1 for the machine's, 130 for an interrupt), one sentence, nothing lost."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_models
from commanding import done, journey, scripted_recipe, sum_row, write_rows

from journey.store.run import Run

COUNTDOWN = Path(__file__).parents[1] / "recipes" / "countdown.yaml"


def refused(*arguments: object) -> str:
    """The one sentence of a command that refuses; nothing else is said."""
    said = journey(*arguments)
    assert said.code == 2, (said.code, said.err)
    assert said.out == ""
    sentence = said.err.strip().splitlines()[-1]
    assert "Traceback" not in said.err
    assert sentence.startswith("journey")
    return sentence


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "problems.jsonl", ({"question": f"What is {n}?", "answer": str(n)} for n in range(5)))


@pytest.mark.parametrize("format", ["prm800k", "problems", "puzzles", "trees"])
def test_a_missing_file_is_named(tmp_path: Path, format: str) -> None:
    assert "none.jsonl" in refused("import", format, tmp_path / "none.jsonl", "--out", tmp_path / "run")


@pytest.mark.parametrize("format", ["prm800k", "problems", "puzzles", "trees"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, format: str) -> None:
    file = write_rows(tmp_path / "empty.jsonl", [])
    assert "empty" in (said := refused("import", format, file, "--out", tmp_path / "run")) or "no rows" in said


@pytest.mark.parametrize("format", ["prm800k", "problems", "puzzles", "trees"])
def test_a_row_that_is_not_json_is_named_by_its_line(tmp_path: Path, format: str) -> None:
    rows = {
        "prm800k": sum_row(1),
        "problems": {"question": "1?", "answer": "1"},
        "puzzles": {"nums": [1, 2], "target": 3},
    }
    tree = {"schema": 1, "id": "t", "problem": "p", "nodes": [], "policy": "", "judge": "", "settings": {}}
    first = json.dumps(rows.get(format, tree))
    (tmp_path / "bad.jsonl").write_text(f"{first}\n{first}\n{{broken\n")
    said = refused("import", format, tmp_path / "bad.jsonl", "--out", tmp_path / "run")
    assert "JSON" in said
    assert "bad.jsonl:3 " in said or "line 3" in said
    assert not (tmp_path / "run").exists(), "nothing is stored of a file that is refused"


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path, problems: Path) -> None:
    said = refused("import", "problems", problems, "--out", tmp_path / "run", "--answer-column", "result")
    assert "'result'" in said and "question, answer" in said
    rows = write_rows(tmp_path / "odd.jsonl", [{"text": "1?"}])
    assert "column" in refused("import", "problems", rows, "--out", tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["statsu"], "did you mean status?"),
        (["status"], "missing argument 'RUN...'"),
        (["status", "x", "--jsn"], "did you mean --json?"),
        (["status", "/nowhere"], "there is no run in /nowhere"),
        (["export", "x", "sfr", "--to", "y.jsonl"], "'sft'"),
        (["export", "x", "sft"], "--to"),
        (["import", "prm900k", "x", "--out", "y"], "'prm800k'"),
        (["import", "problems", "x", "--out", "y", "--split", "tset"], "known are phase1, train, validation, test"),
        (["derive", "x", "--trials", "0"], "greater than or equal to 1"),
        (["derive", "x", "--trials", "two"], "--trials"),
        (["run", "none.yaml"], "there is no recipe none.yaml"),
        (["run", str(COUNTDOWN), "--set", "sedes=3"], "did you mean seeds?"),
        (["run", str(COUNTDOWN), "--set", "trees.grow.widht=3"], "did you mean trees.grow.width?"),
        (["run", str(COUNTDOWN), "--set", "seeds"], "--set seeds=1"),
        (["run", str(COUNTDOWN), "--set", "seeds=many"], "seeds"),
        (["run", str(COUNTDOWN), "--set", "model=tyni"], "tiny"),
        (["run", str(COUNTDOWN), "--set", "model=hf/./nowhere"], "no model folder ./nowhere"),
        (["run", str(COUNTDOWN), "--set", "judge=exakt"], "exact"),
        (["grow", str(COUNTDOWN), "--set", "model=scripted/nowhere"], "nowhere"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], mend: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mend in refused(*arguments)


def test_no_command_at_all_shows_the_help() -> None:
    said = journey()
    assert said.code == 2
    assert "Commands:" in said.err


def test_problems_to_train_on_and_to_test_on_must_differ(tmp_path: Path, problems: Path) -> None:
    done("import", "problems", problems, "--out", tmp_path / "run")
    other = write_rows(tmp_path / "test.jsonl", [{"question": "What is 3 ?", "answer": "3"}])
    assert "share 1 problem" in refused("import", "problems", other, "--out", tmp_path / "run", "--split", "test")
    assert done("status", tmp_path / "run", "--json").data["problems"] == {"train": 5}
    recipe = scripted_recipe(tmp_path)
    both = f"problems.test_file={tmp_path / 'train.jsonl'}"
    assert "share" in refused("grow", recipe, "--out", tmp_path / "grown", "--set", both)


def test_a_run_of_other_settings_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    recipe = scripted_recipe(tmp_path)
    done("grow", recipe, "--out", tmp_path / "run")
    before = done("status", tmp_path / "run", "--json").data
    said = refused("grow", recipe, "--out", tmp_path / "run", "--set", "trees.grow.width=3")
    assert "trees.grow.width: was 6, now 3" in said and "--out" in said
    assert "was" in refused("run", COUNTDOWN, "--out", tmp_path / "run", "--dry-run")
    assert done("status", tmp_path / "run", "--json").data == before


def test_a_fresh_start_with_a_mistake_in_it_removes_nothing(tmp_path: Path) -> None:
    recipe = scripted_recipe(tmp_path)
    done("grow", recipe, "--out", tmp_path / "run")
    refused("grow", recipe, "--out", tmp_path / "run", "--fresh", "--set", "problems.file=nowhere.jsonl")
    assert done("status", tmp_path / "run", "--json").data["trees"]["trees"] == 6


def test_a_file_in_the_place_of_a_run_is_said(tmp_path: Path, problems: Path) -> None:
    assert "is a file" in refused("import", "problems", problems, "--out", problems)
    refused("import", "problems", problems, "--out", problems / "below")


def test_nothing_to_tell_train_on_ask_or_report_is_said(tmp_path: Path, problems: Path) -> None:
    run = tmp_path / "run"
    done("import", "problems", problems, "--out", run)
    assert "no trees" in refused("derive", run)
    assert "journey derive" in refused("train", "sft", run, "--model", "tiny")
    assert "journey derive" in refused("export", run, "sft", "--to", tmp_path / "x.jsonl")
    assert "--split test" in refused("eval", run, "--model", "tiny")
    assert "journey eval" in refused("compare", run, run)
    assert "no trees and no attempts" in refused("report", run)
    assert "holds no trees" in refused("export", run, "trees", "--to", tmp_path / "x.jsonl")
    assert ".parquet" in refused("export", run, "problems", "--to", tmp_path / "x.csv")


def test_no_tree_with_a_right_leaf_says_what_to_change(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [sum_row(n, answer=99) for n in range(3)])
    done("import", "prm800k", rows, "--out", tmp_path / "run")
    said = refused("derive", tmp_path / "run")
    assert "none of 3 trees" in said and "better model" in said


@pytest.mark.parametrize(
    ("flags", "mend"),
    [
        (["--set", "learning_rat=1"], "did you mean learning_rate?"),
        (["--set", "learning_rate=fast"], "learning_rate"),
        (["--set", "learning_rate=-1"], "above 0"),
        (["--name", "../out"], "no name for a model"),
        (["--model", "journy"], "tiny"),
        (["--arm", "shortcat"], "'shortcut'"),
    ],
)
def test_a_wrong_setting_of_training_is_answered_before_anything_is_loaded(
    tmp_path: Path, flags: list[str], mend: str
) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [sum_row(n) for n in range(3)])
    done("import", "prm800k", rows, "--out", tmp_path / "run")
    done("derive", tmp_path / "run")
    model = [] if "--model" in flags else ["--model", "tiny"]
    assert mend in refused("train", "sft", tmp_path / "run", *model, *flags)
    assert not (tmp_path / "run" / "models").exists()


def test_greedy_answers_have_no_temperature(tmp_path: Path, problems: Path) -> None:
    done("import", "problems", problems, "--out", tmp_path / "run", "--split", "test")
    script = write_rows(tmp_path / "s.jsonl", [{"prompt": "x", "completions": ["y"]}])
    flags = ("--model", f"scripted/{script}", "--decoding", "greedy", "--temperature", "0.5")
    assert "--decoding sampled" in refused("eval", tmp_path / "run", *flags)


def test_a_model_whose_vocabulary_lacks_the_puzzles_words_is_refused(tmp_path: Path) -> None:
    tiny_models.save_word_model(tmp_path / "model", width=32)
    said = refused(
        "grow", scripted_recipe(tmp_path), "--out", tmp_path / "run", "--set", f"model=hf/{tmp_path / 'model'}"
    )
    assert "vocabulary lacks 'Make'" in said


def limited(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process whose files may not grow beyond `size` bytes, as on a full disk."""
    command = [sys.executable, "-m", "journey", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip


def test_a_full_disk_is_said_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    rows = [{"question": f"What is {n}?" + " really" * 50, "answer": str(n)} for n in range(2000)]
    few, many = write_rows(tmp_path / "few.jsonl", rows[:5]), write_rows(tmp_path / "many.jsonl", rows)
    done("import", "problems", few, "--out", tmp_path / "run")
    said = limited(200_000, "import", "problems", many, "--out", tmp_path / "run")
    assert said.returncode == 1
    assert len(said.stderr.strip().splitlines()) == 1
    assert "disk is full" in said.stderr
    assert done("status", tmp_path / "run", "--json").data["problems"] == {"train": 5}
    assert done("import", "problems", many, "--out", tmp_path / "run", "--json").data["problems"] == {"train": 2000}
    (tmp_path / "out.jsonl").write_text("what was there\n")
    said = limited(200_000, "export", tmp_path / "run", "problems", "--to", tmp_path / "out.jsonl")
    assert (said.returncode, "disk is full" in said.stderr) == (1, True)
    assert (tmp_path / "out.jsonl").read_text() == "what was there\n"


@pytest.mark.slow
def test_a_disk_that_fills_while_a_model_is_saved_leaves_no_half_model(tmp_path: Path) -> None:
    done("grow", scripted_recipe(tmp_path), "--out", tmp_path / "run")
    done("derive", tmp_path / "run")
    flags = ("--model", "tiny", "--set", "max_steps=1", "--set", "batch=2")
    said = limited(3_000_000, "train", "sft", tmp_path / "run", *flags)
    assert said.returncode == 1
    assert "disk is full" in said.stderr.splitlines()[-1]
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "run" / "models" / "journey").exists()
    done("train", "sft", tmp_path / "run", *flags)


@pytest.mark.slow
def test_a_policy_that_solves_nothing_is_told_what_to_change(tmp_path: Path) -> None:
    flags = ("--limit", 5, "--set", "seeds=1", "--set", "trees.grow.depth=1", "--set", "arms.phase1.max_steps=2")
    command = [sys.executable, "-m", "journey", "run", str(COUNTDOWN), "--out", str(tmp_path / "run"), *map(str, flags)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 2
    sentence = said.stderr.splitlines()[-1]
    assert "solved none of 5 problems" in sentence
    assert "width" in sentence
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("asked", [("labelled", "{bad}"), ("benchmark", "BBH/nope", "{bad}"), ("problems", "{bad}")])
def test_a_refused_import_leaves_no_run_behind(tmp_path: Path, problems: Path, asked: tuple[str, ...]) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"nothing": 1}\n')
    refused("import", *(word.format(bad=bad) for word in asked), "--out", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    done("import", "problems", problems, "--out", tmp_path / "run")
    refused("import", *(word.format(bad=bad) for word in asked), "--out", tmp_path / "run")
    done("status", tmp_path / "run")


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path: Path, problems: Path) -> None:
    with Run.open(tmp_path / "run"):
        assert "another command" in refused("import", "problems", problems, "--out", tmp_path / "run")
        done("status", tmp_path / "run")


def test_an_interrupt_ends_the_command_with_130_and_the_same_command_goes_on(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [sum_row(n) for n in range(20_000)])  # some seconds of work
    command = [sys.executable, "-m", "journey", "import", "prm800k", str(rows), "--out", str(tmp_path / "run")]
    # What is started in the background, as these tests may be, ignores the interrupt and hands that on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    signal.signal(signal.SIGINT, before)
    assert process.stderr is not None
    assert "import" in process.stderr.readline(), "it is at work"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert "interrupted; the same command goes on" in err
    assert done("import", "prm800k", rows, "--out", tmp_path / "run", "--json").data["trees"] == 20_000


def test_a_closed_pipe_is_no_traceback(tmp_path: Path, problems: Path) -> None:
    done("import", "problems", problems, "--out", tmp_path / "run")
    command = f"{sys.executable} -m journey status {tmp_path / 'run'} | true"
    said = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in said.stderr


def test_an_experiment_that_nothing_is_tested_on_or_whose_base_lacks_the_words_is_refused(tmp_path: Path) -> None:
    small = ("--set", "problems.train=5", "--set", "problems.phase1=5", "--out", tmp_path / "run")
    for dry in (("--dry-run",), ()):
        said = refused("run", "maze", *small, "--set", "problems.test=0", *dry)
        assert "there are no test problems to compare the arms on" in said
    words = tiny_models.save_word_model(tmp_path / "words", width=32)
    assert "cannot read 5 of 5 problems" in refused("run", "maze", *small, "--set", f"model=hf/{words}", "--dry-run")
