"""E6's mix of tasks: one model a task, or one for all, at equal trained tokens.

On the worked solutions and the journeys of Countdown and mazes, from the tiny base: a model of each task alone, one of
both with as many trained tokens as a model of one task has, and one of both with as many as the two have together. The
journeys are those of trees that one policy grew, which learnt the solutions of both. (The share that is given, and
whether older thoughts are kept, are variants of benchmarks/e6_rounds.py.)

Each (model, task, seed) is one small JSON in benchmarks/results; the table shows all that are there.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import e9_depth_and_transfer as e9
from bench import Result, flag, percent, run, table

from journey.metrics.accuracy import share_over_seeds
from journey.metrics.paired import compared
from journey.models.weights import token_counter
from journey.pipeline.arm_rows import solution_rows
from journey.tasks.table import TASKS
from journey.training.rows import Row
from journey.types import content_hash

MIXES = {"countdown alone": ("countdown",), "maze alone": ("maze",), "both, equal tokens": ("countdown", "maze"),
         "both, all tokens": ("countdown", "maze")}  # fmt: skip
LONG = e9.Settings(phase1=600, train=240, thoughts=164)


def mix(options: Namespace) -> Result:
    """Makes the models of a seed and shows all that are there."""
    with tempfile.TemporaryDirectory() as folder:
        results = e9.RESULTS if options.long else Path(folder) / "results"
        results.mkdir(exist_ok=True)
        rows, work, shown = task_table(options, options.out or Path(folder), results)
    whole = options.long and len(rows) == 6 and all(row["seeds"] >= 3 for row in rows)
    return Result(
        {"work": work, "models": rows}, True if whole else None, "" if whole else "wanted: three seeds", shown
    )


def task_table(options: Namespace, out: Path, results: Path) -> tuple[list[dict[str, Any]], str, list[Any]]:
    """A model of each task alone and one of both."""
    settings = LONG if options.long else e9.QUICK
    work = content_hash(e9.asdict(settings), {name: asdict_of(name) for name in e9.OTHER})[:8]
    of = e9.Seed(options.seed, str(e9.model_path("tiny")), settings, "test", out / work, results)

    def file_of(seed: int, arm: str, name: str) -> Path:
        return results / f"e6-tasks-{work}-seed-{seed}-{arm.replace(' ', '-')}-on-{name}.json"

    if not all(file_of(options.seed, arm, name).is_file() for arm, names in MIXES.items() for name in names):
        asyncio.run(measure_tasks(of, lambda arm, name: file_of(options.seed, arm, name)))
    found: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for arm, names in MIXES.items():
        for name in names:
            for seed in range(1, 20):
                if (file := file_of(seed, arm, name)).is_file():
                    found.setdefault((name, arm), {})[seed] = json.loads(file.read_text("utf-8"))
    rows: list[dict[str, Any]] = []
    for (name, arm), by_seed in sorted(found.items()):
        spread = share_over_seeds([rights(f["right"]) for f in by_seed.values()])
        alone = found.get((name, f"{name} alone"), {})
        pairs = [(bits(alone[s]["right"]), bits(f["right"])) for s, f in by_seed.items() if s in alone]
        gain = compared(pairs).difference if pairs and not arm.endswith("alone") else None
        rows.append({
            "task": name, "model": arm, "seeds": len(by_seed), "accuracy": spread.value, "low": spread.low,
            "high": spread.high, "gain": gain and 100 * gain.value, "gain_low": gain and 100 * gain.low,
            "gain_high": gain and 100 * gain.high, "trained_tokens": fmean(f["trained"] for f in by_seed.values()),
        })  # fmt: skip
    shown = [
        table("one model a task, or one for all", ("task", "model", "right", "low", "high", "points over alone", "low",
                                                   "high", "trained tokens"), [
            (row["task"], row["model"], *map(percent, (row["accuracy"], row["low"], row["high"])), row["gain"],
             row["gain_low"], row["gain_high"], f"{row['trained_tokens']:.0f}") for row in rows
        ])
    ]  # fmt: skip
    return rows, work, shown


def asdict_of(name: str) -> Any:
    """The settings that a task's trees and journeys are made by."""
    return [e9.asdict(e9.GROW[name]), e9.asdict(e9.RULES[e9.BEST[name]])]


async def measure_tasks(of: "e9.Seed", file_of: Any) -> None:
    """Trains and tests the models of one seed whose results are not there."""
    solutions = {name: solution_rows(of.problems[name]["phase1"], TASKS[name]) for name in e9.OTHER}
    phase1 = trained(of, "phase 1", [row for rows in solutions.values() for row in rows])
    rows: dict[str, list[Row]] = {}
    for name in e9.OTHER:
        rows[name] = [*solutions[name], *of.rows(name, (await of.thoughts(name, phase1))[e9.BEST[name]])]
    tokens = token_counter(of.base)
    total = {name: sum(map(tokens, of_task)) for name, of_task in rows.items()}
    for arm, names in MIXES.items():
        share = 0.5 if arm == "both, equal tokens" else 1.0
        chosen = [row for name in names for row in part_of(rows[name], tokens, share * total[name], of.number)]
        place = trained(of, arm, chosen)
        for name in names:
            if not (file := file_of(arm, name)).is_file():
                right = await answers(of, place, name)
                file.write_text(json.dumps({"right": right, "trained": sum(map(tokens, chosen))}) + "\n", "utf-8")


def trained(of: "e9.Seed", arm: str, rows: Sequence[Row]) -> Path:
    """The model of an arm, which is not trained again where it is there."""
    place = of.folder / f"seed-{of.number}" / arm.replace(" ", "-")
    return place if (place / "config.json").is_file() else of.train(arm, of.base, rows)


def part_of(rows: Sequence[Row], tokens: Any, most: float, seed: int) -> list[Row]:
    """Rows drawn at random of at most so many tokens."""
    found, spent = list[Row](), 0
    for row in Random(seed).sample(rows, len(rows)):
        if (spent := spent + tokens(row)) > most:
            break
        found.append(row)
    return found


async def answers(of: "e9.Seed", place: Path, name: str) -> str:
    """Which answers to the problems of a task are right, a digit a problem."""
    task, model = TASKS[name], e9.Local(place, place.name)
    grader = task.grader()
    drawn = [e9.attempt(p, model, grader, task.ask, of.settings.decoding, split=of.split, seed=of.number)
             for p in of.problems[name][of.split]]  # fmt: skip
    found = await asyncio.gather(*drawn)
    await model.close()
    return "".join("1" if one.correct is True else "0" for (one,) in found)


def bits(right: str) -> dict[str, bool]:
    return {str(i): bit == "1" for i, bit in enumerate(right)}


def rights(right: str) -> Mapping[str, float]:
    return {problem: float(was) for problem, was in bits(right).items()}


if __name__ == "__main__":
    run(
        "E6 mix",
        __doc__,
        mix,
        flag("--seed", type=int, default=1),
        flag("--out", type=Path, help="a folder to keep the trained models in"),
    )
