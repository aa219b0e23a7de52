"""A step classifier of our own: a model with a head of two or three labels, trained at the ends of steps.

O1 Replication Journey part 1, the section on reward models; Let's Verify Step by Step (Lightman et al. 2023) for hard
labels, Math-Shepherd (Wang et al. 2024, section 3.4) for hard and soft ones, ReasonEval (Xia et al. 2024) for three
classes. TRL had a trainer for it until 1.13; this is transformers' own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peft
import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments

from journey.errors import UsageError
from journey.judges.classifier_forms import FORMS, spell
from journey.judges.classifier_spelling import Unreadable
from journey.training.curve import OnLog
from journey.training.loop import Columns, OrderedTrainer, train
from journey.training.rows import Row, refuse_pictures
from journey.training.save import Curve
from journey.training.settings import PrmSettings

IGNORED = -100
FORM = "steps"
LABELS = {2: ("bad", "good"), 3: ("bad", "neutral", "good")}


def train_prm(
    model: str | Path,
    rows: Sequence[Row],
    out: Path,
    settings: PrmSettings | None = None,
    on_log: OnLog | None = None,
    *,
    world: int | None = None,
) -> Curve:
    """Trains a step classifier on rows of `tree_rows`, starting from the backbone of `model`; else as `train_sft`.

    What lies in `out` is loaded as a judge by "prm:OUT". The tokens of the curve are labelled steps. The head begins at
    zero, so the loss begins at that of knowing nothing. Raises UsageError also for rows that cannot be read, and where
    no step has a label.
    """
    settings = settings or PrmSettings()
    return train("prm", Steps(settings), model, list(rows), Path(out), settings, on_log, world)


class Steps:
    """How rows with labelled steps become a trainer (`loop.Method`)."""

    texts_in_row = 1

    def __init__(self, settings: PrmSettings) -> None:
        self.settings = settings

    def columns(self, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row], stops: set[int]) -> Columns:
        refuse_pictures(rows)
        spelling = spell(FORM, tokenizer, self.settings.separator)
        data: dict[str, list[Any]] = {"input_ids": [], "ends": [], "targets": []}
        for number, row in enumerate(rows, 1):
            targets = [target(label, self.settings, f"row {number}") for label in row["labels"]]
            labelled = [i for i, one in enumerate(targets) if one is not None]
            if len(row["completions"]) != len(targets):
                raise UsageError(f"row {number} has {len(row['completions'])} steps and {len(targets)} labels")
            if not labelled:
                continue
            try:
                laid = FORMS[FORM].lay(spelling, row["prompt"], row["completions"][: labelled[-1] + 1])
            except Unreadable as error:
                raise UsageError(f"row {number} cannot be read: {error}; mend it or train another model") from None
            data["input_ids"].append(list(laid.ids))
            data["ends"].append([laid.ends[i] for i in labelled])
            data["targets"].append([targets[i] for i in labelled])
        if not data["input_ids"]:
            raise UsageError("no step has a label to train on; judge or label trees first")
        return Columns(data, [len(ids) for ids in data["input_ids"]], [len(ends) for ends in data["ends"]])

    def trainer(
        self, net: PreTrainedModel, arguments: dict[str, Any], order: Sequence[int], parts: dict[str, Any]
    ) -> "StepTrainer":
        classifier = with_head(net, self.settings)
        if self.settings.lora is not None:
            rank, head = self.settings.lora, [_head_name(classifier)]
            lora = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", modules_to_save=head)
            classifier = peft.get_peft_model(classifier, lora)
        known = {name: value for name, value in arguments.items() if name != "max_length"}  # which only TRL knows
        batch = Batch(parts["processing_class"].pad_token_id or 0, self.settings.classes)
        config = TrainingArguments(**known, remove_unused_columns=False)
        trainer = StepTrainer(classifier, config, data_collator=batch, **parts)
        trainer.model_accepts_loss_kwargs = True  # the loss below is divided by all labelled steps of a whole batch
        return trainer


def target(label: Any, settings: PrmSettings, where: str = "a row") -> list[float] | None:
    """The classes that a label wants, worst first, summing to 1; null where it is not trained on. Raises UsageError."""
    middle = [0.0] * (settings.classes - 2)
    match label:
        case None:
            return None
        case True | "right":
            return [0.0, *middle, 1.0]
        case False | "wrong":
            return [1.0, *middle, 0.0]
        case "neutral" if settings.classes == 3:
            return [0.0, 1.0, 0.0]
        case "neutral":
            return None if settings.neutral == "skip" else target(settings.neutral, settings)
        case int() | float() if 0 <= label <= 1:
            return [1.0 - label, *middle, float(label)]
        case _:
            raise UsageError(f"{where} has the label {label!r}; it must be true, false, a verdict or from 0 to 1")


class Batch:
    """Rows as tensors: ids and mask (rows, tokens), targets (rows, tokens, classes), labels 0 at step ends."""

    def __init__(self, pad: int, classes: int) -> None:
        self.pad, self.classes = pad, classes

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        shape = (len(rows), max(len(row["input_ids"]) for row in rows))
        ids, mask = torch.full(shape, self.pad), torch.zeros(shape, dtype=torch.long)
        labels, targets = torch.full(shape, IGNORED), torch.zeros(*shape, self.classes)
        for line, row in enumerate(rows):
            length = len(row["input_ids"])
            ids[line, :length] = torch.tensor(row["input_ids"])
            mask[line, :length] = 1
            labels[line, row["ends"]] = 0
            targets[line, row["ends"]] = torch.tensor(row["targets"], dtype=torch.float32)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels, "targets": targets}


class StepTrainer(OrderedTrainer):
    """transformers' trainer with the loss at step ends only."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Cross entropy with the wanted classes, the mean over all labelled steps of the batch."""
        targets, at = inputs.pop("targets"), inputs.pop("labels") != IGNORED
        outputs = model(**inputs)
        losses = -(targets[at] * outputs.logits[at].float().log_softmax(-1)).sum()
        if num_items_in_batch is None:
            loss = losses / at.sum()
        else:  # of all processes, whose gradients are averaged
            loss = losses * self.accelerator.num_processes / num_items_in_batch
        return (loss, outputs) if return_outputs else loss


def with_head(net: PreTrainedModel, settings: PrmSettings) -> PreTrainedModel:
    """The backbone of a language model under a new head of zeros; how its judge must read it stands in the config.

    Raises UsageError for a kind of model that transformers has no token classifier for.
    """
    config = net.config
    names = LABELS[settings.classes]
    config.id2label = dict(enumerate(names))
    config.label2id = {name: number for number, name in enumerate(names)}
    config.classifier_dropout = 0.0
    config.journey_prm = {"form": FORM, "tag": settings.separator, "labels": list(names)}
    try:
        with torch.device("meta"):  # the backbone is there already, and large ones do not fit twice
            made: Any = AutoModelForTokenClassification.from_config(config)
    except ValueError as error:
        raise UsageError(f"there is no step classifier of this kind of model ({config.model_type}): {error}") from error
    setattr(made, made.base_model_prefix, net.base_model)
    head = getattr(made, _head_name(made))
    head.to_empty(device=net.device)
    for weights in head.parameters():
        weights.data.zero_()
    return made


def _head_name(classifier: PreTrainedModel) -> str:
    return next(name for name in ("score", "classifier") if hasattr(classifier, name))
