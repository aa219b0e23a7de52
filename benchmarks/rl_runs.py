"""What the rows about reinforcement learning share: an arm trained in a seed, tested before and after, a JSON each.

Models to start from come from a finished run of a recipe such as recipes/rl.yaml; the learning happens here.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import by_seed

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt
from journey.metrics.accuracy import error_counts, no_difference, over_seeds
from journey.models.local import Local
from journey.models.weights import folder_hash, model_path
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.thoughts.behaviours import behaviours
from journey.training.rl import train_rl
from journey.training.rl_settings import RlSettings
from journey.training.rows import rl_rows
from journey.types import Attempt, Problem, content_hash

BASE = "base"
YOUNGER = {"problems": ("language",), "thoughts": ("hinted", "hinting", "language", "translating")}
"""Settings of recipes that came after the first results, and that no start depends on."""
SHOWN = ("tokens", "cut_off", "backtracks", "recovery")


@dataclass(frozen=True)
class Sizes:
    """How much is tested: `samples` answers a test problem, `passes` a problem of the first `tried` validation ones."""

    test: int = 300
    samples: int = 4
    tried: int = 100
    passes: int = 16
    max_tokens: int = 600


class RlRuns:
    """Arms over a run: their models lie in `folder`, their figures in `results`. `row` names the row ("e5")."""

    def __init__(self, row: str, of: Run, sizes: Sizes, folder: Path, results: Path) -> None:
        self.of, self.sizes, self.folder, self.results = of, sizes, folder, results
        self.parts = {name: part(of, name) for name in ("rl", "train", "validation", "test")}
        recipe = of.config["recipe"]
        made = {name: recipe[name] for name in ("task", "problems", "trees", "thoughts")}
        for part_of, names in YOUNGER.items():
            made[part_of] = {name: value for name, value in made[part_of].items() if name not in names}
        base = folder_hash(Path(model_path(recipe["model"])))
        self.work = f"{row}-{recipe['task']}-{content_hash(base, made, asdict(sizes))[:8]}"
        used = {p.id for name in ("train", "validation", "test") for p in self.parts[name]}
        if used & {p.id for p in self.parts["rl"]}:
            raise UsageError("problems of reinforcement learning are among those of the trees or the tests")

    def start(self, seed: int, arm: str) -> Path:
        """The folder of a start's model."""
        place = self.of.path / "models" / f"seed-{seed}" / arm
        return Path(model_path(self.of.config["recipe"]["model"])) if arm == BASE else place

    def measure(self, seed: int, arm: str, start: str, settings: RlSettings) -> None:
        """Trains an arm in a seed and tests it, where its results are not there; and its start, once a row."""
        self.test(seed, f"start {start}", self.start(seed, start), {"start": start})
        file = self.file(seed, arm)
        if file.is_file():
            return
        out = self.folder / f"{self.work}-seed-{seed}" / arm.replace(" ", "-")
        rows = rl_rows(self.parts["rl"], self.parts["validation"])
        curve = train_rl(self.start(seed, start), rows, out, settings)
        made = json.loads((out / "training.json").read_text("utf-8"))
        about = {
            "start": start,
            "settings": {name: made["settings"][name] for name in ("learning_rate", "tokens", "credit", "kl", "clip")},
            "generated": made["trained_tokens"],
            "updates": made["steps"],
            "ended": made["ended"],
            "cpu_seconds": made["cpu_seconds"],
            "curve": [{"tokens": point["tokens"], **point["check"]} for point in curve if "check" in point],
        }
        self.test(seed, arm, out, about)

    def file(self, seed: int, arm: str) -> Path:
        """Where the results of an arm in a seed lie."""
        return self.results / f"{self.work}-seed-{seed}-{arm.replace(' ', '-')}.json"

    def test(self, seed: int, arm: str, place: Path, about: Mapping[str, Any]) -> None:
        """Writes what a model answers to the test problems, and of how many answers to some others one is right."""
        file, sizes = self.file(seed, arm), self.sizes
        if file.is_file():
            return
        tried = self.parts["validation"][: sizes.tried]
        drawn, greedy, passed = asyncio.run(self.answers(seed, place, tried))
        known = {problem.id: problem for problem in self.parts["test"]}
        figures = {"seed": seed, "arm": arm, **about, "right": rights(drawn), "greedy": rights(greedy)}
        figures |= {"ended_by_itself": rights(drawn, finished=True), "passed": [right(of) for of in passed]}
        self.results.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures | thinking(drawn, known)) + "\n", "utf-8")

    async def answers(self, seed: int, place: Path, tried: Sequence[Problem]) -> tuple[list[list[Attempt]], ...]:
        sizes, grader, model = self.sizes, TaskGrader(), Local(place, "a model")
        kinds = (
            (self.parts["test"][: sizes.test], "test", Decoding("drawn", 1.0, 1.0, sizes.max_tokens, sizes.samples)),
            (self.parts["test"][: sizes.test], "test", Decoding("greedy", 0.0, 1.0, sizes.max_tokens)),
            (tried, "validation", Decoding("passes", 1.0, 1.0, sizes.max_tokens, sizes.passes)),
        )
        found = [
            await asyncio.gather(*(attempt(p, model, grader, ask, rule, split=split, seed=seed) for p in problems))
            for problems, split, rule in kinds
        ]
        await model.close()
        return tuple(found)

    def found(self) -> dict[str, dict[int, dict[str, Any]]]:
        """All results that are there, by arm and seed."""
        return by_seed(self.results.glob(f"{self.work}-seed-*.json"))


def right(drawn: Iterable[Attempt]) -> int:
    return sum(a.correct is True for a in drawn)


def rights(answers: Sequence[Sequence[Attempt]], *, finished: bool = False) -> str:
    """How many of each problem's answers are right (or came to their own end), a digit a problem."""
    return "".join(str(sum(a.finish != "length" if finished else a.correct is True for a in of)) for of in answers)


def thinking(answers: Sequence[Sequence[Attempt]], known: Mapping[str, Problem]) -> dict[str, Any]:
    every = [a for drawn in answers for a in drawn]
    seen = [behaviours(known[a.problem], a.text, a.correct) for a in every]
    recovered = [b.recovery for b in seen if b.recovery is not None]
    return {
        "tokens": fmean(a.tokens for a in every),
        "cut_off": fmean(a.finish == "length" and a.correct is not True for a in every),
        "backtracks": fmean(b.backtracks for b in seen),
        "recovery": fmean(recovered) if recovered else None,
        "errors": {kind: count / len(every) for kind, count in error_counts(every).items()},
    }


def shares(found: str, samples: int) -> dict[str, float]:
    """Each problem's share of right answers."""
    return {str(i): int(digit) / samples for i, digit in enumerate(found)}


def passing(figures: Mapping[str, Any]) -> dict[str, float]:
    """Whether any of a problem's answers is right."""
    return {str(i): float(count > 0) for i, count in enumerate(figures["passed"])}


def mean(seeds: Iterable[Mapping[str, Any]], name: str) -> float | None:
    known = [figures[name] for figures in seeds if figures[name] is not None]
    return fmean(known) if known else None


def gain(more: Mapping[int, Mapping[str, float]], less: Mapping[int, Mapping[str, float]]) -> dict[str, Any] | None:
    """What one arm is better by than another in points, paired by problem, over the seeds that both have.

    "p": the probability of so large a difference where there is none, not yet corrected.
    """
    both = sorted(more.keys() & less.keys())
    if not both:
        return None
    each = [{p: more[seed][p] - less[seed][p] for p in less[seed]} for seed in both]
    d = over_seeds(each)
    points = {"points": 100 * d.value, "low": 100 * d.low, "high": 100 * d.high}
    return {"seeds": len(both), **points, "p": no_difference(each)}
