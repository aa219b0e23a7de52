"""F2: Ctrl-C at random moments, then the same command again until it ends.

Three commands of the real `journey`, each a process group of its own that gets SIGINT as a terminal sends it: `grow`
with a scripted model, `import prm800k` with its checking processes, and (in the long form) `run` with its workers.
Wanted every time: exit code 130 in under 5 seconds, one sentence and no traceback, no process left behind, and after
the command was given again the same content as without interrupts. POSIX only.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bench
from bench import Result
from commanding import completion, rated, scripted_answers, write_rows

from journey.store.entries import Training
from journey.store.run import Run
from journey.store.schema import TABLES, dumps
from journey.tasks.countdown.puzzle import PuzzleSettings, parse_puzzle
from journey.tasks.countdown.sources import drawn
from journey.types import content_hash, label, to_json

PROBLEMS = 150
ROWS = 80
RECIPE = """
model: scripted/{answers}
problems: {{file: {file}, phase1: 10, train: {train}, validation: 10, test: 10}}
trees: {{grow: {{width: 6, keep: 3, depth: 2, follow_wrong: 2, max_step_tokens: 24}}}}
"""
SHIPPED = bench.ROOT / "recipes" / "countdown.yaml"


@dataclass
class Tally:
    """What was seen of one command."""

    interrupts: int = 0
    ended: int = 0
    clean: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


def interrupts(options: Namespace) -> Result:
    rng = random.Random(0)
    wanted = 25 if options.long else 4
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipe, rows = scripted(folder), ratings(folder)
        tallies["grow"] = trial(folder, ["grow", str(recipe)], wanted, rng)
        tallies["import"] = trial(folder, ["import", "prm800k", str(rows)], wanted, rng)
        if options.long:
            small = ["--set", "seeds=2", "--set", "arms=[phase1,shortcut,shortcut_tokens,journey]", "--limit", "30"]
            shipped = shutil.copy(SHIPPED, folder)  # so that nobody changes it meanwhile
            tallies["run"] = trial(folder, ["run", shipped, *small], 5, rng, names)
    figures = {
        name: {"interrupts": t.interrupts, "clean": t.clean, "slowest, s": round(t.slowest, 2), "resumed": t.ended}
        for name, t in tallies.items()
    }
    wrong = [f"{name}: {what}" for name, t in tallies.items() for what in t.wrong]
    return Result(figures, not wrong, "; ".join(wrong))


def scripted(folder: Path) -> Path:
    """A recipe whose scripted model proposes legal steps of every puzzle, and false ones beside them."""
    problems = drawn("f2", PROBLEMS + 40, 0, PuzzleSettings(), held_out=False)
    puzzles = [parse_puzzle(problem.question) for problem in problems]
    write_rows(folder / "puzzles.jsonl", ({"nums": list(one.numbers), "target": one.target} for one in puzzles))
    scripted_answers(folder / "answers.jsonl", problems)
    recipe = folder / "grow.yaml"
    places = {"answers": folder / "answers.jsonl", "file": folder / "puzzles.jsonl", "train": PROBLEMS}
    recipe.write_text(RECIPE.format(**places))
    return recipe


def ratings(folder: Path) -> Path:
    """Rows in the layout of PRM800K whose answers only a checking process can decide."""
    return write_rows(folder / "rows.jsonl", map(square, range(1, ROWS + 1)))


def square(n: int) -> dict[str, Any]:
    begun = [completion(f"Square the sum of x and {n}."), completion("Add them.", -1)]
    ends = {f"x^2+{2 * n}x+{n * n}": 1, f"x^2+{n}x+{n}": -1}
    last = [completion(f"So we get it.\n\n# Answer\n\n{end}", rating) for end, rating in ends.items()]
    return rated(f"Expand $(x+{n})^2$.", f"(x+{n})^2", begun, last)


def trial(
    folder: Path, command: list[str], wanted: int, rng: random.Random, look: Callable[[Path], str] | None = None
) -> Tally:
    """Interrupts the command `wanted` times; whenever it came to its end a new run is begun."""
    look = look or content
    plain, tally = folder / f"{command[0]}-plain", Tally()
    began = time.monotonic()
    done = subprocess.run([*journey(command, plain)], capture_output=True, text=True)
    whole = time.monotonic() - began
    if done.returncode:
        tally.wrong.append(f"without interrupts it ended with {done.returncode}: {done.stderr[-300:]}")
        return tally
    expected = look(plain)
    for number in range(1000):
        out = folder / f"{command[0]}-{number}"
        while tally.interrupts < wanted and not interrupted(journey(command, out), rng.uniform(0.15, 1) * whole, tally):
            pass
        finish(journey(command, out), lambda out=out: look(out) == expected, tally)
        if tally.interrupts >= wanted:
            break
    return tally


def journey(command: Sequence[str], out: Path) -> list[str]:
    return [sys.executable, "-m", "journey", *command, "--out", str(out)]


def interrupted(command: Sequence[str], delay: float, tally: Tally) -> bool:
    """Starts the command and interrupts it after `delay` seconds; whether it came to its end before."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
        judge(process, said, time.monotonic() - began, tally)
        return False
    process.communicate()
    return True


def judge(process: "subprocess.Popen[str]", said: str, seconds: float, tally: Tally) -> None:
    if process.returncode == 0:  # it had just finished
        return
    tally.interrupts += 1
    tally.slowest = max(tally.slowest, seconds)
    left = survivors(process.pid)
    if process.returncode == 130 and seconds < 5 and "Traceback" not in said and "interrupted" in said and not left:
        tally.clean += 1
    else:
        tally.wrong.append(f"exit {process.returncode} after {seconds:.1f} s, {left} processes left: {said[-600:]}")


def survivors(group: int, patience: float = 2.0) -> int:
    """How many processes of the group outlive the command by more than `patience` seconds; they are ended."""
    until = time.monotonic() + patience
    while left := living(group):
        if time.monotonic() > until:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            return left
        time.sleep(0.05)
    return 0


def living(group: int) -> int:
    """How many processes the group has that are not merely waiting to be reaped."""
    rows = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True).stdout.splitlines()
    return sum(int(row.split()[0]) == group and not row.split()[1].startswith("Z") for row in rows)


def finish(command: Sequence[str], is_right: Callable[[], bool], tally: Tally) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0 and is_right():
        tally.ended += 1
    else:
        tally.wrong.append(f"resumed, it ended with {done.returncode}: {done.stderr[-300:] or 'other content'}")


def content(path: Path) -> str:
    """A hash of all records, and of what failed."""
    with Run.read(path) as run:
        records = [dumps(to_json(record)) for table in TABLES for record in run.all(table)]
        return content_hash(records, [f.unit for f in run.failures()])


def names(path: Path) -> str:
    """A hash of what there is, not of what it says: a real model's rounding depends on what shares its batch."""
    with Run.read(path) as run:
        tried = {(label(a.model), a.decoding, a.problem) for a in run.attempts()}
        units = [sorted(run.ids(table)) for table in ("problems", "trees")]
        return content_hash(units, sorted(tried), sorted(entry.model for entry in run.entries(Training)))


if __name__ == "__main__":
    bench.run("F2", __doc__, interrupts)
