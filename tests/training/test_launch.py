"""Training on two processes, with the real torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from journey.training.dpo import train_dpo
from journey.training.launch import main
from journey.training.settings import DpoSettings, SftSettings
from journey.training.sft import train_sft

SETTINGS = {"epochs": 2, "batch": 4, "learning_rate": 1e-3, "precision": "fp32", "device": "cpu"}
SOURCE = Path(__file__).parents[2] / "src"


def arguments(kind: str, rows: list, model: Path, folder: Path, world: int, **settings: object) -> list[str]:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "settings.json").write_text(json.dumps(SETTINGS | settings), "utf-8")
    files = {"--rows": "rows.jsonl", "--settings": "settings.json", "--out": "out"}
    flags = [part for flag, name in files.items() for part in (flag, str(folder / name))]
    return [kind, "--model", str(model), "--world", str(world), *flags]


def torchrun(given: list[str]) -> None:
    runner = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    command = [*runner, "-m", "journey.training.launch", *given]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stderr


def test_two_processes_train_what_one_would(words_model: Path, sums: list, tmp_path: Path) -> None:
    torchrun(arguments("sft", sums, words_model, tmp_path, 2))
    assert json.loads((tmp_path / "out" / "training.json").read_text())["processes"] == 2
    train_sft(words_model, sums, tmp_path / "one", SftSettings(**SETTINGS))
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "out"))
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)


@pytest.mark.slow
def test_two_processes_prefer_what_one_would(words_model: Path, sums: list, tmp_path: Path) -> None:
    pairs = [{"prompt": r["prompt"], "chosen": r["completion"], "rejected": "1 + 1 = 3 no"} for r in sums]
    torchrun(arguments("dpo", pairs, words_model, tmp_path, 2))
    train_dpo(words_model, pairs, tmp_path / "one", DpoSettings(**SETTINGS))
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "out"))
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)


def test_one_process_where_two_were_asked_for_is_refused(
    words_model: Path, sums: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(arguments("sft", sums, words_model, tmp_path, 2)) == 2
    said = capsys.readouterr().err
    assert said.startswith("Training was asked for on 2 processes but runs on 1: start it with `torchrun")
    assert not (tmp_path / "out").exists()


def test_users_mistakes_are_one_sentence(
    words_model: Path, sums: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(arguments("sft", sums, words_model, tmp_path, 1, learnin_rate=1)) == 2
    assert capsys.readouterr().err == "sft has no setting 'learnin_rate': did you mean 'learning_rate'?\n"
    given = arguments("sft", sums, words_model, tmp_path, 1)
    (tmp_path / "rows.jsonl").write_text('{"prompt": "1", "completion": "yes"}\nnonsense\n', "utf-8")
    assert main(given) == 2
    assert f"Line 2 of {tmp_path / 'rows.jsonl'} is not JSON" in capsys.readouterr().err


def test_one_process_reports_its_steps(
    words_model: Path, sums: list, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(arguments("sft", sums, words_model, tmp_path, 1)) == 0
    assert "step 6/6  loss " in capsys.readouterr().err
    assert (tmp_path / "out" / "model.safetensors").is_file()
