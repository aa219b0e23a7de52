"""Training on several processes: `torchrun --nproc_per_node 2 -m journey.training.launch sft --world 2 ...`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from journey.errors import UsageError
from journey.training.dpo import train_dpo
from journey.training.kinds import TRAININGS, settings_from_json
from journey.training.prm import train_prm
from journey.training.quiet_star import train_quiet_star
from journey.training.rl import train_rl
from journey.training.rl_book import JsonlBook
from journey.training.rl_settings import RlSettings
from journey.training.rows import Row
from journey.training.save import Curve
from journey.training.settings import DpoSettings, PrmSettings, QuietStarSettings, SftSettings
from journey.training.sft import train_sft

TRAINERS: dict[type[Any], Callable[..., Curve]] = {
    SftSettings: train_sft,
    DpoSettings: train_dpo,
    PrmSettings: train_prm,
    RlSettings: train_rl,
    QuietStarSettings: train_quiet_star,
}
"""The training that settings are for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains as asked on the command line; 0 done, 2 a user's mistake, which the first process says in one sentence."""
    options = _parser().parse_args(arguments)
    try:
        settings = settings_from_json(options.kind, _parsed(options.settings) if options.settings else {})
        more: dict[str, Any] = {}
        if isinstance(settings, RlSettings):
            kept = options.out.parent / f"{options.out.name}.rollouts.jsonl"
            more["book"] = JsonlBook(kept, writes=os.environ.get("RANK", "0") == "0")
        rows = _rows(options.rows)
        TRAINERS[type(settings)](options.model, rows, options.out, settings, _tell, world=options.world, **more)
    except UsageError as error:
        if os.environ.get("RANK", "0") == "0":
            print(error, file=sys.stderr)
            if options.refused is not None:
                options.refused.write_text(str(error), "utf-8")
        return 2
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    return 0


def _tell(point: dict[str, Any]) -> None:
    how = point["shown"] if "shown" in point else f"loss {point['loss']:.4f}"
    print(f"step {point.get('done', point['step'])}/{point['steps']}  {how}", file=sys.stderr)


def _rows(file: Path) -> list[Row]:
    lines = enumerate(_text(file).splitlines(), 1)
    return [_object(line, f"Line {number} of {file}") for number, line in lines if line.strip()]


def _parsed(file: Path) -> dict[str, Any]:
    return _object(_text(file), str(file))


def _text(file: Path) -> str:
    if not file.is_file():
        raise UsageError(f"There is no file {file}.")
    return file.read_text("utf-8")


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{place} is not JSON ({error.msg}): mend it or write the file again.") from error
    if not isinstance(data, dict):
        raise UsageError(f"{place} is not a JSON object: mend it or write the file again.")
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="journey.training.launch", description=__doc__)
    parser.add_argument("kind", choices=list(TRAININGS))
    parser.add_argument("--rows", type=Path, required=True, help="JSONL of TRL rows")
    parser.add_argument("--model", required=True, help="folder or hub name of the model to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--settings", type=Path, help="JSON object of settings; left out: the defaults")
    parser.add_argument("--refused", type=Path, help="file for the sentence of a user's mistake")
    parser.add_argument("--world", type=int, required=True, help="number of processes that must be running")
    return parser


if __name__ == "__main__":
    sys.exit(main())
