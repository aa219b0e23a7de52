"""Direct preference optimisation (Rafailov et al. 2023) on prompt/chosen/rejected rows with TRL's DPOTrainer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
from torch.utils.data import Sampler
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from journey.training.base import processes
from journey.training.curve import OnLog
from journey.training.encode import encode
from journey.training.loop import Columns, train
from journey.training.rows import Row
from journey.training.save import Curve
from journey.training.settings import DpoSettings
from journey.training.sft import adapters


def train_dpo(
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: DpoSettings | None = None,
    on_log: OnLog | None = None,
    *,
    world: int | None = None,
) -> Curve:
    """Trains `model` to prefer each row's chosen answer over its rejected one; otherwise as `train_sft`.

    The reference is the model as it was before. Points of the curve also hold "reward_accuracy" (share of pairs whose
    chosen answer gained more than the rejected one) and "reward_margin".
    """
    settings = settings or DpoSettings()
    return train("dpo", Preference(settings), model, list(rows), Path(out), settings, on_log, world)


class Preference:
    """How prompt/chosen/rejected rows become a trainer (`loop.Method`)."""

    def __init__(self, settings: DpoSettings) -> None:
        self.settings = settings

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns:
        chosen = encode(tokenizer, rows, "chosen", stops)
        rejected = encode(tokenizer, rows, "rejected", stops)
        data = {
            "prompt_ids": [e.prompt for e in chosen],
            "chosen_ids": [e.answer for e in chosen],
            "rejected_ids": [e.answer for e in rejected],
        }
        lengths = [max(c.length, r.length) for c, r in zip(chosen, rejected, strict=True)]
        return Columns(data, lengths, [len(c.answer) + len(r.answer) for c, r in zip(chosen, rejected, strict=True)])

    def trainer(
        self,
        net: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        data: datasets.Dataset,
        order: Sequence[int],
        arguments: dict[str, Any],
        callback: TrainerCallback,
    ) -> DPOTrainer:
        # Reference log-probabilities of every row cost one forward pass each: fewer than computing them at every step
        # as soon as each row is seen once. TRL hands them to the other processes in a file they cannot find.
        once = len(order) >= len(data) and processes() == 1
        trainer = OrderedDPOTrainer(
            net,
            None,
            DPOConfig(
                **arguments, beta=self.settings.beta, loss_type=[self.settings.loss], precompute_ref_log_probs=once
            ),
            train_dataset=data,
            processing_class=tokenizer,
            callbacks=[callback],
            peft_config=adapters(self.settings.lora),
        )
        trainer.order = order
        return trainer


class OrderedDPOTrainer(DPOTrainer):
    """TRL's trainer over rows that are token ids already, in an order that was laid out before."""

    order: Sequence[int]

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset  # TRL's own preparation knows texts only

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler | None:
        return self.order  # type: ignore[return-value]  # a sized iterable of indices is all that a loader needs
