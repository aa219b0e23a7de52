"""Supervised fine-tuning of tiny models."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
import torch
from training.weights import same, weights
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from journey.errors import UsageError
from journey.training import loop
from journey.training.save import workshop
from journey.training.settings import SftSettings
from journey.training.sft import Supervised, train_sft

FAST = SftSettings(epochs=3, batch=4, learning_rate=1e-2, precision="fp32", device="cpu")


def first_batch(model: Path, rows: list, out: Path):
    built = loop.build(Supervised(FAST), model, rows, out, FAST)
    return next(iter(built.trainer.get_train_dataloader()))


def test_the_loss_is_on_the_completion_and_its_end_only(words_model: Path, sums: list, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    batch = first_batch(words_model, sums, tmp_path / "out")
    told = {(r["prompt"].strip(), " ".join(r["completion"].split()) + " <eos>") for r in sums}
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        trained = labels != -100
        assert torch.equal(ids[trained], labels[trained])
        prompt = tokenizer.decode(ids[: int(trained.int().argmax())])
        assert (prompt.strip(), " ".join(tokenizer.decode(labels[trained]).split())) in told


def test_the_loss_is_on_the_assistants_turn_and_its_end_only(chat_model: Path, sums: list, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(chat_model)
    batch = first_batch(chat_model, sums, tmp_path / "out")
    told = {r["completion"] + "<|im_end|>" for r in sums}
    assert all(tokenizer.decode(labels[labels != -100]) in told for labels in batch["labels"])


def test_trl_itself_reads_our_rows_alike(words_model: Path, sums: list, tmp_path: Path) -> None:
    arguments = SFTConfig(str(tmp_path), use_cpu=True, bf16=False, gradient_checkpointing=False)
    theirs = SFTTrainer(str(words_model), arguments, train_dataset=datasets.Dataset.from_list(sums)).train_dataset
    ours = loop.build(Supervised(FAST), words_model, sums, tmp_path / "out", FAST).trainer.train_dataset
    assert [(r["input_ids"], r["labels"]) for r in ours] == [(r["input_ids"], r["labels"]) for r in theirs]


def test_the_curve_counts_the_tokens_with_loss(words_model: Path, sums: list, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    a_pass = sum(len(tokenizer(r["completion"])["input_ids"]) + 1 for r in sums)
    assert train_sft(words_model, sums, tmp_path / "out", FAST)[-1]["tokens"] == 3 * a_pass


def test_training_learns_and_leaves_a_whole_model(words_model: Path, sums: list, tmp_path: Path) -> None:
    points: list[dict] = []
    out = tmp_path / "models" / "journey"
    curve = train_sft(words_model, sums, out, replace(FAST, epochs=20), points.append)
    assert points == curve == json.loads((out / "curve.json").read_text())
    assert curve[-1]["loss"] < 0.5 * curve[0]["loss"]
    assert curve[-1]["step"] == curve[-1]["steps"] == 60
    assert curve[-1]["epoch"] == pytest.approx(20)
    names = {f.name for f in out.iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "training.json"} <= names
    assert not any(name.endswith((".bin", ".pt", ".pth", ".pkl")) for name in names)
    assert [f.name for f in out.parent.iterdir()] == ["journey"]
    config = json.loads((out / "config.json").read_text())
    assert (config["rope_theta"], config["use_cache"]) == (10000.0, True)
    net, tokenizer = AutoModelForCausalLM.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    asked = tokenizer(sums[0]["prompt"], return_tensors="pt")
    answer = net.generate(**asked, max_new_tokens=30)[0]
    assert answer[-1] == tokenizer.eos_token_id


def test_the_same_seed_gives_the_same_weights(words_model: Path, sums: list, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_sft(words_model, sums, tmp_path / name, replace(FAST, seed=seed))
    assert same(tmp_path / "a", tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize("lora", [None, 4])
def test_a_resumed_run_ends_as_the_straight_one(
    words_model: Path, sums: list, tmp_path: Path, lora: int | None
) -> None:
    settings = replace(FAST, save_every=4, lora=lora)
    straight = train_sft(words_model, sums, tmp_path / "straight", settings)

    def stop(point: dict) -> None:
        if point["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_sft(words_model, sums, tmp_path / "resumed", settings, stop)
    assert not (tmp_path / "resumed").exists()
    (workshop(tmp_path / "resumed") / "checkpoint-8").mkdir()  # cut off while it was written
    seen: list[dict] = []
    assert train_sft(words_model, sums, tmp_path / "resumed", settings, seen.append) == straight
    assert seen[0]["step"] == 5
    assert same(tmp_path / "straight", tmp_path / "resumed")
    assert not workshop(tmp_path / "resumed").exists()


def test_a_resumed_run_saves_as_often_as_it_is_told_now(words_model: Path, sums: list, tmp_path: Path) -> None:
    def stop(point: dict) -> None:
        if point["step"] == 6:
            raise KeyboardInterrupt

    for every in (4, 1):
        with pytest.raises(KeyboardInterrupt):
            train_sft(words_model, sums, tmp_path / "out", replace(FAST, save_every=every), stop)
    assert {found.name for found in workshop(tmp_path / "out").glob("checkpoint-*")} == {"checkpoint-4", "checkpoint-5"}


def test_checkpoints_of_other_settings_are_refused_and_kept(words_model: Path, sums: list, tmp_path: Path) -> None:
    def stop(point: dict) -> None:
        if point["step"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_sft(words_model, sums, tmp_path / "out", replace(FAST, save_every=4), stop)
    with pytest.raises(UsageError, match=r"checkpoints of a training with other settings.*choose another name"):
        train_sft(words_model, sums, tmp_path / "out", replace(FAST, seed=5, save_every=4))
    assert (workshop(tmp_path / "out") / "checkpoint-4").is_dir()
    seen: list[dict] = []
    train_sft(words_model, sums, tmp_path / "out", replace(FAST, seed=5, save_every=4, resume=False), seen.append)
    assert seen[0]["step"] == 1


def test_work_that_is_done_is_not_done_again(words_model: Path, sums: list, tmp_path: Path) -> None:
    curve = train_sft(words_model, sums, tmp_path / "out", FAST)
    seen: list[dict] = []
    assert train_sft(words_model, sums, tmp_path / "out", FAST, seen.append) == curve
    assert seen == []
    train_sft(words_model, sums[:6], tmp_path / "out", FAST, seen.append)
    assert seen[-1]["rows"] == 6


def test_only_adapters_are_trained_and_then_merged(words_model: Path, sums: list, tmp_path: Path) -> None:
    train_sft(words_model, sums, tmp_path / "out", replace(FAST, lora=4))
    before, after = weights(words_model), weights(tmp_path / "out")
    assert before.keys() == after.keys()
    assert torch.equal(before["model.embed_tokens.weight"], after["model.embed_tokens.weight"])
    name = "model.layers.0.self_attn.q_proj.weight"
    assert torch.linalg.matrix_rank(after[name] - before[name], atol=1e-5) <= 4
    assert not torch.equal(before[name], after[name])


def test_rows_that_are_too_long_are_refused_or_counted_never_cut(words_model: Path, sums: list, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"8 of 12 rows are longer than 20 tokens \(the longest has 30\)"):
        train_sft(words_model, sums, tmp_path / "out", replace(FAST, max_length=20))
    curve = train_sft(words_model, sums, tmp_path / "out", replace(FAST, max_length=20, long_rows="drop"))
    assert (curve[-1]["rows"], curve[-1]["dropped"]) == (4, 8)
    with pytest.raises(UsageError, match="12 of 12"):
        train_sft(words_model, sums, tmp_path / "none", replace(FAST, max_length=5, long_rows="drop"))
    assert not (tmp_path / "none").exists()


def test_small_batches_add_up_to_the_same_step(words_model: Path, sums: list, tmp_path: Path) -> None:
    whole = train_sft(words_model, sums, tmp_path / "whole", FAST)
    parts = train_sft(words_model, sums, tmp_path / "parts", replace(FAST, micro_batch=2))
    assert [p["loss"] for p in parts] == pytest.approx([p["loss"] for p in whole], rel=1e-3)


def test_bf16_and_fp32_follow_each_other_in_one_process(words_model: Path, sums: list, tmp_path: Path) -> None:
    half = train_sft(words_model, sums, tmp_path / "half", replace(FAST, precision="bf16"))
    full = train_sft(words_model, sums, tmp_path / "full", FAST)
    assert half[-1]["loss"] == pytest.approx(full[-1]["loss"], rel=0.05)
    assert half != full
    assert all(w.dtype == torch.float32 for w in weights(tmp_path / "half").values())


def test_a_loss_that_is_no_number_stops_with_the_mend(words_model: Path, sums: list, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(words_model, broken)
    net = AutoModelForCausalLM.from_pretrained(broken)
    net.model.norm.weight.data.fill_(math.nan)
    net.save_pretrained(broken)
    with pytest.raises(UsageError, match="lower the learning rate"):
        train_sft(broken, sums, tmp_path / "out", FAST)
    assert not (tmp_path / "out").exists()


def test_nothing_is_printed(words_model: Path, sums: list, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    capfd.readouterr()
    train_sft(words_model, sums, tmp_path / "out", replace(FAST, save_every=4))
    assert capfd.readouterr() == ("", "")


def test_a_wrong_world_no_rows_and_no_model_are_refused(words_model: Path, sums: list, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="asked for on 2 processes but runs on 1"):
        train_sft(words_model, sums, tmp_path / "out", FAST, world=2)
    with pytest.raises(UsageError, match="no rows"):
        train_sft(words_model, [], tmp_path / "out", FAST)
    with pytest.raises(UsageError, match="There is no model in"):
        train_sft(tmp_path / "nowhere", sums, tmp_path / "out", FAST)
