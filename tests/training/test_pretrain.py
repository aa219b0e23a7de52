"""The tiny base is made from scratch, and made the same by the same seed."""

import asyncio
import random
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from journey.models.base import Prompt, Sampling
from journey.models.local import Local
from journey.tasks.countdown.exploration import END, VOCABULARY, document
from journey.tasks.countdown.puzzle import Puzzle, is_held_out, parse_puzzle
from journey.training.pretrain import PretrainSettings, Stage, batches, pretrain
from journey.training.words import word_tokenizer

SMALL = PretrainSettings(
    width=32, heads=2, layers=1, inner=64, stages=(Stage(4096, 128, 4), Stage(2048, 256, 2)), warmup_steps=2,
    threads=1, compiled=False,
)  # fmt: skip


def test_the_same_seed_makes_the_same_model_and_it_speaks(tmp_path: Path) -> None:
    points = []
    pretrain(tmp_path / "one", SMALL, points.append)
    pretrain(tmp_path / "two", SMALL, lambda point: None)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert points[-1]["tokens"] == points[-1]["of"] == 6144
    model = Local(tmp_path / "one")
    try:
        (said,) = asyncio.run(model.complete(Prompt("Make 10 from 1 2 3\n"), Sampling(max_tokens=8)))
        assert said.tokens > 0
    finally:
        asyncio.run(model.close())


def test_blocks_begin_with_a_document_and_hold_no_puzzle_that_is_held_out() -> None:
    tokenizer = word_tokenizer()
    for batch in batches(SMALL):
        for row in batch:
            text = tokenizer.decode(row)
            assert text.startswith("Make ")
            for line in text.split("\n")[:-1]:
                if line.startswith("Make "):
                    assert not is_held_out(parse_puzzle(line))


def test_the_tokenizer_gives_back_every_text_of_the_puzzle(tmp_path: Path) -> None:
    text = document(Puzzle((8, 19, 18), 29), random.Random(1), 5)
    tokenizer = word_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded.decode(loaded(text)["input_ids"]) == text
    assert loaded.eos_token == END
    assert len(loaded) == len(VOCABULARY)
