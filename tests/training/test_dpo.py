"""Preference optimisation of a tiny model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from training.weights import weights
from transformers import AutoTokenizer

from journey.errors import UsageError
from journey.training import dpo, loop
from journey.training.dpo import Preference, train_dpo
from journey.training.settings import DpoSettings

FAST = DpoSettings(epochs=2, batch=4, learning_rate=1e-3, precision="fp32", device="cpu")


@pytest.fixture
def pairs(sums: list) -> list[dict[str, str]]:
    return [{"prompt": r["prompt"], "chosen": r["completion"], "rejected": "1 + 1 = 3 no"} for r in sums]


def test_both_answers_end_with_one_end_of_text(words_model: Path, pairs: list, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    built = loop.build(Preference(FAST), words_model, pairs, tmp_path / "out", FAST)
    batch = next(iter(built.trainer.get_train_dataloader()))
    texts = [tokenizer.decode(i[m == 1]) for i, m in zip(batch["input_ids"], batch["completion_mask"], strict=True)]
    chosen, rejected = texts[:4], texts[4:]
    assert {" ".join(t.split()) for t in chosen} <= {" ".join(p["chosen"].split()) + " <eos>" for p in pairs}
    assert set(rejected) == {"1 + 1 = 3 no <eos>"}


def test_the_chosen_answers_become_likelier_than_the_rejected(
    words_model: Path, pairs: list, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    capfd.readouterr()
    curve = train_dpo(words_model, pairs, tmp_path / "out", FAST)
    assert curve[0]["loss"] == pytest.approx(0.6931, abs=1e-3)  # nothing has moved away from the reference yet
    assert curve[-1]["loss"] < curve[0]["loss"]
    assert curve[-1]["reward_accuracy"] == 1.0
    assert (tmp_path / "out" / "model.safetensors").is_file()
    assert capfd.readouterr() == ("", "")


def test_with_a_share_of_supervised_loss_the_chosen_answers_themselves_become_likelier(
    words_model: Path, pairs: list, tmp_path: Path
) -> None:
    alone = train_dpo(words_model, pairs, tmp_path / "alone", FAST)
    both = train_dpo(words_model, pairs, tmp_path / "both", replace(FAST, sft_weight=0.5))
    assert both[0]["loss"] > alone[0]["loss"] + 0.1  # the chosen answers' own loss is added
    assert both[-1]["loss"] < both[0]["loss"]


def test_smoothed_labels_are_trained_by_the_loss_that_reads_them(
    words_model: Path, pairs: list, tmp_path: Path
) -> None:
    settings = replace(FAST, label_smoothing=0.1, sft_weight=0.5)
    trainer: Any = loop.build(Preference(settings), words_model, pairs, tmp_path / "out", settings).trainer
    assert (trainer.loss_types, trainer.label_smoothing) == (["robust", "sft"], 0.1)  # "sigmoid" overlooks it
    for wrong in ({"label_smoothing": 0.5}, {"label_smoothing": 0.1, "loss": "ipo"}):
        with pytest.raises(UsageError, match="label_smoothing"):
            DpoSettings(**wrong)


def test_the_reference_computed_before_gives_the_same_losses(
    words_model: Path, pairs: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = train_dpo(words_model, pairs, tmp_path / "before", FAST)
    monkeypatch.setattr(dpo, "processes", lambda: 2)  # where several train, the reference is computed along the way
    along = train_dpo(words_model, pairs, tmp_path / "along", FAST)
    assert [p["loss"] for p in along] == pytest.approx([p["loss"] for p in before], abs=1e-5)


@pytest.mark.parametrize("lora", [None, 4])
def test_a_resumed_run_ends_as_the_straight_one(
    words_model: Path, pairs: list, tmp_path: Path, lora: int | None
) -> None:
    settings = replace(FAST, save_every=2, lora=lora)
    straight = train_dpo(words_model, pairs, tmp_path / "straight", settings)

    def stop(point: dict) -> None:
        if point["step"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_dpo(words_model, pairs, tmp_path / "resumed", settings, stop)
    assert train_dpo(words_model, pairs, tmp_path / "resumed", settings) == straight
    a, b = (weights(tmp_path / name) for name in ("straight", "resumed"))
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_pairs_that_are_too_long_are_counted_by_their_longer_answer(
    words_model: Path, pairs: list, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="8 of 12 rows are longer than 20 tokens"):
        train_dpo(words_model, pairs, tmp_path / "out", replace(FAST, max_length=20))


@pytest.mark.parametrize("wrong", [{"sft_weight": -1.0}, {"beta": 0.0}, {"batch": 0}])
def test_preferences_that_would_push_the_wrong_way_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        replace(FAST, **wrong)
