"""S9: how long the main job takes after installation: the first seed's table, and all seeds.

The quick form is one seed; --long is the recipe as it stands, five seeds. Wanted: 2 minutes and 8 minutes on two cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

RECIPE = Path(__file__).parents[1] / "recipes" / "countdown.yaml"
FIRST, ALL = 120.0, 480.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true", help="all five seeds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "journey", "run", str(RECIPE), "--out", f"{folder}/run"]
        began = time.perf_counter()
        run = subprocess.Popen(
            command + ([] if asked.long else ["--set", "seeds=1"]), stdout=subprocess.PIPE, text=True
        )
        assert run.stdout is not None
        first = None
        for line in run.stdout:
            if first is None and "journey over shortcut" in line:
                first = time.perf_counter() - began
        code = run.wait()
        whole = time.perf_counter() - began
    seeds = 5 if asked.long else 1
    reached = code == 0 and first is not None and first <= FIRST and (whole <= ALL if asked.long else True)
    measured = {"seeds": seeds, "first table, s": first and round(first, 1), "all, s": round(whole, 1), "exit": code}
    if asked.json:
        print(json.dumps({"row": "S9", "reached": reached, "figures": measured}))
        return
    grid = Table(title="S9: the main job", title_justify="left", show_header=False)
    for name, value in measured.items():
        grid.add_row(name, str(value))
    Console().print(grid)
    print(f"reached: {reached}")


if __name__ == "__main__":
    main()
