"""E2: accuracy against the number of thoughts (and trials, and output tokens), with fit and interval.

Runs `recipes/scaling.yaml` or reads the finished sweep that --run names. The quick form is one seed, 41, 82 and 164
thoughts and 100 problems (minutes): a look, not a result. --long is the recipe as it stands (an hour or more).
"""

import json
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench import Result, flag, journey, run

from journey.report.render import terminal
from journey.report.scaling import document

QUICK = (
    "seeds=1", "problems.train=260", "problems.validation=4", "problems.test=100",
    "trees.count=164", "evaluation.max_tokens=400", "axes.thoughts.values=[41, 82, 164]",
    "axes.trials.values=[6]", "axes.output.values=[400]",
)  # fmt: skip


def scaling(options: Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        out = options.run or options.out or Path(folder) / "sweep"
        if options.run is None:
            quick = [part for setting in QUICK for part in ("--set", setting)]
            journey("run", "scaling", "--out", out, *([] if options.long else quick))
        found: dict[str, Any] = json.loads((out / "scaling.json").read_text("utf-8"))
    thoughts = found["axes"]["thoughts"]["arms"]["journey"]
    numbers = {point["at"] for point in thoughts["points"] if point["seeds"] >= 3}
    shown = [terminal(document(found))]
    if len(numbers) < 6:
        return Result(found, None, "the row wants six numbers of thoughts and three seeds", shown)
    return Result(found, bool(thoughts["fits"]), "wanted: a fit with its interval", shown)


if __name__ == "__main__":
    run(
        "E2", __doc__, scaling,
        flag("--out", type=Path, help="where the sweep goes, and from where it goes on"),
        flag("--run", type=Path, help="a finished sweep to read instead"),
    )  # fmt: skip
