"""Follows reinforcement learning: its curve, its budget, and the bands in which its quantities must stay."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

from journey.training.curve import COMPLETE, Checkpoints, OnLog, check_loss, no_number
from journey.training.rl_batches import CHECK, ENDED, Batches
from journey.training.rl_settings import RlSettings

NAMES = {"loss": "loss", "entropy": "entropy", "grad_norm": "grad_norm", "kl": "kl", "learning_rate": "learning_rate"}
OWN = ("reward", "right", "answer_tokens", "cut_off", "no_signal", "repeats", "backtracks", "recoveries")
"""Means over the answers of an update: `reward`, the share that was `right`, ...; `no_signal` is a share of groups."""
WORKED = "worked"
"""The key of the seconds that training took so far, those before a resumption among them, in the trainer's log."""
SPENT = "the budget was spent"
SHOWN = ("reward", "answer_tokens", "cut_off", "no_signal", "backtracks", "recoveries")


class RlCurveCallback(Checkpoints):
    """The trainer's callback. `ended` says why training ended before its budget did, null where it did not."""

    def __init__(self, batches: Batches, settings: RlSettings, on_point: OnLog | None) -> None:
        self._batches, self._settings, self._on_point = batches, settings, on_point
        self._began = time.monotonic()
        self._last_check = ""
        self._is_over = False
        self.ended: str | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        super().on_train_begin(args, state, control, **rest)
        self._began -= max((entry.get(WORKED, 0.0) for entry in state.log_history), default=0.0)

    def point(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """A point of the curve from what the trainer logged."""
        where = {"step": int(entry["step"]), "tokens": int(entry["generated"])}
        if CHECK in entry:
            return {**where, CHECK: entry[CHECK]}
        figures = {name: float(entry[key]) for key, name in NAMES.items() if entry.get(key) is not None}
        return {**where, **figures, **{name: entry[name] for name in OWN if entry.get(name) is not None}}

    def points(self, state: TrainerState) -> list[dict[str, Any]]:
        """The whole curve so far, the part before a resumption included."""
        return [self.point(entry) for entry in state.log_history if "loss" in entry or CHECK in entry]

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        logs: Any = state.log_history[-1]
        if "loss" not in logs:
            return
        logs[WORKED] = time.monotonic() - self._began
        logs.setdefault("generated", float(self._batches.generated))  # a further pass over the same answers
        self.ended = self.ended or self._outside(self._batches.figures | {"entropy": logs.get("entropy")})
        self._stop_if_over(control)
        if self._is_over or self.ended is not None:
            logs[ENDED] = self.ended or SPENT
        check_loss(args, state, lambda: _last_good(args))
        if self._on_point is not None and state.is_world_process_zero:
            self._on_point(self.point(logs) | self._progress(logs))

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if not all(bool(torch.isfinite(weights).all()) for weights in rest["model"].parameters()):
            raise no_number("The weights are", args, state, _last_good(args))
        settings, spent = self._settings, self._batches.generated
        is_done = settings.tokens is not None and spent >= settings.tokens
        if (minutes := settings.most_minutes) is not None:
            is_done = self._batches.agreed(is_done or time.monotonic() - self._began > 60 * minutes)
        self.ended = self.ended or self._batches.ended
        self._is_over = is_done
        self._stop_if_over(control)
        control.should_log = True

    def _stop_if_over(self, control: TrainerControl) -> None:
        if self._is_over or self.ended is not None:
            control.should_training_stop = True
            control.should_save = bool(self._settings.save_every)

    def note_check(self, log: Sequence[Mapping[str, Any]]) -> None:
        """Notes a check on the validation problems, the newest entry of the log."""
        fall, entry = self._settings.band.fall, log[-1]
        shares = [found["right"] / found["problems"] for one in log if (found := one.get(CHECK)) is not None]
        accuracy, best = shares[-1], max(shares)
        if fall is not None and 100 * (best - accuracy) > fall:
            self.ended = (
                f"validation accuracy fell from {100 * best:.1f} to {100 * accuracy:.1f} %, more than the "
                f"{fall:g} points of band.fall"
            )
        self._last_check = f"validation {100 * accuracy:.1f} %"
        if self._on_point is not None:
            self._on_point(self.point(entry) | self._progress(entry))

    def _progress(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """How far training is, and one line on how it goes."""
        now = self._batches.figures
        shown = [f"{name.replace('_', ' ')} {now[name]:.2f}" for name in SHOWN if name in now]
        if "entropy" in entry:
            shown.append(f"entropy {entry['entropy']:.2f}")
        if (budget := self._settings.tokens) is not None:
            how_far = {"done": min(self._batches.generated, budget), "steps": budget}
        elif self._settings.updates is None and (minutes := self._settings.most_minutes) is not None:
            how_far = {"done": round(time.monotonic() - self._began), "steps": math.ceil(60 * minutes)}  # seconds
        else:
            how_far = {"done": int(entry["step"]), "steps": self._batches.most_updates}
        return how_far | {"shown": f"rl: {', '.join(filter(None, (self._last_check, *shown)))}"}

    def _outside(self, figures: Mapping[str, float | None]) -> str | None:
        band = self._settings.band
        bounds = {"entropy": band.entropy, "answer_tokens": band.tokens, "cut_off": band.cut_off,
                  "repeats": band.repeats}  # fmt: skip
        for name, (low, high) in bounds.items():
            value = figures.get(name)
            if value is None:
                continue
            if (low is not None and value < low) or (high is not None and value > high):
                return f"{name.replace('_', ' ')} left its band: it is {value:.3g}, and {low} to {high} are allowed"
        return None


def _last_good(args: TrainingArguments) -> str:
    """Where the last model before the error lies."""
    folder = Path(str(args.output_dir))
    kept = sorted((mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")), key=lambda at: at.stat().st_mtime)
    return f"The last good model is kept as {kept[-1]}." if kept else "No checkpoint was made before it."
