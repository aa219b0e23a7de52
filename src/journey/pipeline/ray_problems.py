"""The trees and thoughts of a recipe on a Ray cluster: each worker a small run in memory, whose writes come back.

One process, the one that gave the command, writes the run. A batch of problems is done there as a shard is; when it is
stored, a mark in the run says that it need not be done again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from journey.data.problems import part
from journey.errors import BudgetReached, UsageError
from journey.models.base import Model
from journey.models.budget import BudgetTracker, Usage
from journey.models.cached import Cached
from journey.models.weights import local
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.fan_out import silent
from journey.pipeline.ray_workers import DEATHS, RaySettings, spread
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import plain_recipe
from journey.pipeline.seed_work import Budget, grow_wanted, make_thoughts, refuse_equal_arms, seed_run, train_arm
from journey.pipeline.stages import keep_spent
from journey.store.database import commit, memory_database
from journey.store.entries import ENTRIES, Failure, Refusals
from journey.store.reader import CALLS
from journey.store.run import Run
from journey.store.schema import TABLES, Rows, Write, opened, sealed
from journey.thoughts.methods import METHODS
from journey.types import Problem, content_hash

STAGE = "ray"


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is given: the recipe, the seed, and the policy's files where an arm made it (null: it is named)."""

    recipe: Recipe
    seed: int
    policy: dict[str, bytes] | None
    thoughts: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch came to: the writes, what each model used, the ids of problems that failed."""

    writes: list[Write]
    used: dict[str, Usage]
    failed: set[str]


def batch_worker(order: Order) -> Callable[[Sequence[Problem]], Done]:
    """The function of a worker, with its models loaded."""
    return _Batches(order).do


class _Batches:
    """A run in memory that forgets each batch, and one event loop for all of them, which models hold on to."""

    def __init__(self, order: Order) -> None:
        self.order, self.writes, self.tracker = order, list[Write](), BudgetTracker()
        self.recipe = replace(order.recipe, shard="1/1", ray=RaySettings())  # what a shard does, of its own problems
        self.connection = memory_database()
        self.run = Run(Path(mkdtemp(prefix="journey-ray-")), self.connection, self._keep)
        self.models = registry.Models(self.run, self.tracker, self.recipe.servers, self.recipe.dtype)
        self.of = seed_run(self.run, silent, self.recipe, order.seed)
        self.policy: Model | None = None
        if order.policy is not None:
            arm = str(self.recipe.policy_arm)
            folder = self.of.weights(arm)
            folder.mkdir(parents=True)
            for name, data in order.policy.items():
                (folder / name).write_bytes(data)
            made = local(folder, self.of.name(arm), self.recipe.dtype)
            self.models.register_loaded(folder, made)
            self.policy = Cached(made, self.run)
        self.loop = asyncio.Runner()

    def do(self, problems: Sequence[Problem]) -> Done:
        """What a batch of problems comes to."""
        before = self.tracker.spent()
        self.run.put_all("problems", problems, split="train")
        self.writes.clear()
        self.loop.run(self._work(problems))
        failed = {str(failure.problem) for failure in self.run.failures()}
        used = {model: now - before.get(model, Usage()) for model, now in self.tracker.spent().items()}
        for table in (*TABLES, *(kind.name for kind in ENTRIES.values()), CALLS):
            self.connection.execute(f"DELETE FROM {table}")
        return Done([*self.writes], used, failed)

    async def _work(self, problems: Sequence[Problem]) -> None:
        recipe, models = self.recipe, self.models
        if recipe.grows:
            policy = self.policy or models.model(recipe.grown_by or recipe.model)
            await grow_wanted(self.of, recipe, models, policy, problems)
        if self.order.thoughts:
            await make_thoughts(self.of, recipe, models)

    def _keep(self, writes: Iterable[Rows]) -> None:
        made = [(name, list(rows)) for name, rows in writes]
        commit(self.connection, self.run.path, made)
        self.writes += made


async def make_trees_on_ray(of: SeedRun, recipe: Recipe, budget: Budget) -> None:
    """What `seed_work.make_trees` makes, on the cluster; the policy of a seed is trained here first."""
    if recipe.policy_arm is not None:
        await train_arm(of, recipe, recipe.policy_arm)
    tracker = budget.begin(of.run)
    models = registry.Models(of.run, tracker, recipe.servers, recipe.dtype)
    try:
        await work_on_ray(of, recipe, tracker)
        if recipe.trees.count is not None and recipe.policy_arm is not None:
            await make_thoughts(of, recipe, models)  # only now it is known which trees are the first ones
        else:
            refuse_equal_arms(of, recipe)
    finally:
        keep_spent(of.run, tracker)
        await models.close()


async def work_on_ray(of: SeedRun, recipe: Recipe, tracker: BudgetTracker, *, thoughts: bool = True) -> int:
    """Makes the trees and thoughts of every training problem that has no mark yet; how many problems failed.

    A reached budget is noticed between batches: those under way come on top of it. Raises UsageError, BudgetReached.
    """
    if any(METHODS[method].source == "notes" for method in recipe.thoughts.methods):
        raise UsageError("annotate reads people's notes in one process; leave --ray away")
    run, arm = of.run, recipe.policy_arm
    own = arm is not None and recipe.grown_by is None
    policy = {f.name: f.read_bytes() for f in of.weights(str(arm)).iterdir() if f.is_file()} if own else None
    kind = content_hash(plain_recipe(recipe)["trees"], recipe.judge, of.seed, thoughts)
    marks = {problem.id: content_hash("done on ray", kind, problem.id) for problem in part(run, "train")}
    problems = [problem for problem in part(run, "train") if run.call(marks[problem.id]) is None]
    done = failed = 0
    refused, without = dict[str, Counter[str]](), dict[str, Counter[str]]()
    if any(problem.images for problem in problems):
        raise UsageError("pictures are not sent over Ray; leave --ray away, or give each machine a --shard of the run")
    of.progress("ray", 0, len(problems))

    def wait() -> None:
        of.progress("waits for free cores of the cluster", done, len(problems))

    order = Order(recipe, of.seed, policy, thoughts)
    async for batch, found in spread(recipe.ray, batch_worker, order, problems, wait):
        done += len(batch)
        if found is None:
            failed += len(batch)
            run.add(*(Failure(STAGE, p.id, f"it ended its worker {DEATHS} times", problem=p.id) for p in batch))
        else:
            failed += len(found.failed)
            well = [problem.id for problem in batch if problem.id not in found.failed]
            marked = ("call", [sealed(marks[id], "[]") for id in well])
            run.apply([*_stored(found.writes, refused, without), marked, ("unfail", [(STAGE, id) for id in well])])
            for model, used in found.used.items():
                tracker.add(model, used)
        of.progress("ray", done, len(problems))
        if (reached := tracker.reached()) is not None:
            raise BudgetReached(reached)
    run.add(*(Refusals(method, dict(refused[method]), dict(without[method])) for method in refused))
    return failed


def _stored(
    writes: Sequence[Write], refused: dict[str, Counter[str]], without: dict[str, Counter[str]]
) -> Iterator[Write]:
    """The writes of a batch as the run stores them; the counts of why there was no thought are added up instead."""
    counts = ENTRIES[Refusals].name
    for name, rows in writes:
        if name != counts:
            yield name, rows
            continue
        for row in rows:
            entry = Refusals(**opened(row))
            refused.setdefault(entry.method, Counter()).update(entry.refused)
            without.setdefault(entry.method, Counter()).update(entry.no_thought)
