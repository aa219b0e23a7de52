"""Makes the tiny base model from scratch: a small Qwen3 that reads truthful random exploration of Countdown.

One plain loop, since nothing here is special: packed documents, next-token loss, AdamW, a warm-up and a cosine.
"""

import ctypes
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from journey.tasks.countdown.exploration import END, VOCABULARY, document, tokenize
from journey.tasks.countdown.puzzle import PuzzleSettings, draw, is_held_out
from journey.training.words import word_tokenizer

ANY = 1_000_000  # targets need not be within reach of the vocabulary: a walk that finds nothing is truthful too


@dataclass(frozen=True, slots=True)
class Stage:
    """`tokens` of training in blocks of `block` tokens, `batch` blocks a step."""

    tokens: int
    block: int
    batch: int


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Size of the model, what it reads, and how fast it learns."""

    width: int = 160
    layers: int = 4
    heads: int = 5
    inner: int = 480
    stages: tuple[Stage, ...] = (Stage(36_000_000, 256, 32), Stage(12_000_000, 768, 12))
    learning_rate: float = 2e-3
    final_share: float = 0.02
    warmup_steps: int = 200
    weight_decay: float = 0.05
    four_numbers: float = 0.08
    walks: tuple[int, ...] = (1, 2, 4, 8, 16, 24)
    seed: int = 0
    threads: int = 2
    compiled: bool = True


def pretrain(out: Path, settings: PretrainSettings, on_log: Callable[[dict[str, Any]], None]) -> None:
    """Trains the model and saves it to `out` (safetensors); `on_log` gets step, tokens, of all, loss, seconds."""
    keep_memory()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    model = Qwen3ForCausalLM._from_config(model_config(settings), attn_implementation="sdpa")
    forward = torch.compile(model) if settings.compiled else model
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay, fused=True
    )
    total = sum(s.tokens // (s.block * s.batch) for s in settings.stages)
    whole = sum(s.tokens // (s.block * s.batch) * s.block * s.batch for s in settings.stages)
    began, seen, losses = time.perf_counter(), 0, []
    for step, block in enumerate(batches(settings)):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate(step, total, settings)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = forward(input_ids=block, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), block[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        seen += block.numel()
        losses.append(loss.detach())
        if (step + 1) % 100 == 0 or step + 1 == total:
            mean = float(torch.stack(losses).mean())
            losses.clear()
            seconds = time.perf_counter() - began
            on_log({"step": step + 1, "tokens": seen, "of": whole, "loss": mean, "seconds": seconds})
    model.save_pretrained(out)
    word_tokenizer().save_pretrained(out)


def keep_memory() -> None:
    """Keeps freed memory in the process: mapping every large tensor anew was measured to take half of the time."""
    if sys.platform == "linux":
        trim_threshold, map_threshold = -1, -3
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # glibc
            libc.mallopt(map_threshold, 1 << 30)
            libc.mallopt(trim_threshold, (1 << 31) - 1)


def model_config(settings: PretrainSettings) -> Qwen3Config:
    """A Qwen3 with the puzzle's words as vocabulary."""
    return Qwen3Config(
        vocab_size=len(VOCABULARY),
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        head_dim=settings.width // settings.heads,
        intermediate_size=settings.inner,
        tie_word_embeddings=True,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=VOCABULARY.index(END),
    )


def rate(step: int, total: int, settings: PretrainSettings) -> float:
    """The share of the learning rate at a step: a linear warm-up, then a cosine down to `final_share`."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, total - settings.warmup_steps)
    return settings.final_share + (1 - settings.final_share) * 0.5 * (1 + math.cos(math.pi * done))


def batches(settings: PretrainSettings) -> Iterator[torch.Tensor]:
    """Blocks of packed documents, (batch, block) token ids; each block begins with the beginning of a document."""
    rng = random.Random(settings.seed)
    for stage in settings.stages:
        for _ in range(stage.tokens // (stage.block * stage.batch)):
            yield torch.tensor([_block(rng, stage.block, settings) for _ in range(stage.batch)])


def _block(rng: random.Random, length: int, settings: PretrainSettings) -> list[int]:
    ids: list[int] = []
    while len(ids) < length:
        numbers = 4 if rng.random() < settings.four_numbers else 3
        puzzle = draw(rng, PuzzleSettings(numbers, largest_result=ANY))
        if not is_held_out(puzzle):
            ids += tokenize(document(puzzle, rng, rng.choice(settings.walks)) + "\n")
    return ids[:length]
