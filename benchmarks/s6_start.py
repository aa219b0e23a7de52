"""S6: how long `import journey` and `journey --help` take, in seconds and as multiples of a bare `python -c pass`.

Starts are taken in turn, so that a busy machine slows all of them alike; medians, with the fastest beside them.
"""

import statistics
import subprocess
import sys
import time
from argparse import Namespace

from bench import Result, run

STARTS = {
    "python -c pass": ["-c", "pass"],
    "import journey": ["-c", "import journey"],
    "journey --help": ["-m", "journey", "--help"],
    "journey status --help": ["-m", "journey", "status", "--help"],
}
WANTED = {"import journey": 0.1, "journey --help": 0.3}  # seconds


def starts(options: Namespace) -> Result:
    taken: dict[str, list[float]] = {name: [] for name in STARTS}
    for round in range(51 if options.long else 11):
        for name, arguments in STARTS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            if round:  # the first round compiles and fills the disk's cache
                taken[name].append(time.perf_counter() - began)
    middle = {name: statistics.median(times) for name, times in taken.items()}
    bare = middle["python -c pass"]
    figures = {
        name: {"median, s": middle[name], "fastest, s": min(taken[name]), "times a bare start": middle[name] / bare}
        for name in STARTS
    }
    return Result(figures, all(middle[name] < seconds for name, seconds in WANTED.items()), f"wanted: {WANTED}")


if __name__ == "__main__":
    run("S6", __doc__, starts)
