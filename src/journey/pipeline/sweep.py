"""Runs a sweep: every point an ordinary run in a folder of its own, which shares with the base what is the same.

The base is made first. A point that differs from it in `evaluation` alone takes over its trained models; one that
differs in how many trees thoughts are made of, how, or how is trained on them takes over problems, policy and trees.
Thoughts are made of trees in the order of their problems, so that the first n of them are nested in the first m > n.
"""

from collections.abc import Callable
from pathlib import Path

from journey.pipeline.arm_rows import model_name
from journey.pipeline.arms import ARMS
from journey.pipeline.executor import JobProgress, work_off
from journey.pipeline.jobs import EVALUATE, jobs_of, workers_of
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import store_problems, take_problems
from journey.pipeline.points import BASE, Point, compared_arms, runs_of, shared
from journey.pipeline.recipe import Recipe
from journey.store.entries import SharedPart, Training
from journey.store.files import take_over
from journey.store.run import Run


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
            jobs = [job for job in jobs_of(point.recipe) if job.key.kind != EVALUATE or job.key.arm in arms]

            def shown(who: str, stage: str, done: int, total: int, folder: str = point.folder) -> None:
                progress(f"{folder} {who}", stage, done, total)

            work_off(run, jobs, workers_of(point.recipe), shown)
        on_point(point)


def share(source: Path, run: Run, what: str, base: Recipe) -> None:
    """Brings problems, trees and models of the base into a point's run; what is there already is left as it is.

    With more seeds than before it brings those of the new ones.
    """
    seeds = list(base.seed_numbers())
    if what == "nothing" or any(set(seeds) <= set(part.seeds) for part in run.entries(SharedPart)):
        return
    arms = [name for name in base.arms if what == "models" or ARMS[name].policy]
    with Run.read(source) as there:
        take_problems(there, run, BASE)
        run.put_all("trees", there.all("trees"))
        wanted = [model_name(seed, arm) for seed in seeds for arm in arms]
        if what == "models":
            for seed in seeds:
                run.put_all("thoughts", there.thoughts(seed=seed))
        known = {training.model for training in run.entries(Training)}
        run.add(*(t for t in there.entries(Training) if t.model in wanted and t.model not in known))
    for name in wanted:
        take_over(source / "models" / name, run.path / "models" / name)
    run.add(SharedPart(BASE, what, seeds))
