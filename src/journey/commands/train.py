"""journey train: a model trained on what a run holds."""

import json as jsons
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from journey.commands import flags
from journey.commands.output import say, sheet, writing
from journey.commands.progress import Bars
from journey.errors import UsageError
from journey.models import weights
from journey.models.local_threads import limit_threads
from journey.pipeline import plain_settings
from journey.pipeline.arms import compared
from journey.pipeline.stages import train as train_station
from journey.pipeline.trained_models import trained_or_named
from journey.pipeline.training_judge import training_judge
from journey.pipeline.training_rows import in_own_language, pair_rows, training_rows
from journey.store.settings import differences, plain
from journey.training.kinds import TRAININGS
from journey.training.pairs import MARGIN, read_kinds, readable
from journey.training.settings import PrmSettings, what_matters
from journey.types import ModelRef

_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")


def train(
    kind: Annotated[
        Literal["sft", "dpo", "prm", "rl", "quiet_star"],
        typer.Argument(
            help="sft or quiet_star on thoughts, dpo on pairs of attempts, prm on judged steps, rl on own answers.",
            metavar="KIND",
        ),
    ],
    run: flags.RunFolder,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "--from",
            envvar="JOURNEY_MODEL",
            help="What to start from: tiny, hf/ID, a folder, a model of the run, an arm that it has once.",
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The new model's name; the arm's if not given.")] = None,
    arm: Annotated[
        str | None,
        typer.Option(help=f"The arm or method whose thoughts to train on (sft); {compared()[1]}.", metavar="NAME"),
    ] = None,
    by: flags.By = None,
    pairs: flags.Kinds = None,
    margin: flags.Margin = MARGIN,
    language: flags.Language = None,
    settings: flags.Set = None,
    json: flags.Json = False,
) -> int:
    """Train a model on what a run holds.

    sft and quiet_star (which learns to think before each line) take its thoughts, dpo its attempts (or with --pairs
    KIND pairs of steps of its trees), prm (which makes a judge of steps) its trees, rl its problems, to which the model
    draws answers that are checked and stored. Settings: --set learning_rate=1e-4, epochs, batch, lora, ... The model
    lies in RUN/models/NAME.
    """
    arm = arm or compared()[1]
    name = name or (arm if kind == "sft" else kind)
    if pairs and kind != "dpo":
        raise UsageError(f"--pairs goes with journey train dpo; {kind} is not trained on pairs")
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} is no name for a model; use letters, digits, dots and dashes")
    chosen = plain_settings.typed(TRAININGS[kind], plain_settings.overridden(settings or ()), f"train {kind}")
    with writing(run) as into, Bars(silent=json) as bars:
        labels = "soft" if isinstance(chosen, PrmSettings) and chosen.soft else "verdict"
        source = trained_or_named(into, model)
        others = 0
        if pairs:
            rows = readable(pair_rows(into, read_kinds(pairs), by, margin=margin), weights.reader_of(source))
        else:
            rows = training_rows(into, kind, arm, by, labels=labels, language=language)
            others = in_own_language(into, arm, by, language) if kind in ("sft", "quiet_star") else 0
        _refuse_other_training(run / "models" / name, {"method": kind, "model": source, **what_matters(chosen)})
        bars(name, f"load {model}{_memory(source)}", 0, 1)
        limit_threads(source)
        judge = training_judge(into, chosen)
        out = train_station(into, ModelRef(name), source, rows, chosen, bars.of(name), judge)
        made = jsons.loads((out / "training.json").read_text("utf-8"))
    summary = {
        "model": str(out),
        **({"ended": made["ended"]} if "ended" in made else {}),
        "rows": made["rows"],
        **({"rows_in_own_language": others} if others else {}),
        "steps": made["steps"],
        "generated_tokens" if kind == "rl" else "trained_tokens": made["trained_tokens"],
        **(_checked(jsons.loads((out / "curve.json").read_text("utf-8"))) if kind == "rl" else {}),
    }
    say(json, summary, sheet(run, [(key.replace("_", " "), value) for key, value in summary.items()]))
    return 0


def _checked(curve: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Right answers to validation problems, drawn as in training, before reinforcement learning and after it."""
    shares = [f"{100 * one['right'] / one['problems']:.1f} %" for point in curve if (one := point.get("check"))]
    return {"validation_before": shares[0], "validation_after": shares[-1]} if len(shares) > 1 else {}


def _memory(source: str) -> str:
    """What the training of a large model takes of memory, and what to do where that is not free."""
    need, free = weights.worker_memory(source), weights.free_memory()
    if not need:
        return ""
    note = f", about {need / 1e9:.1f} GB of memory"
    if free is not None and free < need:
        note += f" and {free / 1e9:.1f} GB are free: make room, or train adapters (--set lora=16)"
    return note


def _refuse_other_training(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Refuses (UsageError) to put a model in the place of one that was trained otherwise."""
    if not (folder / "training.json").is_file():
        return
    made = jsons.loads((folder / "training.json").read_text("utf-8"))
    before = {name: (made | made["settings"]).get(name) for name in wanted}
    if changed := differences(before, plain(wanted)):
        raise UsageError(f"{folder} was trained otherwise ({'; '.join(changed)}); choose another --name")
