"""Runs a recipe: the whole river for every seed, then the report.

A seed makes phase 1, trees, both arms and their controls; only the base model is shared. Both arms are told from the
same trees and trained for the same passes (O1 Replication Journey part 1, Table 6).
"""

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from journey import interrupts, prompts
from journey.data import problems
from journey.data.problems import PARTS
from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.models.budget import BudgetTracker, Limits, Price
from journey.models.cached import Cached
from journey.models.local_threads import use_one_thread
from journey.pipeline import registry
from journey.pipeline.executor import Job, JobProgress, work_off
from journey.pipeline.fan_out import Progress, together
from journey.pipeline.recipe import UNCOMPARED, Problems, Recipe, saved
from journey.pipeline.stages import (
    SPENT,
    evaluate,
    grow_trees,
    keep_spent,
    refuse_retrained,
    solution_rows,
    spent,
    tell,
    told_trees,
    train,
)
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.table import ask, task
from journey.training.rows import dpo_rows, match_tokens, sft_rows
from journey.types import Attempt, Problem

TRAINED = ("phase1", "train")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a served judge may cost, and at which prices; `since` entries of the run's spending were there before."""

    limits: Limits = Limits()
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])  # goes to other processes: a plain dict
    since: int = 0


UNLIMITED = Budget()


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    fresh: bool,
    progress: JobProgress,
    on_seed: Callable[[Run], None],
    tracker: BudgetTracker | None = None,
) -> Run:
    """Runs the recipe into the folder `out` and returns the open run. `on_seed` is called after each seed.

    `tracker` gives the budget and the prices of a judge behind a server; what it costs stands in the run's log.
    """
    run = Run.open(out, config_of(recipe), fresh=fresh, ignore=UNCOMPARED)
    try:
        store_problems(run, recipe)
        budget = Budget(since=len(run.logged(SPENT)))
        jobs = jobs_of(
            recipe, budget if tracker is None else replace(budget, limits=tracker.limits, prices=tracker.prices)
        )
        left = {job.name for job in jobs}

        def on_done(name: str) -> None:
            left.discard(name)
            seed = name.partition(" ")[0]
            if not any(other.startswith(f"{seed} ") for other in left):
                on_seed(run)

        work_off(run, jobs, recipe.workers or os.cpu_count() or 1, progress, on_done)
    except BaseException:
        run.close()
        raise
    return run


def jobs_of(recipe: Recipe, budget: Budget = UNLIMITED) -> list[Job]:
    """The parts of every seed as jobs; earlier seeds go first, so that the first table stands early.

    Where the judge is behind a server, the trees of one seed wait for those of the seed before: they share a budget.
    """
    is_paid = registry.judge_is_served(recipe.judge, recipe.model, recipe.servers)
    seeds = range(recipe.first_seed, recipe.first_seed + recipe.seeds)
    jobs: list[Job] = []
    for seed in seeds:
        for part, after in NEEDS.items():
            # No part of a seed but its trees begins before the trees of the seed before.
            before = [f"seed-{seed - 1} trees"] if (part != "trees" or is_paid) and seed - 1 in seeds else []
            needs = (*(f"seed-{seed} {name}" for name in after), *before)
            if (part != "dpo" or recipe.preferences.problems) and (part != "matched" or recipe.matched_tokens):
                jobs.append(Job(f"seed-{seed} {part}", seed_job, (recipe, seed, part, budget), needs))
    return jobs


def seed_job(
    run: Run, progress: Progress, recipe: Recipe, seed: int, part: str, budget: Budget, greedy: bool = True
) -> None:
    """One part of one seed, in this process."""
    use_one_thread()
    interrupts.run(DEEDS[part](Seed(run, progress, recipe, seed, budget, greedy)))


def config_of(recipe: Recipe) -> dict[str, Any]:
    """The settings that a run keeps: the resolved recipe, the prompt's hash and the versions that made it."""
    return {
        "recipe": saved(recipe, recipe.judge),
        "prompts": {name: prompts.hash(name) for name in task(recipe.task).prompts},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """The versions of what makes a run."""
    return {name: _version(name) for name in ("journey-learning", "torch", "transformers", "trl")}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # trees can be grown by a model that needs none of the extras
        return "not installed"


def store_problems(run: Run, recipe: Recipe) -> None:
    """Stores each part's problems under its split, after checking that nothing tested on is trained on."""
    if run.count("problems", split="train"):
        return
    parts = make_problems(recipe)
    for part in ("phase1", "train"):
        problems.disjoint(parts[part], [*parts["validation"], *parts["test"]])
    problems.disjoint(parts["validation"], parts["test"])
    for part in ("test", "validation", "phase1", "train"):  # train last: it says that all of them are there
        run.put_all("problems", parts[part], split=part)


def make_problems(recipe: Recipe) -> dict[str, list[Problem]]:
    """The problems of each part: drawn puzzles, or a file's, cut into parts by their content."""
    wanted, kind = recipe.problems, task(recipe.task)
    if wanted.file is None:
        return drawn_problems(kind, wanted)
    found = problems.load_for(kind, wanted.file)
    tests: list[Problem] = []
    if wanted.test_file is not None:
        tests = problems.load_for(kind, wanted.test_file)
    asked = {part: getattr(wanted, part) for part in PARTS if not (tests and part == "test")}
    total = sum(asked.values())
    if total > len(found):
        raise UsageError(f"{wanted.file} holds {len(found)} problems but {total} are asked for; lower problems.train")
    chosen = problems.select(found, limit=total, seed=0)
    parts: dict[str, list[Problem]] = {}
    for part, count in asked.items():
        parts[part], chosen = chosen[:count], chosen[count:]
    return {"test": tests[: wanted.test]} | parts


def drawn_problems(kind: Task, wanted: Problems) -> dict[str, list[Problem]]:
    """Problems drawn by the task's rule; validation and test are of those held out from every training."""
    if kind.draw is None:
        raise UsageError(f"problems of the task {kind.name} are not drawn; name their file as problems.file")
    settings = wanted.puzzles
    phase1_and_train = kind.draw("train", wanted.phase1 + wanted.train, 0, settings, held_out=False)
    tests = kind.draw("test", wanted.validation + wanted.test, 0, settings, held_out=True)
    return {
        "phase1": phase1_and_train[: wanted.phase1],
        "train": phase1_and_train[wanted.phase1 :],
        "validation": tests[: wanted.validation],
        "test": tests[wanted.validation :],
    }


def part(run: Run, name: str) -> list[Problem]:
    """The stored problems of a part, in the order of their ids; of a trained one without those that were taken out."""
    out = excluded(run) if name in TRAINED else ()
    return [p for p in run.problems(split=name) if p.id not in out]


class Seed:
    """What one seed's stations share. Models are named seed-N/ARM. `greedy`: whether they answer greedily too."""

    def __init__(
        self, run: Run, progress: Progress, recipe: Recipe, seed: int, budget: Budget, greedy: bool = True
    ) -> None:
        self.run, self.progress, self.recipe, self.seed, self.budget = run, progress, recipe, seed, budget
        self.greedy = greedy
        self.task = task(recipe.task)
        self.train_problems = part(run, "train")

    async def trees(self) -> None:
        """Phase 1: a policy from right solutions; then its trees and both ways of telling them."""
        base = registry.model_path(self.recipe.model)
        phase1 = self.fit("phase1", base, solution_rows(part(self.run, "phase1"), self.task), self.recipe.phase1)
        await self.grow(phase1)
        self.tell()

    async def phase1(self) -> None:
        """What phase 1 alone can do."""
        await self.attempts("phase1")

    async def journey(self) -> None:
        """Phase 2 on long thoughts."""
        self.fit("journey", self.model("phase1"), self.rows("traverse"), self.recipe.training)

    async def answers(self) -> None:
        """What the journey can do."""
        await self.attempts("journey")

    async def dpo(self) -> None:
        """DPO after journey."""
        pairs = await self.preferences()
        if not pairs:  # the other arms stand without it
            reason = "no training problem has both a right and a wrong answer; raise preferences.problems"
            self.run.fail("dpo", self.name("dpo"), reason)
            return
        self.run.unfail("dpo", self.name("dpo"))
        self.fit("dpo", self.model("journey"), pairs, self.recipe.preferences.training)
        await self.attempts("dpo")

    async def shortcut(self) -> None:
        """Phase 2 on right paths from the same trees, for the same passes; with votes."""
        self.fit("shortcut", self.model("phase1"), self.rows("shortcut"), self.recipe.training)
        await self.attempts("shortcut", samples=self.recipe.evaluation.votes)

    async def matched(self) -> None:
        """The shortcut trained on as many tokens as the journey."""
        phase1, rows = self.model("phase1"), self.rows("shortcut")
        count = registry.token_counter(phase1)
        target = sum(map(count, self.rows("traverse")))
        self.fit("shortcut_tokens", phase1, match_tokens(rows, count, target, seed=self.seed), self.recipe.training)
        await self.attempts("shortcut_tokens")

    def model(self, arm: str) -> Path:
        return self.run.path / "models" / self.name(arm)

    def name(self, arm: str) -> str:
        return f"seed-{self.seed}/{arm}"

    def fit(self, arm: str, base: str | Path, rows: Sequence[dict[str, Any]], settings: Any) -> Path:
        """Trains an arm with this seed."""
        return train(self.run, self.name(arm), base, rows, replace(settings, seed=self.seed), self.progress)

    async def grow(self, phase1: Path) -> None:
        """The trees of the training problems, by the policy that phase 1 made."""
        tracker = BudgetTracker(self.budget.limits.less(*spent(self.run, self.budget.since)), self.budget.prices)
        models = registry.Models(self.run, tracker, self.recipe.servers)
        policy = registry.local(phase1, self.name("phase1"))
        models.register_loaded(phase1, policy)  # a judge may roll out from the same weights
        recipe = self.recipe
        try:
            judge = models.judge(recipe.judge, recipe.model, recipe.judge_settings)
            refuse_retrained(self.run, judge.name, registry.judge_weights(recipe.judge, recipe.model))
            await grow_trees(
                self.run,
                self.train_problems,
                Cached(policy, self.run),
                judge,
                self.task,
                replace(self.recipe.trees.grow, seed=self.seed),
                in_flight=self.recipe.in_flight,
                progress=self.progress,
            )
        finally:
            keep_spent(self.run, tracker)
            await models.close()
            await registry.close(policy)

    def tell(self) -> None:
        """Stores the thoughts of both arms, told from the same trees. Raises UsageError where nothing was solved."""
        trees = told_trees(self.run, self.train_problems, self.name("phase1"), self.recipe.trees.count)
        if not trees:
            raise UsageError(
                f"{self.name('phase1')} solved none of {len(self.train_problems)} problems, so there is nothing to "
                "tell; give phase1 more problems or epochs, or trees.grow a greater width or keep"
            )
        by_id = {p.id: p for p in self.train_problems}
        pairs = [tell(t, by_id[t.problem], self.task, self.recipe.telling, self.seed) for t in trees]
        self.run.put_all("thoughts", [thought for pair in pairs for thought in pair], arm=f"seed-{self.seed}")

    def rows(self, method: str) -> list[dict[str, Any]]:
        """The training rows of one way of telling."""
        known = {p.id for p in self.train_problems}
        told = self.run.thoughts(method=method, arm=f"seed-{self.seed}")
        found = (t for t in told if t.problem in known)
        return sft_rows(found, self.train_problems, ask)

    async def attempts(self, arm: str, samples: int = 1) -> None:
        """The arm's sampled and (where wanted) greedy attempts on the problems of the comparison."""
        wish = self.recipe.evaluation
        model = registry.local(self.model(arm), self.name(arm))
        asked = part(self.run, wish.split)
        # Both at once: the few answers that run to the limit then share their steps.
        rules = [wish.sampled(samples), *([wish.greedy()] if self.greedy else [])]
        await together([self.draw(model, rule, asked, wish.split) for rule in rules])
        await registry.close(model)

    async def draw(self, model: Any, decoding: Decoding, on: Sequence[Problem], split: str) -> None:
        await evaluate(
            self.run, on, model, decoding, split=split, seed=self.seed,
            in_flight=self.recipe.in_flight, progress=self.progress,
        )  # fmt: skip

    def drawn(self, arm: str, decoding: str, split: str) -> list[Attempt]:
        return list(self.run.attempts(model=self.name(arm), decoding=decoding, split=split))

    async def preferences(self) -> list[dict[str, Any]]:
        """Pairs of right and wrong answers that the journey's model gave to training problems; may be empty."""
        wish = self.recipe.preferences
        asked = self.train_problems[: wish.problems]
        rule = Decoding("preferences", wish.temperature, wish.top_p, self.recipe.evaluation.max_tokens, wish.samples)
        model = registry.local(self.model("journey"), self.name("journey"))
        await self.draw(model, rule, asked, "train")
        await registry.close(model)
        answers = self.drawn("journey", "preferences", "train")
        return dpo_rows(answers, asked, ask, pairs=wish.pairs, samples=wish.samples, seed=self.seed)


DEEDS: dict[str, Callable[[Seed], Coroutine[Any, Any, None]]] = {
    "trees": Seed.trees,
    "journey": Seed.journey,
    "dpo": Seed.dpo,
    "answers": Seed.answers,
    "shortcut": Seed.shortcut,
    "matched": Seed.matched,
    "phase1": Seed.phase1,
}
NEEDS: dict[str, tuple[str, ...]] = {
    "trees": (),
    "journey": ("trees",),
    "dpo": ("journey",),
    "answers": ("journey",),
    "shortcut": ("trees",),
    "matched": ("trees",),
    "phase1": ("trees",),
}
