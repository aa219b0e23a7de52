"""The rounds of an arm in a seed: its model grows trees, which give thoughts, which train the model of the next round.

A round is stored as `store.entries.Round` when its guards have measured it; what is stored is not made again. The loop
of STaR (Zelikman et al. 2022) and ReST-EM (Singh et al. 2023): every round trains from the same base unless the recipe
says otherwise, and ends where a guard says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.guards import best_of, measured, middling, verdict
from journey.metrics.at_k import by_problem
from journey.models.base import close
from journey.models.local_threads import limit_threads
from journey.models.weights import local, model_path
from journey.pipeline import registry
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.arms import ARMS, source_of
from journey.pipeline.derive import Derivation
from journey.pipeline.parts import round_part
from journey.pipeline.recipe import Recipe
from journey.pipeline.round_rows import Mix, mixed
from journey.pipeline.round_sampling import at_temperature, balanced, passes
from journey.pipeline.seed_work import Budget, base_of, grow_wanted
from journey.pipeline.stages import is_any_solved, keep_spent, train, trees_for_thoughts
from journey.store.entries import Round
from journey.store.run import Run
from journey.training.rows import Row
from journey.trees.mark import children
from journey.types import Attempt, Problem, Tree

DRAWN = "round"  # the name of the decoding that guards measure by


def rounds_of(run: Run, seed: int, arm: str) -> dict[int, Round]:
    """The rounds of an arm in a seed that are done, by their numbers."""
    return {one.round: one for one in run.entries(Round, seed=seed, arm=arm)}


def stops(run: Run) -> list[str]:
    """One sentence an arm and seed whose rounds a guard ended: which guard, and the last good model."""
    return [
        f"seed {one.seed}, {one.arm}: ended after round {one.round}: {one.stopped}; the last good model is "
        f"{run.path / 'models' / one.good}"
        for one in run.entries(Round)
        if one.stopped is not None
    ]


async def go_round(of: SeedRun, recipe: Recipe, arm: str, budget: Budget) -> None:
    """One round: trees, thoughts, training, figures and the verdict; of round 1 the figures alone.

    Nothing is done behind a round that a guard stopped.
    """
    done = rounds_of(of.run, of.seed, arm)
    before = done.get(of.number - 1)
    if of.number > 1 and (before is None or before.stopped is not None):
        return
    earlier = {n: one for n, one in done.items() if n < of.number}
    now = decide(done.get(of.number), earlier, recipe)
    if now is None or (now.model is None and now.stopped is None):  # not yet made, or by other guards not paid for
        now = await (_first(of, recipe, arm) if before is None else _later(of, recipe, arm, before, budget))
        now = decide(now, earlier, recipe)
    if now is not None and now != done.get(of.number):
        of.run.add(now)


def decide(now: Round | None, before: Mapping[int, Round], recipe: Recipe) -> Round | None:
    """The round with the guards' verdict in it; `before` are those before it. Null of null."""
    if now is None or not before:
        return now
    good = before[now.round - 1].good
    if now.stopped is not None and now.model is None and not now.measured:
        return now  # nothing was solved
    figures = best_of(one.measured for one in before.values() if one.stopped is None)
    why = verdict(now.measured, before[1].measured, figures, recipe.rounds.guards)
    return replace(now, stopped=why, good=good if why or now.model is None else now.model)


async def _first(of: SeedRun, recipe: Recipe, arm: str) -> Round | None:
    """Round 1, whose model the experiment has made; null where it has none for want of rows."""
    if not of.weights(arm).is_dir():
        return None
    start, weights = start_of(of, recipe, arm)
    draws = await _draws(of, recipe, of.name(arm))
    mix = await round_mix(of, recipe, arm, weights)
    return Round(
        of.seed, arm, 1, recipe.grown_by or str(of.policy), start, of.name(arm), of.name(arm), mix.counts,
        measured(_known(of, recipe), draws, k=recipe.rounds.guards.samples, given=mix.given), {},
    )  # fmt: skip


async def _later(of: SeedRun, recipe: Recipe, arm: str, before: Round, budget: Budget) -> Round:
    """A later round: its trees, thoughts and model are made, as far as the guards let it come."""
    rounds = recipe.rounds
    if not (good := _folder(of, before.good)).is_dir():
        raise UsageError(
            f"the model {good} is gone, which round {of.number} goes on from; put its folder back, or write to another "
            "--out"
        )
    policy = before.good if rounds.policy == "last" else recipe.grown_by or str(of.policy)
    chosen, solved = await _thoughts(of, recipe, arm, policy, budget)
    start, weights = start_of(of, recipe, arm) if rounds.start == "base" else (before.good, good)
    mix = await round_mix(of, recipe, arm, weights)
    now = Round(of.seed, arm, of.number, policy, start, None, before.good, mix.counts, {}, {**chosen, **mix.by_people})
    if mix.new == 0:
        return replace(now, stopped=_why_nothing(of, arm, policy, solved, chosen))
    known = {"given": mix.given, "new_ways": mix.new_ways}
    if mix.new_ways is not None:
        of.progress(f"right ways that are new: {mix.new_ways:.0%} of this round's", mix.new, mix.new)
    if verdict(known, None, None, rounds.guards) is not None:
        return replace(now, measured=known)
    _train(of, recipe, arm, weights, mix)
    old, new = await _draws(of, recipe, before.good), await _draws(of, recipe, of.name(arm))
    figures = measured(_known(of, recipe), new, old, k=rounds.guards.samples, **known)
    return replace(now, model=of.name(arm), measured=figures)


def _why_nothing(of: SeedRun, arm: str, policy: str, solved: bool, chosen: Mapping[str, object]) -> str:
    """Why a round has no thought: nothing was solved, or what was is not good enough or gives the arm no thought."""
    lacking = "so there is nothing to learn from"
    if not solved:
        return f"{policy} solved none of the problems of round {of.number}, {lacking}"
    some = f"{policy} solved problems of round {of.number}"
    if "threshold" in chosen:
        return (
            f"{some}, but no right end has a reward above {chosen['threshold']}, {lacking}; "
            "rounds.balance.thresholds may have lower ones (docs/rounds.md)"
        )
    return f"{some}, but none of its trees gives a thought by {ARMS[arm].method}, {lacking}"


def _train(of: SeedRun, recipe: Recipe, arm: str, weights: str | Path, mix: Mix) -> None:
    if not mix.rows:
        raise UsageError(
            f"rounds.given is {recipe.rounds.given}, which leaves no row to train round {of.number} on; lower it, or "
            "give phase 1 more problems"
        )
    limit_threads(weights)
    wanted = replace(ARMS[arm].trainer(recipe.arms[arm]), seed=of.seed)
    train(of.run, of.ref(arm), weights, mix.rows, wanted, of.progress, launch=recipe.launch)


def start_of(of: SeedRun, recipe: Recipe, arm: str) -> tuple[str, str | Path]:
    """The model that an arm starts from in round 1, by its name and where it lies."""
    needs, first = source_of(arm, list(recipe.arms)), of.first
    base = base_of(recipe)
    return (base, model_path(base)) if needs is None else (first.name(needs), first.weights(needs))


async def round_mix(of: SeedRun, recipe: Recipe, arm: str, weights: str | Path) -> Mix:
    """What the arm is trained on in a round, from the model in the folder `weights` on."""
    needs, solutions = source_of(arm, list(recipe.arms)), list[Row]()
    if needs is not None and ARMS[needs].policy:  # its start was trained on worked solutions
        solutions = await ARMS[needs].rows(of.first, recipe.arms[needs], *start_of(of, recipe, needs))
    return mixed(of, str(ARMS[arm].method), recipe.rounds, solutions, weights)


def _folder(of: SeedRun, name: str) -> Path:
    return of.run.path / "models" / name


def round_problems(of: SeedRun, recipe: Recipe) -> list[Problem]:
    """The problems of a round: those of round 1, or as many others that no other part has."""
    is_new = recipe.rounds.problems == "new" and of.number > 1
    return part(of.run, round_part(of.number) if is_new else "train")


async def _thoughts(
    of: SeedRun, recipe: Recipe, arm: str, policy: str, budget: Budget
) -> tuple[dict[str, object], bool]:
    """Grows the round's trees and makes the lineage's thoughts of them.

    Returns what the round chose for itself, and whether any problem has a right end, above a threshold or not.
    """
    run, rounds = of.run, recipe.rounds
    problems = round_problems(of, recipe)
    if rounds.choose == "middling":
        problems = middling(problems, success(_grown(of, arm)))[: max(1, round(rounds.share * len(problems)))]
    tracker = budget.begin(run)
    models = registry.Models(run, tracker, recipe.servers, recipe.dtype)
    place, model = _folder(of, policy), None
    if place.is_dir():
        model = local(place, policy, recipe.dtype)
        models.register_loaded(place, model)  # a judge may roll out from the same weights
    try:
        judge = models.judge(recipe.judge, recipe.helper, recipe.judge_settings)
        policy_model = models.model(policy)
        sampling = await balanced(of, recipe, policy_model, judge, problems)
        recipe = at_temperature(recipe, sampling)
        await grow_wanted(of, recipe, models, policy_model, problems)
        trees, failed = trees_for_thoughts(run, problems, policy, recipe.trees.count, of.tree_seed)
        solved = bool(trees) or is_any_solved(run, problems, policy, of.tree_seed)
        passed = {tree.id for tree in run.trees(policy=policy) if passes(tree, sampling)}
        trees = [id for id in trees if id in passed]
        settings = recipe.thought_settings(of.seed)
        settings = replace(settings, common=replace(settings.common, model=policy, policy=policy))
        derivation = Derivation(run, settings, of.task, models.model, of.progress, of.owner, base_of(recipe), of.round)
        method = str(ARMS[arm].method)
        await derivation.make_all([method], [m for m in recipe.thoughts.refine if m == method], trees, failed)
    finally:
        keep_spent(run, tracker)
        await models.close()
        if model is not None:
            await close(model)
    return dict(sampling), solved


def _grown(of: SeedRun, arm: str) -> list[Tree]:
    """The trees of the lineage's earlier rounds, the oldest first."""
    found: list[Tree] = []
    for number, one in sorted(rounds_of(of.run, of.seed, arm).items()):
        seed = replace(of, round=number).tree_seed
        found += [tree for tree in of.run.trees(policy=one.policy) if tree.settings.get("seed") == seed]
    return found


def success(trees: Sequence[Tree]) -> dict[str, float | None]:
    """The share of right ends in each problem's latest tree, null where it has none that could be checked."""
    found: dict[str, float | None] = {}
    for tree in trees:
        ends = [node.correct for node, below in zip(tree.nodes, children(tree), strict=False) if not below]
        checked = [end for end in ends if end is not None]
        found[tree.problem] = sum(checked) / len(checked) if checked else None
    return found


def _tried(of: SeedRun, recipe: Recipe) -> list[Problem]:
    return part(of.run, "validation")[: recipe.rounds.guards.problems]


def _known(of: SeedRun, recipe: Recipe) -> dict[str, Problem]:
    return {problem.id: problem for problem in _tried(of, recipe)}


async def _draws(of: SeedRun, recipe: Recipe, name: str) -> dict[str, list[Attempt]]:
    """A model's answers to the validation problems that guards measure on, drawn where they are not there."""
    rule = replace(of.evaluation.main_rule(recipe.rounds.guards.samples), name=DRAWN)
    problems = _tried(of, recipe)
    if len(of.run.ids("attempts", model=name, decoding=rule.shown)) < rule.samples * len(problems):
        model = local(_folder(of, name), name, recipe.dtype)
        await of.ask(model, rule, problems, "validation")
        await close(model)
    return by_problem(of.run.attempts(model=name, decoding=rule.shown))
