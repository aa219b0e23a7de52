"""E6's mixes: how much must be given, whether to replace or to accumulate, and one model a task against one for all.

`--part given`: four rounds of the journey on Countdown with every guard off and each round trained on from the last
model, its rows at least 0, 30, 60 or 100 % solutions that were given, thoughts of earlier rounds kept or thrown away.
Each (share, data, seed) is a run of its own in --out, which goes on where it was stopped.

`--part tasks`: on the solutions and journeys of Countdown and mazes, from the tiny base, a model of each task alone
against one of both: with as many trained tokens as a model of one task has, and with as many as the two have together.

Each cell is one small JSON in benchmarks/results; the tables show all that are there.
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
from bench import Result, flag, journey, percent, run, table

from journey.metrics.accuracy import share_over_seeds
from journey.metrics.paired import compared
from journey.models.weights import token_counter
from journey.pipeline.arm_rows import solution_rows
from journey.store.entries import Round
from journey.store.run import Run
from journey.tasks.table import TASKS
from journey.training.rows import Row
from journey.types import content_hash

ARM = "journey"
SHARES, DATA = (0.0, 0.3, 0.6, 1.0), ("replace", "accumulate")
ROUNDS: dict[str, Any] = {
    "arms": f"[phase1, {ARM}]", "seeds": 1, "rounds.count": 4, "rounds.start": "last", "rounds.guards": "off",
    "problems.phase1": 600, "problems.train": 240, "problems.validation": 60, "problems.test": 200, "trees.count": 164,
    "evaluation.votes": 1, "evaluation.greedy": False, "evaluation.max_tokens": 400,
}  # fmt: skip
FEW = {"rounds.count": 2, "problems.phase1": 100, "problems.train": 24, "problems.validation": 4, "problems.test": 8,
       "trees.count": 12, "evaluation.max_tokens": 150}  # fmt: skip
SHOWN = ("pass_at", "right_ways", "first_steps", "entropy", "ngrams", "likeness", "repeats", "cut_off", "given")
MIXES = {"countdown alone": ("countdown",), "maze alone": ("maze",), "both, equal tokens": ("countdown", "maze"),
         "both, all tokens": ("countdown", "maze")}  # fmt: skip
TASKS_AT = e9.Settings(phase1=600, train=240, thoughts=164)


def mix(options: Namespace) -> Result:
    """Makes the cells that are asked for and shows all that are there."""
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder)
        results = e9.RESULTS if options.long else Path(folder) / "results"
        results.mkdir(exist_ok=True)
        part = {"given": given_table, "tasks": task_table}[options.part]
        figures, shown, whole = part(options, out, results)
    return Result(figures, True if whole else None, "" if whole else "wanted: --long and every cell", shown)


def given_table(options: Namespace, out: Path, results: Path) -> tuple[dict[str, Any], list[Any], bool]:
    """Rounds by the share that was given and what becomes of older thoughts."""
    settings = ROUNDS | ({} if options.long else FEW) | {"first_seed": options.seed}
    cells = [(share, data) for share in SHARES for data in (DATA if share < 1 else DATA[1:])]
    work = content_hash({k: v for k, v in settings.items() if k != "first_seed"})[:8]
    for share, data in cells:
        file = results / f"e6-given-{work}-seed-{options.seed}-{share:g}-{data}.json"
        if not file.is_file() and options.cells in (None, [f"{share:g}-{data}"]):
            wanted = {**settings, "rounds.given": share, "rounds.data": data}
            given = [word for name, value in wanted.items() for word in ("--set", f"{name}={value}")]
            place = out / f"seed-{options.seed}-{share:g}-{data}"
            journey("run", options.recipe, "--out", place, *given)
            file.write_text(json.dumps(rounds_of(place, options.seed) | {"share": share, "data": data}) + "\n", "utf-8")
    found = [json.loads(file.read_text("utf-8")) for file in sorted(results.glob(f"e6-given-{work}-seed-*.json"))]
    rows: list[dict[str, Any]] = []
    for share, data in cells:
        of = [f for f in found if (f["share"], f["data"]) == (share, data)]
        if of:
            spread = share_over_seeds([rights(f["right"]) for f in of])
            last = [f["rounds"][-1] for f in of]
            rows.append({
                "given": share, "data": data, "seeds": len(of), "accuracy": spread.value, "low": spread.low,
                "high": spread.high, "validation": [fmean(one["accuracy"] for one in at) for at in
                zip(*(f["rounds"] for f in of), strict=False)], "first": {n: fmean(f["rounds"][0][n] for f in of)
                for n in SHOWN}, "last": {n: fmean(one[n] for one in last) for n in SHOWN},
            })  # fmt: skip
    shown = [
        table("rounds by what was given", ("given, data", "test", "low", "high", "validation by round", *SHOWN[:-1]), [
            (f"{row['given']:.0%} {row['data']}", *map(percent, (row["accuracy"], row["low"], row["high"])),
             " ".join(f"{100 * v:.0f}" for v in row["validation"]),
             *(f"{row['first'][n]:.2f}>{row['last'][n]:.2f}" for n in SHOWN[:-1])) for row in rows
        ])
    ]  # fmt: skip
    return {"work": work, "cells": rows}, shown, options.long and len(rows) == len(cells)


def rounds_of(place: Path, seed: int) -> dict[str, Any]:
    """What the rounds of a run measured, and the answers of its last model to the test, a digit a problem."""
    with Run.read(place) as of:
        rounds = sorted(of.entries(Round, seed=seed, arm=ARM), key=lambda one: one.round)
        name = next(one.model for one in reversed(rounds) if one.model is not None)
        answers = [a for a in of.attempts(model=name, decoding="sampled", split="test") if a.sample == 0]
        right = "".join("1" if a.correct is True else "0" for a in sorted(answers, key=lambda a: a.problem))
        return {"seed": seed, "right": right, "rounds": [dict(r.measured) for r in rounds], "mix": dict(rounds[-1].mix)}


def task_table(options: Namespace, out: Path, results: Path) -> tuple[dict[str, Any], list[Any], bool]:
    """A model of each task alone and one of both."""
    settings = TASKS_AT if options.long else e9.QUICK
    of = e9.Seed(options.seed, str(e9.model_path("tiny")), settings, "test", out, results)
    work = content_hash(e9.asdict(settings), {name: asdict_of(name) for name in e9.OTHER})[:8]

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
    return {"work": work, "models": rows}, shown, options.long and len(rows) == 6


def asdict_of(name: str) -> Any:
    """The settings that a task's trees and journeys are made by."""
    return [e9.asdict(e9.GROW[name]), e9.asdict(e9.RULES[e9.BEST[name]])]


async def measure_tasks(of: "e9.Seed", file_of: Any) -> None:
    """Trains and tests the models of one seed whose results are not there."""
    solutions = {name: solution_rows(of.problems[name]["phase1"], TASKS[name]) for name in e9.OTHER}
    phase1 = of.train("phase 1", of.base, [row for rows in solutions.values() for row in rows])
    rows: dict[str, list[Row]] = {}
    for name in e9.OTHER:
        rows[name] = [*solutions[name], *of.rows(name, (await of.thoughts(name, phase1))[e9.BEST[name]])]
    tokens = token_counter(of.base)
    total = {name: sum(map(tokens, of_task)) for name, of_task in rows.items()}
    for arm, names in MIXES.items():
        share = 0.5 if arm == "both, equal tokens" else 1.0
        chosen = [row for name in names for row in part_of(rows[name], tokens, share * total[name], of.number)]
        place = of.train(arm, of.base, chosen)
        for name in names:
            if not (file := file_of(arm, name)).is_file():
                right = await answers(of, place, name)
                file.write_text(json.dumps({"right": right, "trained": sum(map(tokens, chosen))}) + "\n", "utf-8")


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
        flag("--part", choices=("given", "tasks"), default="given"),
        flag("--cells", type=lambda text: text.split(","), help="one cell only, such as 0.3-accumulate"),
        flag("--seed", type=int, default=1),
        flag("--recipe", default="countdown", help="the recipe that the rounds are of"),
        flag("--out", type=Path, help="where runs and models go, and from where they go on"),
    )
