"""E1: journey against shortcut on Countdown: the gain over five seeds with its interval, and at equal output tokens.

Runs `recipes/countdown.yaml` (about eight minutes on two cores), or reads the finished run that --run names. The quick
form is two seeds, which is not enough for the row; --long is the recipe as it stands.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.tables import brief
from journey.store.run import Run

RECIPE = Path(__file__).parents[1] / "recipes" / "countdown.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true", help="all five seeds")
    parser.add_argument("--run", type=Path, help="a finished run to read instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.run or Path(folder) / "run"
        if asked.run is None:
            command = [sys.executable, "-m", "journey", "run", str(RECIPE), "--out", str(path)]
            subprocess.run(
                command + ([] if asked.long else ["--set", "seeds=2"]), check=True, stdout=subprocess.DEVNULL
            )
        with Run.read(path) as run:
            found = figures(run)
    gain, equal = found["gain"], found["gain_equal_tokens"]
    reached = found["seeds"] >= 5 and gain["points"] >= 35 and gain["low"] > 25 and equal["low"] > 0
    if asked.json:
        figures_shown = {"seeds": found["seeds"], "trees": found["trees"], "gain": gain, "gain_equal_tokens": equal}
        print(json.dumps({"row": "E1", "reached": reached, "figures": figures_shown}))
        return
    Console().print(terminal(brief(found)))
    print(f"reached (+35 points, interval above +25, five seeds, ahead at equal tokens): {reached}")


if __name__ == "__main__":
    main()
