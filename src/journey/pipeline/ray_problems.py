"""Trees, thoughts and answers of a recipe on a Ray cluster: each worker a small run in memory, whose writes come back.

One process, the one that gave the command, writes the run. A batch of problems is done there as a shard is; when it is
stored, a mark in the run says that it need not be done again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from journey.data.problems import part
from journey.errors import BudgetReached, UsageError
from journey.evals.attempts import Decoding
from journey.models.base import Model
from journey.models.budget import BudgetTracker, Usage
from journey.models.cached import Cached
from journey.models.weights import folder_hash, local
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.fan_out import silent
from journey.pipeline.ray_workers import DEATHS, RaySettings, spread
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import plain_recipe
from journey.pipeline.seed_work import (
    Budget,
    answer,
    answering,
    grow_wanted,
    make_thoughts,
    refuse_equal_arms,
    seed_run,
    train_arm,
)
from journey.pipeline.stages import keep_spent
from journey.store.database import commit, memory_database
from journey.store.entries import ENTRIES, Failure, Refusals, Training
from journey.store.reader import CALLS
from journey.store.run import Run
from journey.store.schema import TABLES, Rows, Write, opened, sealed
from journey.thoughts.methods import METHODS
from journey.types import Problem, content_hash

STAGE = "ray"


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is given: the recipe, the seed and its round, what is wanted, and the weights of an arm's model.

    `arm` is whose weights (`files`) these are: those of the policy, or of who answers; null: a named model. `entries`
    of the run say what it knows of that model.
    """

    recipe: Recipe
    seed: int
    round: int
    wanted: Literal["trees", "trees and thoughts", "answers"]
    arm: str | None
    files: dict[str, bytes]
    entries: Sequence[Training] = ()


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
        self.of = seed_run(self.run, silent, self.recipe, order.seed, order.round)
        self.policy: Model | None = None
        self.answering: list[tuple[Model, list[Decoding]]] = []
        if order.arm is not None:
            self._take_weights(order.arm)
        self.loop = asyncio.Runner()

    def _take_weights(self, arm: str) -> None:
        folder = self.of.weights(arm)
        folder.mkdir(parents=True)
        for name, data in self.order.files.items():
            (folder / name).write_bytes(data)
        if self.order.wanted == "answers":
            self.answering = [(load(), rules) for load, rules in answering(self.of, self.recipe, arm)]
            return
        made = local(folder, self.of.name(arm), self.recipe.dtype)
        self.models.register_loaded(folder, made)
        self.policy = Cached(made, self.run)

    def do(self, problems: Sequence[Problem]) -> Done:
        """What a batch of problems comes to."""
        before = self.tracker.spent()
        split = self.of.evaluation.split if self.order.wanted == "answers" else "train"
        self.run.put_all("problems", problems, split=split)
        self.run.add(*self.order.entries)
        self.writes.clear()
        self.loop.run(self._work(problems))
        failed = {str(failure.problem) for failure in self.run.failures()}
        used = {model: now - before.get(model, Usage()) for model, now in self.tracker.spent().items()}
        for table in (*TABLES, *(kind.name for kind in ENTRIES.values()), CALLS):
            self.connection.execute(f"DELETE FROM {table}")
        return Done([*self.writes], used, failed)

    async def _work(self, problems: Sequence[Problem]) -> None:
        recipe, models = self.recipe, self.models
        for model, rules in self.answering:
            await answer(self.of, model, rules, problems)
        if self.order.wanted == "answers":
            return
        if recipe.grows:
            policy = self.policy or models.model(recipe.grown_by or recipe.model)
            await grow_wanted(self.of, recipe, models, policy, problems)
        if self.order.wanted != "trees":
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
    own = recipe.policy_arm if recipe.grown_by is None else None
    wanted = "trees and thoughts" if thoughts else "trees"
    order = Order(recipe, of.seed, of.number, wanted, own, _files(of, own))
    kind = content_hash(plain_recipe(recipe)["trees"], recipe.judge, of.seed, thoughts)
    return await _spread(of, order, part(of.run, "train"), kind, tracker)


async def evaluate_on_ray(of: SeedRun, recipe: Recipe, arm: str) -> None:
    """What `seed_work.evaluate_arm` makes, on the cluster."""
    if not of.weights(arm).is_dir():
        return
    weights = folder_hash(of.weights(arm))
    known = [replace(entry, curve=()) for entry in of.run.entries(Training, model=of.name(arm))]
    kind = content_hash("answers", plain_recipe(recipe)["evaluation"], of.name(arm), of.seed, weights)
    order = Order(recipe, of.seed, of.number, "answers", arm, _files(of, arm), known)
    await _spread(of, order, part(of.run, of.evaluation.split), kind, BudgetTracker())


def _files(of: SeedRun, arm: str | None) -> dict[str, bytes]:
    """The files of an arm's model by their names."""
    return {} if arm is None else {f.name: f.read_bytes() for f in of.weights(arm).iterdir() if f.is_file()}


async def _spread(of: SeedRun, order: Order, every: Sequence[Problem], kind: str, tracker: BudgetTracker) -> int:
    """Has every problem done that has no mark of this kind yet; how many failed."""
    run = of.run
    model = of.name(order.arm) if order.wanted == "answers" and order.arm is not None else None
    marks = {problem.id: content_hash("done on ray", kind, problem.id) for problem in every}
    problems = [problem for problem in every if run.call(marks[problem.id]) is None]
    units = {problem.id: problem.id if model is None else f"{model}/{problem.id}" for problem in problems}
    done = failed = 0
    refused, without = dict[str, Counter[str]](), dict[str, Counter[str]]()
    shown = "ray" if model is None else f"ray, answers of {model}"
    if any(problem.images for problem in problems):
        raise UsageError("pictures are not sent over Ray; leave --ray away, or give each machine a --shard of the run")
    if not problems:
        return 0
    of.progress(shown, 0, len(problems))

    def wait() -> None:
        of.progress("waits for free cores of the cluster", done, len(problems))

    async for batch, found in spread(order.recipe.ray, batch_worker, order, problems, wait):
        done += len(batch)
        if found is None:
            failed += len(batch)
            why = f"it ended its worker {DEATHS} times"
            run.add(*(Failure(STAGE, units[p.id], why, problem=p.id, model=model) for p in batch))
        else:
            failed += len(found.failed)
            well = [problem.id for problem in batch if problem.id not in found.failed]
            marked = ("call", [sealed(marks[id], "[]") for id in well])
            unfailed = ("unfail", [(STAGE, units[id]) for id in well])
            run.apply([*_stored(found.writes, refused, without), marked, unfailed])
            for name, used in found.used.items():
                tracker.add(name, used)
        of.progress(shown, done, len(problems))
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
