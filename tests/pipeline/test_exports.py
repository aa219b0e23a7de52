"""A run's problems and trees in the forms of other projects."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from commanding import done, journey

from journey.store.run import Run
from journey.types import make_problem

PROBLEMS = {
    "train": [make_problem("What is 2 + 3?", "5", task="math"), make_problem("What is 2 + 4?", "6", task="math")],
    "test": [make_problem("What is 2 + 5?", "7", task="math")],
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run") as of:
        for part, found in PROBLEMS.items():
            of.put_all("problems", found, split=part)
    return tmp_path / "run"


def rows(run: Path, *arguments: object) -> list[dict[str, Any]]:
    """What journey export writes as JSONL."""
    to = run.parent / "rows.jsonl"
    done("export", run, *arguments, "--to", to)
    return [json.loads(line) for line in to.read_text("utf-8").splitlines()]


def test_prompts_are_rows_of_one_part_in_the_trainers_form(run: Path) -> None:
    train = sorted(PROBLEMS["train"], key=lambda problem: problem.id)
    for form, key in (("trl", "problem"), ("openrlhf", "problem")):
        assert [row[key] for row in rows(run, "prompts", "--for", form)] == [problem.id for problem in train]
    first = rows(run, "prompts", "--for", "openrlhf", "--split", "test")[0]
    assert first["label"] == "7" and first["split"] == "test" and "What is 2 + 5?" in first["input"]
    assert json.loads(first["reference"]) == {"question": "What is 2 + 5?", "answer": "7", "task": "math"}
    chat = rows(run, "prompts", "--for", "trl", "--messages")[0]
    assert chat["prompt"][0]["role"] == "user" and chat["answer"] == train[0].answer and chat["task"] == "math"


def test_prompts_for_verl_are_parquet_rows_with_their_ground_truth(run: Path) -> None:
    to = run.parent / "train.parquet"
    done("export", run, "prompts", "--for", "verl", "--to", to)
    found = pyarrow.parquet.read_table(to).to_pylist()
    assert {row["extra_info"]["problem"] for row in found} == {problem.id for problem in PROBLEMS["train"]}
    assert [row["extra_info"]["index"] for row in found] == [0, 1]
    assert found[0].keys() == {"data_source", "prompt", "ability", "reward_model", "extra_info"}
    assert found[0]["data_source"] == "journey/math" and found[0]["reward_model"]["style"] == "rule"


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (("prompts",), "--for trl"),
        (("sft", "--for", "verl"), "prompts --for verl"),
        (("prompts", "--for", "trl", "--split", "dev"), "known are phase1, train, validation, test"),
        (("prompts", "--for", "trl", "--split", "phase1"), "no problems in the part phase1"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_mend(run: Path, arguments: tuple[str, ...], mend: str) -> None:
    said = journey("export", run, *arguments, "--to", run.parent / "rows.jsonl")
    assert said.code == 2 and mend in said.err
