"""Makes the tiny base model from scratch: a small Qwen3 that reads truthful random exploration of the embedded tasks.

One plain loop, since nothing here is special: packed documents, next-token loss, a warm-up and a cosine.
"""

import math
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from journey.tasks.exploration import END
from journey.tasks.tiny_words import VOCABULARY
from journey.training.memory import memory_kept
from journey.training.pretrain_blocks import IGNORED, Blocks
from journey.training.pretrain_checkpoint import keep, restore, save, weights_of
from journey.training.pretrain_settings import PretrainSettings
from journey.training.save import workshop

Log = Callable[[dict[str, Any]], None]
Measure = Callable[[Path], Mapping[str, Any]]


@memory_kept()
def pretrain(out: Path, settings: PretrainSettings, on_log: Log, measure: Measure | None = None) -> None:
    """Trains the model and saves it to `out` (safetensors); goes on from the last checkpoint of the same settings.

    `on_log` gets step, tokens, of all, loss in nats a token, seconds and tokens a second every 100 steps; `measure`
    gets a folder with the model as it is, and its figures go to `on_log`, too. Raises UsageError where the checkpoints
    beside `out` were made with other settings.
    """
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    model = Qwen3ForCausalLM._from_config(model_config(settings), attn_implementation="sdpa")
    if settings.start is not None:
        model.load_state_dict(weights_of(settings.start, model))
    forward = torch.compile(model) if settings.compiled else model
    optimizers = make_optimizers(model, settings)
    blocks = Blocks(settings)
    folder = workshop(out)
    step, seconds = restore(folder, model, optimizers, blocks, settings)
    total, all_tokens = blocks.steps, blocks.tokens
    began, seen_before, losses = time.perf_counter() - seconds, blocks.seen, list[torch.Tensor]()
    started = time.perf_counter()
    for block, labels in blocks:
        share = rate(step, total, settings)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * share
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.precision == "bf16"):
            logits = forward(input_ids=block, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(
            logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.detach())
        step += 1
        if step % 100 == 0 or step == total:
            now = time.perf_counter()
            point = {"step": step, "tokens": blocks.seen, "of": all_tokens, "loss": float(torch.stack(losses).mean())}
            pace = (blocks.seen - seen_before) / (now - started)
            on_log(point | {"seconds": now - began, "tokens_per_second": pace})
            losses.clear()
        if settings.checkpoint_every and step % settings.checkpoint_every == 0 and step < total:
            keep(folder, step, time.perf_counter() - began, model, optimizers, blocks, settings)
        if measure is not None and settings.measure_every and step % settings.measure_every == 0 and step < total:
            on_log({"step": step, "tokens": blocks.seen, "skills": measure(save(model, folder / "measured"))})
    save(model, out)
    shutil.rmtree(folder, ignore_errors=True)


def make_optimizers(model: Qwen3ForCausalLM, settings: PretrainSettings) -> list[torch.optim.Optimizer]:
    """AdamW for all weights, or Muon for the matrices inside the layers and AdamW for the others."""
    inside = [w for name, w in model.named_parameters() if w.ndim == 2 and "embed" not in name]
    is_muon = settings.optimizer == "muon"
    others = [w for w in model.parameters() if not (is_muon and any(w is matrix for matrix in inside))]
    lr, decay = settings.learning_rate, settings.weight_decay
    adamw = torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=decay, fused=True)
    if not is_muon:
        return [adamw]
    return [torch.optim.Muon(inside, lr=lr, weight_decay=decay, adjust_lr_fn="match_rms_adamw"), adamw]


def model_config(settings: PretrainSettings) -> Qwen3Config:
    """A Qwen3 with the puzzles' words as vocabulary."""
    return Qwen3Config(
        vocab_size=len(VOCABULARY),
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.key_value_heads,
        head_dim=settings.width // settings.heads,
        intermediate_size=settings.inner,
        tie_word_embeddings=True,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=VOCABULARY.index(END),
    )


def rate(step: int, total: int, settings: PretrainSettings) -> float:
    """The share of the learning rate at a step: a linear warm-up, then constant, then a cosine to `final_share`."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    falls_from = max(settings.warmup_steps, round((1 - settings.decay) * total))
    done = max(0.0, (step - falls_from) / max(1, total - falls_from))
    return settings.final_share + (1 - settings.final_share) * 0.5 * (1 + math.cos(math.pi * done))
