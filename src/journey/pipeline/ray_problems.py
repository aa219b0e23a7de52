"""Trees, thoughts and answers of a recipe on a Ray cluster: what `seed_work` makes of a batch of problems, made there.

When a batch is stored, marks in the run say that its problems need not be done again.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.models.base import Model
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.models.weights import folder_hash, local
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.fan_out import silent
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.ray_runs import Order, Plan, Unit, Work, add_refusals, model_files, records_of, work_on_cluster
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
from journey.store.entries import Failure, Training
from journey.store.run import Run
from journey.thoughts.methods import METHODS
from journey.types import Problem, content_hash

STAGE = "ray"


def growing(recipe: Recipe, seed: int, number: int, thoughts: bool, run: Run, tracker: BudgetTracker) -> Work:
    """The work of a worker that makes trees and (or not) thoughts in a round of a seed."""
    of = seed_run(run, silent, recipe, seed, number)
    models = registry.Models(run, tracker, recipe.servers, recipe.dtype)
    policy: Model | None = None
    if (arm := recipe.policy_arm) is not None and recipe.grown_by is None:
        made = local(of.weights(arm), of.name(arm), recipe.dtype)
        models.register_loaded(of.weights(arm), made)
        policy = Cached(made, run)

    async def work(problems: Sequence[Problem]) -> None:
        if recipe.grows:
            named = policy or models.model(recipe.grown_by or recipe.model)
            await grow_wanted(of, recipe, models, named, problems)
        if thoughts:
            await make_thoughts(of, recipe, models)

    return work


def answers(recipe: Recipe, seed: int, number: int, arm: str, run: Run, _: BudgetTracker) -> Work:
    """The work of a worker that lets an arm of a seed answer."""
    of = seed_run(run, silent, recipe, seed, number)
    models: list[tuple[Model, list[Decoding]]] = [(load(), rules) for load, rules in answering(of, recipe, arm)]

    async def work(problems: Sequence[Problem]) -> None:
        for model, rules in models:
            await answer(of, model, rules, problems)

    return work


async def make_trees_on_ray(of: SeedRun, recipe: Recipe, budget: Budget) -> None:
    """What `seed_work.make_trees` makes, on the cluster; the policy of a seed is trained here first."""
    if recipe.policy_arm is not None:
        await train_arm(of, recipe, recipe.policy_arm)
    tracker = budget.begin(of.run)
    models = registry.Models(of.run, tracker, recipe.servers, recipe.dtype)
    try:
        await work_on_ray(of, recipe, tracker, part(of.run, "train"))
        if recipe.trees.count is not None and recipe.policy_arm is not None:
            await make_thoughts(of, recipe, models)  # only now it is known which trees are the first ones
        else:
            refuse_equal_arms(of, recipe)
    finally:
        keep_spent(of.run, tracker)
        await models.close()


async def work_on_ray(
    of: SeedRun, recipe: Recipe, tracker: BudgetTracker, every: Sequence[Problem], *, thoughts: bool = True
) -> None:
    """Makes the trees and thoughts of each of these problems that has no mark yet.

    Raises UsageError, BudgetReached, ClusterLost.
    """
    refuse_notes(recipe)
    own = recipe.policy_arm if recipe.grown_by is None else None
    kind = content_hash(plain_recipe(recipe)["trees"], recipe.judge, of.seed, thoughts)
    part_of = replace(recipe, shard="1/1", ray=RaySettings())  # a batch is worked on as a shard is
    begin = partial(growing, part_of, of.seed, of.number, thoughts)
    order = Order(begin, of.run.path, files={} if own is None else model_files(of.run, of.name(own)))
    if await _spread(of, order, recipe.ray, every, "train", kind, tracker, None) and thoughts:
        add_refusals(of.run, recipe.thoughts.methods, (_mark(kind, problem.id) for problem in every))


def refuse_notes(recipe: Recipe) -> None:
    """Raises UsageError for the method that no cluster can work by."""
    if any(METHODS[method].source == "notes" for method in recipe.thoughts.methods):
        raise UsageError("annotate reads people's notes in one process; leave --ray away")


async def evaluate_on_ray(of: SeedRun, recipe: Recipe, arm: str) -> None:
    """What `seed_work.evaluate_arm` makes, on the cluster."""
    if not of.weights(arm).is_dir():
        return
    split, name = of.evaluation.split, of.name(arm)
    kind = content_hash("answers", plain_recipe(recipe)["evaluation"], name, of.seed, folder_hash(of.weights(arm)))
    known = [replace(entry, curve=()) for entry in of.run.entries(Training, model=name)]
    begin = partial(answers, recipe, of.seed, of.number, arm)
    order = Order(begin, of.run.path, files=model_files(of.run, name), entries=known)
    await _spread(of, order, recipe.ray, part(of.run, split), split, kind, BudgetTracker(), name)


def _mark(kind: str, problem: str) -> str:
    return content_hash("done on ray", kind, problem)


async def _spread(
    of: SeedRun, order: Order, ray: RaySettings, every: Sequence[Problem], split: str, kind: str,
    tracker: BudgetTracker, model: str | None,
) -> bool:  # fmt: skip
    """Has every problem done that has no mark of this kind yet; whether there was one.

    `model` is the one that answers, null: trees are made.
    """
    left = [problem for problem in every if of.run.call(_mark(kind, problem.id)) is None]

    def failures(unit: Unit, why: str) -> list[Failure]:
        name = unit.problem.id if model is None else f"{model}/{unit.problem.id}"
        return [Failure(STAGE, name, why, problem=unit.problem.id, model=model)]

    shown = "ray" if model is None else f"ray, answers of {model}"
    plan = Plan(order, shown, failures, lambda problem, _: _mark(kind, problem))
    if left:
        table = "trees" if model is None else "attempts"  # what is there already is not made again
        units = (Unit(problem, split, {table: records_of(of.run, table, problem.id)}) for problem in left)
        await work_on_cluster(of.run, plan, ray, units, len(left), of.progress, tracker)
    return bool(left)
