"""Reads recipes: a file over its base, the environment and flags over both, typed and checked against each other."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from journey import prompts
from journey.errors import UsageError, check_settings
from journey.judges.kinds import default_settings
from journey.pipeline import recipe_files
from journey.pipeline.arms import ARMS, in_order
from journey.pipeline.moved_keys import refuse_moved
from journey.pipeline.plain_settings import (
    copied,
    flags,
    merged,
    read_settings,
    saved,
    set_value,
    typed,
    unknown_key,
    value,
)
from journey.pipeline.recipe import VARIABLE, Problems, Recipe, Thoughts, Trees
from journey.pipeline.round_settings import rounds_named
from journey.pipeline.shard import read_shard
from journey.tasks.table import task
from journey.thoughts.methods import METHODS
from journey.training.settings import SftSettings
from journey.trees.growers import GROWERS


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
    *,
    shard: str | None = None,
    ray: str | None = None,
) -> Recipe:
    """The recipe of a YAML file, or the one of that name that ships with journey.

    `overrides` are "a.b=value", and beat JOURNEY_A__B=value, which beats the file; `shard` and
    `ray` (an address) are two more. Raises UsageError: missing file, no YAML, unknown key (with the nearest right one),
    a key of an older form, wrong kind of value.
    """
    own = [f"shard={read_shard(shard)}"] if shard is not None else []
    own += [f"ray.address={ray}"] if ray is not None else []
    return recipe_of(load_settings(path, (*overrides, *own), environment), str(path))


def load_settings(
    path: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The plain settings of a recipe's file over those of its `base`, with the environment's and the flags' over them.

    Raises UsageError.
    """
    given = list(flags(overrides))
    data = _with_base(path, next((str(found) for key, found, _ in given if key == "base"), None))
    known = {f.name for f in fields(Recipe)} | default_settings().keys()
    for name, text in environment.items():
        key = name.removeprefix(VARIABLE).lower().replace("__", ".")
        if not name.startswith(VARIABLE) or key == "seed":  # a flag's own variable
            continue
        refuse_moved(key, f"the environment's {name}")
        if key.split(".")[0] in known:
            lay_over(data, key, value(text), f"the environment's {name}")
    for key, found, who in given:
        refuse_moved(key, who)
        if key != "base":
            lay_over(data, key, found, who)
    return data


def _with_base(path: str | Path, base: str | None = None) -> dict[str, Any]:
    """The settings of a file over those of its base; `base` names another one."""
    file = recipe_files.find(path)
    data = read_settings(file)
    _refuse_old(data, str(path))
    own = data.pop("base", None)
    base = own if base is None else base
    data["arms"] = arms_named(data.get("arms") or {})
    if "rounds" in data:
        data["rounds"] = rounds_named(data["rounds"])
    if base is None:
        return data
    below = _with_base(base if Path(base).is_absolute() else file.parent / base)
    arms = data.pop("arms")
    return merged(below, data) | {"arms": merged(_among(below["arms"], arms), arms) if arms else below["arms"]}


def _refuse_old(data: Mapping[str, Any], where: str, above: str = "") -> None:
    for key, inner in data.items():
        refuse_moved(f"{above}{key}", where)
        if isinstance(inner, Mapping) and not above:
            _refuse_old(inner, where, f"{key}.")


def lay_over(data: dict[str, Any], key: str, found: Any, who: str) -> None:
    """Sets a dotted key of a recipe; a list of arms chooses among those that are there, which keep their settings."""
    refuse_moved(key, who)
    if key == "arms":
        wanted = arms_named(found)
        data["arms"] = merged(_among(data.get("arms", {}), wanted), wanted)
    elif key in ("rounds", "rounds.guards"):
        data["rounds"] = merged(data.get("rounds", {}), rounds_named(found if key == "rounds" else {"guards": found}))
    else:
        set_value(data, key, found, who)


def _among(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: there.get(name) or {} for name in wanted}


def arms_named(found: Any) -> dict[str, Any]:
    """The arms of a recipe by name: from names in a list, each alone or with its settings below it, or a mapping."""
    if isinstance(found, Mapping):
        for name, inner in found.items():
            if not isinstance(inner, Mapping | None):
                raise UsageError(f"arms.{name} is {inner!r}; it must hold settings, such as {name}: {{epochs: 3}}")
        return {name: copied(inner or {}) for name, inner in found.items()}
    if not isinstance(found, list):
        raise UsageError(f"arms is {found!r}; write a list of names such as [{', '.join(ARMS)}]")
    named: dict[str, Any] = {}
    for one in found:
        named |= arms_named(one) if isinstance(one, Mapping) else {one: {}}
    return named


def recipe_of(data: Mapping[str, Any], where: str) -> Recipe:
    """The recipe of plain settings. Raises UsageError naming the first that is wrong."""
    parts = ("trees", "thoughts", "arms")
    rest = {key: inner for key, inner in data.items() if key not in parts}
    rest |= {"rounds": rounds_named(rest["rounds"])} if "rounds" in rest else {}
    found = typed(Recipe, rest, where, known=parts)
    trees, thoughts = _trees(data.get("trees") or {}, where, found.task), _thoughts(data.get("thoughts") or {}, where)
    shared = data.get("training") or {}
    arms: dict[str, Any] = {}
    given = data.get("arms") or {}
    for name in in_order(list(given)):
        if name not in ARMS:
            raise unknown_key("arms.", name, list(ARMS))
        kind = ARMS[name].settings
        below = shared if issubclass(kind, SftSettings) and ARMS[name].needs is not None else {}
        arms[name] = typed(kind, merged(below, given[name] or {}), where, f"arms.{name}.")
    thoughts = _with_controls(thoughts, list(arms))
    problems = _drawn_as(found.task, found.problems, where)
    return checked(replace(found, problems=problems, trees=trees, thoughts=thoughts, arms=arms))


def _with_controls(thoughts: Thoughts, arms: Sequence[str]) -> Thoughts:
    """The thoughts with the controls that arms train on, where the methods are made whose controls they are."""
    wanted = {method for name in arms if (method := ARMS[name].method) and METHODS[method].control_of}
    more = [name for name in METHODS if name in wanted - {*thoughts.methods}]
    found = tuple(name for name in more if METHODS[name].control_of in thoughts.methods)
    return replace(thoughts, methods=(*thoughts.methods, *found))


def _drawn_as(name: str, problems: Problems, where: str) -> Problems:
    """The problems with `puzzles` as the settings of the task of that name. Raises UsageError."""
    kind, given = task(name).settings, problems.puzzles
    if kind is None and given:
        raise UsageError(f"problems of the task {name} are not drawn; leave problems.puzzles out")
    return problems if kind is None else replace(problems, puzzles=typed(kind, given or {}, where, "problems.puzzles."))


def _trees(data: Any, where: str, task_name: str) -> Trees:
    if not isinstance(data, Mapping):
        raise UsageError(f"trees is {data!r}; it must hold settings, one a line, below it")
    named = [name for name in GROWERS if name in data]
    if len(named) > 1:
        raise UsageError(f"trees are grown in one way, but {' and '.join(named)} are both set; keep one of them")
    grower = named[0] if named else task(task_name).grower
    rest = {key: inner for key, inner in data.items() if key not in GROWERS}
    _refuse_own(rest, "trees.", Trees, ("grower", "settings"), GROWERS)
    found = typed(Trees, rest, where, "trees.", GROWERS)
    own = typed(GROWERS[grower].settings, data.get(grower) or {}, where, f"trees.{grower}.")
    return replace(found, grower=grower, settings=own)


def _thoughts(data: Any, where: str) -> Thoughts:
    if not isinstance(data, Mapping):
        raise UsageError(f"thoughts is {data!r}; it must hold settings, one a line, below it")
    with_settings = {name: kind for name, of in METHODS.items() if (kind := of.settings) is not None}
    rest = {key: inner for key, inner in data.items() if key not in with_settings}
    _refuse_own(rest, "thoughts.", Thoughts, ("settings",), with_settings)
    found = typed(Thoughts, rest, where, "thoughts.", with_settings)
    own = {
        name: typed(kind, data.get(name) or {}, where, f"thoughts.{name}.")
        for name, kind in with_settings.items()
        if name in data or name in found.methods
    }
    return replace(found, settings=own)


def _refuse_own(given: Mapping[str, Any], under: str, kind: type, own: Sequence[str], named: Iterable[str]) -> None:
    """Raises UsageError for a field that a recipe does not write: it follows from the names that stand there."""
    for key in own:
        if key in given:
            known = [*named, *(f.name for f in fields(kind) if f.name not in own)]
            raise UsageError(f"there is no setting {under}{key}; known are {', '.join(known)}")


def checked(wanted: Recipe) -> Recipe:
    """The recipe. Raises UsageError where its parts do not fit together."""
    thoughts, arms = wanted.thoughts, list(wanted.arms)
    if wanted.shard is not None:
        read_shard(wanted.shard)
        if wanted.axes:
            raise UsageError("a sweep has no shards: leave shard away, or give its points to the machines one by one")
    for language in wanted.languages():
        for name in task(wanted.task).prompts:
            prompts.load(name, language)
    check_settings(wanted.evaluation, "evaluation.", votes=1, max_tokens=1, temperature=0)
    check_settings(wanted.trees, "trees.", count=1)
    check_settings(wanted, seeds=1, redraws=1)
    if not thoughts.methods:
        raise UsageError("thoughts.methods is empty; name at least one, such as traverse")
    for method in thoughts.methods:
        if method not in METHODS:
            raise unknown_key("thoughts.", method, list(METHODS))
    if thoughts.notes is None and any(METHODS[method].source == "notes" for method in thoughts.methods):
        raise UsageError(
            "annotate expands people's notes; give their file with --notes FILE, in a recipe as thoughts.notes"
        )
    if stray := [method for method in thoughts.refine if method not in thoughts.methods]:
        raise UsageError(f"thoughts.refine names {stray[0]}, which is not among thoughts.methods; add it there")
    for name in arms:
        method, needs = ARMS[name].method, ARMS[name].needs
        if method is not None and method not in thoughts.methods:
            raise UsageError(f"the arm {name} trains on {method}, which is not among thoughts.methods; add it there")
        if needs is not None and needs not in arms and ARMS[needs].needs is not None:
            raise UsageError(f"the arm {name} starts from {needs}, which is not among the arms; add it there")
    if wanted.seeds > 1 and wanted.policy_arm is None:
        raise UsageError(
            f"seeds is {wanted.seeds}, but no arm makes the model that grows the trees (phase1); write seeds: 1"
        )
    if wanted.rounds.count > 1 and not wanted.arms_in_rounds:
        known = ", ".join(name for name, arm in ARMS.items() if arm.goes_round)
        raise UsageError(f"rounds is {wanted.rounds.count}, but no arm goes round; name one of {known} among the arms")
    return wanted


def plain_recipe(wanted: Recipe) -> dict[str, Any]:
    """The recipe as plain settings, every default in its place; `recipe_of` reads it back."""
    data = saved(wanted, wanted.judge)
    data["trees"][wanted.trees.grower] = data["trees"].pop("settings")
    del data["trees"]["grower"]
    data["thoughts"] |= data["thoughts"].pop("settings")
    del data["shard"], data["ray"]  # of who works, not of what is made
    return data


def short_recipe(wanted: Recipe) -> dict[str, Any]:
    """The recipe without what every recipe of its task, arms and methods has by default; `recipe_of` reads it back."""
    whole = plain_recipe(wanted)
    named = {"task": wanted.task, "arms": {name: {} for name in wanted.arms}}
    named |= {"thoughts": {"methods": list(wanted.thoughts.methods)}}
    with suppress(UsageError):
        found = _differing(whole, plain_recipe(recipe_of(named, "a recipe")))
        found = merged(named, found)
        if plain_recipe(recipe_of(found, "a recipe")) == whole:
            return {name: found[name] for name in whole if name in found}
    return whole


def _differing(settings: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, own in settings.items():
        other = below.get(name)
        if isinstance(own, Mapping) and isinstance(other, Mapping):
            if inner := _differing(own, other):
                found[name] = inner
        elif name not in below or own != other:
            found[name] = own
    return found
