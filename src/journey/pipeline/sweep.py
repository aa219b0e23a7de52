"""Runs a sweep: every point an ordinary run in a folder of its own, which shares with the base what is the same.

The base is made first. A point that differs from it in `evaluation` alone takes over its trained models; one that
differs in how many trees thoughts are made of, how, or how is trained on them takes over problems, policy and trees.
Thoughts are made of trees in the order of their problems, so that the first n of them are nested in the first m > n.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.pipeline.arm_rows import model_name
from journey.pipeline.arms import ARMS, compared
from journey.pipeline.executor import JobProgress, work_off
from journey.pipeline.experiment import is_evaluation_of, jobs_of, seed_of, workers_of
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import STORED, store_problems
from journey.pipeline.plain_settings import copied, value
from journey.pipeline.recipe import Recipe, limited
from journey.pipeline.recipe_reading import lay_over, load_settings, plain_recipe, recipe_of
from journey.store.entries import SharedPart, Training
from journey.store.excluded import exclude, excluded
from journey.store.run import Run
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
        made = recipe_of(data, str(file))
        return limited(made if seed is None else replace(made, first_seed=seed), limit)

    found = [Point(BASE, None, BASE, recipe())]
    if compared()[1] not in found[0].recipe.arms or found[0].recipe.policy_arm is None:
        policies = " or ".join(name for name, arm in ARMS.items() if arm.policy)
        raise UsageError(
            f"a sweep wants the {compared()[1]} and the arm that makes the policy ({policies}) among its arms"
        )
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


def run_sweep(
    found: list[Point],
    out: Path,
    *,
    fresh: bool,
    progress: JobProgress,
    on_point: Callable[[Point], None] = lambda point: None,
) -> None:
    """Makes every point that is not there yet; the same command goes on where it was stopped."""
    base = found[0].recipe
    for point in runs_of(found):
        with open_run(out / point.folder, point.recipe, fresh=fresh) as run:
            if point.folder != BASE:
                share(out / BASE, run, shared(base, point.recipe), base)
            store_problems(run, point.recipe)
            arms = compared_arms(point)
            left_out = [name for name in point.recipe.arms if name not in arms]
            jobs = [job for job in jobs_of(point.recipe) if not any(is_evaluation_of(job, name) for name in left_out)]

            seeds = {job.name: seed_of(job) for job in jobs}

            def shown(
                who: str, stage: str, done: int, total: int, folder: str = point.folder, of: dict[str, int] = seeds
            ) -> None:
                progress(f"{folder} seed-{of[who]}", stage, done, total)

            work_off(run, jobs, workers_of(point.recipe), shown)
        on_point(point)


def shared(base: Recipe, other: Recipe) -> str:
    """What a point can take over from the base: "models", "trees" or "nothing", by the settings that differ."""
    one, two = plain_recipe(base), plain_recipe(other)
    names = [name.partition(":")[0] for name in differences(one, two, ("workers", "in_flight"))]
    arms = tuple(f"arms.{name}" for name, arm in ARMS.items() if arm.needs is not None)
    for what, later in (("models", AFTER_TRAINING), ("trees", (*AFTER_TREES, *arms))):
        if all(any(name == one or name.startswith(f"{one}.") for one in later) for name in names):
            return what
    return "nothing"


def share(source: Path, run: Run, what: str, base: Recipe) -> None:
    """Brings problems, trees and models of the base into a point's run; what is there already is left as it is.

    With more seeds than before it brings those of the new ones.
    """
    seeds = list(base.seed_numbers())
    if what == "nothing" or any(set(seeds) <= set(part.seeds) for part in run.entries(SharedPart)):
        return
    arms = [name for name in base.arms if what == "models" or ARMS[name].policy]
    with Run.read(source) as there:
        for part in STORED:
            run.put_all("problems", there.all("problems", split=part), split=part)
        exclude(run, excluded(there), {"as in": BASE})
        run.put_all("trees", there.all("trees"))
        wanted = [model_name(seed, arm) for seed in seeds for arm in arms]
        if what == "models":
            for seed in seeds:
                run.put_all("thoughts", there.thoughts(seed=seed))
        known = {training.model for training in run.entries(Training)}
        run.add(*(t for t in there.entries(Training) if t.model in wanted and t.model not in known))
    for name in wanted:
        _take_over(source / "models" / name, run.path / "models" / name)
    run.add(SharedPart(BASE, what, seeds))


def _take_over(model: Path, to: Path) -> None:
    """The folder of a model, whole or not at all; its files are linked where the disk can do that."""
    if to.exists() or not model.is_dir():
        return
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(model, part, copy_function=_link)
    part.replace(to)


def _link(source: str, to: str) -> None:
    try:
        os.link(source, to)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, to)


def plan(found: list[Point], out: Path) -> Iterator[dict[str, Any]]:
    """One row a run: its folder, what it takes over, how many seeds, whether it has been begun."""
    base = found[0].recipe
    for point in runs_of(found):
        took = "nothing" if point.folder == BASE else shared(base, point.recipe)
        is_there = (out / point.folder / "run.db").is_file()
        yield {"run": point.folder, "takes over": took, "seeds": point.recipe.seeds, "begun": is_there}
