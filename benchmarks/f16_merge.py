"""F16: eight overlapping shards of 100,000 attempts each become one run: time, memory, nothing twice, repeatable.

Each shard shares a quarter of its attempts (about a kilobyte each) with the next one. `journey merge` runs as a process
of its own; it is measured once without a stop, given again, and killed (SIGKILL) at moments spread over its time, after
each of which the merged run must hold all records or none, and the same command must end as if nothing had been. The
quick form takes a tenth of the attempts.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import bench
from bench import ROOT, Result

from journey.store.run import Run
from journey.types import Attempt, ModelRef, content_hash, make_problem

SHARDS, A_PROBLEM = 8, 4
MODEL = ModelRef("policy")


def attempts(numbers: range) -> Iterator[Attempt]:
    """Attempts with a text that no other one has, four a problem."""
    for number in numbers:
        text = hashlib.sha512(str(number).encode()).hexdigest() * 7
        problem = content_hash("problem", number // A_PROBLEM)
        yield Attempt(content_hash("attempt", number), problem, MODEL, "sampled", number % A_PROBLEM, text, "1",
                      bool(number % 2), None, 180, "stop", 0)  # fmt: skip


def make(folder: Path, count: int) -> list[Path]:
    """The shards' runs."""
    made: list[Path] = []
    for shard in range(SHARDS):
        begin = shard * count * 3 // 4
        with Run.open(folder / f"shard-{shard + 1}") as run:
            run.put_all("problems", [make_problem(f"What is {shard}?", "1")], split="test")
            for first in range(begin, begin + count, 10_000):
                run.put_all("attempts", attempts(range(first, min(first + 10_000, begin + count))), split="test")
        made.append(run.path)
    return made


def merging(shards: list[Path], out: Path) -> subprocess.Popen[bytes]:
    """The command."""
    command = [sys.executable, "-m", "journey", "merge", *map(str, shards), "--out", str(out), "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """The exit code of a command, and the most memory that it had, in megabytes."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def contents(out: Path) -> tuple[int, str]:
    """How many records a run holds, and the hash of them all."""
    digest, number = hashlib.sha256(), 0
    with Run.read(out) as run:
        for table in ("problems", "attempts"):
            for row in run.rows(table):
                digest.update(repr(row).encode())
                number += 1
    return number, digest.hexdigest()


def merges(options: Namespace) -> Result:
    count = options.attempts or (100_000 if options.long else 10_000)
    with tempfile.TemporaryDirectory(prefix="journey-f16-") as name:
        folder = Path(name)
        shards = make(folder, count)
        size = sum(file.stat().st_size for shard in shards for file in shard.iterdir())
        began = time.perf_counter()
        code, memory = ended(merging(shards, folder / "merged"))
        seconds = time.perf_counter() - began
        number, wanted = contents(folder / "merged")
        began = time.perf_counter()
        again, _ = ended(merging(shards, folder / "merged"))
        again_seconds = time.perf_counter() - began
        is_same = contents(folder / "merged") == (number, wanted)
        halves = others = 0
        for kill in range(options.kills):
            shutil.rmtree(folder / "merged")
            process = merging(shards, folder / "merged")
            time.sleep(seconds * (kill + 0.5) / options.kills)
            os.kill(process.pid, signal.SIGKILL)
            ended(process)
            if (folder / "merged" / "run.db").exists():
                halves += contents(folder / "merged")[0] not in (0, number)
            others += ended(merging(shards, folder / "merged"))[0] != 0 or contents(folder / "merged")[1] != wanted
    distinct = SHARDS + count + (SHARDS - 1) * count * 3 // 4
    figures = {
        "attempts a shard": count, "attempts merged": number - SHARDS, "attempts twice": number - distinct,
        "megabytes read": round(size / 1e6), "seconds": round(seconds, 1), "megabytes of memory": round(memory, 1),
        "seconds to merge again": round(again_seconds, 1), "the same after merging again": is_same,
        "kills": options.kills, "runs half merged by a kill": halves, "other runs after a kill": others,
    }  # fmt: skip
    is_right = code == again == 0 and is_same and number == distinct and not halves and not others
    if is_right and count < 100_000:
        return Result(figures, None, "the row wants 100,000 attempts a shard: --long")
    return Result(figures, is_right)


if __name__ == "__main__":
    bench.run(
        "F16", __doc__, merges,
        bench.flag("--attempts", type=int, help="attempts a shard, in place of the form's"),
        bench.flag("--kills", type=int, default=4, help="how often the merge is killed"),
    )  # fmt: skip
