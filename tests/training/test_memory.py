"""A batch in pieces trains as a whole one does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from journey.training import loop, memory
from journey.training.settings import SftSettings
from journey.training.sft import train_sft

FAST = SftSettings(max_steps=3, batch=6, learning_rate=1e-2, precision="fp32", device="cpu")


def test_pieces_hold_every_row_once_and_so_many_tokens() -> None:
    lengths = [3, 9, 1, 4, 20, 2]
    mask = torch.zeros(6, 20, dtype=torch.long)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
    inputs = {"input_ids": torch.arange(120).view(6, 20), "attention_mask": mask}
    parts = memory.pieces(inputs, 10)
    assert [part["attention_mask"].sum(1).tolist() for part in parts] == [[20], [9], [4, 3], [2, 1]]
    assert torch.equal(parts[2]["input_ids"], inputs["input_ids"][[3, 0], :4])
    assert memory.pieces(inputs, 120) == [inputs]


def test_rows_computed_at_once_divide_the_batch() -> None:
    assert [memory.rows_in_part(16, longest, 1024) for longest in (64, 100, 500, 5000)] == [16, 8, 2, 1]


def test_in_pieces_the_same_is_learnt(
    words_model: Path, sums: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train_sft(words_model, sums, tmp_path / "whole", FAST)
    split: list[int] = []
    real: Callable[..., Any] = memory.pieces
    monkeypatch.setattr(loop, "TINY", 0)
    monkeypatch.setitem(loop.PART_TOKENS, "cpu", 40)
    monkeypatch.setattr(loop, "pieces", lambda *a: (found := real(*a), split.append(len(found)))[0])
    pieces = train_sft(words_model, sums, tmp_path / "pieces", FAST)
    assert max(split) > 1
    for name in ("loss", "grad_norm"):
        assert [point[name] for point in pieces] == pytest.approx([point[name] for point in whole], rel=1e-3)


def test_memory_is_given_back_between_steps_where_the_process_holds_more_than_it_needs(
    words_model: Path, sums: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    class Libc:
        def mallopt(self, *setting: int) -> None: ...

        def malloc_trim(self, kept: int) -> None:
            given.append(kept)

    held = iter([1, 10 << 30, 1, *[1] * 9])
    monkeypatch.setattr(memory, "_glibc", Libc)
    monkeypatch.setattr(memory, "_held", lambda: next(held))
    train_sft(words_model, sums, tmp_path / "out", FAST)
    assert len(given) == 2, "once above the bound, and once at the end"
