"""S7: commits a second against bare SQLite, the resume index over a million records, key words over 100k thoughts.

Commits are measured in turns, ours and bare SQLite (WAL, synchronous=FULL, a table of id and text) in the same run and
on the same disk (TMPDIR names it), so that other load meets both; the figure is the median of the turns' ratios. The
quick form takes a tenth of the records under the same limits.
"""

import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path
from statistics import median

import bench
from bench import Result

from journey.store.run import Run
from journey.studio.reading import Filter, lists_of
from journey.types import Problem, Segment, Thought, content_hash

WORDS = ("wait", "let", "me", "check", "again", "the", "sum", "is", "not", "right", "so", "we", "go", "back", "and")


def problem(number: int) -> Problem:
    """A problem of 300 characters, named by its number."""
    return Problem(content_hash(number), f"{number} " + "x" * 300, "1")


def thought(number: int, rng: random.Random) -> Thought:
    """A thought of about 1,000 characters; one in a hundred says "alternatively"."""
    text = " ".join(rng.choices(WORDS, k=200)) + (" alternatively" if number % 100 == 0 else "")
    return Thought(content_hash(number), str(number), None, "traverse", (Segment("step", "x", 0, 0, 1),), "", text, "1")


def bare_commits(folder: Path, turn: int, count: int) -> float:
    """Commits a second of SQLite alone, one row each."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, json TEXT)")
    rows = [(content_hash(turn, n), "x" * 400) for n in range(count)]
    started = time.perf_counter()
    for row in rows:
        connection.execute("INSERT INTO rows VALUES (?, ?)", row)
    elapsed = time.perf_counter() - started
    connection.close()
    return count / elapsed


async def our_commits(run: Run, turn: int, count: int) -> float:
    """Puts a second, each awaited before the next, so that none shares a commit."""
    records = [problem(turn * count + n) for n in range(count)]
    started = time.perf_counter()
    for record in records:
        await run.put("problems", record, split="train")
    return count / (time.perf_counter() - started)


async def our_grouped(run: Run, turn: int, count: int) -> float:
    """Puts a second with 64 coroutines in flight."""
    numbers = iter(range(10**9 + turn * count, 10**9 + turn * count + count))

    async def worker() -> None:
        for number in numbers:
            await run.put("problems", problem(number))

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(64)))
    return count / (time.perf_counter() - started)


def commits(folder: Path, turns: int, count: int) -> dict[str, float]:
    async def measure() -> list[tuple[float, float, float]]:
        with Run.open(folder / "commits") as run:
            return [
                (bare_commits(folder, turn, count), await our_commits(run, turn, count),
                 await our_grouped(run, turn, 10 * count))
                for turn in range(turns)
            ]  # fmt: skip

    measured = asyncio.run(measure())
    return {
        "bare SQLite, commits/s": median(bare for bare, _, _ in measured),
        "ours one at a time, commits/s": median(ours for _, ours, _ in measured),
        "ratio": median(ours / bare for bare, ours, _ in measured),
        "ours 64 in flight, puts/s": median(grouped for _, _, grouped in measured),
    }


RESUME = """
import resource, sys, time
from journey.store.run import Run
started = time.perf_counter()
with Run.read(sys.argv[1]) as run:
    all, some = len(run.ids("problems")), len(run.ids("problems", split="train"))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, all, some)
"""


def resume(folder: Path, count: int) -> dict[str, float]:
    """Seconds and megabytes of a process that opens the run and asks which records are there (and which of a split)."""
    with Run.open(folder / "resume") as run:
        for start in range(0, count, 10_000):
            run.put_all("problems", [problem(n) for n in range(start, start + 10_000)], split="train")
    result = subprocess.run(
        [sys.executable, "-c", RESUME, str(folder / "resume")], capture_output=True, text=True, check=True
    )
    seconds, megabytes, found, of_split = map(float, result.stdout.split())
    assert found == of_split == count
    return {"records": count, "resume index, s": seconds, "resume index, MB": megabytes}


def keywords(folder: Path, count: int) -> dict[str, float]:
    """Milliseconds of a key-word count (median of five, slowest of four words), and what filling the index took."""
    rng = random.Random(0)
    with Run.open(folder / "words") as run:
        for start in range(0, count, 5000):
            run.put_all("thoughts", [thought(n, rng) for n in range(start, start + 5000)])
    lists = lists_of(folder / "words")
    started = time.perf_counter()
    assert lists.count(Filter("thoughts", words=("alternatively",))) == count // 100
    filling = time.perf_counter() - started
    times = {word: [] for word in ("alternatively", "wait", "never", "check")}
    for word in 5 * list(times):
        started = time.perf_counter()
        lists.figure("SELECT count(*) FROM words_thoughts WHERE words_thoughts MATCH ?", (word,))
        times[word].append(1000 * (time.perf_counter() - started))
    return {
        "thoughts": count,
        "key word, ms (slowest)": max(map(median, times.values())),
        "filling the index, s": filling,
    }


def store(options: Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        figures = commits(Path(folder), 7 if options.long else 5, 500 if options.long else 100)
        figures |= resume(Path(folder), 1_000_000 if options.long else 100_000)
        figures |= keywords(Path(folder), 100_000 if options.long else 10_000)
    reached = (
        figures["ratio"] >= 0.7
        and figures["resume index, s"] < 60
        and figures["resume index, MB"] < 500
        and figures["key word, ms (slowest)"] < 50
    )
    return Result(figures, reached, "wanted: ratio >= 0.7, index < 60 s and < 500 MB, key word < 50 ms")


if __name__ == "__main__":
    bench.run("S7", __doc__, store)
