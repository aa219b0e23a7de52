"""F14: reinforcement learning is killed (SIGKILL) at random moments, and the same command is given until it ends.

The work: `journey train rl` on the tiny model, in float32 on one thread, with a checkpoint every two updates. Kills
fall at random moments of the processor's time that it takes without them, so that a busy machine moves none. Wanted
every time: the same weights bit for bit, the same curve, and the same rollouts as without kills, none lost and none
doubled. The commands are forks of one process that has loaded the libraries, and cost no start each. POSIX only (fork).
"""

import json
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import bench
import torch
from bench import Result
from killing import trials

import journey.training.launch  # noqa: F401  (what a fork needs is loaded before it)
from journey.__main__ import main
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.table import task
from journey.types import to_json

NAME, TRIALS_LONG, KILLS_A_TRIAL, TRIALS = "rl", 10, 3, 2
SETTINGS = {
    "precision": "fp32", "device": "cpu", "problems": 4, "samples": 4, "max_tokens": 60, "tokens": "null", "updates": 6,
    "save_every": 2, "validation": 6, "check_every": 1500, "learning_rate": 1e-3,
}  # fmt: skip


def make_run(folder: Path) -> None:
    """A run with puzzles to train and to be checked on."""
    countdown = task("countdown")
    assert countdown.draw is not None and countdown.settings is not None
    problems = countdown.draw("f14", 16, 0, countdown.settings(numbers=2), held_out=False)
    with Run.open(folder, {}) as run:
        run.put_all("problems", problems[:10], split="train")
        run.put_all("problems", problems[10:], split="validation")


def command(folder: Path) -> None:
    flags = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    main(["train", "rl", str(folder), "--from", "tiny", "--name", NAME, "--json", *flags])


def made(folder: Path) -> dict[str, Any]:
    """What the training left: the bytes of the weights, the curve, and every rollout."""
    with Run.read(folder) as run:
        run.check()
        (entry,) = run.entries(Training, model=NAME)
        rollouts = [to_json(one) for one in run.rollouts()]
    weights = (folder / "models" / NAME / "model.safetensors").read_bytes()
    return {"weights": weights, "curve": entry.curve, "rollouts": sorted(map(json.dumps, rollouts))}


def kill(options: Namespace) -> Result:
    torch.set_num_threads(1)  # before any fork: threads do not live on in one
    number, each = (TRIALS_LONG, KILLS_A_TRIAL) if options.long else (TRIALS, 2)
    with tempfile.TemporaryDirectory() as name:
        return trials(command, make_run, made, Path(name), number, each, {"updates": SETTINGS["updates"]})


if __name__ == "__main__":
    bench.run("F14", __doc__, kill)
