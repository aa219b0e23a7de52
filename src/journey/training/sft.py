"""Supervised fine-tuning on prompt/completion rows with TRL's SFTTrainer; the loss is on the completion only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peft import LoraConfig
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from journey.training.curve import OnLog
from journey.training.encode import encode
from journey.training.loop import Columns, OrderedTrainer, train
from journey.training.rows import Row
from journey.training.save import Curve
from journey.training.settings import SftSettings

IGNORED = -100  # the label of a token without loss
SMALL = 8192  # words of a vocabulary whose logits are no burden


def train_sft(
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: SftSettings | None = None,
    on_log: OnLog | None = None,
    *,
    world: int | None = None,
) -> Curve:
    """Fine-tunes `model` on the rows and writes it to `out`, which is either complete or not there.

    Returns the curve, points of {"step", "steps", "epoch", "loss", "tokens", ...}, which also lies in out/curve.json;
    out/training.json says what was trained on. `on_log` gets each point as it is made. The same work that `out`
    already holds is not done again. `world`: the number of processes that must be running, null for any. Raises
    UsageError for rows that are too long (unless they may be dropped) and for a loss that is no number.
    """
    settings = settings or SftSettings()
    return train("sft", Supervised(settings), model, list(rows), Path(out), settings, on_log, world)


class Supervised:
    """How prompt/completion rows become a trainer (`loop.Method`)."""

    texts_in_row = 1

    def __init__(self, settings: SftSettings) -> None:
        self.settings = settings

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns:
        encoded = encode(tokenizer, rows, "completion", stops)
        data = {
            "input_ids": [e.prompt + e.answer for e in encoded],
            "labels": [[IGNORED] * len(e.prompt) + e.answer for e in encoded],
        }
        return Columns(data, [e.length for e in encoded], [len(e.answer) for e in encoded])

    def trainer(
        self, net: PreTrainedModel, arguments: dict[str, Any], order: Sequence[int], parts: dict[str, Any]
    ) -> "OrderedSFTTrainer":
        trainer = OrderedSFTTrainer(net, SFTConfig(**arguments), peft_config=adapters(self.settings.lora), **parts)
        trainer.small = len(parts["processing_class"]) <= SMALL
        return trainer


class OrderedSFTTrainer(OrderedTrainer, SFTTrainer):
    """TRL's trainer."""

    small: bool

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        # TRL's head never holds all logits, which saves memory where the vocabulary is large and costs 7 % of a step
        # where it is small.
        if self.small:
            return Trainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)


def adapters(rank: int | None) -> LoraConfig | None:
    """Low-rank adapters on all linear layers (Hu et al. 2021), scaled by 2; null trains all weights."""
    if rank is None:
        return None
    return LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
