"""F18: the tests pass while other work keeps the machine busy at load 20.

Twenty processes that never wait run beside the tests, and are ended with them. The quick form runs the tests of
time-outs, servers, interrupts and some properties, which a slow machine would fail first; `--long` runs all that
`make test` runs.
"""

import os
import re
import signal
import subprocess
import sys
import time
from argparse import Namespace

from bench import ROOT, Result, flag, run

BUSY = 20
QUICK = [
    "tests/models/test_server_faults.py", "tests/models/test_server_limit.py", "tests/test_interrupts.py",
    "tests/test_fanout.py", "tests/store/test_run.py", "tests/thoughts/test_traverse.py", "tests/test_search_served.py",
]  # fmt: skip


def busy_machine(options: Namespace) -> Result:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the busy processes end with this one, however it ends
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    began = time.perf_counter()
    try:
        files = [] if options.long else QUICK
        workers = str(options.workers)
        command = [sys.executable, "-m", "pytest", "-n", workers, "-m", "not slow", "-p", "no:cacheprovider", *files]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        seconds, load = time.perf_counter() - began, os.getloadavg()[0]
    finally:
        for process in busy:
            process.kill()
        for process in busy:
            process.wait()
    results = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|errors?|skipped)", ran.stdout)}
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
    figures: dict[str, object] = {"busy processes": BUSY, "passed": results.get("passed", 0), "failed": len(failed)}
    figures |= {
        "workers": options.workers,
        "skipped": results.get("skipped", 0),
        "seconds": round(seconds),
        "load at the end": round(load, 1),
    }
    figures["which failed"] = failed
    if ran.returncode or not results.get("passed"):
        print(ran.stdout[-8000:], ran.stderr[-2000:], file=sys.stderr)
        return Result(figures, False)
    return Result(figures, True) if options.long else Result(figures, None, "the row wants all tests: --long")


if __name__ == "__main__":
    run("F18", __doc__, busy_machine, flag("--workers", type=int, default=2, help="of the tests, beside those 20"))
