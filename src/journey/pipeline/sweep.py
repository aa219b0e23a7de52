"""Runs a sweep: every point an ordinary run in a folder of its own, which shares with the base what is the same.

The base is made first. A point that differs from it in `evaluation` alone takes over its trained models; one that
differs in how many trees are told, how, or how is trained on them takes over problems, phase 1 and trees. Trees are
told in the order of their problems, so that the first n of them are nested in the first m > n.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.pipeline import recipe_files
from journey.pipeline.executor import JobProgress, work_off
from journey.pipeline.experiment import config_of, jobs_of, store_problems
from journey.pipeline.recipe import UNCOMPARED, Recipe, limited, merged, overridden, read_settings, typed
from journey.pipeline.sweep_recipe import Arm, Scaling
from journey.store.excluded import exclude, excluded
from journey.store.run import Run
from journey.store.settings import differences

BASE = "base"
PARTS: Mapping[Arm, tuple[str, ...]] = {
    "phase1": ("trees", "phase1"), "journey": ("trees", "journey", "answers"), "shortcut": ("trees", "shortcut"),
}  # fmt: skip
AFTER_TRAINING = ("evaluation",)
AFTER_TREES = (*AFTER_TRAINING, "trees.count", "telling", "training")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the folder of its run under the sweep's, and the recipe. Equal recipes share a folder."""

    axis: str
    value: Any
    folder: str
    recipe: Recipe


def places(wanted: Scaling, file: Path, limit: int | None = None, seed: int | None = None) -> list[Place]:
    """The base first, then the points of every axis. `limit` cuts problems and trees of all. Raises UsageError."""
    source = recipe_files.find(file).parent / wanted.base
    settings = merged(read_settings(source), wanted.settings)
    if settings.get("goal", "comparison") != "comparison":
        raise UsageError(f"{source} is no comparison; a sweep's base must be one")

    def recipe(changed: Mapping[str, Any]) -> Recipe:
        made = typed(Recipe, merged(settings, changed), str(source))
        made = made if seed is None else replace(made, first_seed=seed)
        arms = replace(made.preferences, problems=0)  # arms that no sweep asks for
        return limited(replace(made, preferences=arms, matched_tokens=False), limit)

    found = [Place(BASE, None, BASE, recipe({}))]
    for name, axis in wanted.axes.items():
        for value in axis.values:
            made = recipe(overridden([f"{axis.setting}={value}"]))
            same = next((place.folder for place in found if place.recipe == made), f"{name}-{value}".replace("/", "_"))
            found.append(Place(name, value, same, made))
    return found


def runs_of(found: list[Place]) -> list[Place]:
    """One place for each folder, the base first."""
    first: dict[str, Place] = {}
    for place in found:
        first.setdefault(place.folder, place)
    return list(first.values())


def run_sweep(
    wanted: Scaling,
    found: list[Place],
    out: Path,
    *,
    fresh: bool,
    progress: JobProgress,
    on_point: Callable[[Place], None] = lambda place: None,
) -> None:
    """Makes every point that is not there yet; the same command goes on where it was stopped."""
    base = found[0].recipe
    for place in runs_of(found):
        with Run.open(out / place.folder, config_of(place.recipe), fresh=fresh, ignore=UNCOMPARED) as run:
            if place.folder != BASE:
                share(out / BASE, run, shared(base, place.recipe), base)
            store_problems(run, place.recipe)
            arms: tuple[Arm, ...] = (*wanted.arms, "phase1") if place.folder == BASE else wanted.arms
            parts = {part for arm in arms for part in PARTS[arm]}
            jobs = [job for job in jobs_of(place.recipe) if job.name.partition(" ")[2] in parts]
            names = {job.name for job in jobs}
            jobs = [  # no figure of a sweep is greedy, and greedy answers that go round in circles cost more than all
                job._replace(arguments=(*job.arguments, False), after=tuple(n for n in job.after if n in names))
                for job in jobs
            ]

            def said(who: str, station: str, done: int, total: int, folder: str = place.folder) -> None:
                progress(f"{folder} {who.partition(' ')[0]}", station, done, total)

            work_off(run, jobs, place.recipe.workers or os.cpu_count() or 1, said)
        on_point(place)


def shared(base: Recipe, other: Recipe) -> str:
    """What a point can take over from the base: "models", "trees" or "nothing", by the settings that differ."""
    names = [one.partition(":")[0] for one in differences(asdict(base), asdict(other), ("workers", "in_flight"))]
    for what, later in (("models", AFTER_TRAINING), ("trees", AFTER_TREES)):
        if all(any(name == one or name.startswith(f"{one}.") for one in later) for name in names):
            return what
    return "nothing"


def share(source: Path, run: Run, what: str, base: Recipe) -> None:
    """Brings problems, trees and models of the base into a point's run; what is there already is left as it is.

    With more seeds than before it brings those of the new ones.
    """
    seeds = list(range(base.first_seed, base.first_seed + base.seeds))
    if what == "nothing" or any(set(seeds) <= set(row.get("seeds", ())) for row in run.logged("shared")):
        return
    with Run.read(source) as there:
        for part in ("test", "validation", "phase1", "train"):
            run.put_all("problems", there.all("problems", split=part), split=part)
        exclude(run, excluded(there), {"as in": BASE})
        run.put_all("trees", there.all("trees"))
        wanted = [f"seed-{seed}/phase1" for seed in seeds]
        if what == "models":
            wanted += [f"seed-{seed}/{arm}" for seed in seeds for arm in ("journey", "shortcut")]
            for seed in seeds:
                told = there.thoughts(arm=f"seed-{seed}")
                run.put_all("thoughts", told, arm=f"seed-{seed}")
        logged = {row["model"] for row in run.logged("train")}
        for row in there.logged("train"):
            if row["model"] in wanted and row["model"] not in logged:
                run.log("train", row)
    for name in wanted:
        _take_over(source / "models" / name, run.path / "models" / name)
    run.log("shared", {"from": BASE, "what": what, "seeds": seeds})


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


def plan(found: list[Place], out: Path) -> Iterator[dict[str, Any]]:
    """One row a run: its folder, what it takes over, how many seeds, whether it has been begun."""
    base = found[0].recipe
    for place in runs_of(found):
        took = "nothing" if place.folder == BASE else shared(base, place.recipe)
        is_there = (out / place.folder / "run.db").is_file()
        yield {"run": place.folder, "takes over": took, "seeds": place.recipe.seeds, "begun": is_there}
