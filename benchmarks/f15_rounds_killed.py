"""F15: three rounds of a small recipe are killed (SIGKILL) at random moments; the same command is given until it ends.

The work: `journey run recipes/rounds.yaml`, cut small, in float32 in one process on one thread; new problems in every
round, and guards that stop nobody. Kills fall anywhere: in phase 1, trees, thoughts, trainings, the guards' answers and
the test. Wanted every time: the same records, rounds and curves as without kills, and the same weights bit for bit. The
commands are forks of one process that has loaded the libraries, and cost no start each. POSIX only (fork).
"""

import json
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import bench
import torch
from bench import ROOT, Result
from killing import trials

import journey.training.launch  # noqa: F401  (what a fork needs is loaded before it)
from journey.__main__ import main
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.store.schema import TABLES
from journey.types import to_json

RUN = "run"
SETTINGS = (
    "seeds=1", "rounds=3", "rounds.problems=new", "rounds.guards=off", "rounds.guards.samples=2", "workers=0",
    "arms=[phase1,shortcut,journey]", "thoughts.methods=[shortcut,traverse]", "dtype=float32", "trees.count=12",
    "problems.phase1=320", "problems.train=24", "problems.validation=4", "problems.test=4", "evaluation.max_tokens=150",
    "arms.phase1.epochs=2", "arms.phase1.precision=fp32", "arms.phase1.device=cpu", "training.epochs=1",
    "training.precision=fp32", "training.device=cpu",
)  # fmt: skip


def command(folder: Path) -> None:
    flags = [part for one in SETTINGS for part in ("--set", one)]
    main(["run", str(ROOT / "recipes" / "rounds.yaml"), "--out", str(folder / RUN), "--json", *flags])


def made(folder: Path) -> dict[str, Any]:
    """What the command left: every record, the rounds, the curves, and the bytes of the weights."""
    with Run.read(folder / RUN) as run:
        run.check()
        records = {name: sorted(json.dumps(to_json(one)) for one in run.all(name)) for name in TABLES}
        rounds = sorted(map(repr, run.entries(Round)))
        curves = sorted((one.model, repr(one.curve), one.tokens) for one in run.entries(Training))
    models = sorted((folder / RUN / "models").rglob("*.safetensors"))
    weights = {str(file.relative_to(folder)): file.read_bytes() for file in models}
    return records | {"rounds": rounds, "curves": curves, "weights": weights}


def kill(options: Namespace) -> Result:
    torch.set_num_threads(1)  # before any fork: threads do not live on in one
    number, each = (5, 4) if options.long else (1, 2)
    with tempfile.TemporaryDirectory() as name:
        return trials(command, lambda folder: folder.mkdir(), made, Path(name), number, each, {"rounds": 3})


if __name__ == "__main__":
    bench.run("F15", __doc__, kill)
