"""E1: journey against shortcut on Countdown: the gain over five seeds with its interval, and at equal output tokens.

Runs `recipes/countdown.yaml` (about eight minutes on two cores), or reads the finished run that --run names. The quick
form is two seeds, which is not enough for the row; --long is the recipe as it stands.
"""

import tempfile
from argparse import Namespace
from pathlib import Path

from bench import Result, flag, journey, run

from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.tables import brief
from journey.store.run import Run


def headline(options: Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = options.run or Path(folder) / "run"
        if options.run is None:
            journey("run", "countdown", "--out", path, *([] if options.long else ["--set", "seeds=2"]))
        with Run.read(path) as of:
            found = figures(of)
    gain, equal = found["gain"], found["gain_equal_tokens"]
    shown = [terminal(brief(found))]
    kept = {"seeds": found["seeds"], "trees": found["trees"], "gain": gain, "gain_equal_tokens": equal}
    kept |= {"arms": {name: arm["accuracy"] for name, arm in found["arms"].items()}}
    kept["cut_off"] = 1 - found["arms"]["journey"]["finished"]
    if found["seeds"] < 5:
        return Result(kept, None, "the row wants five seeds", shown)
    reached = gain["points"] >= 35 and gain["low"] > 25 and equal["low"] > 0 and kept["cut_off"] < 0.1
    wanted = "wanted: +35 points, interval above +25, ahead at equal tokens, cut off < 10 %"
    return Result(kept, reached, wanted, shown)


if __name__ == "__main__":
    run("E1", __doc__, headline, flag("--run", type=Path, help="a finished run to read instead"))
