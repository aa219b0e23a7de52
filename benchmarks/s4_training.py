"""S4: supervised training tokens/s against a plain PyTorch loop on the same batches.

`python benchmarks/s4_training.py [--json]`; needs the `train` extra. The tiny model has 0.84M parameters and a
vocabulary of 111 words, its rows about 200 tokens, as in the default experiment. SmolLM2-135M-Instruct trains a few
batches of shorter rows, where it was fetched. Each contestant trains the same batches in the same order from the same
weights; they take turns, and the median of the rounds counts. "loop" is the time of the steps alone, "call" that of the
whole call: loading the model, preparing rows, steps, writing the model. Seconds are CPU seconds of the process (run it
on one thread: OMP_NUM_THREADS=1), so that other work on the machine counts little; a share is the median over the
rounds of plain's seconds by journey's.
"""

import json
import random
import shutil
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from bench import Result, run
from tiny_models import save_word_model
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup

from journey.models import smollm2
from journey.training.base import attention, hardware
from journey.training.encode import encode
from journey.training.order import plan
from journey.training.settings import SftSettings
from journey.training.sft import train_sft
from journey.training.silence import silenced

ROWS, BATCH, WANTED = 327, 16, 0.9


def make_rows(most: int) -> list[dict[str, str]]:
    """Rows of up to 10 + `most` words, a quarter of that at least; a word is a token to the tiny model."""
    stream = random.Random(0)

    def words(n: int) -> str:
        return " ".join(str(stream.randrange(100)) for _ in range(n))

    return [{"prompt": words(9) + " ", "completion": words(stream.randint(most // 4, most))} for _ in range(ROWS)]


def plain(model: Path, rows: list[dict[str, str]], out: Path, settings: SftSettings) -> float:
    """The loop that one would write by hand, on the same batches. CPU seconds of its steps."""
    machine = hardware(settings)
    tokenizer = AutoTokenizer.from_pretrained(model)
    encoded = encode(tokenizer, rows, "completion", {tokenizer.eos_token_id})
    order = plan([e.length for e in encoded], settings.batch, settings.epochs, settings.max_steps, settings.seed)
    batches = [[encoded[i] for i in order[at : at + settings.batch]] for at in range(0, len(order), settings.batch)]
    kind = attention(max(e.length for e in encoded), cpu=machine.cpu)
    net: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, attn_implementation=kind)
    device = torch.device("cpu" if machine.cpu else "cuda")
    net.to(device).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=0.0, fused=True)
    schedule = get_cosine_schedule_with_warmup(optimizer, 0, len(batches))
    started = time.process_time()
    for batch in batches:
        longest = max(e.length for e in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        labels = torch.full((len(batch), longest), -100)
        mask = torch.zeros(len(batch), longest, dtype=torch.long)
        for i, e in enumerate(batch):
            ids[i, : e.length] = torch.tensor(e.prompt + e.answer)
            labels[i, len(e.prompt) : e.length] = torch.tensor(e.answer)
            mask[i, : e.length] = 1
        with torch.autocast(device.type, torch.bfloat16, enabled=machine.bf16):
            loss = net(input_ids=ids.to(device), attention_mask=mask.to(device), labels=labels.to(device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        loss.item()
    seconds = time.process_time() - started
    net.save_pretrained(out)
    return seconds


def ours(model: Path, rows: list[dict[str, str]], out: Path, settings: SftSettings) -> float:
    train_sft(model, rows, out, settings)
    return json.loads((out / "training.json").read_text())["cpu_seconds"]


PRECISIONS: tuple[Literal["fp32", "bf16"], ...] = ("fp32", "bf16")
CONTESTANTS: dict[str, Callable[..., float]] = {"plain": plain, "journey": ours}


def measure(
    model: Path, rows: list[dict[str, str]], settings: SftSettings, rounds: int, folder: Path
) -> dict[str, float]:
    """Tokens a second (prompts included, padding not) of both contestants and journey's share of plain's."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    lengths = [e.length for e in encode(tokenizer, rows, "completion", {tokenizer.eos_token_id})]
    tokens = sum(lengths[i] for i in plan(lengths, settings.batch, 1, settings.max_steps, settings.seed))
    seconds: dict[str, dict[str, list[float]]] = {k: {c: [] for c in CONTESTANTS} for k in ("loop", "call")}
    for who, train in CONTESTANTS.items():
        train(model, rows, folder / f"warm-{who}", replace(settings, max_steps=1))
    for turn in range(rounds):
        for who, train in CONTESTANTS.items():
            started = time.process_time()
            seconds["loop"][who].append(train(model, rows, folder / f"{who}-{turn}", settings))
            seconds["call"][who].append(time.process_time() - started)
            shutil.rmtree(folder / f"{who}-{turn}")
    figures: dict[str, float] = {}
    for kind, times in seconds.items():
        for who, values in times.items():
            figures[f"{kind} {who} tokens/s"] = round(tokens / statistics.median(values))
        shares = [p / j for p, j in zip(times["plain"], times["journey"], strict=True)]
        figures[f"{kind} share"] = round(statistics.median(shares), 3)
    return figures


def training(options: Namespace) -> Result:
    rounds, steps = (9, 40) if options.long else (5, 12)
    real_rounds, real_steps = (3, 6) if options.long else (1, 2)
    figures: dict[str, float] = {}
    with silenced():
        for precision in PRECISIONS if hardware(SftSettings()).bf16 else PRECISIONS[:1]:
            with tempfile.TemporaryDirectory() as name:
                folder, rows = Path(name), make_rows(310)
                settings = SftSettings(max_steps=steps, batch=BATCH, learning_rate=1e-3, precision=precision)
                found = {"tiny": measure(save_word_model(folder / "model", width=128), rows, settings, rounds, folder)}
                if smollm2.is_fetched() and (options.long or precision == "bf16"):
                    few = replace(settings, max_steps=real_steps, batch=8, learning_rate=1e-4)
                    found["smollm2"] = measure(smollm2.folder(), make_rows(80), few, real_rounds, folder / "real")
                figures |= {
                    f"{model} {precision} {what}": one for model, all in found.items() for what, one in all.items()
                }
    shares = {name: value for name, value in figures.items() if name.endswith("loop share")}
    real = any(name.startswith("smollm2") for name in shares)
    reached = False if min(shares.values()) < WANTED else True if real else None
    return Result(figures, reached, f"wanted: loop share >= {WANTED}" + ("" if real else f"; {smollm2.COMMAND}"))


if __name__ == "__main__":
    run("S4", __doc__, training)
