"""The tiny base is made from scratch, the same by the same seed, and goes on from its last checkpoint."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training.weights import same
from transformers import AutoTokenizer

from journey.errors import UsageError
from journey.models.base import Prompt, Sampling
from journey.models.local import Local
from journey.tasks.countdown.exploration import ground
from journey.tasks.countdown.puzzle import Puzzle
from journey.tasks.exploration import END, document
from journey.tasks.table import TASKS
from journey.tasks.tiny_words import VOCABULARY
from journey.training.pretrain import pretrain
from journey.training.pretrain_blocks import IGNORED, Blocks
from journey.training.pretrain_checkpoint import checkpoints, word_tokenizer
from journey.training.pretrain_settings import PretrainSettings, Stage
from journey.training.save import workshop
from journey.types import make_problem

SMALL = PretrainSettings(
    width=32, heads=2, layers=1, inner=64, stages=(Stage(4096, 128, 4), Stage(2048, 256, 2)), warmup_steps=2,
    threads=1, compiled=False, precision="fp32", checkpoint_every=3,
)  # fmt: skip


class Killed(Exception):
    """The process is killed in the middle."""


def test_the_same_seed_makes_the_same_model_and_it_speaks(tmp_path: Path) -> None:
    points: list[dict[str, Any]] = []
    pretrain(tmp_path / "one", SMALL, points.append)
    pretrain(tmp_path / "two", SMALL, lambda point: None)
    assert same(tmp_path / "one", tmp_path / "two")
    assert points[-1]["tokens"] == points[-1]["of"] == 6144
    assert points[-1]["tokens_per_second"] > 0
    model = Local(tmp_path / "one")
    try:
        (completion,) = asyncio.run(model.complete(Prompt("Make 10 from 1 2 3\n"), Sampling(max_tokens=8)))
        assert completion.tokens > 0
    finally:
        asyncio.run(model.close())


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("at", [4, 9])
def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_weights(
    tmp_path: Path, at: int, optimizer: Any
) -> None:
    settings = replace(SMALL, optimizer=optimizer, measure_every=1)
    pretrain(tmp_path / "whole", replace(settings, measure_every=0), lambda point: None)
    measured: list[int] = []

    def kill(folder: Path) -> dict[str, Any]:
        measured.append(len(measured) + 1)
        if len(measured) == at:
            raise Killed
        return {}

    with pytest.raises(Killed):
        pretrain(tmp_path / "cut", settings, lambda point: None, kill)
    (last,) = checkpoints(workshop(tmp_path / "cut"))[-1:]
    assert last.name == f"checkpoint-{at - at % 3}"
    pretrain(tmp_path / "cut", settings, lambda point: None, lambda folder: {})
    assert same(tmp_path / "whole", tmp_path / "cut")
    assert not workshop(tmp_path / "cut").exists()


def test_checkpoints_of_other_settings_are_refused_and_kept(tmp_path: Path) -> None:
    def kill(folder: Path) -> dict[str, Any]:
        raise Killed

    with pytest.raises(Killed):
        pretrain(tmp_path / "out", replace(SMALL, measure_every=4), lambda point: None, kill)
    with pytest.raises(UsageError, match="checkpoints of other settings; give another --out"):
        pretrain(tmp_path / "out", replace(SMALL, learning_rate=1e-3), lambda point: None)
    assert checkpoints(workshop(tmp_path / "out"))


def test_it_starts_from_the_weights_of_another_model_of_its_shape_and_refuses_others(tmp_path: Path) -> None:
    pretrain(tmp_path / "first", SMALL, lambda point: None)
    still = replace(SMALL, start=str(tmp_path / "first"), learning_rate=0.0, weight_decay=0.0)
    pretrain(tmp_path / "second", still, lambda point: None)
    assert same(tmp_path / "first", tmp_path / "second")
    with pytest.raises(UsageError, match="has another shape"):
        pretrain(tmp_path / "third", replace(still, width=64), lambda point: None)
    with pytest.raises(UsageError, match=r"holds no model\.safetensors"):
        pretrain(tmp_path / "third", replace(still, start=str(tmp_path)), lambda point: None)


def test_a_task_that_the_base_cannot_read_is_refused() -> None:
    with pytest.raises(UsageError, match="mix takes lists, countdown, maze"):
        PretrainSettings(mix={"math": 1.0})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mix": {}}, "give shares that are not negative"),
        ({"mix": {"maze": 2.0, "countdown": -1.0}}, "give shares that are not negative"),
        ({"width": 7}, "width that twice the heads divide"),
        ({"heads": 0}, "heads is 0; it must be at least 1"),
        ({"stages": ()}, "each stage takes tokens for one step at least"),
        ({"stages": (Stage(100, 128, 4),)}, "each stage takes tokens for one step at least"),
    ],
)
def test_what_no_model_can_be_made_of_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        replace(SMALL, **wrong)


def test_blocks_begin_with_a_document_hold_nothing_held_out_and_mix_the_tasks() -> None:
    tokenizer = word_tokenizer()
    begins = {"Make ": "countdown", "Go from ": "maze"}
    seen: set[str] = set()
    for ids, _ in Blocks(replace(SMALL, stages=(Stage(40_000, 256, 4),))):
        for row in ids:
            text = tokenizer.decode(row)
            assert text.startswith((*begins, "Turn "))
            for line in text.split("\n")[:-1]:
                for begin, name in begins.items():
                    is_held_out = TASKS[name].is_held_out
                    assert is_held_out is not None
                    if line.startswith(begin):
                        seen.add(name)
                        assert not is_held_out(make_problem(line, "", task=name))
    assert seen == {"countdown", "maze"}


def test_of_questions_only_the_first_word_is_learnt_where_that_is_asked() -> None:
    settings = replace(SMALL, mix={"countdown": 1.0}, learn_questions=False, stages=(Stage(128, 128, 1),))
    ((ids, labels),) = list(Blocks(settings))
    words = word_tokenizer().convert_ids_to_tokens(ids[0])
    end = words.index("\n")
    assert labels[0][0] == ids[0][0]
    assert (labels[0][1:end] == IGNORED).all()
    assert labels[0][end] == ids[0][end]


def test_the_tokenizer_gives_back_every_text_of_the_puzzle(tmp_path: Path) -> None:
    text = document(ground(Puzzle((8, 19, 18), 29)), random.Random(1), 5)
    tokenizer = word_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.decode(loaded(text)["input_ids"]) == text
    assert loaded.eos_token == END
    assert len(loaded) == len(VOCABULARY)
