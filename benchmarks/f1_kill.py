"""F1: a command is killed (SIGKILL) at every write point and at random moments, and given again until it ends.

The work: units in flight side by side, each some model calls (cached in the run), then a tree and a thought. Wanted: no
record lost, none twice, the same content as without kills, and no more repeated calls than were in flight. A call is
counted the moment it is made, in a file that only grows. The write points are the statements that the writer's
connection does (every BEGIN, INSERT and COMMIT), before each of which the process kills itself once; the random moments
come from outside. Each trial kills two times in a row before the run may end. POSIX only (fork).
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench
from bench import Result

from journey.store.run import Run
from journey.store.schema import TABLES
from journey.types import Node, Segment, Thought, Tree, content_hash, make_problem, to_json

UNITS, IN_FLIGHT, CALLS = 12, 4, 3


async def work(folder: Path) -> None:
    """The command: does what is missing."""
    calls = os.open(folder / "calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with Run.open(folder / "run", {"units": UNITS}) as run:
        problems = [make_problem(f"question {n}", str(n)) for n in range(UNITS)]
        run.put_all("problems", problems, split="train")
        names = {content_hash("tree", problem.id): problem for problem in problems}
        limit = asyncio.Semaphore(IN_FLIGHT)

        async def ask(key: str) -> str:
            known = run.call(key)
            if known is None:
                os.write(calls, key.encode() + b"\n")
                await asyncio.sleep(0.001)  # the model at work
                known = [{"text": f"answer to {key}"}]
                await run.put_call(key, known)
            return known[0]["text"]

        async def unit(name: str) -> None:
            async with limit:
                texts = [await ask(content_hash(name, n)) for n in range(CALLS)]
                nodes = tuple(Node(n - 1, text) for n, text in enumerate(texts))
                await run.put("trees", Tree(name, names[name].id, nodes))
                segments = (Segment("step", texts[0], 0, 0, 1),)
                told = Thought(name, names[name].id, name, "shortcut", segments, "", "\n".join(texts), "1")
                await run.put("thoughts", told)

        done = run.ids("trees") & run.ids("thoughts")
        await asyncio.gather(*(unit(name) for name in names if name not in done))
    os.close(calls)


def kill_at_statement(nth: int) -> None:
    """Makes this process kill itself before the nth statement of the writing connection."""
    connect = sqlite3.connect
    seen = 0

    def count(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        if not options.get("uri"):  # readers are opened by address
            connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced


def in_child(folder: Path, prepare: Callable[[], None], kill_after: float | None = None) -> bool:
    """Runs the command in a process of its own; whether it came to its end."""
    child = os.fork()
    if child == 0:
        prepare()
        asyncio.run(work(folder))
        os._exit(0)
    killer = threading.Timer(kill_after, os.kill, (child, signal.SIGKILL)) if kill_after is not None else None
    if killer:
        killer.start()
    # Waited for without reaping first, so that the timer never meets a process of another with the same number.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    if killer:
        killer.cancel()
        killer.join()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        sys.exit(f"the command failed with {os.WEXITSTATUS(status)}")
    return os.WIFEXITED(status)


def content(folder: Path) -> tuple[str, int]:
    """Everything in the run as one text, and how many rows the tables hold."""
    with Run.read(folder / "run") as run:
        run.check()
        records = {
            table: [(to_json(record), run.given(table, record.id)) for record in run.all(table)] for table in TABLES
        }
        keys = sorted(set((folder / "calls").read_text().split()))
        answers = {key: run.call(key) for key in keys}
        return json.dumps([records, answers], sort_keys=True), sum(run.count(table) for table in TABLES)


def trial(prepare: Callable[[], None], kill_after: Callable[[], float | None]) -> tuple[bool, int, int]:
    """Kills twice, then lets it end: whether the content is right, kills that hit, and repeated calls."""
    with tempfile.TemporaryDirectory() as name:
        folder, kills = Path(name), 0
        for _ in range(2):
            kills += not in_child(folder, prepare, kill_after())
        if not in_child(folder, lambda: None):
            sys.exit("the last command was killed by somebody else")
        text, rows = content(folder)
        repeated = sum(count - 1 for count in Counter((folder / "calls").read_text().split()).values())
        return (text, rows) == WANTED, kills, repeated


def uninterrupted() -> tuple[tuple[str, int], float]:
    """The content without kills, and how long the command takes."""
    with tempfile.TemporaryDirectory() as name:
        started = time.perf_counter()
        in_child(Path(name), lambda: None)
        return content(Path(name)), time.perf_counter() - started


WANTED, TAKES = ("", 0), 0.0


def kill(options: Namespace) -> Result:
    global WANTED, TAKES
    WANTED, TAKES = uninterrupted()
    rng = random.Random(0)
    wrong = kills = over = repeats = trials = points = 0

    def add(result: tuple[bool, int, int]) -> None:
        nonlocal wrong, kills, over, repeats, trials
        right, hit, repeated = result
        trials, wrong, kills, repeats = trials + 1, wrong + (not right), kills + hit, repeats + repeated
        over += repeated > hit * IN_FLIGHT

    step = 1 if options.long else 13
    while True:  # until the point lies behind the command's end
        point = 1 + points * step
        result = trial(lambda point=point: kill_at_statement(point), lambda: None)
        if result[1] == 0:
            break
        add(result)
        points += 1
    for _ in range(200 if options.long else 5):
        add(trial(lambda: None, lambda: rng.uniform(0, 1.1 * TAKES)))
    figures = {"write points": points, "trials": trials, "kills": kills, "runs of other content": wrong,
               "runs repeating more calls than in flight": over, "repeated calls a kill": repeats / kills}  # fmt: skip
    return Result(figures, wrong == 0 and over == 0 and kills > 0)


if __name__ == "__main__":
    bench.run("F1", __doc__, kill)
