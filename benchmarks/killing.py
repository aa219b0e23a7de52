"""A command of a fork that is killed (SIGKILL) at a moment of its processor's time, which no busy machine moves."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import psutil
from bench import Result

Command = Callable[[Path], object]


def trials(
    command: Command, make: Callable[[Path], None], made: Callable[[Path], Mapping[str, Any]], at: Path, number: int,
    each: int, about: Mapping[str, Any],
) -> Result:  # fmt: skip
    """`number` trials in the folder `at`, the command killed `each` times in a row in each and then given to its end.

    `make` prepares a folder, and what `made` reads from it must be as without kills.
    """
    rng, differing, kills, done = Random(0), dict[str, int](), 0, 0
    make(whole := at / "whole")
    began = _children_seconds()
    killed(command, whole, None)
    wanted, takes = made(whole), _children_seconds() - began
    while kills < number * each and done < 4 * number:
        make(folder := at / f"trial-{done}")
        kills += sum(killed(command, folder, rng.uniform(0.05, 0.8) * takes) for _ in range(each))
        killed(command, folder, None)
        found, done = made(folder), done + 1
        for what, value in wanted.items():
            differing[what] = differing.get(what, 0) + (found[what] != value)
    figures = {"trials": done, "kills": kills, **about}
    figures |= {f"trials with other {what}": count for what, count in differing.items()}
    enough = kills >= number * each
    return Result(figures, enough and not any(differing.values()), "" if enough else "too few kills hit")


def killed(command: Command, folder: Path, after: float | None) -> bool:
    """Gives the command in a fork, killed `after` seconds of its processor's time (null: never); whether it was."""
    child = os.fork()
    if child == 0:
        _as_child(command, folder)
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


def _as_child(command: Command, folder: Path) -> None:
    code = 1
    try:
        with (folder / "output").open("w") as output:
            for number in (1, 2):
                os.dup2(output.fileno(), number)
            sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
            command(folder)
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
