"""The recipe that a run was made with: read in the form of today, and gone on with only where it is the same."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from journey import prompts
from journey.errors import UsageError
from journey.evals.guards import Guards
from journey.models.weights import TINY, folder_hash, model_path
from journey.pipeline.arm_rows import ROUND_APART
from journey.pipeline.arms import JOURNEY, PHASE1, SHORTCUT, SHORTCUT_TOKENS
from journey.pipeline.recipe import UNCOMPARED, Recipe
from journey.pipeline.recipe_reading import plain_recipe, recipe_of
from journey.pipeline.round_settings import SIZES, Rounds
from journey.pipeline.rounds import decide
from journey.pipeline.shard import KEY
from journey.store.entries import Round, Training
from journey.store.run import Run
from journey.store.settings import plain, refuse_changes
from journey.tasks.table import task
from journey.thoughts.methods import METHODS

FIRST_TINY = "a0b086127963d1c7"
"""The weights of the tiny model before it read mazes, too; runs of that time do not say which they were."""
SAME = ("task", "model", "strong", "student", "judge", "critic", "rollout", "servers", "workers", "in_flight")


def kept_recipe(run: Run) -> dict[str, Any]:
    """The plain settings of the recipe that a run was made with; empty where it had none."""
    return upgraded(run.config.get("recipe", {}))


def readable_recipe(run: Run) -> Recipe | None:
    """The recipe that a run was made with; null where it had none, or one that is not read today."""
    try:
        kept = kept_recipe(run)
        return recipe_of(kept, f"the recipe of {run.path}") if kept else None
    except (UsageError, AttributeError, TypeError, KeyError):
        return None


def open_run(out: Path, recipe: Recipe, *, fresh: bool) -> Run:
    """The run of a recipe, made or gone on with. Raises UsageError where it was made with another recipe."""
    ignored = UNCOMPARED
    if (out / "run.db").is_file() and not fresh:
        with Run.read(out) as before:
            refuse_other_recipe(before, recipe)
        ignored = (*UNCOMPARED, "recipe", "prompts", "weights")  # compared there
    return Run.open(out, config_of(recipe), fresh=fresh, ignore=ignored)


def refuse_other_recipe(before: Run, recipe: Recipe) -> None:
    """Raises UsageError where the run was made with another recipe.

    What the kept one does not say is as it is by default: it may be older than a setting. A run without one, of
    imported problems say, takes any.
    """
    kept, now = before.config.get("recipe", {}), plain(config_of(recipe))
    if not before.config:
        return
    is_old = is_of_older_form(kept)
    if kept.get("phases"):
        raise UsageError(
            f"{before.path} trained students in phases, as version 1 did, and their models are called otherwise today; "
            "its thoughts and rows stand: train on with journey train sft, or run the recipe with another --out"
        )
    old = dict(before.config)
    weights = old.get("weights", {TINY: FIRST_TINY} if kept.get("model") == TINY else {})
    if weights and now["weights"] not in ({}, weights):
        raise UsageError(
            f"{before.path} was made with other weights of the tiny model than this version's: run the recipe with "
            "another --out (the old run is read, reported and exported as before)"
        )
    old["weights"] = now["weights"]
    if is_old:
        hashes: Mapping[str, str] = old.get("prompts", {})
        now["prompts"] = {name: now["prompts"][name] for name in hashes if name in now["prompts"]}
        old["prompts"] = {name: hashes[name] for name in now["prompts"]}
    if kept:
        with suppress(UsageError):
            old["recipe"] = plain(plain_recipe(recipe_of(upgraded(kept), f"the recipe of {before.path}")))
    free, why = _about_rounds(before, old.get("recipe", {}), recipe)
    refuse_changes(before.path, old, now, (*UNCOMPARED, *free), why)


def _about_rounds(before: Run, kept: Mapping[str, Any], recipe: Recipe) -> tuple[list[str], dict[str, str]]:
    """The settings of rounds that nothing made so far depends on, and of the others which round does, by their names.

    Guards may change where every round that another followed passes the new ones, too; all else while no later round
    has begun. Raises UsageError for fewer rounds than are done.
    """
    done = sorted((one for one in before.entries(Round) if one.arm in recipe.arms), key=lambda one: one.round)
    most = max((one.round for one in done), default=1)
    if recipe.rounds.count < most:
        raise UsageError(
            f"{before.path} has made {most} rounds and {recipe.rounds.count} are asked for; write rounds: {most} or "
            "more, or take another --out"
        )
    if kept.get("rounds", {}).get("count", 1) == 1:
        return ["recipe.rounds"], {}
    free, why = ["recipe.rounds.count"], dict[str, str]()
    if done:
        why |= {f"recipe.rounds.guards.{name}": f"{_named(done[0])} was measured by it" for name in SIZES}
    by_arm: dict[tuple[int, str], dict[int, Round]] = {}
    for one in done:
        by_arm.setdefault((one.seed, one.arm), {})[one.round] = one
    for rounds in by_arm.values():
        for number in sorted(n for n in rounds if n + 1 in rounds):
            decided = decide(rounds[number], {n: rounds[n] for n in rounds if n < number}, recipe)
            if decided is not None and decided.stopped is not None:
                why.setdefault(
                    "recipe.rounds.guards",
                    f"{_named(rounds[number + 1])} follows one that ends by it ({decided.stopped})",
                )
    if "recipe.rounds.guards" not in why:
        names = (f"recipe.rounds.guards.{field.name}" for field in fields(Guards))
        free += [name for name in names if name not in why]
    if (later := _later_round(before)) is None:
        free += [f"recipe.rounds.{field.name}" for field in fields(Rounds) if field.name != "guards"]
    else:
        why["recipe.rounds"] = f"{later} was made with it"
    return free, why


def _named(one: Round | Training) -> str:
    return f"round {one.round} of seed {one.seed}, {one.arm},"


def _later_round(run: Run) -> str | None:
    """A round behind the first of which a tree, a model or the round itself was made; null where there is none."""
    found = (one for one in (*run.entries(Round), *run.entries(Training)) if (one.round or 1) > 1)
    if (one := next(found, None)) is not None:
        return _named(one)
    seeds = (divmod(tree.settings.get("seed", 0), ROUND_APART) for tree in run.trees())
    return next((f"a tree of round {more + 1} of seed {seed}" for more, seed in seeds if more), None)


def is_of_older_form(kept: Mapping[str, Any]) -> bool:
    """Whether a kept recipe is that of a run of version 1."""
    return "goal" in kept or "telling" in kept


def upgraded(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The plain settings of a kept recipe in the form of today."""
    if not is_of_older_form(kept):
        return dict(kept)
    found = {name: kept[name] for name in SAME if name in kept}
    return found | (_thoughts(kept) if kept.get("goal") == "thoughts" else _comparison(kept))


def _comparison(kept: Mapping[str, Any]) -> dict[str, Any]:
    names = [PHASE1, SHORTCUT, *([SHORTCUT_TOKENS] if kept["matched_tokens"] else []), JOURNEY]
    arms: dict[str, Any] = {name: {} for name in names} | {PHASE1: kept["phase1"]}
    if kept["preferences"]["problems"]:
        arms["dpo"] = kept["preferences"]
    same = ("seeds", "first_seed", "problems", "trees", "training", "evaluation")
    return {name: kept[name] for name in same} | {"thoughts": dict(kept["telling"]), "arms": arms}


def _thoughts(kept: Mapping[str, Any]) -> dict[str, Any]:
    methods, problems = kept["methods"], dict(kept["problems"])
    thoughts = {name: of for name, of in kept["telling"].items() if name not in METHODS or name in methods}
    return {
        "first_seed": kept["seed"],
        "problems": {"train": problems.pop("limit", None)} | problems,
        "trees": kept["trees"],
        "thoughts": thoughts | {"methods": methods},
    }


def config_of(recipe: Recipe) -> dict[str, Any]:
    """The settings that a run keeps: the resolved recipe, the hashes of its prompts and the versions that made it."""
    judged = ("critic",) if recipe.judge != "exact" else ()
    thoughts = recipe.thoughts
    helps = {"explain": thoughts.explain, "refine": thoughts.refine, "translate": thoughts.language}
    helped = [name for name, wanted in helps.items() if wanted]
    hinted = ("hinted",) if thoughts.hinted and any(METHODS[name].unsolved for name in thoughts.methods) else ()
    used = ("rules_", *judged, *helped, *hinted, *thoughts.methods)
    also = [name for name in prompts.names() if name.startswith(used)]
    names = sorted({*task(recipe.task).prompts, *also})
    own = {f"{of}/{name}": (name, of) for of in recipe.languages() for name in names if prompts.has(name, of)}
    return {
        "recipe": plain_recipe(recipe),
        "prompts": {name: prompts.hash(name) for name in names} | {key: prompts.hash(*of) for key, of in own.items()},
        "weights": {TINY: folder_hash(Path(model_path(TINY)))} if TINY in recipe.models() else {},
        "versions": versions(),
        **({} if recipe.shard is None else {KEY: recipe.shard}),
    }


def versions() -> dict[str, str]:
    """The versions of what makes a run."""
    return {name: version_of(name) for name in ("journey-learning", "torch", "transformers", "trl")}


def version_of(package: str) -> str:
    """The version of an installed package, in words where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:  # trees can be grown by a model that needs none of the extras
        return "not installed"
