"""F9: a second command on a run that is being written is refused in under a second, with a sentence, in every attempt.

The first writer is a process of its own that keeps writing. Readers must go on beside it, and when it is killed the
next writer must get in at once.
"""

import signal
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from pathlib import Path

import bench
from bench import Result

from journey.errors import UsageError
from journey.store.run import Run

WRITE = """
import sys, itertools
from journey.store.run import Run
from journey.types import make_problem
with Run.open(sys.argv[1]) as run:
    for number in itertools.count():
        run.put_all("problems", [make_problem(str(number), "1")])
        if number == 0:
            print("writing", flush=True)
"""


def second_writer(options: Namespace) -> Result:
    attempts = 1000 if options.long else 50
    slowest, sentences = 0.0, set[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        writer = subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        writer.stdout.readline()
        refused = read = 0
        for _ in range(attempts):
            started = time.perf_counter()
            try:
                Run.open(path, {"other": "settings"}, fresh=True).close()
            except UsageError as error:
                refused += 1
                sentences.add(str(error).replace(str(path), "RUN"))
            slowest = max(slowest, time.perf_counter() - started)
            with Run.read(path) as of:
                read += of.count("problems") > 0
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        with Run.open(path) as of:
            after_kill = of.check() > 0
    figures = {"attempts": attempts, "refused": refused, "slowest refusal, s": slowest, "readers beside it": read,
               "next writer after a kill": after_kill, "sentence": " | ".join(sorted(sentences))}  # fmt: skip
    return Result(figures, refused == read == attempts and slowest < 1 and len(sentences) == 1 and after_kill)


if __name__ == "__main__":
    bench.run("F9", __doc__, second_writer)
