"""F6: random damages to the files of a run; each is reported in a sentence or does no harm.

Two small runs are made by commands: rated trees with their thoughts and a person's labels, and puzzles with a scripted
model's attempts. Then, in a fresh copy each time, one file is damaged: bits flipped, bytes overwritten by noise, zeros
or a piece of the same file, a piece cut out, the end cut off or lengthened, the file emptied or taken away. A command
that reads the run follows. Wanted: no traceback, an exit code that means something, and where it is 0 exactly what it
says of the undamaged run. POSIX only.
"""

import os
import pkgutil
import random
import shutil
import sys
import tempfile
from argparse import Namespace
from collections import Counter
from importlib import import_module
from pathlib import Path

import bench
from bench import Result
from commanding import PUZZLES, sum_row, whole_answers, write_rows
from forked import Ended, command

import journey.commands
from journey.store.labels import Label, put
from journey.store.run import Run
from journey.tasks.countdown.sources import read

READING = {
    "rated": [
        ("status", "run", "--json"), ("quality", "run", "--json"), ("report", "run", "--json"),
        ("export", "run", "trees", "--to", "out.jsonl"), ("export", "run", "thoughts", "--to", "out.jsonl"),
        ("export", "run", "sft", "--to", "out.jsonl"), ("export", "run", "prm", "--to", "out.jsonl"),
        ("export", "run", "labels", "--to", "out.jsonl"), ("derive", "run", "--json"),
    ],
    "answered": [
        ("status", "run", "--json"), ("report", "run", "--json"), ("compare", "run", "run", "--json"),
        ("export", "run", "attempts", "--to", "out.jsonl"), ("export", "run", "problems", "--to", "out.jsonl"),
    ],
}  # fmt: skip


def given(folder: Path, *arguments: object) -> Ended:
    return command(*arguments, before=lambda: os.chdir(folder))


def make(folder: Path) -> None:
    """The two runs, in folders of their names."""
    for name in READING:
        (folder / name).mkdir(parents=True)
    rows = write_rows(folder / "rows.jsonl", map(sum_row, range(40)))
    puzzles = write_rows(folder / "puzzles.jsonl", ({"nums": nums, "target": t} for nums, t in PUZZLES))
    for work in (("import", "prm800k", rows), ("derive",)):
        done(given(folder / "rated", *work, *(["--out", "run"] if work[0] == "import" else ["run"])))
    run = folder / "rated" / "run"
    with Run.read(run) as of:
        trees = sorted(of.ids("trees"))
    for tree in trees[:10]:
        for node in (0, 1):
            label = Label("node", "someone", tree, node, verdict="right", judged=True, state="submitted",
                          made="2026-01-01T00:00:00Z")  # fmt: skip
            put(run, label)
    done(given(folder / "answered", "import", "puzzles", puzzles, "--split", "test", "--out", "run"))
    answers = whole_answers(folder / "answers.jsonl", read(puzzles), lambda problem: str(problem.solution))
    done(given(folder / "answered", "eval", "run", "--model", f"scripted/{answers}"))
    for name in READING:
        done(given(folder / name, "report", "run"))


def done(ended: Ended) -> None:
    assert ended.code == 0, ended.err


def damage(file: Path, rng: random.Random) -> str:
    data = bytearray(file.read_bytes())
    how = rng.choice(["bits", "noise", "zeros", "moved", "cut out", "cut off", "longer", "emptied", "gone"])
    start = rng.randrange(len(data) or 1)
    size = min(rng.choice([1, 16, 512, 4096, 16384]), len(data) - start)
    match how:
        case "bits":
            for _ in range(rng.choice([1, 8, 64]) if data else 0):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case "noise":
            data[start : start + size] = rng.randbytes(size)
        case "zeros":
            data[start : start + size] = bytes(size)
        case "moved":
            source = rng.randrange(len(data) - size + 1)
            data[start : start + size] = data[source : source + size]
        case "cut out":
            del data[start : start + size]
        case "cut off":
            del data[start:]
        case "longer":
            data += rng.randbytes(4096)
        case "emptied":
            data.clear()
        case _:
            file.unlink()
            return how
    file.write_bytes(data)
    return how


def outcome(folder: Path, ended: Ended) -> tuple[str, str]:
    out = folder / "out.jsonl"
    return ended.out, out.read_text("utf-8") if out.exists() else ""


def judged(ended: Ended, same: bool) -> str:
    """In a word what a command after the damage came to."""
    if "Traceback" in ended.err or ended.code not in (0, 1, 2):
        return "tracebacks"
    if ended.code == 0:
        return "no harm" if same else "wrong data"
    return "reported" if ended.err.strip() else "silent ends"


def corruption(options: Namespace) -> Result:
    for module in pkgutil.iter_modules(journey.commands.__path__):
        import_module(f"journey.commands.{module.name}")  # once, for all forks
    damages = options.damages or (10_000 if options.long else 1_000)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        wanted = dict[tuple[str, tuple[str, ...]], tuple[str, str]]()
        for run, commands in READING.items():
            for reading in commands:
                copy = Path(shutil.copytree(folder / run, folder / "copy"))
                ended = given(copy, *reading)
                done(ended)
                wanted[run, reading] = outcome(copy, ended)
                shutil.rmtree(copy)
        for n in range(damages) if options.only is None else [options.only]:
            rng = random.Random(n)
            run = rng.choice(list(READING))
            copy = Path(shutil.copytree(folder / run, folder / "copy"))
            files = sorted(file for file in (copy / "run").rglob("*") if file.is_file() and file.suffix != ".lock")
            file = next((f for f in files if f.name == "run.db"), files[0]) if rng.random() < 0.6 else rng.choice(files)
            how = damage(file, rng)
            reading = rng.choice(READING[run])
            ended = given(copy, *reading)
            verdict = judged(ended, outcome(copy, ended) == wanted[run, reading])
            found[verdict] += 1
            if verdict not in ("no harm", "reported") or options.only is not None:
                print(
                    f"{n}: {run}/{file.name} {how}, {' '.join(reading[:3])}: {verdict}: {ended.err[-300:]}",
                    file=sys.stderr,
                )
            shutil.rmtree(copy)
    names = ("reported", "no harm", "wrong data", "tracebacks", "silent ends")
    figures = {"damages": damages, **{name: found[name] for name in names}}
    return Result(figures, found["reported"] + found["no harm"] == damages)


if __name__ == "__main__":
    bench.run(
        "F6", __doc__, corruption,
        bench.flag("--damages", type=int, help="how many, if other than 1,000"),
        bench.flag("--only", type=int, help="the number of one damage, to look into it"),
    )  # fmt: skip
