"""Training on two processes, with the real torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from accelerate import DistributedType
from accelerate.commands.config.config_args import load_config_from_file
from peft import PeftModel
from training.weights import weights
from transformers import Trainer

from journey.errors import UsageError
from journey.training.dpo import train_dpo
from journey.training.launch import main
from journey.training.launching import Launch, train_launched
from journey.training.settings import DpoSettings, SftSettings
from journey.training.sft import train_sft
from journey.training.shares import refuse_other_world

SETTINGS = {"epochs": 2, "batch": 4, "learning_rate": 1e-3, "precision": "fp32", "device": "cpu"}
SOURCE = Path(__file__).parents[2] / "src"
RECIPES = Path(__file__).parents[2] / "recipes" / "accelerate"


def arguments(kind: str, rows: list, model: Path, folder: Path, world: int, **settings: object) -> list[str]:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "settings.json").write_text(json.dumps(SETTINGS | settings), "utf-8")
    files = {"--rows": "rows.jsonl", "--settings": "settings.json", "--out": "out"}
    flags = [part for flag, name in files.items() for part in (flag, str(folder / name))]
    return [kind, "--model", str(model), "--world", str(world), *flags]


def torchrun(given: list[str]) -> None:
    run(["-m", "journey.training.launch", *given])


def run(given: list[str]) -> None:
    runner = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    command = [*runner, *given]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stderr


def test_two_processes_train_what_one_would(
    words_model: Path, sums: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    points: list = []
    launch = Launch(processes=2)
    curve = train_launched(words_model, sums, tmp_path / "out", SftSettings(**SETTINGS), points.append, launch)
    assert [point["step"] for point in points] == [1, 2, 3, 4, 5, 6] and curve[-1]["loss"] < curve[0]["loss"]
    made = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (made["processes"], made["distributed"]) == (2, "MULTI_CPU")
    train_sft(words_model, sums, tmp_path / "one", SftSettings(**SETTINGS))
    one, two = (weights(tmp_path / name) for name in ("one", "out"))
    assert all(torch.allclose(one[k], two[k], atol=1e-5) for k in one)


@pytest.mark.slow
def test_a_mistake_that_launched_processes_find_is_one_sentence(
    words_model: Path, sums: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    config = RECIPES / "fsdp.yaml"  # without GPUs each process would hold the whole model
    launch = Launch(processes=1, config=str(config))
    with pytest.raises(UsageError, match="FSDP was asked for but training runs as"):
        train_launched(words_model, sums, tmp_path / "out", SftSettings(**SETTINGS), print, launch)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["fsdp", "deepspeed"])
def test_the_configs_that_come_along_are_read_by_accelerate(kind: str) -> None:
    config: Any = load_config_from_file(str(RECIPES / f"{kind}.yaml"))
    assert config.distributed_type.value == kind.upper() and config.num_processes == 8


@pytest.mark.parametrize(
    ("kind", "lora", "why"),
    [("MULTI_CPU", False, "FSDP was asked for but training runs as MULTI_CPU"), ("FSDP", True, "leave lora away")],
)
def test_a_launcher_that_shares_nothing_out_and_adapters_that_are_shared_out_are_refused(
    kind: str, lora: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    accelerator = SimpleNamespace(num_processes=2, distributed_type=DistributedType(kind))
    model = PeftModel.__new__(PeftModel) if lora else None
    with pytest.raises(UsageError, match=why):
        refuse_other_world(cast("Trainer", SimpleNamespace(accelerator=accelerator, model=model)), 2)


GATHER = """
import sys, torch
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM, AutoTokenizer
from journey.training.save import write_model
from journey.training.shares import gathered
from pathlib import Path

torch.distributed.init_process_group("gloo")
net = AutoModelForCausalLM.from_pretrained(sys.argv[1])
for layer in net.model.layers:
    fully_shard(layer)
fully_shard(net)
assert any(type(w).__name__ == "DTensor" for w in net.parameters())
state = gathered(net)
assert bool(state) == (torch.distributed.get_rank() == 0)
if state:
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    write_model(net, tokenizer, [], {"work": "x"}, Path(sys.argv[2]), {}, state)
torch.distributed.barrier()
torch.distributed.destroy_process_group()
"""


def test_weights_that_two_processes_share_out_are_written_whole(words_model: Path, tmp_path: Path) -> None:
    (tmp_path / "gather.py").write_text(GATHER)
    (tmp_path / ".out.training").mkdir()
    run([str(tmp_path / "gather.py"), str(words_model), str(tmp_path / "out")])
    before, after = (weights(folder) for folder in (words_model, tmp_path / "out"))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_two_processes_prefer_what_one_would(words_model: Path, sums: list, tmp_path: Path) -> None:
    pairs = [{"prompt": r["prompt"], "chosen": r["completion"], "rejected": "1 + 1 = 3 no"} for r in sums]
    torchrun(arguments("dpo", pairs, words_model, tmp_path, 2))
    train_dpo(words_model, pairs, tmp_path / "one", DpoSettings(**SETTINGS))
    one, two = (weights(tmp_path / name) for name in ("one", "out"))
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
