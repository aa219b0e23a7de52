"""F5: the disk is full at 100 offsets; exit 1, one sentence, all that was acknowledged is readable, and it goes on.

Two works. A writer puts records and says each that was acknowledged; commands import rated trees, derive, export and
report. Each is cut off at offsets spread over the bytes it writes, on a small disk of its own (tmpfs, where this user
may mount one) or by a limit on the size of files, in turn. Afterwards there is room again: every acknowledged record
must be there, and the same command must end with the content of an uninterrupted one. POSIX only.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from argparse import SUPPRESS, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bench
from bench import Result
from commanding import sum_row, write_rows
from forked import Ended, command, forked

from journey.store.faults import StoreFull
from journey.store.run import Run
from journey.types import Problem, make_problem, to_json

ROWS, RECORDS = 60, 400


def record(n: int) -> Problem:
    return make_problem(f"{n}: " + "x" * 2000, str(n))


Disk = Callable[[int | None], object]


@contextmanager
def disk(folder: Path, mounted: bool) -> Iterator[Disk]:
    """An empty folder and what sets its room in bytes, null for plenty; called in the fork that is to feel it."""
    folder.mkdir(exist_ok=True)
    if not mounted:
        yield lambda room: room is not None and resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        shutil.rmtree(folder)
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", folder], check=True)

    def set_room(room: int | None) -> None:
        size = 64 << 20 if room is None else max(room, 4096)
        subprocess.run(["mount", "-o", f"remount,size={size}", "none", folder], check=True, capture_output=True)

    try:
        yield set_room
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def write(folder: Path, set_room: Disk, room: int) -> Ended:
    """The writer's records, each printed when it is acknowledged; exit 1 at a full disk."""

    def work() -> None:
        set_room(room)
        try:
            with Run.open(folder / "run") as run:
                for n in range(RECORDS):
                    run.put_all("problems", [record(n)])
                    print(n)
        except StoreFull as error:
            print(error, file=sys.stderr)
            sys.exit(1)

    return forked(work)


def writer(folder: Path, room: int, mounted: bool, found: Counter[str]) -> None:
    """One cut of the writer, and what is there when there is room again."""
    with disk(folder, mounted) as set_room:
        ended = write(folder, set_room, room)
        if mounted:
            set_room(None)
        acknowledged = [int(line) for line in ended.out.split()]
        judge(ended, found, is_whole=len(acknowledged) == RECORDS)
        with Run.open(folder / "run") as run:
            there = run.ids("problems")
            found["acknowledged"] += len(acknowledged)
            found["acknowledged and lost"] += sum(record(n).id not in there for n in acknowledged)
            run.check()


def judge(ended: Ended, found: Counter[str], *, is_whole: bool) -> None:
    """Counts whether an end is one of the two that are right: all done, or exit 1 with one sentence."""
    lines = [line for line in ended.err.strip().splitlines() if "disk is full" in line]
    if ended.code == 0 and is_whole:
        found["had room"] += 1
    elif ended.code == 1 and len(lines) == 1 and "Traceback" not in ended.err:
        found["exit 1 and one sentence"] += 1
    else:
        found["other ends"] += 1
        print(f"exit {ended.code}: {ended.err.strip()[-300:]}", file=sys.stderr)


def contents(run: Path) -> dict[str, list[str]]:
    with Run.read(run) as of:
        return {table: [json.dumps(to_json(r)) for r in of.all(table)] for table in ("problems", "trees", "thoughts")}


class Commands:
    """The commands, with the state of the run before each and after all."""

    def __init__(self, folder: Path) -> None:
        self.states, self.sizes = folder / "states", list[int]()
        rows = write_rows(folder / "rows.jsonl", map(sum_row, range(ROWS)))
        self.given = [
            ("import", "prm800k", rows, "--out", "run"), ("derive", "run"),
            ("export", "run", "thoughts", "--to", "run/thoughts.jsonl"), ("report", "run"),
        ]  # fmt: skip
        now = folder / "now"
        (now / "run").mkdir(parents=True)
        for number, given in enumerate(self.given):
            shutil.copytree(now, self.states / str(number))
            ended = command(*given, before=lambda: os.chdir(now))
            assert ended.code == 0, ended.err
            self.sizes.append(max(file.stat().st_size for file in now.rglob("*") if file.is_file()))
        self.wanted = contents(now / "run")

    def cut(self, folder: Path, number: int, share: float, mounted: bool, found: Counter[str]) -> None:
        """One command cut off at a share of what it writes, and given again with room."""
        with disk(folder, mounted) as set_room:
            shutil.copytree(self.states / str(number), folder, dirs_exist_ok=True)
            sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
            least = sum(sizes) if mounted else max(sizes, default=0)
            room = least + int(share * (self.sizes[number] if mounted else self.sizes[number] - least))

            def before() -> None:
                os.chdir(folder)
                set_room(room)

            judge(command(*self.given[number], before=before), found, is_whole=True)
            if mounted:
                set_room(None)
            for given in self.given[number:]:
                again = command(*given, before=lambda: os.chdir(folder))
                found["not resumed"] += again.code != 0
                if again.code:
                    print(f"again: exit {again.code}: {again.err.strip()[-300:]}", file=sys.stderr)
            found["other content"] += contents(folder / "run") != self.wanted


def disk_full(options: Namespace) -> Result:
    mounts = ["unshare", "--mount", "sh", "-c"]
    if not options.inside and not subprocess.run([*mounts, "mount -t tmpfs none /mnt"], capture_output=True).returncode:
        os.execvp("unshare", ["unshare", "--mount", sys.executable, __file__, *sys.argv[1:], "--inside"])
    offsets, cuts = (1000, 400) if options.long else (100, 40)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in range(offsets):
            writer(
                folder / f"writer-{n}", int(4096 + n * RECORDS * 2600 / offsets), options.inside and n % 2 > 0, found
            )
        (folder / "commands").mkdir()
        commands = Commands(folder / "commands")
        for n in range(cuts):
            kind, share = n % len(commands.given), n / cuts
            commands.cut(folder / f"cut-{n}", kind, share, options.inside and n // 4 % 2 > 0, found)
    bad = ("other ends", "acknowledged and lost", "not resumed", "other content")
    names = ("exit 1 and one sentence", "had room", "acknowledged", *bad)
    figures = {"offsets of a writer": offsets, "cuts of commands": cuts, "on a disk of its own": options.inside}
    figures |= {name: found[name] for name in names}
    return Result(figures, not any(found[name] for name in bad) and found["exit 1 and one sentence"] > offsets / 2)


if __name__ == "__main__":
    bench.run("F5", __doc__, disk_full, bench.flag("--inside", action="store_true", help=SUPPRESS))
