"""S6: how long `import journey` and `journey --help` take, in seconds and as multiples of a bare `python -c pass`.

Starts are taken in turn, so that a busy machine slows all of them alike; medians, with the fastest beside them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

STARTS = {
    "python -c pass": ["-c", "pass"],
    "import journey": ["-c", "import journey"],
    "journey --help": ["-m", "journey", "--help"],
    "journey status --help": ["-m", "journey", "status", "--help"],
}
WANTED = {"import journey": 0.1, "journey --help": 0.3}  # seconds


def main() -> None:
    """Prints the table; exits with 1 where a start takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
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
    reached = all(middle[name] < seconds for name, seconds in WANTED.items())
    if options.json:
        print(json.dumps({"row": "S6", "reached": reached, "figures": figures}))
    else:
        for name, row in figures.items():
            print(f"{name:24}", *(f"{key} {value:.3f}" for key, value in row.items()), sep="  ")
        print("reached", reached)
    sys.exit(not reached)


if __name__ == "__main__":
    main()
