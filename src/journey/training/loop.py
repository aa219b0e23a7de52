"""What supervised and preference training share: from rows on disk to a model on disk, with TRL's trainer between."""

import gc
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import datasets
import torch
import transformers
import trl
from peft import PeftModel
from torch.utils.data import Sampler
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer

from journey.errors import UsageError
from journey.training.base import LARGE, attention, hardware, identity, load, processes, saved_as, stop_ids
from journey.training.curve import COMPLETE, CurveCallback, OnLog
from journey.training.memory import PART_TOKENS, TINY, Bound, memory_kept, peak, pieces, rows_in_part
from journey.training.order import plan
from journey.training.rows import Row
from journey.training.save import Curve, finished, workshop, write_model
from journey.training.settings import Optimising, TrainSettings, what_matters
from journey.training.shares import refuse_other_world, whole_weights
from journey.training.silence import silenced
from journey.types import EMPTY, content_hash

POINTS = 200  # of a training curve, at most


@dataclass(frozen=True, slots=True)
class Columns:
    """Encoded rows as a trainer reads them: its columns, each row's length and its trained tokens."""

    data: dict[str, list[Any]]
    lengths: list[int]
    trained: list[int]

    def only(self, keep: Sequence[int]) -> "Columns":
        """The columns of the rows `keep`."""
        data = {name: [column[i] for i in keep] for name, column in self.data.items()}
        return Columns(data, [self.lengths[i] for i in keep], [self.trained[i] for i in keep])


class Method(Protocol):
    """How rows become columns and columns a trainer: the part in which the methods differ.

    `texts_in_row`: how many texts of the row's length are computed for it; where it is one, a batch is split by tokens.
    """

    texts_in_row: int

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns: ...

    def trainer(
        self, net: PreTrainedModel, arguments: dict[str, Any], order: Sequence[int], parts: dict[str, Any]
    ) -> "OrderedTrainer":
        """`arguments` are those of its configuration, `parts` those that every trainer takes."""
        ...


class OrderedTrainer(Trainer):
    """A trainer over rows in an order that was laid out before; a batch is computed `part_tokens` tokens at a time."""

    order: Sequence[int]
    part_tokens: int | None = None

    def beside(self) -> dict[str, dict[str, torch.Tensor]]:
        """Weights that are kept in files of their own beside the model, by the file's name."""
        return {}

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler | None:
        return self.order  # type: ignore[return-value]  # a sized iterable of indices is all that a loader needs

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        parts = [inputs] if self.part_tokens is None else pieces(inputs, self.part_tokens)
        losses = [super(OrderedTrainer, self).training_step(model, part, num_items_in_batch) for part in parts]
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()


@dataclass(frozen=True, slots=True)
class Built:
    """A trainer ready to start, with what the summary tells of it."""

    trainer: OrderedTrainer
    tokenizer: PreTrainedTokenizerBase
    callback: CurveCallback
    summary: dict[str, Any]
    dtype: torch.dtype


def train(
    kind: str,
    method: Method,
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: TrainSettings,
    on_log: OnLog | None,
    world: int | None,
) -> Curve:
    """Trains and writes the model to `out`; the same work that already lies there is not done again."""
    work = content_hash(kind, identity(model), rows, what_matters(settings))
    done = finished(out, work)
    if done is not None:
        return done
    with silenced():
        built = build(method, model, rows, out, settings, on_log)
        refuse_other_world(built.trainer, world)
        started, worked = time.perf_counter(), time.process_time()
        run_trainer(built.trainer, work, workshop(out), settings)
        summary = {"method": kind, "work": work, "model": str(model), **built.summary}
        summary["seconds"] = round(time.perf_counter() - started, 3)
        summary["cpu_seconds"] = round(time.process_time() - worked, 3)  # of this process, all its threads
        summary["peak_memory_gb"] = peak()
        curve = built.callback.points(built.trainer.state)
        beside = built.trainer.beside()
        save_trained(built.trainer, built.tokenizer, built.dtype, curve, summary, out, beside)
    return curve


def build(
    method: Method,
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: TrainSettings,
    on_log: OnLog | None = None,
) -> Built:
    """Everything up to the first step: model, encoded rows, order of the batches, trainer."""
    if not rows:
        raise UsageError("There are no rows to train on: derive thoughts first, or loosen the selection.")
    net, tokenizer = load(model, settings)
    columns, dropped = _fitting(method.columns(tokenizer, rows, stop_ids(net, tokenizer)), net, settings)
    machine = hardware(settings)
    chosen = attention(max(columns.lengths), cpu=machine.cpu)
    net.set_attn_implementation(chosen)
    order = plan(columns.lengths, settings.batch, settings.epochs, settings.max_steps, settings.seed)
    steps = -(-len(order) // settings.batch)
    part_tokens = PART_TOKENS["cpu" if machine.cpu else "gpu"] if net.num_parameters() > TINY else None
    by_tokens = method.texts_in_row == 1 and processes() == 1
    longest = None if part_tokens is None or by_tokens else (method.texts_in_row * max(columns.lengths), part_tokens)
    arguments = _arguments(settings, steps, workshop(out), longest, checkpointing=net.num_parameters() > LARGE)
    passes = len(order) / len(columns.lengths)
    reached = list(accumulate(columns.trained[i] for i in order))[settings.batch - 1 :: settings.batch]
    reached += [sum(columns.trained[i] for i in order)] * (steps - len(reached))
    callback = CurveCallback(passes, reached, {"rows": len(columns.lengths), "dropped": dropped}, on_log)
    data = datasets.Dataset.from_dict(columns.data)
    pad = tokenizer.pad_token
    parts = {"train_dataset": data, "processing_class": tokenizer, "callbacks": [callback]}
    trainer = method.trainer(net, arguments, order, parts)
    trainer.order = order
    trainer.part_tokens = part_tokens if by_tokens and settings.micro_batch is None else None
    tokenizer.pad_token = pad  # TRL sets one where there is none; the saved tokenizer stays as it was
    trainer.remove_callback(transformers.PrinterCallback)
    summary = {
        "rows": len(columns.lengths),
        "dropped": dropped,
        "passes": passes,
        "steps": steps,
        "trained_tokens": reached[-1],
        "precision": "bf16" if machine.bf16 else "fp32",
        "attention": chosen,
        "processes": trainer.accelerator.num_processes,
        "distributed": trainer.accelerator.distributed_type.value,
        "settings": asdict(settings),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
    }
    return Built(trainer, tokenizer, callback, summary, saved_as(model))


def _fitting(columns: Columns, net: PreTrainedModel, settings: TrainSettings) -> tuple[Columns, int]:
    """The rows that fit into the model's context and `max_length`, and how many do not. No row is ever cut."""
    limits = [settings.max_length, getattr(net.config.get_text_config(), "max_position_embeddings", None)]
    limit = min((n for n in limits if n is not None), default=None)
    keep = [i for i, length in enumerate(columns.lengths) if limit is None or length <= limit]
    dropped = len(columns.lengths) - len(keep)
    if dropped and (settings.long_rows == "refuse" or not keep):
        raise UsageError(
            f"{dropped} of {len(columns.lengths)} rows are longer than {limit} tokens (the longest has "
            f"{max(columns.lengths)}): raise max_length or take a model with a longer context"
            + (", or set long_rows to drop." if keep else ".")
        )
    return (columns.only(keep) if dropped else columns), dropped


def _arguments(
    settings: TrainSettings, steps: int, folder: Path, longest: tuple[int, int] | None, *, checkpointing: bool
) -> dict[str, Any]:
    """The arguments of trainers on rows. All passes are laid out as one epoch (see `order`).

    `longest`: tokens of the longest row and of all rows that are computed at once, null without a bound.
    """
    share, rest = divmod(settings.batch, processes())
    micro = min(settings.micro_batch or (rows_in_part(share, *longest) if longest else share), share)
    if rest or share % micro:
        raise UsageError(f"A batch of {settings.batch} rows cannot be shared by {processes()} processes: change batch.")
    return common_arguments(settings, folder, gradient_checkpointing=checkpointing) | {
        "num_train_epochs": 1,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": share // micro,
        "warmup_steps": round(settings.warmup * steps) if settings.warmup < 1 else int(settings.warmup),
        "max_length": None,
        "logging_steps": max(1, steps // POINTS),
        "save_steps": settings.save_every or 500,
    }


def common_arguments(settings: Optimising, folder: Path, *, gradient_checkpointing: bool) -> dict[str, Any]:
    """The arguments that TRL's configurations share."""
    machine = hardware(settings)
    return {
        "output_dir": str(folder),
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "constant_with_warmup" if settings.schedule == "constant" else settings.schedule,
        "weight_decay": settings.weight_decay,
        "seed": settings.seed,
        "use_cpu": machine.cpu,
        "bf16": machine.bf16,
        "gradient_checkpointing": gradient_checkpointing,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps" if settings.save_every else "no",
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": not machine.cpu,
        "ddp_find_unused_parameters": False,
    }


def run_trainer(trainer: Trainer, work: str, folder: Path, settings: Optimising) -> None:
    """Trains, from the last complete checkpoint of the same work if there is one.

    Raises UsageError where there are checkpoints of other work.
    """
    accelerator = trainer.accelerator
    mark = folder / "work"
    is_same = mark.is_file() and mark.read_text("utf-8") == work
    if settings.resume and not is_same and any(folder.glob(f"checkpoint-*/{COMPLETE}")):
        raise UsageError(
            f"{folder} holds checkpoints of a training with other settings, rows or start; give those again to go on "
            "with it, choose another name, or remove that folder to start again"
        )
    if accelerator.is_main_process and not (settings.resume and is_same):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(work, "utf-8")
    accelerator.wait_for_everyone()
    found = sorted(folder.glob(f"checkpoint-*/{COMPLETE}"), key=lambda p: int(p.parent.name.split("-")[1]))
    gc.freeze()  # accelerate collects garbage first, which takes longer than some models' training: only what is new
    try:
        model: Any = trainer.model
        trainer.add_callback(Bound(sum(weights.numel() for weights in model.parameters())))
        with memory_kept():
            trainer.train(resume_from_checkpoint=str(found[-1].parent) if found else None)
    finally:
        gc.unfreeze()


def save_trained(
    trainer: Trainer, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype, curve: Curve, summary: dict[str, Any],
    out: Path, beside: Mapping[str, dict[str, torch.Tensor]] = EMPTY,
) -> None:  # fmt: skip
    """The main process writes the model, adapters merged into it; the others wait until it lies there."""
    accelerator = trainer.accelerator
    state = whole_weights(trainer)
    if accelerator.is_main_process:
        net: Any = accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        if isinstance(net, PeftModel):
            net = net.merge_and_unload()
        if not all(bool(torch.isfinite(weights).all()) for weights in (state or dict(net.named_parameters())).values()):
            raise UsageError("Training left weights that are no numbers: lower the learning rate.")
        net.config.use_cache = True  # switched off by the trainer; whoever generates wants it
        if state is None:
            net.to(dtype)
        else:
            state = {
                name: weights.to(dtype) if weights.is_floating_point() else weights for name, weights in state.items()
            }
            net.config.dtype = dtype
        write_model(net, tokenizer, curve, summary, out, beside, state)
    accelerator.wait_for_everyone()
