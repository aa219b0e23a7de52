"""The figures of docs/report.md that are drawn from stored results: docs/img/rl.svg, depth.svg, judges.svg.

report_figures.py [--to FOLDER]: nothing is measured, benchmarks/results is read. The commands that measured them are
e5_rl.py, e9_depth_and_transfer.py and e3_judge_curve.py.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import ROOT

from journey.metrics.accuracy import share_over_seeds
from journey.report.charts import Chart, Dot, Line, chart_svg, whiskers_svg
from journey.report.document import Picture
from journey.report.render import write_pictures

RESULTS = ROOT / "benchmarks" / "results"
STARTS = {
    "base": "base", "phase1": "phase 1", "shortcut": "shortcut", "journey_wrong": "wrong answers",
    "journey_empty": "emptied", "journey": "journey",
}  # fmt: skip
TRIPS = {
    "shortcut": ("shortcut", "ink"), "journey-from-the-question": ("trips from the question", "teal"),
    "journey": ("trips at every node", "accent"),
}  # fmt: skip


def stored(pattern: str) -> list[dict[str, Any]]:
    """The stored results of a pattern, one a seed."""
    return [json.loads(file.read_text("utf-8")) for file in sorted(RESULTS.glob(pattern))]


def shares(row: Mapping[str, Any], answers: int) -> dict[str, float]:
    """The share of a problem's answers that are right, by the problem's place."""
    return {str(i): int(digit) / answers for i, digit in enumerate(row["right"])}


def dot(name: str, rows: Sequence[Mapping[str, Any]], tone: str, answers: int = 1) -> Dot:
    """The accuracy of an arm over its seeds."""
    found = share_over_seeds([shares(row, answers) for row in rows])
    seeds = [fmean(shares(row, answers).values()) for row in rows]
    return Dot(name, (found.value, 0.0), found.low, found.high, tone, seeds)


def rl() -> str:
    """Accuracy of each start before and after a million tokens of RL."""
    dots: list[Dot] = []
    for start, words in STARTS.items():
        tone = "accent" if start == "journey" else "ink"
        dots.append(dot(f"{words}, before", stored(f"e5-countdown-3b9e41b6-seed-*-start-{start}.json"), "soft", 4))
        dots.append(dot(f"{words}, after", stored(f"e5-countdown-3b9e41b6-seed-*-rl-{start}.json"), tone, 4))
    return whiskers_svg("Before and after a million generated tokens of outcome RL", dots)


def depth() -> str:
    """The arms of both tasks by where side trips start."""
    dots = [
        dot(f"{task}, {words}", rows, tone)
        for task in ("countdown", "maze")
        for arm, (words, tone) in TRIPS.items()
        if (rows := stored(f"e9-test-5b70eeab-seed-?-{task}-{arm}.json"))
    ]
    return whiskers_svg("Where side trips start", dots)


def judges() -> Chart:
    """Accuracy of the journey against the step F1 of the judge that its trees were judged by."""
    lines: list[Line] = []
    for task, tone in (("countdown", "accent"), ("maze", "teal")):
        by_share: dict[float, list[tuple[float, float]]] = {}
        for row in stored(f"judge-curve-{task}-*-seed-*.json"):
            by_share.setdefault(row["share"], []).append((row["f1"], fmean(shares(row, 1).values())))
        points = [(fmean(f1 for f1, _ in of), fmean(right for _, right in of)) for _, of in sorted(by_share.items())]
        lines.append(Line(task, sorted(points), tone))
    title = "The journey's accuracy against its judge's step F1"
    return Chart("judges", title, "step F1 of the judge", "accuracy", lines, percent=True)


def main() -> None:
    """Draws the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "img", metavar="FOLDER")
    folder: Path = parser.parse_args().to
    pictures = [
        Picture("rl", "Reinforcement learning", rl()), Picture("depth", "Where side trips start", depth()),
        Picture("judges", "Judges", chart_svg(judges())),
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name in write_pictures(folder, pictures):
        print(folder / name)


if __name__ == "__main__":
    main()
