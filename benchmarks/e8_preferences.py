"""E8: kinds of preference pairs side by side, from the journey's model: what each does to accuracy and to thinking.

From a finished run of recipes/countdown.yaml (`--run`) come the trained journey models, their answers to training
problems and the trees of each seed. Every kind of pairs trains as many pairs for as many steps with the same share of
supervised loss; beta and rate come from one grid, for each kind those with which a pilot seed (the run's last, which is
not reported) answers most validation problems right. The test is asked once.

Each (kind, seed) is one small JSON in benchmarks/results; the table combines those made by the same run and settings.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, by_seed, flag, numbers, percent, run, table
from rl_runs import rights, shares

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt
from journey.metrics.accuracy import holm, no_difference, over_seeds
from journey.models.local import Local
from journey.models.weights import reader_of
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.thoughts.behaviours import behaviours
from journey.training.dpo import train_dpo
from journey.training.pairs import OUTCOME, dpo_rows, readable, step_rows
from journey.training.rows import Row
from journey.training.settings import DpoSettings
from journey.types import Attempt, Problem, content_hash

START = "journey"
KINDS = {
    "outcome": (OUTCOME,),
    "first-error": ("first-error",),
    "recovery": ("recovery",),
    "first-error and recovery": ("first-error", "recovery"),
    "value": ("value",),
}
SHOWN = ("tokens", "backtracks", "recovery", "cut_off")
TRAINED, CHOSEN = ("rows", "steps", "trained_tokens"), ("beta", "learning_rate")


@dataclass(frozen=True)
class Settings:
    """How much of everything; the quick form has less."""

    pairs: int = 140
    validation: int = 100
    test: int = 300
    samples: int = 1  # answers a test problem
    betas: tuple[float, ...] = (0.1,)
    rates: tuple[float, ...] = (2e-5, 1.6e-4)
    training: DpoSettings = DpoSettings(epochs=1, batch=2, sft_weight=0.2)
    max_tokens: int = 600


QUICK = Settings(pairs=8, validation=4, test=8, rates=(2e-5,))


class Preferences:
    """All kinds over one run: their models lie in `folder`, their figures in `results`."""

    def __init__(self, of: Run, settings: Settings, folder: Path, results: Path) -> None:
        self.of, self.settings, self.folder, self.results = of, settings, folder, results
        recipe = of.config["recipe"]
        made = {name: recipe[name] for name in ("problems", "trees", "thoughts")}
        work = content_hash(of.config["weights"], made, recipe["arms"][START], asdict(settings), KINDS)
        self.work = f"e8-{work[:8]}"
        self.pilot = recipe["first_seed"] + recipe["seeds"] - 1
        self.problems = list(of.problems())

    def start(self, seed: int) -> Path:
        return self.of.path / "models" / f"seed-{seed}" / START

    def measure(self, seed: int) -> None:
        """Trains and tests every kind in a seed whose results are not there."""
        if seed == self.pilot:
            raise UsageError(f"seed {seed} chose the settings and is not reported; give others")
        best = self.best()
        for kind in (START, *KINDS):
            file = self.results / f"{self.work}-seed-{seed}-{kind.replace(' ', '-')}.json"
            if file.is_file():
                continue
            trained, place = {}, self.start(seed)
            if kind != START:
                place = self.train(seed, kind, *best[kind])
                about = json.loads((place / "training.json").read_text("utf-8"))
                trained = {name: about[name] for name in TRAINED}
                trained |= dict(zip(CHOSEN, best[kind], strict=True))
            drawn = asyncio.run(self.answers(f"{kind}/{seed}", place, "test", seed, self.settings.samples))
            self.write(file, {"seed": seed, "kind": kind, **trained, "right": rights(drawn), **self.thinking(drawn)})

    def best(self) -> dict[str, tuple[float, float]]:
        """Beta and rate of each kind: the best on validation with the pilot seed, whose grid is kept."""
        file = self.results / f"{self.work}-pilot.json"
        found: dict[str, dict[str, float]] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        grid = list(product(self.settings.betas, self.settings.rates))
        for kind, (beta, rate) in product(KINDS, grid):
            of = found.setdefault(kind, {})
            if f"{beta} {rate}" not in of:
                place = self.train(self.pilot, kind, beta, rate)
                drawn = asyncio.run(self.answers(place.name, place, "validation", self.pilot, 1))
                of[f"{beta} {rate}"] = fmean(shares(rights(drawn), 1).values())
                self.write(file, found)
        return {kind: max(grid, key=lambda one: found[kind][f"{one[0]} {one[1]}"]) for kind in KINDS}

    def write(self, file: Path, figures: Mapping[str, Any]) -> None:
        self.results.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures) + "\n", "utf-8")

    def rows(self, seed: int, kind: str) -> list[Row]:
        """As many pairs of a kind as of every other."""
        rows: list[Row] = []
        for one in KINDS[kind]:
            count = self.settings.pairs // len(KINDS[kind])
            if one == OUTCOME:
                answers = self.of.attempts(model=f"seed-{seed}/{START}", decoding="preferences", split="train")
                found = dpo_rows(answers, self.problems, ask, seed=seed, cut_off_is_wrong=True, count=count)
            else:
                trees = self.of.trees(policy=f"seed-{seed}/phase1")
                found = step_rows(one, trees, self.problems, seed=seed, count=count + 20)
                found = readable(found, reader_of(self.start(seed)))[:count]
            if len(found) < count:
                raise UsageError(f"seed {seed} gives {len(found)} of {count} pairs of the kind {one}")
            rows += found
        return rows

    def train(self, seed: int, kind: str, beta: float, rate: float) -> Path:
        out = self.folder / f"seed-{seed}-{kind.replace(' ', '-')}-{beta}-{rate}"
        chosen = replace(self.settings.training, beta=beta, learning_rate=rate, seed=seed)
        train_dpo(self.start(seed), self.rows(seed, kind), out, chosen)
        return out

    async def answers(self, called: str, place: Path, split: str, seed: int, samples: int) -> list[list[Attempt]]:
        """The answers to the problems of a part, drawn at temperature 1."""
        count = {"validation": self.settings.validation, "test": self.settings.test}[split]
        rule = Decoding("drawn", 1.0, 1.0, self.settings.max_tokens, samples)
        model, grader = Local(place, called), TaskGrader()
        drawn = [
            attempt(problem, model, grader, ask, rule, split=split, seed=seed)
            for problem in part(self.of, split)[:count]
        ]
        found = await asyncio.gather(*drawn)
        await model.close()
        return found

    def thinking(self, answers: Sequence[Sequence[Attempt]]) -> dict[str, float | None]:
        known: dict[str, Problem] = {problem.id: problem for problem in self.problems}
        every = [a for drawn in answers for a in drawn]
        seen = [behaviours(known[a.problem], a.text, a.correct) for a in every]
        recovered = [b.recovery for b in seen if b.recovery is not None]
        return {
            "tokens": fmean(a.tokens for a in every),
            "backtracks": fmean(b.backtracks for b in seen),
            "recovery": fmean(recovered) if recovered else None,
            "cut_off": fmean(a.finish == "length" for a in every),
        }


def preferences(options: Namespace) -> Result:
    """Measures the seeds that are asked for and shows all that are there."""
    settings = Settings() if options.long else QUICK
    with tempfile.TemporaryDirectory() as folder, Run.read(options.run) as of:
        results = RESULTS if options.long else Path(folder) / "results"
        here = Preferences(of, settings, options.work or Path(folder), results)
        for seed in options.seeds:
            here.measure(seed)
        found = by_seed(results.glob(f"{here.work}-seed-*.json"), "kind")
    arms: dict[str, dict[str, Any]] = {}
    gains: dict[str, dict[str, Any]] = {}
    for kind, of_seeds in sorted(found.items(), key=lambda item: (START, *KINDS).index(item[0])):
        drawn = {seed: shares(f["right"], settings.samples) for seed, f in of_seeds.items()}
        spread = over_seeds(list(drawn.values()))
        arms[kind] = {"seeds": len(drawn), "accuracy": spread.value, "low": spread.low, "high": spread.high,
                      **{name: mean(of_seeds, name) for name in SHOWN}}  # fmt: skip
        if kind == START:
            continue
        arms[kind] |= {name: mean(of_seeds, name) for name in TRAINED}
        arms[kind] |= {name: next(iter(of_seeds.values()))[name] for name in CHOSEN}
        for other in (START, OUTCOME):
            shared = sorted(drawn.keys() & found.get(other, {}).keys())
            if other == kind or not shared:
                continue
            before = {seed: shares(found[other][seed]["right"], settings.samples) for seed in shared}
            each = [{p: drawn[seed][p] - before[seed][p] for p in before[seed]} for seed in shared]
            d = over_seeds(each)
            gains[f"{kind} over {other}"] = {
                "seeds": len(each), "points": 100 * d.value, "low": 100 * d.low, "high": 100 * d.high,
                "p": no_difference(each),
            }  # fmt: skip
    corrected = holm({name: one["p"] for name, one in gains.items()})
    gains = {name: one | {"holm": corrected[name]} for name, one in gains.items()}
    shown = [
        table("kinds", ("", "seeds", "right", "low", "high", *SHOWN), [
            (kind, a["seeds"], *map(percent, (a["accuracy"], a["low"], a["high"])), a["tokens"],
             a["backtracks"], *map(percent, (a["recovery"], a["cut_off"]))) for kind, a in arms.items()
        ]),
        table("training", ("", *TRAINED, *CHOSEN), [
            (kind, *(a[name] for name in TRAINED), *(f"{a[name]:g}" for name in CHOSEN))
            for kind, a in arms.items() if kind != START
        ]),
        table("differences, points", ("", "seeds", "points", "low", "high", "p (Holm)"), [
            (name, d["seeds"], d["points"], d["low"], d["high"], f"{d['holm']:.3g}") for name, d in gains.items()
        ]),
    ]  # fmt: skip
    is_whole = options.long and len(arms) == 1 + len(KINDS) and all(a["seeds"] >= 3 for a in arms.values())
    kept = {"work": here.work, "arms": arms, "differences": gains}
    return Result(kept, True if is_whole else None, "" if is_whole else "the row wants --long and three seeds", shown)


def mean(of_seeds: Mapping[int, Mapping[str, Any]], name: str) -> float | None:
    known = [figures[name] for figures in of_seeds.values() if figures[name] is not None]
    return fmean(known) if known else None


if __name__ == "__main__":
    run(
        "E8",
        __doc__,
        preferences,
        flag("--run", type=Path, default=Path("runs/countdown"), help="a finished run of recipes/countdown.yaml"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2,3"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )
