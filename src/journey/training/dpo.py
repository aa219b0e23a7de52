"""Direct preference optimisation (Rafailov et al. 2023) on prompt/chosen/rejected rows with TRL's DPOTrainer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from journey.training.base import processes
from journey.training.curve import OnLog
from journey.training.encode import encode, shared
from journey.training.loop import Columns, OrderedTrainer, train
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

    texts_in_row = 2

    def __init__(self, settings: DpoSettings) -> None:
        self.settings = settings

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns:
        chosen = encode(tokenizer, rows, "chosen", stops)
        rejected = encode(tokenizer, rows, "rejected", stops)
        # Where a token reaches over the end of the prompt on one side, both answers begin before it.
        begin = [shared(c.prompt, r.prompt) for c, r in zip(chosen, rejected, strict=True)]
        data = {
            "prompt_ids": [e.prompt[:n] for e, n in zip(chosen, begin, strict=True)],
            "chosen_ids": [e.prompt[n:] + e.answer for e, n in zip(chosen, begin, strict=True)],
            "rejected_ids": [e.prompt[n:] + e.answer for e, n in zip(rejected, begin, strict=True)],
        }
        sides = list(zip(data["prompt_ids"], data["chosen_ids"], data["rejected_ids"], strict=True))
        lengths = [len(p) + max(len(c), len(r)) for p, c, r in sides]
        return Columns(data, lengths, [len(c) + len(r) for _, c, r in sides])

    def trainer(
        self, net: PreTrainedModel, arguments: dict[str, Any], order: Sequence[int], parts: dict[str, Any]
    ) -> "OrderedDPOTrainer":
        # Reference log-probabilities of every row cost one forward pass each: fewer than computing them at every step
        # as soon as each row is seen once. TRL hands them to the other processes in a file they cannot find.
        once = len(order) >= len(parts["train_dataset"]) and processes() == 1
        smoothing = self.settings.label_smoothing
        terms: dict[str, Any] = {"loss_type": ["robust" if smoothing else self.settings.loss]}
        terms["label_smoothing"] = smoothing
        if self.settings.sft_weight:
            terms |= {"loss_type": [*terms["loss_type"], "sft"], "loss_weights": [1.0, self.settings.sft_weight]}
        config = DPOConfig(**arguments, **terms, beta=self.settings.beta, precompute_ref_log_probs=once)
        return OrderedDPOTrainer(net, None, config, peft_config=adapters(self.settings.lora), **parts)


class OrderedDPOTrainer(OrderedTrainer, DPOTrainer):
    """TRL's trainer over rows that are token ids already."""

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset  # TRL's own preparation knows texts only
