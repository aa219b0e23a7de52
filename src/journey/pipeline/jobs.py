"""What a recipe does with each of its seeds, as jobs: trees and thoughts, the training of arms, rounds, evaluation."""

import os
from typing import Any, NamedTuple

from journey import interrupts
from journey.models.weights import free_memory, model_path, worker_memory
from journey.pipeline import registry
from journey.pipeline.arms import ARMS, followers, source_of
from journey.pipeline.executor import Job
from journey.pipeline.fan_out import Progress
from journey.pipeline.ray_problems import evaluate_on_ray, make_trees_on_ray
from journey.pipeline.recipe import Recipe
from journey.pipeline.rounds import go_round
from journey.pipeline.seed_work import Budget, evaluate_arm, make_trees, seed_run, train_arm
from journey.store.run import Run

FREE = Budget()
TREES, TRAIN, ROUND, EVALUATE = "trees", "train", "round", "evaluate"


class Part(NamedTuple):
    """A part of an experiment, which is one job: what is done in a seed, with which arm (null: with all)."""

    kind: str
    seed: int
    arm: str | None = None
    round: int = 1

    def __str__(self) -> str:
        """The seed, a later round and the arm, as the progress shows them."""
        later = f"round-{self.round}" if self.round > 1 else None
        return " ".join(filter(None, (f"seed-{self.seed}", later, self.arm)))


def workers_of(recipe: Recipe) -> int:
    """In how many processes the recipe is run; 0: in this one. By default one a core, as many as the memory holds."""
    if recipe.policy_arm is None:
        return 0
    if recipe.workers is not None:
        return recipe.workers
    cores, need, free = os.cpu_count() or 1, worker_memory(model_path(recipe.student or recipe.model)), free_memory()
    return max(1, min(cores, free // need)) if need and free is not None else cores


def jobs_of(recipe: Recipe, budget: Budget = FREE) -> list[Job[Part]]:
    """The parts of every seed as jobs; earlier seeds go first, so that the first table stands early.

    Where the judge is behind a server, whatever asks it waits for what asked it before: they share a budget. Where
    seeds share a first phase, they wait for the seed that makes it. The arms of a seed are evaluated when all of them
    have gone round as often as they may.
    """
    is_paid = registry.judge_is_served(recipe.judge, recipe.helper, recipe.servers)
    seeds = recipe.seed_numbers()
    jobs: list[Job[Part]] = []
    last_paid: Part | None = None

    def add(key: Part, about: Any, *after: Part) -> None:
        jobs.append(Job(key, work_on, (key, recipe, about), after))

    for seed in seeds:
        # No part of a seed but its trees begins before the trees of the seed before.
        before = [Part(TREES, seed - 1)] if seed - 1 in seeds else []
        trees = Part(TREES, seed)
        add(trees, budget, *(before if recipe.share_phase1 else []), *([last_paid] if is_paid and last_paid else []))
        last_paid = trees
        rounds = _rounds(recipe, seed)
        for kind, arm in () if recipe.shard else _work(recipe):  # training needs what all shards made
            after = [trees, *before, *(rounds if kind == EVALUATE else [])]
            source = source_of(arm, list(recipe.arms))
            trained = arm if kind == EVALUATE else source
            if trained is not None and trained != recipe.policy_arm:
                after.append(Part(TRAIN, seed, trained))
            add(Part(kind, seed, arm), arm, *after)
        for key in rounds:
            first = key.round == 1
            after = Part(TRAIN, seed, key.arm) if first else key._replace(round=key.round - 1)
            add(key, budget, after, *([last_paid] if is_paid and not first else []))
            last_paid = last_paid if first else key
        for key in rounds:
            if key.round > 1:
                add(key._replace(kind=EVALUATE), key.arm, *rounds)
    return jobs


def _rounds(recipe: Recipe, seed: int) -> list[Part]:
    """The rounds of a seed: what is measured of round 1, and all of the later ones; none of a recipe without."""
    count = recipe.rounds.count
    numbers = range(1, count + 1) if count > 1 and recipe.shard is None else range(0)
    return [Part(ROUND, seed, arm, number) for number in numbers for arm in recipe.arms_in_rounds]


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
    """A job: a seed's trees, an arm's training, evaluation or round; `about` is what it wants beside: budget, arm."""
    of = seed_run(run, progress, recipe, key.seed, key.round)
    if key.kind == ROUND:
        interrupts.run(go_round(of, recipe, str(key.arm), about))
    else:
        here = {TREES: make_trees, TRAIN: train_arm, EVALUATE: evaluate_arm}
        on_ray = {TREES: make_trees_on_ray, EVALUATE: evaluate_on_ray} if recipe.ray.address else {}
        interrupts.run({**here, **on_ray}[key.kind](of, recipe, about))
