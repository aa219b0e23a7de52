"""E12: does a small model's journey beat a large model's shortcut, at equal FLOPs of training and of answers?

Two finished runs of one recipe: `--large` from the tiny base, `--small` from a base of a quarter of its parameters that
read the same (docs/LOG.md says by which commands). Each grew its own trees.
Beside the runs' arms stand, seed by seed:

- the small journey trained on, by further passes over the same rows, until phase 2 cost the FLOPs of the large shortcut
  (or the other way round, where the shortcut cost less);
- the majority of as many answers of the small journey as the FLOPs of one answer of the large shortcut pay for.

FLOPs by `journey.metrics.flops`. Each (arm, seed) is one small JSON in benchmarks/results.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, by_seed, flag, numbers, percent, run, table

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt
from journey.metrics.accuracy import holm, no_difference, over_seeds
from journey.metrics.flops import Compute, Shape, forward, read_shape, training
from journey.metrics.votes import maj_at_k
from journey.models.local import Local
from journey.models.weights import folder_hash, model_path, token_counter
from journey.pipeline.kept_recipe import kept_recipe
from journey.pipeline.outcome import outcome
from journey.pipeline.points import Point
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import recipe_of
from journey.pipeline.sweep_points import measure
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.training.rows import Row, match_tokens, sft_rows
from journey.training.sft import train_sft
from journey.types import Attempt, content_hash

METHODS = {"shortcut": "shortcut", "journey": "traverse"}
SAMPLES = 7
Right = dict[str, float]
"""Problem -> 1 where its answer is right, or the expected value of the majority."""


@dataclass(frozen=True)
class Shown:
    """What one arm showed in one seed; FLOPs of phase 2 and of an answer."""

    right: Right
    tokens: float
    cut_off: float
    training: float
    answer: float


class Size:
    """A finished run, with what its model's size costs."""

    def __init__(self, of: Run, name: str) -> None:
        self.of, self.name = of, name
        self.recipe: Recipe = recipe_of(kept_recipe(of), str(of.path))
        self.base = Path(model_path(self.recipe.model))
        self.shape: Shape = read_shape(self.base)
        self.came = outcome(of)

    @cached_property
    def costs(self) -> Mapping[str, Compute]:
        """What each arm cost a seed on average, phase 1 and trees too."""
        place = Point("", None, "", self.recipe)
        return {arm: one.compute for arm, one in measure(self.of.path, place, self.shape).items()}

    def start(self, seed: int) -> Path:
        return self.of.path / "models" / f"seed-{seed}" / "phase1"

    def rows(self, seed: int, arm: str) -> list[Row]:
        """What the arm learnt in a seed, once."""
        thoughts = self.of.thoughts(method=METHODS[arm], seed=seed)
        return sft_rows(thoughts, part(self.of, "train"), ask)

    def epochs(self, rows: Sequence[Row], seed: int) -> tuple[float, float]:
        """Tokens of a pass, and FLOPs of training by it."""
        count = token_counter(self.start(seed))
        tokens = sum(map(count, rows))
        return tokens, training(self.shape, tokens, tokens / max(1, len(rows)))

    def trained(self, seed: int, arm: str) -> float:
        """FLOPs of phase 2 by the recipe's passes."""
        return self.recipe.training.epochs * self.epochs(self.rows(seed, arm), seed)[1]

    def arm(self, seed: int, arm: str) -> Shown:
        """An arm of the run."""
        return self.shown(self.came.by_arm[seed, arm].main, self.trained(seed, arm))

    def shown(self, answers: Sequence[Attempt], trained: float) -> Shown:
        return Shown(
            {a.problem: float(a.correct is True) for a in answers},
            fmean(a.tokens for a in answers),
            fmean(a.finish == "length" for a in answers),
            trained,
            fmean(forward(self.shape, a.tokens, a.tokens) for a in answers),
        )

    def train(self, seed: int, arm: str, flops: float, out: Path) -> float:
        """Trains an arm by further passes until it cost `flops`, and returns what it cost."""
        rows, settings = self.rows(seed, arm), replace(self.recipe.training, seed=seed, epochs=1)
        tokens, each = self.epochs(rows, seed)
        longer = match_tokens(rows, token_counter(self.start(seed)), round(tokens * flops / each), seed=seed)
        train_sft(self.start(seed), longer, out, settings)
        return self.epochs(longer, seed)[1]

    async def answers(self, seed: int, place: Path, samples: int) -> list[list[Attempt]]:
        """Answers of a model to the test problems."""
        rule, model, grader = self.recipe.evaluation, Local(place, "a model"), TaskGrader()
        drawn = Decoding("sampled", rule.temperature, rule.top_p, rule.max_tokens, samples)
        asked = part(self.of, "test")
        found = await asyncio.gather(*(attempt(p, model, grader, ask, drawn, split="test", seed=seed) for p in asked))
        await model.close()
        return [list(one) for one in found]


class Comparison:
    """All arms of two sizes: further models lie in `folder`, figures in `results`."""

    def __init__(self, large: Size, small: Size, folder: Path, results: Path) -> None:
        self.large, self.small, self.folder, self.results = large, small, folder, results
        parts = ("task", "problems", "trees", "thoughts", "training", "evaluation")
        if any(getattr(large.recipe, name) != getattr(small.recipe, name) for name in parts):
            raise UsageError("The two runs differ in more than the model: make both by one recipe, with --set model=.")
        kept = {name: kept_recipe(small.of)[name] for name in parts}
        hashes = content_hash(kept, folder_hash(large.base), folder_hash(small.base))
        self.work = f"e12-{large.recipe.task}-{hashes[:8]}"

    def measure(self, seed: int) -> None:
        """Writes every arm of a seed that is not there."""
        for size in (self.large, self.small):
            for arm in METHODS:
                self.write(seed, f"{size.name} {arm}", size.arm(seed, arm))
        shortcut, journey = self.large.arm(seed, "shortcut"), self.small.arm(seed, "journey")
        k = shortcut.answer / journey.answer
        self.voted(seed, "small journey", self.small.of.path / "models" / f"seed-{seed}" / "journey", k, journey)
        name = (
            "small journey, equal training"
            if journey.training < shortcut.training
            else "large shortcut, equal training"
        )
        size, arm = (self.small, "journey") if name.startswith("small") else (self.large, "shortcut")
        if self.file(seed, name).is_file():
            return
        out = self.folder / f"{self.work}-seed-{seed}" / name.replace(" ", "-").replace(",", "")
        cost = size.train(seed, arm, max(journey.training, shortcut.training), out)
        of = asyncio.run(size.answers(seed, out, 1))
        shown = size.shown([drawn[0] for drawn in of], cost)
        if size is self.small:
            self.voted(seed, name, out, shortcut.answer / shown.answer, shown)
        self.write(seed, name, shown)

    def voted(self, seed: int, name: str, place: Path, k: float, one: Shown) -> None:
        """Writes the majority of `k` answers, at most SAMPLES and at least one."""
        file = self.file(seed, f"{name}, votes")
        if file.is_file():
            return
        k = min(max(k, 1.0), SAMPLES)
        drawn = asyncio.run(self.small.answers(seed, place, SAMPLES))
        tokens = fmean(a.tokens for of in drawn for a in of)
        answer = fmean(forward(self.small.shape, a.tokens, a.tokens) for of in drawn for a in of)
        right = {of[0].problem: maj_at_k(of, k) for of in drawn}
        self.write(seed, f"{name}, votes", replace(one, right=right, tokens=k * tokens, answer=k * answer), votes=k)

    def file(self, seed: int, arm: str) -> Path:
        return self.results / f"{self.work}-seed-{seed}-{arm.replace(' ', '-').replace(',', '')}.json"

    def write(self, seed: int, arm: str, of: Shown, **more: float) -> None:
        file = self.file(seed, arm)
        if not file.is_file():
            self.results.mkdir(parents=True, exist_ok=True)
            right = [round(of.right[p], 4) for p in sorted(of.right)]
            figures = {"seed": seed, "arm": arm, **more, "tokens": of.tokens, "cut_off": of.cut_off,
                       "training": of.training, "answer": of.answer, "right": right}  # fmt: skip
            file.write_text(json.dumps(figures) + "\n", "utf-8")

    def found(self) -> dict[str, dict[int, dict[str, Any]]]:
        """All results that are there, by arm and seed."""
        return by_seed(self.results.glob(f"{self.work}-seed-*.json"))


def shares(figures: Mapping[str, Any]) -> Right:
    return {str(i): share for i, share in enumerate(figures["right"])}


def gain(found: Mapping[str, Mapping[int, Any]], less: str, more: str) -> dict[str, float] | None:
    """The second arm's accuracy minus the first's in points, over the seeds that both have, by problem."""
    seeds = sorted(found.get(less, {}).keys() & found.get(more, {}).keys())
    if not seeds:
        return None
    before, after = ([shares(found[arm][s]) for s in seeds] for arm in (less, more))
    rows = [{p: y[p] - x[p] for p in x} for x, y in zip(before, after, strict=True)]
    d = over_seeds(rows)
    return {"seeds": len(seeds), "points": 100 * d.value, "low": 100 * d.low, "high": 100 * d.high,
            "p": no_difference(rows)}  # fmt: skip


def small_against_large(options: Namespace) -> Result:
    """Measures the seeds that are asked for and shows all that are there."""
    if options.large is None or options.small is None:
        return Result({}, None, "give --large RUN and --small RUN, two finished runs of one recipe")
    with tempfile.TemporaryDirectory() as folder, Run.read(options.large) as first, Run.read(options.small) as second:
        sizes = Size(first, "large"), Size(second, "small")
        results = RESULTS if options.long else Path(folder) / "results"
        work = Comparison(*sizes, options.work or Path(folder), results)
        for seed in options.seeds:
            work.measure(seed)
        found = work.found()
        before = {
            size.name: {"parameters": size.shape.parameters, "phase1": cost.phase1, "trees": cost.growing}
            for size in sizes
            for cost in [size.costs["journey"]]
        }
    arms: dict[str, dict[str, Any]] = {}
    for arm, seeds in found.items():
        spread = over_seeds([shares(f) for f in seeds.values()])
        means = {key: fmean(f[key] for f in seeds.values()) for key in ("tokens", "cut_off", "training", "answer")}
        votes = fmean(f.get("votes", 1.0) for f in seeds.values())
        arms[arm] = {"seeds": len(seeds), "accuracy": spread.value, "low": spread.low, "high": spread.high,
                     "votes": votes, **means}  # fmt: skip
    against = [arm for arm in arms if arm.startswith("small journey")]
    shortcuts = [arm for arm in arms if arm.startswith("large shortcut")]
    wanted = [(less, more) for less in shortcuts for more in against] + [("large shortcut", "small shortcut"),
              ("large journey", "small journey"), ("small shortcut", "small journey")]  # fmt: skip
    pairs = {f"{more} over {less}": d for less, more in wanted if (d := gain(found, less, more)) is not None}
    corrected = holm({name: d["p"] for name, d in pairs.items()})
    pairs = {name: d | {"holm": corrected[name]} for name, d in pairs.items()}
    shown = [
        table("before phase 2, FLOPs a seed", ("", "parameters", "phase 1", "trees"), [
            (name, f"{b['parameters']:,}", f"{b['phase1']:.2e}", f"{b['trees']:.2e}")
            for name, b in before.items()
        ]),
        table("arms", ("", "seeds", "right", "low", "high", "answers", "tokens", "cut off", "FLOPs of phase 2",
                       "FLOPs of answering"), [
            (arm, a["seeds"], *map(percent, (a["accuracy"], a["low"], a["high"])), f"{a['votes']:.1f}",
             f"{a['tokens']:.0f}", percent(a["cut_off"]), f"{a['training']:.2e}", f"{a['answer']:.2e}")
            for arm, a in sorted(arms.items())
        ]),
        table("differences, points", ("", "seeds", "points", "low", "high", "p (Holm)"), [
            (name, d["seeds"], d["points"], d["low"], d["high"], f"{d['holm']:.3g}") for name, d in pairs.items()
        ]),
    ]  # fmt: skip
    is_whole = options.long and min((a["seeds"] for a in arms.values()), default=0) >= 5
    kept = {"work": work.work, "before": before, "arms": arms, "differences": pairs}
    return Result(kept, True if is_whole else None, "" if is_whole else "the row wants --long and five seeds", shown)


if __name__ == "__main__":
    run(
        "E12",
        __doc__,
        small_against_large,
        flag("--large", type=Path, help="a finished run of recipes/countdown.yaml"),
        flag("--small", type=Path, help="the same by a smaller base (--set model=FOLDER)"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )
