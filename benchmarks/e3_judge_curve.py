"""The judge curve: how good the judge was that marked the trees, against the accuracy of the journey made from them.

From a finished run of recipes/countdown.yaml or maze.yaml (`--run`) come each seed's trees and phase 1's model. The
exact judge's verdicts are swapped (right for wrong, wrong for right) for a share of the steps, the same ones each
time; from those trees come the long thoughts, from them the journey's model, and from it answers to the test problems.
Shown are the judge's step F1 (wrong steps are to be found) and the accuracy, and the line through all points.

Each (share, seed) is one small JSON in benchmarks/results; the table combines those of the same run's settings.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from bench import RESULTS, Result, flag, numbers, percent, run, table
from scipy.special import stdtrit

from journey.data.problems import part
from journey.evals.attempts import Decoding, attempt
from journey.models.local import Local
from journey.models.weights import folder_hash
from journey.pipeline.kept_recipe import kept_recipe
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import recipe_of
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, task
from journey.thoughts.draft import draft
from journey.thoughts.traverse import traverse
from journey.training.rows import Row, sft_rows
from journey.training.sft import train_sft
from journey.trees.mark import path, right_leaves, wrong_branches
from journey.types import Node, Tree, content_hash, content_seed

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
OTHER = {"right": "wrong", "wrong": "right"}


def swapped(tree: Tree, share: float, seed: int) -> Tree:
    """The tree with the verdicts of a share of its steps the other way round."""

    def node(index: int, of: Node) -> Node:
        judged = of.judgement
        if judged is None or judged.verdict not in OTHER:
            return of
        if content_seed("swap", seed, tree.id, index) % 10_000 >= share * 10_000:
            return of
        return replace(of, judgement=replace(judged, verdict=OTHER[judged.verdict]))

    return replace(tree, nodes=tuple(node(i, of) for i, of in enumerate(tree.nodes)))


def step_f1(true: Iterable[Tree], judged: Iterable[Tree]) -> float:
    """F1 of finding the wrong steps."""
    both = 0
    counts = [0, 0]
    for one, other in zip(true, judged, strict=True):
        for a, b in zip(one.nodes, other.nodes, strict=True):
            wrong = [n.judgement is not None and n.judgement.verdict == "wrong" for n in (a, b)]
            both += all(wrong)
            counts = [count + is_wrong for count, is_wrong in zip(counts, wrong, strict=True)]
    return 2 * both / sum(counts) if sum(counts) else 0.0


class Curve:
    """The points of one run: figures in `results`, models in `folder`."""

    def __init__(self, of: Run, folder: Path, results: Path, limit: int | None) -> None:
        self.of, self.folder, self.results, self.limit = of, folder, results, limit
        self.recipe: Recipe = recipe_of(kept_recipe(of), "the run")
        kept = {key: kept_recipe(of)[key] for key in ("task", "problems", "trees", "thoughts", "training")}
        first = of.path / "models" / "seed-1" / "phase1"
        self.work = f"judge-curve-{self.recipe.task}-{content_hash(kept, folder_hash(first), limit)[:8]}"

    def measure(self, seed: int, share: float) -> None:
        """Trains and tests the journey of a seed whose judge errs in a share of the steps, where it is not there."""
        file = self.results / f"{self.work}-seed-{seed}-{share:g}.json"
        if file.is_file():
            return
        known = {p.id: p for p in part(self.of, "train")}
        found = {tree.problem: tree for tree in self.of.trees(policy=f"seed-{seed}/phase1")}
        true = [found[id] for id in known if id in found][: self.limit]
        judged = [swapped(tree, share, seed) for tree in true]
        rows, settings = self.rows(judged, seed), replace(self.recipe.training, seed=seed)
        out = self.folder / f"{self.work}-seed-{seed}-{share:g}"
        train_sft(self.of.path / "models" / f"seed-{seed}" / "phase1", rows, out, settings)
        figures = {"seed": seed, "share": share, "f1": step_f1(true, judged), "thoughts": len(rows)}
        self.results.mkdir(exist_ok=True)
        file.write_text(json.dumps(figures | asyncio.run(self.tested(out, seed))) + "\n", "utf-8")

    def rows(self, trees: Sequence[Tree], seed: int) -> list[Row]:
        """The long thoughts of the first trees that give one, by the recipe's rule."""
        settings, kind = self.recipe.thoughts.of("traverse"), task(self.recipe.task)
        known = {p.id: p for p in part(self.of, "train")}
        usable = [tree for tree in trees if right_leaves(tree) and wrong_branches(tree)][: self.recipe.trees.count]
        thoughts = []
        for tree in usable:
            leaf = min(right_leaves(tree), key=lambda i: len(path(tree, i)))
            thoughts.append(draft(tree, known[tree.problem], traverse(tree, leaf, settings, seed), kind.narration))
        return sft_rows(thoughts, known.values(), ask)

    async def tested(self, place: Path, seed: int) -> dict[str, Any]:
        """What the model answers to the test problems."""
        rule, evaluation = Decoding, self.recipe.evaluation
        drawn = rule("sampled", evaluation.temperature, evaluation.top_p, evaluation.max_tokens)
        model, grader = Local(place, "a journey"), TaskGrader()
        asked = part(self.of, "test")[: self.limit]
        found = await asyncio.gather(*(attempt(p, model, grader, ask, drawn, split="test", seed=seed) for p in asked))
        await model.close()
        answers = [one for (one,) in found]
        return {
            "right": "".join("1" if a.correct is True else "0" for a in answers),
            "tokens": fmean(a.tokens for a in answers),
            "cut_off": fmean(a.finish == "length" for a in answers),
        }

    def found(self) -> list[dict[str, Any]]:
        """All points that are there."""
        return [json.loads(file.read_text("utf-8")) for file in sorted(self.results.glob(f"{self.work}-seed-*.json"))]


def judge_curve(options: Namespace) -> Result:
    """Measures the seeds and shares that are asked for and shows all that are there."""
    with tempfile.TemporaryDirectory() as folder, Run.read(options.run) as of:
        results = RESULTS if options.long else Path(folder) / "results"
        curve = Curve(of, options.work or Path(folder), results, None if options.long else 24)
        for seed in options.seeds:
            for share in options.shares:
                curve.measure(seed, share)
        points, name = curve.found(), curve.recipe.task
    for point in points:
        point["accuracy"] = point["right"].count("1") / len(point["right"])
    shares = sorted({point["share"] for point in points})
    by_share = {share: [point for point in points if point["share"] == share] for share in shares}
    line = slope([p["f1"] for p in points], [100 * p["accuracy"] for p in points]) if len(shares) > 2 else None
    shown = [
        table(f"{name}: the journey by the judge of its trees", ("verdicts swapped", "seeds", "step F1", "thoughts",
              "right", "tokens", "cut off"), [
            (percent(share), len(some), *(f(fmean(p[key] for p in some)) for key, f in (
                ("f1", percent), ("thoughts", round), ("accuracy", percent), ("tokens", round), ("cut_off", percent))))
            for share, some in by_share.items()
        ])
    ]  # fmt: skip
    if line is not None:
        shown.append(table("points of accuracy a point of step F1", ("slope", "low", "high"), [line]))
    is_whole = options.long and set(shares) >= set(SHARES) and min(map(len, by_share.values())) >= 2
    figures = {"work": curve.work, "points": points, "slope": line}
    return Result(figures, True if is_whole else None, "" if is_whole else "wants --long and two seeds", shown)


def slope(f1: Sequence[float], accuracy: Sequence[float]) -> tuple[float, float, float]:
    """Points of accuracy a point of F1 by least squares, and its 95 % interval (Student's t)."""
    xs, ys = np.array(f1) * 100, np.array(accuracy)
    spread = float(((xs - xs.mean()) ** 2).sum())
    found = float(((xs - xs.mean()) * ys).sum()) / spread
    left = ys - ys.mean() - found * (xs - xs.mean())
    reach = float(stdtrit(len(xs) - 2, 0.975)) * float((left @ left) / (len(xs) - 2) / spread) ** 0.5
    return found, found - reach, found + reach


if __name__ == "__main__":
    run(
        "E3 judge curve",
        __doc__,
        judge_curve,
        flag("--run", type=Path, default=Path("runs/countdown"), help="a finished run of countdown.yaml or maze.yaml"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2"),
        flag("--shares", type=lambda text: [float(n) for n in text.split(",") if n], default=list(SHARES),
             help="of verdicts that are swapped"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )  # fmt: skip
