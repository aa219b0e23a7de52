"""Training on several processes: `torchrun --nproc_per_node 2 -m journey.training.launch sft --world 2 ...`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from journey.errors import UsageError
from journey.training.base import processes
from journey.training.dpo import train_dpo
from journey.training.prm import train_prm
from journey.training.rows import Row
from journey.training.settings import DpoSettings, PrmSettings, SftSettings, settings_from_json
from journey.training.sft import train_sft


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains as asked on the command line; 0 done, 2 a user's mistake, which the first process says in one sentence."""
    options = _parser().parse_args(arguments)
    try:
        refuse_other_world(options.world)
        _train(options)
    except UsageError as error:
        if os.environ.get("RANK", "0") == "0":
            print(error, file=sys.stderr)
        return 2
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    return 0


def refuse_other_world(world: int) -> None:
    """Refuses (UsageError) another number of processes than was asked for: some launchers start it silently."""
    running = processes()
    if running != world:
        raise UsageError(
            f"Training was asked for on {world} processes but runs on {running}: start it with "
            f"`torchrun --nproc_per_node {world} -m journey.training.launch ...` (accelerate launch --cpu starts one)."
        )


def _train(options: argparse.Namespace) -> None:
    rows, data = _rows(options.rows), _object(options.settings)
    settings = settings_from_json(options.kind, data)
    match settings:
        case SftSettings():
            train_sft(options.model, rows, options.out, settings, _tell, world=options.world)
        case PrmSettings():
            train_prm(options.model, rows, options.out, settings, _tell, world=options.world)
        case DpoSettings():
            train_dpo(options.model, rows, options.out, settings, _tell, world=options.world)


def _tell(point: dict[str, Any]) -> None:
    print(f"step {point['step']}/{point['steps']}  loss {point['loss']:.4f}", file=sys.stderr)


def _rows(file: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(_text(file).splitlines(), 1):
        if line.strip():
            rows.append(_parsed(line, f"Line {number} of {file}"))
    return rows


def _object(file: Path | None) -> dict[str, Any]:
    return {} if file is None else _parsed(_text(file), str(file))


def _text(file: Path) -> str:
    if not file.is_file():
        raise UsageError(f"There is no file {file}.")
    return file.read_text("utf-8")


def _parsed(text: str, place: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{place} is not JSON ({error.msg}): mend it or write the file again.") from error
    if not isinstance(data, dict):
        raise UsageError(f"{place} is not a JSON object: mend it or write the file again.")
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="journey.training.launch", description=__doc__)
    parser.add_argument("kind", choices=["sft", "dpo", "prm"])
    parser.add_argument("--rows", type=Path, required=True, help="JSONL of TRL rows")
    parser.add_argument("--model", required=True, help="folder or hub name of the model to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--settings", type=Path, help="JSON object of settings; left out: the defaults")
    parser.add_argument("--world", type=int, required=True, help="number of processes that must be running")
    return parser


if __name__ == "__main__":
    sys.exit(main())
