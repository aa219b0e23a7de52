"""F14: reinforcement learning is killed (SIGKILL) at random moments, and the same command is given until it ends.

The work: `journey train rl` on the tiny model, in float32 on one thread, with a checkpoint every two updates. Kills
fall at random moments of the processor's time that it takes without them, so that a busy machine moves none. Wanted
every time: the same weights bit for bit, the same curve, and the same rollouts as without kills, none lost and none
doubled. The commands are forks of one process that has loaded the libraries, and cost no start each. POSIX only (fork).
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import traceback
from argparse import Namespace
from pathlib import Path
from typing import Any

import bench
import psutil
import torch
from bench import Result

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


def killed(folder: Path, after: float | None) -> bool:
    """Gives the command, killed `after` seconds of its processor's time (null: never); whether it was killed."""
    child = os.fork()
    if child == 0:
        _command(folder)
    ended = threading.Event()
    killer = threading.Thread(target=_kill, args=(child, after, ended)) if after is not None else None
    if killer:
        killer.start()
    # Waited for without reaping first, so that the killer never meets a process of another with the same number.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    ended.set()
    if killer:
        killer.join()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"the command failed with {code}: {(folder / 'output').read_text()}")
    return code != 0


def _command(folder: Path) -> None:
    code = 1
    try:
        with (folder / "output").open("w") as output:
            for number in (1, 2):
                os.dup2(output.fileno(), number)
            sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
            flags = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
            main(["train", "rl", str(folder), "--from", "tiny", "--name", NAME, "--json", *flags])
            code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _kill(child: int, after: float, ended: threading.Event) -> None:
    process = psutil.Process(child)
    while not ended.wait(0.01):
        times = process.cpu_times()
        if times.user + times.system >= after:
            os.kill(child, signal.SIGKILL)
            return


def _children_seconds() -> float:
    used = os.times()
    return used.children_user + used.children_system


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
    rng = random.Random(0)
    differing: dict[str, int] = {}
    kills = trials = 0
    with tempfile.TemporaryDirectory() as name:
        make_run(whole := Path(name) / "whole")
        began = _children_seconds()
        killed(whole, None)
        wanted, takes = made(whole), _children_seconds() - began
        number, each = (TRIALS_LONG, KILLS_A_TRIAL) if options.long else (TRIALS, 2)
        while kills < number * each and trials < 4 * number:
            make_run(folder := Path(name) / f"trial-{trials}")
            kills += sum(killed(folder, rng.uniform(0.05, 0.8) * takes) for _ in range(each))
            killed(folder, None)
            found, trials = made(folder), trials + 1
            for what, value in wanted.items():
                differing[what] = differing.get(what, 0) + (found[what] != value)
    figures = {"trials": trials, "kills": kills, "updates": SETTINGS["updates"], "rollouts": len(wanted["rollouts"])}
    figures |= {f"trials with other {what}": count for what, count in differing.items()}
    enough = kills >= number * each
    return Result(figures, enough and not any(differing.values()), "" if enough else "too few kills hit")


if __name__ == "__main__":
    bench.run("F14", __doc__, kill)
