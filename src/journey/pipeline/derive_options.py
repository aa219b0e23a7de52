"""What journey derive makes: the run's own recipe with the flags over it, refused where a run has other thoughts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.models.weights import check_weights
from journey.pipeline import registry
from journey.pipeline.arms import ARMS
from journey.pipeline.derive import Derivation, has_own_thought
from journey.pipeline.derive_flags import FLAGS, methods_of, refuse_unfit
from journey.pipeline.fan_out import Progress
from journey.pipeline.kept_recipe import kept_recipe
from journey.pipeline.moved_keys import refuse_moved
from journey.pipeline.plain_settings import copied, flags, override, set_value
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import recipe_of
from journey.store.entries import MethodSettings
from journey.store.run import Run
from journey.store.settings import differences, plain
from journey.tasks.table import shared_task, task
from journey.thoughts.methods import METHODS, from_trees, needs_trees
from journey.trees.mark import no_thought_reason


async def make_thoughts(into: Run, wanted: Recipe, models: registry.Models, progress: Progress) -> None:
    """Makes the thoughts of the recipe's methods over all trees or problems of a run, and refines those it names."""
    settings = wanted.thought_settings(wanted.first_seed)
    derivation = Derivation(into, settings, task(wanted.task), models.model, progress)
    await derivation.make_all(wanted.thoughts.methods, wanted.thoughts.refine)


def _kept(into: Run, methods: Sequence[str]) -> dict[str, Any]:
    """What the run's recipe says of these methods; of an experiment's recipe what means the same here."""
    kept = kept_recipe(into)
    thoughts: dict[str, Any] = kept.get("thoughts", {})
    if problems := list(into.problems()):
        shared_task(problems)  # refuses problems whose steps are written differently
    if not thoughts or any(ARMS[name].policy for name in kept.get("arms", {}) if name in ARMS):
        thoughts = {key: value for key, value in thoughts.items() if key in ("traverse", "neutral")}
        kept = {"task": shared_task(list(into.problems())).name, "servers": kept.get("servers", {}), "first_seed": 0}
    refined = [method for method in thoughts.get("refine", ()) if method in methods]
    return kept | {"arms": {}, "seeds": 1, "thoughts": thoughts | {"methods": list(methods), "refine": refined}}


def derive_recipe(into: Run, method: str, given: Mapping[str, Any], settings: Sequence[str] = ()) -> Recipe:
    """The run's recipe where it has one, the flags (`given`, by name) and --set over it. Raises UsageError."""
    methods = methods_of(method)
    data = copied(_kept(into, methods))
    for key, _, who in flags(settings):
        refuse_moved(key, who)
    override(data, settings)
    values = dict(given)
    if "refine" in values:  # a shortcut is what it is: refinement is for what a method made as a draft
        values["refine"] = [name for name in methods if values["refine"] and METHODS[name].refinable]
    for name, value in values.items():
        set_value(data, FLAGS[name], value, f"--{name}")
    if "trials" in values:
        data["thoughts"]["traverse"] |= {"trials_by_depth": None, "vary": False}
    wanted = recipe_of(data, f"the settings of {into.path}")
    refine = tuple(name for name in wanted.thoughts.refine if METHODS[name].refinable)
    wanted = replace(wanted, thoughts=replace(wanted.thoughts, refine=refine))
    refuse_unfit(given, settings, methods, helped=wanted.thoughts.explain or bool(refine or wanted.thoughts.language))
    registry.check_names(wanted.models(), "exact", wanted.servers)
    for name in wanted.models():
        check_weights(name)
    return wanted


def refuse_other_settings(into: Run, wanted: Recipe) -> None:
    """Both arms need one thought a tree from the same rule, so a run has thoughts of one kind only by each method."""
    if set(wanted.thoughts.methods) & set(from_trees()) and into.ids("thoughts") - into.ids("thoughts", seed=None):
        raise UsageError(
            f"the thoughts of {into.path} were made by journey run; to make others of its trees "
            "take them into another run: " + _into_another(into.path)
        )
    before = {entry.method: entry.settings for entry in into.entries(MethodSettings)}
    kept = kept_recipe(into)
    if kept.get("thoughts") and not any(ARMS[name].policy for name in kept.get("arms", {}) if name in ARMS):
        before = identities(recipe_of(kept, f"the settings of {into.path}")) | before
    for name, settings in identities(wanted).items():
        changed = differences(plain(before.get(name, {})), plain(settings))
        verb, _, method = name.rpartition(" ")
        there = list(into.thoughts(method=method)) if changed else []
        if verb == "refine":
            there = [t for t in there if t.language is None and (t.refined_by is not None or t.note is not None)]
        elif verb:
            there = [t for t in there if t.language == settings["language"]]
        if changed and not there:
            into.add(MethodSettings(name, plain(settings)))
        elif changed:
            raise UsageError(
                f"the thoughts by {name} in {into.path} were made with other settings ({'; '.join(changed)}); give the "
                f"old ones again, or take the trees into another run: {_into_another(into.path)}"
            )


def identities(wanted: Recipe) -> dict[str, dict[str, Any]]:
    """What decides the thoughts of each method, and how drafts of each are refined."""
    settings, thoughts = wanted.thought_settings(wanted.first_seed), wanted.thoughts
    made = {method: settings.identity(method) for method in thoughts.methods}
    made |= {f"refine {method}": settings.refined_identity() for method in thoughts.refine}
    if settings.language is None:
        return made
    target_language = {"language": settings.language} | settings.translated_identity()
    return made | {f"translate {settings.language} {method}": target_language for method in thoughts.methods}


def _into_another(path: Path) -> str:
    """The commands that take a run's problems and trees into another run."""
    other = path.with_name(f"{path.resolve().name}-again")
    tables = ("problems", "trees")
    files = {table: f"{other}-{table}.jsonl" for table in tables}
    exports = [f"journey export {path} {table} --to {files[table]}" for table in tables]
    return " && ".join([*exports, *(f"journey import {table} {files[table]} --out {other}" for table in tables)])


def reasons_without(into: Run, wanted: Recipe) -> Counter[str]:
    """Why trees give no thought; empty where no method works on trees. Raises UsageError where there are no trees."""
    reasons: Counter[str] = Counter()
    if not needs_trees(wanted.thoughts.methods):
        from_notes = any(METHODS[method].source == "notes" for method in wanted.thoughts.methods)
        if not from_notes and not into.count("problems", split="train"):
            raise UsageError(
                f"{into.path} holds no problems to train on; import some with journey import problems FILE --out "
                f"{into.path}"
            )
        return reasons
    if not into.count("trees"):
        raise UsageError(f"{into.path} holds no trees; grow some with journey grow, or import some")
    if any(METHODS[method].unsolved for method in wanted.thoughts.methods):
        return reasons  # counted where the thoughts are made
    for tree in into.trees():
        if not has_own_thought(tree) and (reason := no_thought_reason(tree, wanted.thoughts.neutral)) is not None:
            reasons[reason] += 1
    return reasons
