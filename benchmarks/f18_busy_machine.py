"""F18: the tests pass while other work keeps the machine busy at load 20.

Twenty processes that never wait run beside the tests, and are ended with them. The quick form runs the tests of
time-outs, servers, interrupts and some properties, which a slow machine would fail first; `--long` runs all that
`make test` runs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUSY = 20
QUICK = [
    "tests/models/test_server.py", "tests/models/test_server_faults.py", "tests/models/test_server_limit.py",
    "tests/answers/test_check.py", "tests/test_search_served.py", "tests/test_interrupts.py", "tests/test_fanout.py",
    "tests/store/test_run.py", "tests/thoughts/test_traverse.py", "tests/trees/test_grow.py",
]  # fmt: skip


def main() -> None:
    """Prints the table; exits with 1 where the row is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    began = time.perf_counter()
    try:
        files = [] if options.long else QUICK
        command = [sys.executable, "-m", "pytest", "-n", "2", "-m", "not slow", "-p", "no:cacheprovider", *files]
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
    figures |= {"skipped": results.get("skipped", 0), "seconds": round(seconds), "load at the end": round(load, 1)}
    reached: bool | None = ran.returncode == 0 and results.get("passed", 0) > 0
    if not reached:
        print(ran.stdout[-8000:], ran.stderr[-2000:], file=sys.stderr)
    elif not options.long:
        reached, figures["why"] = None, "the row wants all tests: --long"
    if options.json:
        print(json.dumps({"row": "F18", "reached": reached, "figures": figures | {"which failed": failed}}))
    else:
        for name, value in figures.items():
            print(f"{name:16} {value:>10}")
        print(f"{'reached':16} {reached!s:>10}")
    sys.exit(reached is False)


if __name__ == "__main__":
    main()
