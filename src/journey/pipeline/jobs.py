"""What a recipe does with each of its seeds, as jobs: trees and thoughts, the training of arms, their evaluation.

A seed makes its own policy where an arm is one (phase 1), trees, thoughts and arms; only the base model is shared. Both
arms are trained on thoughts of the same trees and for the same passes (O1 Replication Journey part 1, Table 6).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from journey import interrupts
from journey.data.problems import part
from journey.errors import UsageError
from journey.models.base import Model, close
from journey.models.budget import BudgetTracker, Limits, Price
from journey.models.cached import Cached
from journey.models.local_threads import limit_threads
from journey.models.weights import free_memory, local, model_path, worker_memory
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun, model_name
from journey.pipeline.arms import ARMS, compared, followers, method_of, source_of
from journey.pipeline.derive import Derivation
from journey.pipeline.executor import Job
from journey.pipeline.fan_out import Progress, together
from journey.pipeline.recipe import Recipe
from journey.pipeline.stages import branched_trees, evaluate, grow_trees, keep_spent, refuse_retrained, spent, train
from journey.pipeline.training_judge import training_judge
from journey.store.entries import Failure
from journey.store.files import take_over
from journey.store.run import Run
from journey.tasks.table import task
from journey.thoughts.traverse import TraverseSettings, has_side_trip
from journey.types import Problem

FEW = 5  # thoughts that may all lack a side trip by chance
TREES, TRAIN, EVALUATE = "trees", "train", "evaluate"


class Part(NamedTuple):
    """A part of an experiment, which is one job: what is done in a seed, with which arm (null: with all)."""

    kind: str
    seed: int
    arm: str | None = None

    def __str__(self) -> str:
        """The seed and the arm, as the progress shows them."""
        return " ".join(filter(None, (f"seed-{self.seed}", self.arm)))


@dataclass(frozen=True, slots=True)
class Budget:
    """What served models may cost, and at which prices; `since` entries of the run's spending were there before.

    `tracker`: the one that counts in this process; null: every job makes its own from what is left.
    """

    limits: Limits = Limits()
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])  # goes to other processes: a plain dict
    since: int = 0
    tracker: BudgetTracker | None = None

    def begin(self, run: Run) -> BudgetTracker:
        """The tracker of a job."""
        if self.tracker is not None:
            return self.tracker
        return BudgetTracker(self.limits.less(*spent(run, self.since)), self.prices)


def workers_of(recipe: Recipe) -> int:
    """In how many processes the recipe is run; 0: in this one. By default one a core, as many as the memory holds."""
    if recipe.policy_arm is None:
        return 0
    if recipe.workers is not None:
        return recipe.workers
    cores, need, free = os.cpu_count() or 1, worker_memory(model_path(recipe.student or recipe.model)), free_memory()
    return max(1, min(cores, free // need)) if need and free is not None else cores


def jobs_of(recipe: Recipe, budget: Budget = Budget()) -> list[Job[Part]]:
    """The parts of every seed as jobs; earlier seeds go first, so that the first table stands early.

    Where the judge is behind a server, the trees of one seed wait for those of the seed before: they share a budget.
    Where seeds share a first phase, they wait for the seed that makes it.
    """
    is_paid = registry.judge_is_served(recipe.judge, recipe.helper, recipe.servers)
    seeds = recipe.seed_numbers()
    jobs: list[Job[Part]] = []
    for seed in seeds:
        # No part of a seed but its trees begins before the trees of the seed before.
        before = [Part(TREES, seed - 1)] if seed - 1 in seeds else []
        waits = before if is_paid or recipe.share_phase1 else []
        trees = Part(TREES, seed)
        jobs.append(Job(trees, work_on, (trees, recipe, budget), tuple(waits)))
        for kind, arm in () if recipe.shard else _work(recipe):  # training needs what all shards made
            after = [trees, *before]
            source = source_of(arm, list(recipe.arms))
            trained = arm if kind == EVALUATE else source
            if trained is not None and trained != recipe.policy_arm:
                after.append(Part(TRAIN, seed, trained))
            key = Part(kind, seed, arm)
            jobs.append(Job(key, work_on, (key, recipe, arm), tuple(after)))
    return jobs


def _work(recipe: Recipe) -> list[tuple[str, str]]:
    """What is done of every arm, in order: an arm that others start from is trained early, and asked after them."""
    among = list(recipe.arms)

    def of(arm: str) -> list[tuple[str, str]]:
        trained = [] if arm == recipe.policy_arm else [(TRAIN, arm)]
        evaluated = [(EVALUATE, arm)] if ARMS[arm].decoding(recipe.evaluation) else []
        return [*trained, *(one for other in followers(arm, among) for one in of(other)), *evaluated]

    first = sorted((a for a in among if source_of(a, among) is None), key=lambda a: -len(followers(a, among)))
    return [one for arm in first for one in of(arm)]


def work_on(run: Run, progress: Progress, key: Part, recipe: Recipe, about: Any) -> None:
    """A job: makes the trees of a seed (`about`: the budget), trains an arm or evaluates it (`about`: the arm)."""
    work = {TREES: make_trees, TRAIN: train_arm, EVALUATE: evaluate_arm}[key.kind]
    interrupts.run(work(seed_run(run, progress, recipe, key.seed), recipe, about))


async def make_trees(of: SeedRun, recipe: Recipe, budget: Budget) -> None:
    """The policy of a seed where an arm makes it, its trees, and its thoughts."""
    run = of.run
    arm = recipe.policy_arm
    if arm is not None:
        await train_arm(of, recipe, arm)
    tracker = budget.begin(run)
    models = registry.Models(run, tracker, recipe.servers, recipe.dtype)
    named, policy = recipe.grown_by, None
    if named is None and arm is not None:
        policy = local(of.weights(arm), of.name(arm), recipe.dtype)
        models.register_loaded(of.weights(arm), policy)  # a judge may roll out from the same weights
    try:
        if recipe.grows:
            proposer = models.model(named or recipe.model) if policy is None else Cached(policy, run)
            await grow_wanted(of, recipe, models, proposer, part(run, "train"))
        await make_thoughts(of, recipe, models)
    finally:
        keep_spent(run, tracker)
        await models.close()
        if policy is not None:
            await close(policy)


async def grow_wanted(
    of: SeedRun, recipe: Recipe, models: registry.Models, policy: Model, problems: Sequence[Problem]
) -> int:
    """The trees of problems by a policy and the recipe's judge; how many failed."""
    judge = models.judge(recipe.judge, recipe.helper, recipe.judge_settings)
    refuse_retrained(of.run, judge.name, registry.judge_weights(recipe.judge, recipe.helper))
    settings = replace(recipe.trees.settings, seed=of.seed)
    return await grow_trees(
        of.run, problems, policy, judge, of.task, settings, grower=recipe.trees.grower, in_flight=of.in_flight,
        progress=of.progress,
    )  # fmt: skip


async def make_thoughts(of: SeedRun, recipe: Recipe, models: registry.Models) -> None:
    """The thoughts of a seed by the recipe's methods; of the seed's trees, so that all arms have the same ones.

    Raises UsageError where whoever grew them solved nothing.
    """
    trees = None
    if recipe.shard is not None and recipe.trees.count is not None:
        return  # which trees are the first ones is known when all shards are one run
    if recipe.policy_arm is not None:
        policy, problems = recipe.grown_by or of.name(recipe.policy_arm), part(of.run, "train")
        found = branched_trees(of.run, problems, policy, recipe.trees.count, of.seed if recipe.grown_by else None)
        trees = [tree.id for tree in found]
        if not trees and recipe.shard is not None:
            return
        if not trees:
            more = f"{recipe.policy_arm} more problems or epochs, or " if recipe.grown_by is None else ""
            raise UsageError(
                f"{policy} solved none of {len(problems)} problems, so there is nothing to make thoughts of; give "
                f"{more}trees.{recipe.trees.grower} a greater width or keep"
            )
    settings, student = recipe.thought_settings(of.seed), base_of(recipe) if recipe.arms else None
    derivation = Derivation(of.run, settings, of.task, models.model, of.progress, of.owner, student)
    await derivation.make_all(recipe.thoughts.methods, recipe.thoughts.refine, trees)
    if recipe.shard is None:
        refuse_equal_arms(of, recipe)


def refuse_equal_arms(of: SeedRun, recipe: Recipe) -> None:
    """Raises UsageError where the long thoughts are the shortcuts: two arms would be trained on the same texts.

    A few thoughts, and trials that allow no side trip (a point of a sweep), are let through.
    """
    methods = {ARMS[name].method for name in recipe.arms}
    both = [method_of(name) for name in compared()]
    settings = recipe.thoughts.of(both[1]) if methods.issuperset(both) else None
    if not isinstance(settings, TraverseSettings):
        return
    long = list(of.run.thoughts(method=both[1], seed=of.owner))
    if len(long) < FEW or max(settings.trials_by_depth or (settings.trials,)) < 2 or any(map(has_side_trip, long)):
        return
    raise UsageError(
        f"none of the {len(long)} long thoughts of seed {of.seed} has a side trip, so they are their shortcuts letter "
        "by letter and both arms would be equal; lower thoughts.traverse.least_score, leave out "
        "thoughts.traverse.to_answer, or let the trees keep more wrong steps (trees.grow.follow_wrong)"
    )


async def train_arm(of: SeedRun, recipe: Recipe, arm: str) -> None:
    """Trains an arm from the model that it starts from; an arm without rows is listed as failed, the others stand."""
    kind, settings, seed = ARMS[arm], recipe.arms[arm], of.seed
    if kind.policy and recipe.share_phase1 and seed != recipe.first_seed:
        seed = recipe.first_seed
        take_over(seed_run(of.run, of.progress, recipe, seed).weights(arm), of.weights(arm))
    needs = source_of(arm, list(recipe.arms))
    base = base_of(recipe)
    source, weights = (base, model_path(base)) if needs is None else (of.name(needs), of.weights(needs))
    limit_threads(weights)
    rows = await kind.rows(of, settings, source, weights)
    if not rows:
        of.run.add(Failure(TRAIN, of.name(arm), kind.without, model=of.name(arm)))
        return
    of.run.unfail(TRAIN, of.name(arm))
    wanted = replace(kind.trainer(settings), seed=seed)
    judge = training_judge(of.run, wanted, recipe.servers, recipe.dtype)
    train(of.run, of.ref(arm), weights, rows, wanted, of.progress, judge)


async def evaluate_arm(of: SeedRun, recipe: Recipe, arm: str) -> None:
    """The arm's answers to the problems that arms are compared on, by all its rules; none where it was not trained."""
    if not of.weights(arm).is_dir():
        return
    model = local(of.weights(arm), of.name(arm), recipe.dtype)
    rules, split = ARMS[arm].decoding(of.evaluation), of.evaluation.split
    problems = part(of.run, split)
    # All rules side by side: the few answers that run to the limit then share their steps.
    await together([of.ask(model, rule, problems, split) for rule in rules])
    await close(model)


def seed_run(run: Run, progress: Progress, recipe: Recipe, seed: int) -> SeedRun:
    """One seed of the recipe over a run."""
    return SeedRun(
        run=run,
        seed=seed,
        task=task(recipe.task),
        evaluate=evaluate,
        evaluation=recipe.evaluation,
        owner=None if recipe.policy_arm is None else seed,
        policy=None if recipe.policy_arm is None else model_name(seed, recipe.policy_arm),
        practice=recipe.problems.practice,
        in_flight=recipe.concurrency,
        progress=progress,
        dtype=recipe.dtype,
    )


def base_of(recipe: Recipe) -> str:
    """The name of the model that arms start from."""
    return recipe.student or recipe.model
