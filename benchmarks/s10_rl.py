"""S10: reinforcement learning on the tiny model: what is neither sampling nor the gradient step, and how fast they are.

One training is measured, by seconds of the processor on one thread, so that other work on the machine counts little.
*Sampling* is the engine at work on answers, those of checks included; the *gradient step* is the loss, its gradient and
the optimizer. Wanted: all else takes at most 10 % of the time; the gradient step is at least 0.9 times as fast as a
plain PyTorch loop on the same rows from the same weights; and drawing the answers (with their grades) at least 0.85
times as fast as `journey eval` on the same problems, with as many rows in flight (with grades and their storing), which
run one after the other in this process.
"""

import asyncio
import json
import tempfile
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from bench import Result, run
from transformers import AutoModelForCausalLM

from journey.evals.attempts import Decoding
from journey.models.local import Local
from journey.models.local_engine import Engine
from journey.models.weights import model_path
from journey.pipeline.rollouts import RunBook
from journey.pipeline.stages import evaluate
from journey.store.run import Run
from journey.tasks.table import task
from journey.training.base import attention
from journey.training.rl import train_rl
from journey.training.rl_batches import Batches
from journey.training.rl_settings import RlSettings
from journey.training.rl_trainer import RolloutTrainer, TokenRow, padded
from journey.training.rows import rl_rows
from journey.training.silence import silenced
from journey.types import Problem

ELSE, GRADIENT, SAMPLING = 0.1, 0.9, 0.85
spent: defaultdict[str, float] = defaultdict(float)
drawn: list[list[TokenRow]] = []


@contextmanager
def timed(part: str, clock: Callable[[], float] = time.process_time) -> Any:
    began = clock()
    yield
    spent[part] += clock() - began


@contextmanager
def watched() -> Any:
    """Counts seconds of the engine's thread, of training steps, of the rows asked for in them, and of the optimizer."""
    engine, step, rows = Engine.run, RolloutTrainer.training_step, Batches.rows_of
    update = torch.optim.AdamW.step

    def run_engine(self: Engine, *given: Any) -> None:
        with timed("sampling", time.thread_time):
            engine(self, *given)

    def train_step(self: RolloutTrainer, *given: Any, **named: Any) -> torch.Tensor:
        with timed("step"):
            return step(self, *given, **named)

    def rows_of(self: Batches, *given: Any) -> list[TokenRow]:
        with timed("rows"):
            drawn.append(found := rows(self, *given))
        return found

    def optimize(self: torch.optim.AdamW, *given: Any, **named: Any) -> Any:
        with timed("step"):
            return update(self, *given, **named)

    with (
        patch.object(Engine, "run", run_engine), patch.object(RolloutTrainer, "training_step", train_step),
        patch.object(Batches, "rows_of", rows_of), patch.object(torch.optim.AdamW, "step", optimize),
    ):  # fmt: skip
        yield


def plain(rows: Sequence[Sequence[TokenRow]], settings: RlSettings, pad: int) -> float:
    """The loop that one would write by hand, on the same rows. Seconds of the processor."""
    longest = max(row.length for some in rows for row in some)
    net: Any = AutoModelForCausalLM.from_pretrained(
        model_path("tiny"), dtype=torch.float32, attn_implementation=attention(longest, cpu=True)
    )
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=0.0, fused=True)
    began = time.process_time()
    for some in rows:
        ranked = sorted(some, key=lambda row: row.length)
        tokens = sum(len(row.answer) for row in some)
        number = settings.answers // (settings.micro_batch or settings.answers)
        for i in range(number):
            part = ranked[i * len(ranked) // number : (i + 1) * len(ranked) // number]
            if not part:
                continue
            batch = padded(part, pad, "cpu")
            ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
            mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
            width = batch["completion_ids"].shape[1]
            logits = net(input_ids=ids, attention_mask=mask, logits_to_keep=width + 1).logits[:, :-1]
            picked = logits.log_softmax(-1).gather(-1, ids[:, -width:, None])[..., 0]
            loss = -(picked * batch["advantages"] * batch["tool_mask"]).sum() / tokens
            loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return time.process_time() - began


def asked(problems: Sequence[Problem], settings: RlSettings, folder: Path) -> tuple[int, float]:
    """What `journey eval` does: tokens and seconds of as many answers, drawn by the same model."""
    with Run.open(folder, {}) as into:
        into.put_all("problems", problems, split="test")
        model = Local(model_path("tiny"), "tiny")
        rule = Decoding("sampled", settings.temperature, settings.top_p, settings.max_tokens, settings.samples)
        began = time.process_time()
        asyncio.run(_evaluate(into, problems, model, rule))
        seconds = time.process_time() - began
        return sum(one.tokens for one in into.attempts()), seconds


async def _evaluate(into: Run, problems: Sequence[Problem], model: Local, rule: Decoding) -> None:
    await evaluate(into, problems, model, rule, split="test", seed=0)
    await model.close()


def rl(options: Namespace) -> Result:
    sizes: dict[str, Any] = {"problems": 32, "max_tokens": 600, "updates": 8} if options.long else {
        "problems": 8, "max_tokens": 200, "updates": 3}  # fmt: skip
    settings = RlSettings(
        **sizes, samples=8, tokens=None, learning_rate=2.5e-4, micro_batch=32, precision="fp32", device="cpu",
        validation=0, save_every=0,
    )  # fmt: skip
    countdown = task("countdown")
    assert countdown.draw is not None and countdown.settings is not None
    problems = countdown.draw("s10", settings.problems, 0, countdown.settings(), held_out=False)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, silenced():
        folder = Path(name)
        rows = rl_rows(problems, [])
        # What is done once in a process (kernels made, tables of the vocabulary) belongs to none of them.
        train_rl(model_path("tiny"), rows, folder / "first", replace(settings, updates=1))
        with Run.open(folder / "rl", {}) as into, watched():
            train_rl(model_path("tiny"), rows, folder / "model", settings, book=RunBook(into, "rl"))
        made = json.loads((folder / "model" / "training.json").read_text())
        generated = sum(len(row.answer) for some in drawn for row in some)
        evaluated = [asked(problems, settings, folder / f"eval-{turn}") for turn in range(made["steps"])]
        by_hand = plain(drawn, settings, 0)
    beside, asking = map(sum, zip(*evaluated, strict=True))
    gradient = spent["step"] - spent["rows"]
    trained = sum(row.length for some in drawn for row in some)
    total, drawing = made["cpu_seconds"], made["cpu_seconds_of"]["drawing"]
    figures = {
        "updates": made["steps"], "generated tokens": made["trained_tokens"], "seconds": total,
        "share of sampling": spent["sampling"] / total, "share of the gradient": gradient / total,
        "share of all else": 1 - (spent["sampling"] + gradient) / total,
        "parts, seconds": made["cpu_seconds_of"],
        "gradient, tokens/s": trained / gradient, "plain loop, tokens/s": trained / by_hand,
        "gradient against plain": by_hand / gradient,
        "sampling, tokens/s": made["trained_tokens"] / drawing, "journey eval, tokens/s": beside / asking,
        "sampling against eval": made["trained_tokens"] / drawing / (beside / asking),
        "rows trained of drawn": generated / made["trained_tokens"],
    }  # fmt: skip
    wanted = (
        figures["share of all else"] <= ELSE, figures["gradient against plain"] >= GRADIENT,
        figures["sampling against eval"] >= SAMPLING,
    )  # fmt: skip
    return Result(figures, all(wanted), f"wanted: all else <= {ELSE}, gradient >= {GRADIENT}, sampling >= {SAMPLING}")


if __name__ == "__main__":
    run("S10", __doc__, rl)
