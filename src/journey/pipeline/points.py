"""The points of a sweep: which runs it is made of, and what each takes over from the base."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.pipeline.arms import ARMS, compared
from journey.pipeline.plain_settings import copied, value
from journey.pipeline.recipe import Recipe, limited
from journey.pipeline.recipe_reading import lay_over, load_settings, plain_recipe, recipe_of
from journey.store.settings import differences

BASE = "base"
AFTER_TRAINING = ("evaluation",)
AFTER_TREES = (*AFTER_TRAINING, "trees.count", "thoughts", "training")


@dataclass(frozen=True, slots=True)
class Point:
    """Where a value of an axis stands: the folder of its run under the sweep's, and the recipe.

    Equal recipes share a folder.
    """

    axis: str
    value: Any
    folder: str
    recipe: Recipe


def points_of(
    file: Path, overrides: Sequence[str] = (), limit: int | None = None, seed: int | None = None
) -> list[Point]:
    """The base first, then the points of every axis. `limit` cuts problems and trees of all. Raises UsageError."""
    settings = load_settings(file, overrides)
    axes = recipe_of(settings, str(file)).axes
    base = {key: inner for key, inner in settings.items() if key not in ("axes", "redraws")}

    def recipe(setting: str | None = None, at: Any = None) -> Recipe:
        data = copied(base)
        if setting is not None:
            lay_over(data, setting, at, f"the axis of {setting}")
        return limited(recipe_of(data, str(file)), limit, seed)

    found = [Point(BASE, None, BASE, recipe())]
    if compared()[1] not in found[0].recipe.arms or found[0].recipe.policy_arm is None or found[0].recipe.trees.model:
        policies = " or ".join(name for name, arm in ARMS.items() if arm.policy)
        raise UsageError(
            f"a sweep wants the {compared()[1]} and the arm that makes the policy ({policies}) among its arms, and its "
            "trees grown by that; leave trees.model out"
        )
    if found[0].recipe.rounds.count > 1:
        raise UsageError("the points of a sweep make one round each; leave rounds out, or axes")
    for name, axis in axes.items():
        for at in axis.values:
            made = recipe(axis.setting, value(str(at)) if isinstance(at, str) else at)
            same = next((point.folder for point in found if point.recipe == made), f"{name}-{at}".replace("/", "_"))
            found.append(Point(name, at, same, made))
    return found


def runs_of(found: list[Point]) -> list[Point]:
    """One point for each folder, the base first."""
    first: dict[str, Point] = {}
    for point in found:
        first.setdefault(point.folder, point)
    return list(first.values())


def compared_arms(point: Point) -> list[str]:
    """The arms that are asked at a point; those that take no part in its axis (first phases) at the base alone."""
    return [name for name in point.recipe.arms if point.folder == BASE or ARMS[name].needs is not None]


def shared(base: Recipe, other: Recipe) -> str:
    """What a point can take over from the base: "models", "trees" or "nothing", by the settings that differ."""
    one, two = plain_recipe(base), plain_recipe(other)
    names = [name.partition(":")[0] for name in differences(one, two, ("workers", "in_flight"))]
    arms = tuple(f"arms.{name}" for name, arm in ARMS.items() if arm.needs is not None)
    for what, later in (("models", AFTER_TRAINING), ("trees", (*AFTER_TREES, *arms))):
        if all(any(name == one or name.startswith(f"{one}.") for one in later) for name in names):
            return what
    return "nothing"


def plan(found: list[Point], out: Path) -> Iterator[dict[str, Any]]:
    """One row a run: its folder, what it takes over, how many seeds, whether it has been begun."""
    base = found[0].recipe
    for point in runs_of(found):
        took = "nothing" if point.folder == BASE else shared(base, point.recipe)
        is_there = (out / point.folder / "run.db").is_file()
        yield {"run": point.folder, "takes over": took, "seeds": point.recipe.seeds, "begun": is_there}
