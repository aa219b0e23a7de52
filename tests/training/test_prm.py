"""Step classifiers of our own: trained at step ends, read as judges with the scores they were trained to give."""

import asyncio
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from journey.errors import UsageError
from journey.judges.classifier import Classifier
from journey.training.kinds import settings_from_json
from journey.training.prm import Steps, target, train_prm
from journey.training.rows import Row
from journey.training.settings import PrmSettings
from journey.types import make_problem

FAST = PrmSettings(epochs=8, learning_rate=3e-3, batch=8, device="cpu", precision="fp32", schedule="constant")


def made(labels, number: int = 24) -> list[Row]:
    """Sums of two numbers; `labels` says of a sum that is off by so much what its label is."""
    stream = random.Random(3)
    rows = []
    for _ in range(number):
        steps, said = [], []
        for _ in range(stream.randint(1, 3)):
            off = stream.choice([0, 0, 1, 2])
            word = ("yes", "back", "no")[off]
            steps.append(f"{stream.randint(1, 20)} + {stream.randint(1, 20)} {word}")
            said.append(labels[off])
        rows.append({"prompt": f"{stream.randint(1, 99)} ->", "completions": steps, "labels": said})
    return rows


HARD = made([True, False, False])


def said_by(out: Path, row: Row, **settings) -> list[tuple[float, ...]]:
    classifier = Classifier(out, "prm:ours", device="cpu")
    return asyncio.run(classifier.probabilities(make_problem(row["prompt"], "1"), row["completions"]))


def test_training_lowers_the_loss_and_the_judge_says_what_was_trained(words_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "judge"
    curve = train_prm(words_model, HARD, out, FAST)
    assert curve[0]["loss"] == pytest.approx(math.log(2), abs=1e-5)  # the head begins at zero
    assert curve[-1]["loss"] < 0.3 * curve[0]["loss"]
    assert curve[-1]["tokens"] == 8 * sum(len(row["labels"]) for row in HARD)
    judge = Classifier(out, "prm:ours", device="cpu")
    assert judge.form == "steps"
    for row in HARD[:8]:
        said = asyncio.run(judge.judge_solution(make_problem(row["prompt"], "1"), row["completions"]))
        assert [one.verdict == "right" for one in said] == row["labels"]


def test_the_judge_gives_the_very_scores_of_the_trained_model(words_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "judge"
    train_prm(words_model, HARD, out, replace(FAST, max_steps=4))
    net, tokenizer = AutoModelForTokenClassification.from_pretrained(out), AutoTokenizer.from_pretrained(out)
    for row in HARD[:5]:
        columns = Steps(FAST).columns(tokenizer, [row], set()).data
        with torch.no_grad():
            logits = net(input_ids=torch.tensor(columns["input_ids"])).logits[0, columns["ends"][0]]
        assert torch.allclose(torch.tensor(said_by(out, row)), logits.softmax(-1), atol=1e-6)


def test_soft_labels_are_what_the_scores_come_to(words_model: Path, tmp_path: Path) -> None:
    rows = made([0.8, 0.3, 0.3], 48)
    train_prm(words_model, rows, tmp_path / "judge", replace(FAST, epochs=20))
    for row in rows[:6]:
        good = [classes[1] for classes in said_by(tmp_path / "judge", row)]
        assert good == pytest.approx(row["labels"], abs=0.12)


def test_three_classes_are_learnt_and_told_apart(words_model: Path, tmp_path: Path) -> None:
    rows = made(["right", "neutral", "wrong"], 48)
    curve = train_prm(words_model, rows, tmp_path / "judge", replace(FAST, epochs=12, classes=3))
    assert curve[0]["loss"] == pytest.approx(math.log(3), abs=1e-5)
    judge = Classifier(tmp_path / "judge", "prm:ours", device="cpu")
    for row in rows[:8]:
        said = asyncio.run(judge.judge_solution(make_problem(row["prompt"], "1"), row["completions"]))
        assert [one.verdict for one in said] == row["labels"]
    config = AutoModelForTokenClassification.from_pretrained(tmp_path / "judge").config
    assert config.id2label == {0: "bad", 1: "neutral", 2: "good"}


def test_the_loss_is_at_labelled_step_ends_only(words_model: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    rows = [{"prompt": "5 ->", "completions": ["1 + 2 yes", "3 no", "4"], "labels": [True, False, None]},
            {"prompt": "5 ->", "completions": ["6"], "labels": [None]}]  # fmt: skip
    columns = Steps(FAST).columns(tokenizer, rows, set())
    words = tokenizer.convert_ids_to_tokens(columns.data["input_ids"][0])
    assert words == ["5", "->", "\n", "1", "+", "2", "yes", "\n", "3", "no", "\n"]
    assert columns.data["ends"] == [[7, 10]]
    assert columns.data["targets"] == [[[0.0, 1.0], [1.0, 0.0]]]
    assert columns.trained == [2]


def test_null_labels_change_nothing(words_model: Path, tmp_path: Path) -> None:
    more = [row | {"completions": [*row["completions"], "7 + 7 no"], "labels": [*row["labels"], None]} for row in HARD]
    short = replace(FAST, max_steps=3)
    one = train_prm(words_model, HARD, tmp_path / "one", short)
    other = train_prm(words_model, more, tmp_path / "other", short)
    assert [p["loss"] for p in one] == [p["loss"] for p in other]


@pytest.mark.parametrize(
    ("label", "two", "three"),
    [
        (True, [0, 1], [0, 0, 1]),
        ("wrong", [1, 0], [1, 0, 0]),
        ("neutral", [0, 1], [0, 1, 0]),
        (0.25, [0.75, 0.25], [0.75, 0, 0.25]),
        (1, [0, 1], [0, 0, 1]),
        (None, None, None),
    ],
)
def test_what_each_label_wants(label, two, three) -> None:
    assert target(label, FAST) == two
    assert target(label, replace(FAST, classes=3)) == three


def test_neutral_steps_are_what_the_setting_says() -> None:
    assert target("neutral", replace(FAST, neutral="wrong")) == [1, 0]
    assert target("neutral", replace(FAST, neutral="skip")) is None


@pytest.mark.parametrize("label", [-1, 2, 1.5, math.nan, "good", [1]])
def test_a_label_of_no_known_kind_is_refused(label) -> None:
    with pytest.raises(UsageError, match="label"):
        target(label, FAST)


def test_the_same_seed_gives_the_same_weights_and_small_batches_the_same_step(
    words_model: Path, tmp_path: Path
) -> None:
    short = replace(FAST, max_steps=4)
    curves = {
        name: train_prm(words_model, HARD, tmp_path / name, replace(short, **settings))
        for name, settings in (("a", {}), ("b", {}), ("c", {"seed": 1}), ("parts", {"micro_batch": 2}))
    }
    assert (tmp_path / "a/model.safetensors").read_bytes() == (tmp_path / "b/model.safetensors").read_bytes()
    assert (tmp_path / "a/model.safetensors").read_bytes() != (tmp_path / "c/model.safetensors").read_bytes()
    assert [p["loss"] for p in curves["parts"]] == pytest.approx([p["loss"] for p in curves["a"]], rel=1e-4)


def test_only_adapters_and_the_head_are_trained_and_then_merged(words_model: Path, tmp_path: Path) -> None:
    train_prm(words_model, HARD, tmp_path / "judge", replace(FAST, lora=4, learning_rate=1e-2))
    net = AutoModelForTokenClassification.from_pretrained(tmp_path / "judge")
    before = AutoModelForTokenClassification.from_pretrained(words_model)
    assert torch.equal(net.model.embed_tokens.weight, before.model.embed_tokens.weight)
    assert not torch.equal(net.model.layers[0].mlp.up_proj.weight, before.model.layers[0].mlp.up_proj.weight)
    assert net.score.weight.abs().max() > 0
    assert Classifier(tmp_path / "judge", "prm:ours", device="cpu").form == "steps"


def test_another_separator_is_kept_with_the_model(chat_model: Path, tmp_path: Path) -> None:
    rows = [{"prompt": "a", "completions": ["b\nc", "d"], "labels": [True, False]}]
    train_prm(chat_model, rows, tmp_path / "judge", replace(FAST, max_steps=1, separator=";"))
    config = AutoModelForTokenClassification.from_pretrained(tmp_path / "judge").config
    assert config.journey_prm == {"form": "steps", "tag": ";", "labels": ["bad", "good"]}
    assert len(said_by(tmp_path / "judge", rows[0] | {"completions": ["b;c", "d"]})) == 2


def test_what_cannot_be_trained_on_is_refused_with_the_mend(words_model: Path, tmp_path: Path) -> None:
    row = {"prompt": "1 ->", "completions": ["2"], "labels": [None]}
    with pytest.raises(UsageError, match="no step has a label"):
        train_prm(words_model, [row], tmp_path / "out", FAST)
    with pytest.raises(UsageError, match="row 1 has 1 steps and 2 labels"):
        train_prm(words_model, [row | {"labels": [True, False]}], tmp_path / "out", FAST)
    with pytest.raises(UsageError, match="row 1 cannot be read: the judge's vocabulary lacks 'zebra'"):
        train_prm(words_model, [row | {"completions": ["zebra"], "labels": [True]}], tmp_path / "out", FAST)
    with pytest.raises(UsageError, match="classes is 4; write one of 2, 3"):
        PrmSettings(classes=4)  # type: ignore[arg-type]
    assert settings_from_json("prm", {"classes": 3}) == PrmSettings(classes=3)
    assert not (tmp_path / "out").exists()
