"""What is done in one seed of a recipe, as functions over a run: trees and thoughts, an arm's training, its answers.

A seed makes its own policy where an arm is one (phase 1), trees, thoughts and arms; only the base model is shared. Both
arms are trained on thoughts of the same trees and for the same passes (O1 Replication Journey part 1, Table 6).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.models.base import Model, close
from journey.models.budget import BudgetTracker, Limits, Price
from journey.models.cached import Cached
from journey.models.local_threads import limit_threads
from journey.models.weights import local, model_path, thoughtful
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun, is_later, model_name
from journey.pipeline.arms import ARMS, compared, method_of, source_of
from journey.pipeline.derive import Derivation
from journey.pipeline.evaluation_settings import THOUGHTFUL
from journey.pipeline.fan_out import Progress, together
from journey.pipeline.recipe import Recipe
from journey.pipeline.stages import (
    evaluate,
    grow_trees,
    is_any_solved,
    keep_spent,
    refuse_retrained,
    spent,
    train,
    trees_for_thoughts,
)
from journey.pipeline.training_judge import training_judge
from journey.store.entries import Failure
from journey.store.files import take_over
from journey.store.run import Run
from journey.tasks.table import task
from journey.thoughts.traverse import TraverseSettings, has_side_trip
from journey.types import Problem

FEW = 5  # thoughts that may all lack a side trip by chance
TRAIN = "train"  # the stage that an arm without rows is listed under


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
    settings = replace(recipe.trees.settings, seed=of.tree_seed)
    return await grow_trees(
        of.run, problems, policy, judge, of.task, settings, grower=recipe.trees.grower, in_flight=of.in_flight,
        progress=of.progress,
    )  # fmt: skip


async def make_thoughts(of: SeedRun, recipe: Recipe, models: registry.Models) -> None:
    """The thoughts of a seed by the recipe's methods; of the seed's trees, so that all arms have the same ones.

    Raises UsageError where whoever grew them solved nothing.
    """
    settings = recipe.thought_settings(of.seed)
    trees, failed = None, list[str]()
    if recipe.shard is not None and recipe.trees.count is not None:
        return  # which trees are the first ones is known when all shards are one run
    if recipe.policy_arm is None:
        trees = None if of.round is None else [tree.id for tree in of.run.trees() if not is_later(tree, of)]
    else:
        policy, problems = recipe.grown_by or of.name(recipe.policy_arm), part(of.run, "train")
        settings = replace(settings, common=replace(settings.common, policy=policy))
        seed = of.seed if recipe.grown_by or of.round else None
        trees, failed = trees_for_thoughts(of.run, problems, policy, recipe.trees.count, seed)
        if not trees and recipe.shard is not None:
            return
        if not trees and is_any_solved(of.run, problems, policy, seed):
            raise UsageError(
                f"no tree of {policy} has both a right leaf and a wrong branch, so there is nothing to make thoughts "
                f"of; give it harder problems, or trees.{recipe.trees.grower} a greater width or temperature"
            )
        if not trees:
            more = f"{recipe.policy_arm} more problems or epochs, or " if recipe.grown_by is None else ""
            raise UsageError(
                f"{policy} solved none of {len(problems)} problems, so there is nothing to make thoughts of; give "
                f"{more}trees.{recipe.trees.grower} a greater width or keep"
            )
    student = base_of(recipe) if recipe.arms else None
    derivation = Derivation(of.run, settings, of.task, models.model, of.progress, of.owner, student, of.round)
    await derivation.make_all(recipe.thoughts.methods, recipe.thoughts.refine, trees, failed)
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
    train(of.run, of.ref(arm), weights, rows, wanted, of.progress, judge, recipe.launch)


async def evaluate_arm(of: SeedRun, recipe: Recipe, arm: str) -> None:
    """The arm's answers to the problems that arms are compared on, by all its rules; none where it was not trained."""
    if not of.weights(arm).is_dir():
        return
    for load, rules in answering(of, recipe, arm):
        model = load()
        await answer(of, model, rules, part(of.run, of.evaluation.split))
        await close(model)


def answering(of: SeedRun, recipe: Recipe, arm: str) -> list[tuple[Callable[[], Model], list[Decoding]]]:
    """How the arm's weights are loaded for its rules, one kind of model after the other, with the rules of each."""
    rules, place = ARMS[arm].decoding(of.evaluation), (of.weights(arm), of.name(arm))
    plain = [rule for rule in rules if not rule.name.endswith(THOUGHTFUL)]
    both = [(partial(local, *place, recipe.dtype), plain),
            (partial(thoughtful, *place), [rule for rule in rules if rule not in plain])]  # fmt: skip
    return [(load, own) for load, own in both if own]


async def answer(of: SeedRun, model: Model, rules: Sequence[Decoding], problems: Sequence[Problem]) -> None:
    """Answers by all rules side by side: the few that run to the limit then share their steps."""
    await together([of.ask(model, rule, problems, of.evaluation.split) for rule in rules])


def seed_run(run: Run, progress: Progress, recipe: Recipe, seed: int, number: int = 1) -> SeedRun:
    """One seed of the recipe over a run, in the round of that number."""
    return SeedRun(
        run=run,
        seed=seed,
        round=number if recipe.rounds.count > 1 else None,
        task=task(recipe.task),
        evaluate=evaluate,
        evaluation=recipe.evaluation,
        owner=None if recipe.policy_arm is None else seed,
        policy=None if recipe.policy_arm is None else model_name(seed, recipe.policy_arm),
        practice=recipe.problems.practice,
        language=recipe.target_language,
        in_flight=recipe.concurrency,
        progress=progress,
        dtype=recipe.dtype,
    )


def base_of(recipe: Recipe) -> str:
    """The name of the model that arms start from."""
    return recipe.student or recipe.model
