"""F9: a second command on a run that is being written is refused in under a second, with a sentence, in every attempt.

The first writer is a process of its own that keeps writing. Readers must go on beside it, and when it is killed the
next writer must get in at once.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    """Prints the table; exits with 1 where a second writer got in or waited."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
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
            with Run.read(path) as run:
                read += run.count("problems") > 0
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        with Run.open(path) as run:
            after_kill = run.check() > 0
    figures = {"attempts": attempts, "refused": refused, "slowest refusal, s": slowest, "readers beside it": read,
               "next writer after a kill": after_kill}  # fmt: skip
    reached = refused == read == attempts and slowest < 1 and len(sentences) == 1 and after_kill
    if options.json:
        print(json.dumps({"row": "F9", "reached": reached, "figures": figures | {"sentence": sentences.pop()}}))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value:10.4g}")
        print(f"{'reached':28} {reached!s:>10}", *sentences, sep="\n")
    sys.exit(not reached)


if __name__ == "__main__":
    main()
