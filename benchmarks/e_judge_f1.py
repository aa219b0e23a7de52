"""How a step judge's F1 relates to the trees it grows, the thoughts told of them and the student trained on these.

Countdown. Judges: our own classifier trained on few or many trees, with labels of the exact judge or of rollouts; and
the exact judge whose verdict is turned round with probability p, which gives every F1 one likes. All F1 are against the
exact judge on the steps of trees of held-out puzzles. Right answers are checked exactly whatever the judge says, so a
judge spoils a tree by losing its right leaf, and a thought by calling a true side trip wrong.

The quick form grows with the tiny base as policy and trains no student. --long follows the recipe (phase 1, then trees,
then a student from the same number of problems for every judge). Toy models: the figures say nothing of 7B models.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from journey.data.step_labels import of_trees
from journey.evals.attempts import Decoding, attempt
from journey.evals.judging import JudgingSettings, judge_set, measure
from journey.judges.base import Judge
from journey.judges.classifier import Classifier
from journey.judges.classifier_settings import ClassifierSettings
from journey.judges.exact import Exact
from journey.judges.rollout import RolloutSettings
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.local_threads import use_one_thread
from journey.pipeline import registry
from journey.pipeline.recipe import Telling
from journey.pipeline.stages import solution_rows, tell
from journey.tasks.countdown.puzzle import PuzzleSettings
from journey.tasks.countdown.sources import drawn
from journey.tasks.table import task
from journey.thoughts.traverse import TraverseSettings
from journey.training.prm import train_prm
from journey.training.rows import sft_rows
from journey.training.settings import PrmSettings, SftSettings
from journey.training.sft import train_sft
from journey.training.step_rows import tree_rows
from journey.trees.grow import GrowSettings, grow
from journey.trees.label import label
from journey.trees.mark import path_texts, right_leaves, wrong_branches
from journey.types import Judgement, Problem, Thought, Tree, content_seed

TASK = task("countdown")
GROW = GrowSettings(width=6, keep=2, follow_wrong=6, depth=2, temperature=1.0, top_p=1.0, max_step_tokens=24)
LOW = 0.15  # few steps are right here: a threshold that errs on the other side
PRM = PrmSettings(learning_rate=1e-3, epochs=6, batch=16, schedule="cosine", device="cpu")
ROLLOUT = RolloutSettings(n=8, temperature=1.0, top_p=1.0, max_tokens=24, stop=("Wait", "Yes"))
SFT = SftSettings(epochs=3, batch=16, learning_rate=1e-3, device="cpu")
TELLINGS = {
    "to a wrong answer": Telling(traverse=TraverseSettings(start="root", trials=6, vary=True, to_answer=True)),
    "to the judge's word": Telling(traverse=TraverseSettings(start="root", trials=6, vary=True, trip_steps=1)),
}


class Remembered:
    """A model that is asked the same thing once: the judges' trees share their steps."""

    def __init__(self, model: Model) -> None:
        self.name, self._model = model.name, model
        self._known: dict[tuple[Prompt, Sampling], list[Completion]] = {}

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        if (prompt, sampling) not in self._known:
            self._known[prompt, sampling] = await self._model.complete(prompt, sampling)
        return self._known[prompt, sampling]


class Flipped:
    """The exact judge, its verdict turned round with probability p, always the same for the same step."""

    def __init__(self, p: float) -> None:
        self.name = f"exact, {p:.0%} flipped"
        self._p = p

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        said = await Exact().judge(problem, prefix, candidates)
        return [self._turned(problem, prefix, step, one) for step, one in zip(candidates, said, strict=True)]

    def _turned(self, problem: Problem, prefix: Sequence[str], step: str, said: Judgement) -> Judgement:
        draw = random.Random(content_seed("flip", problem.id, list(prefix), step)).random()
        is_right = (said.verdict == "right") != (draw < self._p)
        if said.verdict is None:
            return replace(said, by=self.name)
        return Judgement("right" if is_right else "wrong", float(is_right), None, self.name)


@dataclass(frozen=True)
class World:
    """What all judges share: the policy, the puzzles for trees, and held-out trees judged exactly."""

    policy: Model
    base: Path
    problems: list[Problem]
    tested: list[tuple[Problem, Tree]]
    folder: Path


async def trees_of(policy: Model, problems: Sequence[Problem], judge: Judge) -> list[Tree]:
    """The trees of all problems, grown side by side."""
    grader = TASK.grader()
    return list(await asyncio.gather(*(grow(p, policy, judge, grader, TASK.ask, TASK.steps, GROW) for p in problems)))


async def f1_of(judge: Judge, tested: list[tuple[Problem, Tree]]) -> dict[str, Any]:
    """Step F1 (macro) and that of the wrong class, with intervals, on held-out trees."""
    labelled = of_trees("held-out trees", iter(tested))
    measured = measure(labelled, await judge_set(judge, labelled.items), JudgingSettings(rounds=300))
    names = {"f1": "step_f1", "f1_wrong": "step_f1_bad"}
    found = {name: measured.figures[key] for name, key in names.items()}
    return {name: None if one is None else [one.value, one.low, one.high] for name, one in found.items()} | {
        "steps": measured.steps
    }


async def truly_wrong(problem: Problem, tree: Tree, node: int) -> bool:
    """Whether the exact judge calls a step on the way to the node wrong."""
    texts = path_texts(tree, node)
    said = [(await Exact().judge(problem, texts[:i], [text]))[0] for i, text in enumerate(texts)]
    return any(one.verdict == "wrong" for one in said)


async def validity(thoughts: Sequence[tuple[Problem, Tree, Thought]]) -> dict[str, float | None]:
    """The share of side trips that end at a truly wrong step, and of thoughts all of whose side trips do."""
    trips: list[bool] = []
    whole: list[bool] = []
    for problem, tree, thought in thoughts:
        ends = [
            one.node
            for one, after in zip(thought.segments, thought.segments[1:], strict=False)
            if one.kind == "mistake" and after.kind != "mistake" and one.node is not None
        ]
        found = [await truly_wrong(problem, tree, end) for end in ends]
        trips += found
        whole.append(all(found))
    return {"trips_valid": fmean(trips) if trips else None, "thoughts_valid": fmean(whole) if whole else None}


async def quality(world: World, judge: Judge, telling: Telling) -> tuple[dict[str, Any], list[Thought]]:
    """What the judge makes of the problems: trees with a right leaf, with one and a wrong branch, valid thoughts."""
    grown = await trees_of(world.policy, world.problems, judge)
    by_id = {problem.id: problem for problem in world.problems}
    told = [tree for tree in grown if right_leaves(tree) and wrong_branches(tree)]
    long = [(by_id[t.problem], t, tell(t, by_id[t.problem], TASK, telling, 0)[1]) for t in told]
    found = {
        "trees": len(grown),
        "with_right_leaf": fmean(bool(right_leaves(tree)) for tree in grown),
        "told": len(told),
        **await validity(long),
    }
    return found, [thought for _, _, thought in long]


async def student(world: World, thoughts: list[Thought], name: str, tests: list[Problem], seed: int) -> dict[str, Any]:
    """A student trained on the thoughts from where the policy stands, and its accuracy on test problems."""
    out = world.folder / f"student-{name}-{seed}"
    rows = sft_rows(thoughts, world.problems, TASK.ask)
    train_sft(world.base, rows, out, replace(SFT, seed=seed))
    model, grader = registry.local(out, name), TASK.grader()
    rule = Decoding("sampled", 1.0, 1.0, 600, 1)
    found = await asyncio.gather(*(attempt(p, model, grader, TASK.ask, rule, split="test", seed=seed) for p in tests))
    await registry.close(model)
    return {"accuracy": fmean(a.correct is True for several in found for a in several), "thoughts": len(rows)}


def judges(world: World, exact: list[Tree], rolled: list[Tree], counts: Sequence[int], flips: Sequence[float]):
    """Every judge with where its labels come from and of how many trees, made when it is its turn."""
    yield "exact", None, Exact()
    for p in flips:
        yield f"exact, {p:.0%} flipped", None, Flipped(p)
    for labels, trees in (("exact labels", exact), ("rollout labels", rolled)):
        for count in (n for n in counts if n <= len(trees)):
            out = world.folder / f"judge-{labels.split()[0]}-{count}"
            rows = tree_rows(trees[:count], [*world.problems, *LABELLED])
            train_prm(registry.model_path("tiny"), rows, out, PRM)
            yield f"classifier, {labels}", count, Classifier(out, f"prm:{count}", device="cpu")
            low = ClassifierSettings(right=LOW, wrong=LOW)
            yield f"the same, right from {LOW}", count, Classifier(out, f"prm:{count}, {LOW}", low, "cpu")


LABELLED: list[Problem] = []


async def measure_all(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    use_one_thread()
    kind = PuzzleSettings()
    counts = [int(n) for n in asked.counts.split(",") if n]
    LABELLED[:] = drawn("judge", max(counts, default=0), 1, kind, held_out=False)
    held = drawn("judge-test", asked.test_trees, 0, kind, held_out=True)
    tests = drawn("test", 300, 0, kind, held_out=True)
    base = Path(registry.model_path("tiny"))
    labelled = {problem.id for problem in LABELLED}
    problems = drawn("train", 1500 + asked.problems + len(LABELLED), 0, kind, held_out=False)
    problems = [problem for problem in problems if problem.id not in labelled][: 1500 + asked.problems]
    if asked.long:
        base = folder / "phase1"
        train_sft(registry.model_path("tiny"), solution_rows(problems[:1500], TASK), base, SFT)
    policy = Remembered(registry.local(base, "policy"))
    exact = await trees_of(policy, LABELLED, Exact())
    tested = list(zip(held, await trees_of(policy, held, Exact()), strict=True))
    world = World(policy, base, problems[1500:], tested, folder)
    explorer = registry.local(registry.model_path("tiny"), "tiny")
    rolled = await asyncio.gather(
        *(
            label(p, t, explorer, TASK.ask, TASK.grader(), ROLLOUT)
            for p, t in zip(LABELLED[: asked.rolled], exact[: asked.rolled], strict=True)
        )
    )
    rows: list[dict[str, Any]] = []
    flips = [float(p) for p in asked.flips.split(",")]
    if rolled:
        agreed = await f1_of_labels(rolled, exact)
        rows.append({"judge": "rollout labels themselves", "labelled_trees": None, **agreed})
    for name, count, judge in judges(world, exact, list(rolled), counts, flips):
        row: dict[str, Any] = {"judge": name, "labelled_trees": count, **await f1_of(judge, tested)}
        for telling, how in TELLINGS.items():
            found, thoughts = await quality(world, judge, how)
            row |= {telling: found}
            if asked.long and (telling == "to a wrong answer" or asked.both):
                seeds = [
                    await student(world, thoughts, f"{len(rows)}", tests, seed)
                    for seed in range(asked.first_seed, asked.first_seed + asked.seeds)
                ]
                found["accuracy"] = fmean(one["accuracy"] for one in seeds)
        rows.append(row)
        if not asked.json:
            print(f"{time.perf_counter() - began:6.0f} s  {json.dumps(row)}", flush=True)
    return {
        "judges": rows,
        "seconds": round(time.perf_counter() - began),
        "policy": "phase 1" if asked.long else "tiny",
    }


async def f1_of_labels(rolled: Sequence[Tree], exact: Sequence[Tree]) -> dict[str, Any]:
    """The rollout labels as if they were a judge, against the exact ones of the same trees."""

    class Said:
        name = "rollouts"

        async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
            return [known[problem.id, (*prefix, step)] for step in candidates]

    known = {
        (tree.problem, tuple(path_texts(tree, i))): node.judgement or Judgement(None)
        for tree in rolled
        for i, node in enumerate(tree.nodes)
    }
    by_id = {problem.id: problem for problem in LABELLED}
    return await f1_of(Said(), [(by_id[tree.problem], tree) for tree in exact[: len(rolled)]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true", help="follow the recipe and train students too")
    parser.add_argument("--both", action="store_true", help="with --long: students of both ways of telling")
    parser.add_argument("--counts", default="20,80,320", help="labelled trees a classifier is trained on")
    parser.add_argument("--flips", default="0.05,0.1,0.2,0.4", help="of the exact judge's verdicts")
    parser.add_argument("--rolled", type=int, default=80, help="trees labelled by rollouts")
    parser.add_argument("--problems", type=int, help="for trees; 150, with --long 480")
    parser.add_argument("--test-trees", type=int, default=150, help="held-out trees that F1 is measured on")
    parser.add_argument("--seeds", type=int, default=1, help="of the students (--long)")
    parser.add_argument("--first-seed", type=int, default=0)
    asked = parser.parse_args()
    asked.problems = asked.problems or (480 if asked.long else 150)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure_all(asked, Path(folder)))
    if asked.json:
        print(json.dumps({"row": "judge F1", "reached": None, "figures": found}))
        return
    table = Table(title=f"Judges of Countdown steps; policy {found['policy']}", title_justify="left")
    for column in ("judge", "trees", "step F1", "F1 wrong", "right leaf", "told", "trips true", "by word", "accuracy"):
        table.add_column(column, justify="left" if column == "judge" else "right")
    for row in found["judges"]:
        first, word = (row.get(telling) or {} for telling in TELLINGS)
        table.add_row(
            row["judge"], str(row["labelled_trees"] or ""), _interval(row["f1"]), _interval(row["f1_wrong"]),
            _percent(first.get("with_right_leaf")), str(first.get("told", "")), _percent(first.get("trips_valid")),
            _percent(word.get("trips_valid")), _percent(first.get("accuracy")),
        )  # fmt: skip
    Console(width=140).print(table)
    print(f"{found['seconds']} s")


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _interval(value: list[float] | None) -> str:
    return "" if value is None else f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"


if __name__ == "__main__":
    main()
