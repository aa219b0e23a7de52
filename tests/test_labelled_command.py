"""journey import labelled: other people's labelled solutions become trees, a judge is trained on them and judged."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from real_data import sample, whole
from tiny_models import save_chat_model

from journey.store.entries import ImportListing
from journey.store.run import Run
from journey.types import Problem, Tree

SHEPHERD = {"input": "Q? Step 1: a ки\nStep 2: b ки", "label": "Q? Step 1: a +\nStep 2: b -", "task": "GSM8K"}
AGAIN = {"prompt": "Q?", "completions": ["Step 1: a", "Step 2: b"], "labels": [True, False]}
SOFT = {"question": "R?", "answer": "4", "steps": ["a", "The answer is: 4"], "labels": [0.25, None]}
PROCESSBENCH = {"id": "p", "problem": "S?", "steps": ["a", "b", "c"], "label": 1, "final_answer_correct": False}


def trees(run: Path) -> list[Tree]:
    with Run.read(run) as of:
        return list(of.trees())


def test_rows_of_every_kind_in_one_file_are_accounted_for(tmp_path: Path) -> None:
    broken = [
        {"input": "Q? Step 1: a ки", "label": "Q? Step 1: a ?"},
        {"prompt": "Q?", "completions": ["a", "b"], "labels": [True]},
        {"prompt": "Q?", "completions": ["a"], "labels": [float("nan")]},
        {"question": "Q?", "steps": ["a"], "labels": [None]},
        {"problem": "S?", "steps": ["a"], "label": 7, "id": "far"},
        {"text": "no labels at all"},
    ]
    rows = write_rows(tmp_path / "mixed.jsonl", [SHEPHERD, *broken, AGAIN, SOFT, PROCESSBENCH, SHEPHERD])
    said = done("import", "labelled", rows, "--out", tmp_path / "run", "--json").data
    assert (said["rows"], said["trees"]) == (11, 4)
    assert said["rows"] == said["trees"] + sum(said["merged"].values()) + sum(said["no_tree"].values())
    assert said["merged"] == {"a plain duplicate": 1}
    assert len(said["no_tree"]) == len(broken)
    assert said["steps"] == {"right": 3, "wrong": 4, "could not say": 2}
    assert said["judges"] == ["Math-Shepherd", "ProcessBench", "labels"]
    assert {tree.judge: [(n.judgement.verdict, n.judgement.score) for n in tree.nodes if n.judgement]
            for tree in trees(tmp_path / "run") if tree.judge != "labels"} == {
        "Math-Shepherd": [("right", None), ("wrong", None)],
        "ProcessBench": [("right", None), ("wrong", None), (None, None)],
    }  # fmt: skip
    (checked,) = (tree.nodes[-1] for tree in trees(tmp_path / "run") if tree.nodes[-1].answer)
    assert checked.correct is True
    assert done("status", tmp_path / "run", "--json").data["listed"] == {"merged": 1, "no tree": 6}
    with Run.read(tmp_path / "run") as of:
        assert "neither + nor -" in " ".join(one.reason for one in of.entries(ImportListing))
    human = done("import", "labelled", rows, "--out", tmp_path / "run")
    assert "gave no tree" in human.out and len(trees(tmp_path / "run")) == 4


def test_what_is_no_set_of_labelled_steps_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    nothing = write_rows(tmp_path / "none.jsonl", [{"text": "x"}, {"text": "y"}])
    said = journey("import", "labelled", nothing, "--out", tmp_path / "run")
    assert said.code == 2 and "none of 2 rows is a solution with labelled steps" in said.err
    minus = write_rows(tmp_path / "minus.jsonl", [AGAIN, {**AGAIN, "labels": [0, -1]}])
    said = journey("import", "labelled", minus, "--out", tmp_path / "run")
    assert said.code == 2 and "minus.jsonl line 2: a label is -1" in said.err
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(json.dumps(AGAIN).encode())[:-9])
    said = journey("import", "labelled", cut, "--out", tmp_path / "run")
    assert said.code == 2 and "not a whole gzip file" in said.err
    said = journey("import", "labelled", tmp_path / "not there.jsonl", "--out", tmp_path / "run")
    assert said.code == 2 and "there is no file" in said.err
    said = journey("import", "labelled", minus, "--question-column", "prompt", "--out", tmp_path / "run")
    assert said.code == 2 and "columns are for problems" in said.err
    assert not (tmp_path / "run").exists()


def test_problems_that_are_tested_on_are_not_trained_on(tmp_path: Path) -> None:
    asked = write_rows(tmp_path / "test.jsonl", [{"question": "Q?", "answer": "4"}])
    done("import", "problems", asked, "--split", "test", "--out", tmp_path / "run")
    said = journey("import", "labelled", write_rows(tmp_path / "l.jsonl", [SHEPHERD]), "--out", tmp_path / "run")
    assert said.code == 2 and "share 1 problems" in said.err
    assert not trees(tmp_path / "run")


def test_a_limit_is_one_of_trees_and_parquet_is_read(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    rows = [{"prompt": f"{n}?", "completions": ["a", "b"], "labels": [True, None]} for n in range(5)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    said = done("import", "labelled", tmp_path / "rows.parquet", "--limit", 3, "--out", tmp_path / "run", "--json").data
    assert (said["rows"], said["trees"], said["steps"]) == (3, 3, {"right": 3, "could not say": 3})


@pytest.mark.parametrize(("where", "file", "number", "by"), [
    (sample, "math_shepherd_samples.jsonl", 7, "Math-Shepherd"),
    (sample, "processbench_gsm8k.jsonl", 50, "ProcessBench"),
    (whole, "mr_math_invalid.jsonl", 159, "MR-MATH"),
])  # fmt: skip
def test_real_files_are_read_whole(tmp_path: Path, where: Callable[[str], Path], file: str, number: int, by: str):
    said = done("import", "labelled", where(f"step_judges/{file}"), "--out", tmp_path / "run", "--json").data
    assert (said["rows"], said["trees"], said["no_tree"], said["judges"]) == (number, number, {}, [by])
    with Run.read(tmp_path / "run") as of:
        assert all(isinstance(p, Problem) and p.question for p in of.all("problems"))


def test_a_judge_is_trained_on_math_shepherds_rows_loaded_and_judged(tmp_path: Path) -> None:
    real = sample("step_judges/math_shepherd_samples.jsonl")
    run, base = tmp_path / "run", save_chat_model(tmp_path / "base", context=2048)
    done("import", "labelled", real, "--out", run)
    rows = done("export", run, "prm", "--to", tmp_path / "rows.jsonl", "--json").data
    assert rows["rows"] == 7
    back = done("import", "labelled", tmp_path / "rows.jsonl", "--out", tmp_path / "back", "--json").data
    assert (back["trees"], back["steps"]) == (7, {"right": 5, "wrong": 20})
    fast = ("--set", "max_steps=2", "--set", "device=cpu", "--set", "learning_rate=1e-3")
    done("train", "prm", run, "--model", base, "--name", "judge", *fast)
    judge = f"prm:{run}/models/judge"
    said = done("eval", "judges", "--judge", judge, "--on", real, "--on", run, "--json").data
    assert [(row["judge"], row["set"], row["steps"]) for row in said["results"]] == [
        (judge, "math_shepherd_samples", 25), (judge, "run", 25),
    ]  # fmt: skip
    assert all(row["unscored"] == 0 and row["failed"] == {} for row in said["results"])


def test_soft_labels_are_trained_on_as_numbers(tmp_path: Path) -> None:
    soft = [{"prompt": f"{n} ?", "completions": ["3 + 4 = 7", "x = 2"], "labels": [0.75, 0.125]} for n in range(4)]
    run, base = tmp_path / "run", save_chat_model(tmp_path / "base")
    done("import", "labelled", write_rows(tmp_path / "soft.jsonl", soft), "--out", run)
    fast = ("--set", "max_steps=60", "--set", "device=cpu", "--set", "learning_rate=3e-3")
    done("train", "prm", run, "--model", base, "--name", "soft", "--set", "soft=true", *fast)
    (judged,) = done("eval", "judges", "--judge", f"prm:{run}/models/soft", "--on", run, "--json").data["results"]
    assert judged["figures"]["step_f1"]["value"] == 1.0
    curve = json.loads((run / "models" / "soft" / "curve.json").read_text())
    last = curve[-1]["loss"] if isinstance(curve, list) else curve["loss"][-1]
    assert last > 0.3  # the entropy of 0.75 and 0.125 is 0.47; hard labels would go to 0
