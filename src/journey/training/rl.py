"""Reinforcement learning: a policy trained on its own checked answers, from its start to a model on disk."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
import trl
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl.trainer.grpo_config import GRPOConfig

from journey.errors import UsageError
from journey.training.base import LARGE, attention, hardware, identity, load, processes, saved_as
from journey.training.curve import OnLog
from journey.training.loop import common_arguments, run_trainer, save_trained
from journey.training.memory import rows_in_part
from journey.training.rl_batches import Batches, Ended
from journey.training.rl_curve import SPENT, RlCurveCallback
from journey.training.rl_draw import Book, Memory
from journey.training.rl_engines import vllm_arguments
from journey.training.rl_settings import PART_TOKENS, RlSettings, TrainingJudge
from journey.training.rl_trainer import LOSSES, SMALL, RolloutTrainer, count_positions
from journey.training.rows import Row
from journey.training.save import Curve, finished, workshop
from journey.training.settings import what_matters
from journey.training.sft import adapters
from journey.training.shares import refuse_other_world
from journey.training.silence import silenced
from journey.types import ModelRef, Problem, content_hash, problem_from_json


def train_rl(
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: RlSettings | None = None,
    on_log: OnLog | None = None,
    *,
    world: int | None = None,
    book: Book | None = None,
    ref: ModelRef | None = None,
    judge: TrainingJudge | None = None,
) -> Curve:
    """Trains `model` by reinforcement learning and writes it to `out`, which is either complete or not there.

    `rows` are those of `rows.rl_rows`. `book` keeps the rollouts (null: in memory only); `ref` says whose they
    are. `judge` is the one that the settings name, which is closed here. The curve has a point an update ("step",
    "tokens" generated so far, "loss", "reward", "entropy", "answer_tokens", "cut_off", "no_signal", ...), and one more
    a check, whose "check" holds the figures on the validation problems. The same work that `out` already holds is not
    done again, and a killed training goes on from its last checkpoint: in float32 on one thread to the same weights,
    bit for bit. Raises UsageError for rewards that are always the same, and for a loss that is no number: then the last
    good checkpoint stays.
    """
    settings, out = settings or RlSettings(), Path(out)
    if (settings.judge is None) != (judge is None):
        raise UsageError(f"the judge {settings.judge} is made by journey train rl and by recipes; leave it out here")
    judged_by = [judge.identity] if judge is not None else []
    work = content_hash("rl", identity(model), list(rows), what_matters(settings), *judged_by)
    if (done := finished(out, work)) is not None:
        return done
    problems = {split: [_problem(row) for row in rows if row["split"] == split] for split in ("train", "validation")}
    if not problems["train"]:
        raise UsageError("There are no problems to draw answers to: name some for training.")
    with silenced():
        net, tokenizer = load(model, settings)
        batches = Batches(
            model, problems["train"], problems["validation"][: settings.validation], settings, book or Memory(),
            ref or ModelRef(out.name), work, judge,
        )  # fmt: skip
        try:
            return _train(batches, net, tokenizer, work, model, out, settings, on_log, world)
        finally:
            batches.close()


def _train(
    batches: Batches,
    net: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    work: str,
    model: str | Path,
    out: Path,
    settings: RlSettings,
    on_log: OnLog | None,
    world: int | None,
) -> Curve:
    machine = hardware(settings)
    chosen = attention(batches.longest, cpu=machine.cpu)
    net.set_attn_implementation(chosen)
    trainer = _trainer(batches, net, tokenizer, workshop(out), settings, on_log)
    refuse_other_world(trainer, world)
    started, worked = time.perf_counter(), time.process_time()
    with suppress(Ended):
        run_trainer(trainer, work, workshop(out), settings)
    batches.finish(trainer)
    callback = trainer.callback
    summary = {
        "method": "rl",
        "work": work,
        "model": str(model),
        "rows": len(batches.problems),
        "steps": trainer.state.global_step,
        "trained_tokens": batches.generated,
        "ended": callback.ended or SPENT,
        "precision": "bf16" if machine.bf16 else "fp32",
        "attention": chosen,
        "processes": trainer.accelerator.num_processes,
        "settings": asdict(settings),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(time.process_time() - worked, 3),
        "seconds_of": {part: round(seconds, 3) for part, seconds in batches.seconds.items()},
        "cpu_seconds_of": {part: round(seconds, 3) for part, seconds in batches.cpu_seconds.items()},
    }
    curve = callback.points(trainer.state)
    save_trained(trainer, tokenizer, saved_as(model), curve, summary, out)
    return curve


def micro_rows(settings: RlSettings, share: int) -> int:
    """How many of the rows of one process are computed at once: whole groups of answers where no number is set."""
    if settings.micro_batch is not None:
        return min(settings.micro_batch, share)
    group = settings.samples
    return group * rows_in_part(share // group, group * settings.max_tokens, PART_TOKENS)


def _trainer(
    batches: Batches,
    net: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    settings: RlSettings,
    on_log: OnLog | None,
) -> RolloutTrainer:
    share, rest = divmod(settings.problems, processes())
    share *= settings.samples
    micro = micro_rows(settings, share)
    if rest or share % micro or micro % settings.samples:
        raise UsageError(
            f"{settings.problems} problems an update cannot be shared by {processes()} processes in parts of {micro} "
            "rows; choose problems and micro_batch (a multiple of samples) that divide them"
        )
    arguments = common_arguments(settings, folder, gradient_checkpointing=net.num_parameters() > LARGE) | {
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": share // micro,
        "max_steps": batches.most_updates * settings.passes,
        "warmup_steps": settings.warmup,
        "logging_steps": 1,
        "save_steps": max(1, settings.save_every) * settings.passes,
        "ignore_data_skip": True,  # rows are drawn by the number of the update, not read from a loader
        "remove_unused_columns": False,
        "disable_dropout": True,  # answers are drawn without it
    }
    config = GRPOConfig(
        **arguments,
        **vllm_arguments(settings),
        num_generations=settings.samples,
        max_completion_length=settings.max_tokens,
        temperature=settings.temperature,
        beta=settings.kl,
        loss_type=LOSSES[settings.loss],
        num_iterations=settings.passes,
        epsilon=settings.clip[0],
        epsilon_high=settings.clip[1],
    )
    callback = RlCurveCallback(batches, settings, on_log)
    pad = tokenizer.pad_token
    data = datasets.Dataset.from_dict({"prompt": [""] * settings.answers})  # TRL wants one; nothing is read from it
    trainer = RolloutTrainer(
        net, [_no_reward], config, data, processing_class=tokenizer, callbacks=[callback],
        peft_config=adapters(settings.lora),
    )  # fmt: skip
    for one in filter(None, (trainer.model, trainer.ref_model)):
        count_positions(one)
    tokenizer.pad_token = pad
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.small = len(tokenizer) <= SMALL
    trainer.callback = callback
    trainer.rows_of = lambda update: batches.rows_of(update, trainer)
    return trainer


def _no_reward(completions: Sequence[Any], **columns: Any) -> list[float | None]:
    """What TRL is given as its reward: rollouts come with theirs."""
    return [None] * len(completions)


def _problem(row: Mapping[str, Any]) -> Problem:
    return problem_from_json(row["problem"])
