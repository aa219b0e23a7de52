"""Follows a training run: the curve's points, a loss that is no number, checkpoints that are complete."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from journey.errors import UsageError

OnLog = Callable[[dict[str, Any]], None]
COMPLETE = "complete"  # marks a checkpoint that was written to its end

NAMES = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "grad_norm": "grad_norm",
    "mean_token_accuracy": "accuracy",
    "rewards/accuracies": "reward_accuracy",
    "rewards/margins": "reward_margin",
    "mixing": "mixing",
    "thought_gain": "thought_gain",
}


class Checkpoints(TrainerCallback):
    """Checkpoints as often as the settings have it, also after one of other settings; complete ones are marked."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        state.save_steps = int(args.save_steps)  # the trainer takes them from the checkpoint

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.is_world_process_zero and args.output_dir is not None:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def check_loss(args: TrainingArguments, state: TrainerState, more: Callable[[], str] = str) -> None:
    """Raises UsageError where the newest loss is no number; `more` gives a sentence that stands behind."""
    logs = state.log_history[-1]
    if not all(math.isfinite(logs[name]) for name in ("loss", "grad_norm") if name in logs):
        raise no_number("The loss is", args, state, more())


def no_number(what: str, args: TrainingArguments, state: TrainerState, more: str) -> UsageError:
    """What to say where a training has come to values that are no numbers."""
    sentence = f"{what} no longer finite at step {state.global_step}: lower the learning rate"
    return UsageError(f"{sentence} (it is {args.learning_rate:g}). {more}".rstrip())


class CurveCallback(Checkpoints):
    """The trainer's callback.

    `tokens` are the tokens trained on up to the end of each step; `counts` (rows, dropped) stand in every point;
    `on_point` is given each point as it is made.
    """

    def __init__(self, passes: float, tokens: Sequence[int], counts: Mapping[str, int], on_point: OnLog | None) -> None:
        self.passes, self.tokens, self.counts, self.on_point = passes, tokens, counts, on_point

    def point(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """A point of the curve from what the trainer logged.

        `loss` is the mean since the point before, `epoch` counts passes over the rows, `tokens` those trained on so
        far (prompts not counted), `accuracy` is the share of them that was guessed right
        (for vocabularies of more than 8192 tokens).
        """
        step = int(entry["step"])
        where = {"step": step, "steps": len(self.tokens), "epoch": entry["epoch"] * self.passes}
        figures = {name: float(entry[key]) for key, name in NAMES.items() if key in entry}
        return {**where, **figures, "tokens": self.tokens[step - 1], **self.counts}

    def points(self, state: TrainerState) -> list[dict[str, Any]]:
        """The whole curve so far, the part before a resumption included."""
        return [self.point(entry) for entry in state.log_history if "loss" in entry]

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.global_step == state.max_steps:
            control.should_log = True

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        logs = state.log_history[-1]
        if "loss" not in logs:
            return
        check_loss(args, state)
        if self.on_point is not None and state.is_world_process_zero:
            self.on_point(self.point(logs))
