"""E2: accuracy against the number of thoughts (and trials, and output tokens), with fit and interval.

Runs `recipes/scaling.yaml` or reads the finished sweep that --run names. The quick form is one seed, 41, 82 and 164
thoughts and 100 problems (minutes): a look, not a result. --long is the recipe as it stands (an hour or more).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from journey.report.render import terminal
from journey.report.scaling import document

RECIPE = Path(__file__).parents[1] / "recipes" / "scaling.yaml"
QUICK = (
    "settings.seeds=1", "settings.problems.train=260", "settings.problems.validation=4", "settings.problems.test=100",
    "settings.trees.count=164", "settings.evaluation.max_tokens=400", "axes.thoughts.values=[41, 82, 164]",
    "axes.trials.values=[6]", "axes.output.values=[400]",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true", help="the whole recipe (an hour or more)")
    parser.add_argument("--out", type=Path, help="where the sweep goes, and from where it goes on")
    parser.add_argument("--run", type=Path, help="a finished sweep to read instead")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = asked.run or asked.out or Path(folder) / "sweep"
        if asked.run is None:
            command = [sys.executable, "-m", "journey", "run", str(RECIPE), "--out", str(out)]
            quick = [part for setting in QUICK for part in ("--set", setting)]
            subprocess.run(command + ([] if asked.long else quick), check=True, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads((out / "scaling.json").read_text("utf-8"))
    thoughts = found["axes"]["thoughts"]["arms"]["journey"]
    numbers = {point["at"] for point in thoughts["points"] if point["seeds"] >= 3}
    reached = len(numbers) >= 6 and bool(thoughts["fits"])
    if asked.json:
        print(json.dumps({"row": "E2", "reached": reached, "figures": found}))
        return
    Console(width=140).print(terminal(document(found)))
    print(f"reached (six numbers of thoughts, three seeds, with fit and interval): {reached}")


if __name__ == "__main__":
    main()
