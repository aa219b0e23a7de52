"""S9: how long the main job takes after installation: the first seed's table, and all seeds.

The quick form is one seed; --long is the recipe as it stands, five seeds. Wanted: 80 seconds, 5 minutes on two cores.
"""

import subprocess
import sys
import tempfile
import time
from argparse import Namespace

from bench import Result, run

FIRST, ALL = 80.0, 300.0  # seconds


def main_job(options: Namespace) -> Result:
    seeds = 5 if options.long else 1
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "journey", "run", "countdown", "--out", f"{folder}/run"]
        began = time.perf_counter()
        job = subprocess.Popen([*command, "--set", f"seeds={seeds}"], stdout=subprocess.PIPE, text=True)
        assert job.stdout is not None
        first = None
        for line in job.stdout:
            if first is None and "journey over shortcut" in line:
                first = time.perf_counter() - began
        code = job.wait()
        whole = time.perf_counter() - began
    figures = {"seeds": seeds, "first table, s": first and round(first, 1), "all, s": round(whole, 1), "exit": code}
    if code or first is None or first > FIRST or whole > ALL:
        return Result(figures, False, f"wanted: {FIRST:.0f} s, {ALL:.0f} s")
    return Result(figures, True if options.long else None, "" if options.long else "one seed; --long does all five")


if __name__ == "__main__":
    run("S9", __doc__, main_job)
