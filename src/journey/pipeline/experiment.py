"""Runs a recipe: its problems, the jobs of every seed, and the rows of what it made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from journey.data.problems import PARTS, part
from journey.errors import UsageError
from journey.models.budget import BudgetTracker
from journey.models.weights import check_weights, lacking, model_path
from journey.pipeline import registry
from journey.pipeline.arm_rows import thought_rows
from journey.pipeline.arms import ARMS, source_of
from journey.pipeline.executor import JobProgress, work_off
from journey.pipeline.jobs import Part, jobs_of, workers_of
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import more_problems, new_rounds, store_problems
from journey.pipeline.recipe import Recipe
from journey.pipeline.round_rows import check_given, check_mix
from journey.pipeline.seed_work import Budget, base_of
from journey.store.entries import Spending
from journey.store.export import write_rows
from journey.store.labels import labels, written
from journey.store.run import Run
from journey.tasks.table import ask, check_runs
from journey.thoughts.methods import METHODS
from journey.types import Problem


def run_recipe(
    recipe: Recipe,
    out: Path,
    *,
    fresh: bool,
    progress: JobProgress,
    on_seed: Callable[[Run], None] = lambda run: None,
    tracker: BudgetTracker | None = None,
) -> Run:
    """Runs the recipe into the folder `out` and returns the open run. `on_seed` is called after each seed.

    `tracker` gives the budget and the prices of models behind servers; what they cost stands in the run.
    """
    run = open_run(out, recipe, fresh=fresh)
    try:
        store_problems(run, recipe, lambda *step: progress("problems", *step))
        if recipe.grows and recipe.shard is None and not run.count("problems", split="train"):
            raise UsageError("there are no problems to grow trees of; say problems.file, or problems.train for puzzles")
        check_trained(recipe, {name: part(run, name) for name in PARTS}, run.path)
        budget = Budget(since=len(run.entries(Spending)))
        if tracker is not None:
            budget = replace(budget, limits=tracker.limits, prices=tracker.prices)
        if recipe.policy_arm is None:  # one seed by models of any kind, in this process
            budget = replace(budget, tracker=tracker or BudgetTracker())
        jobs = jobs_of(recipe, budget)
        left = [job.key.seed for job in jobs]

        def on_done(key: Part) -> None:
            left.remove(key.seed)
            if key.seed not in left:
                on_seed(run)

        work_off(run, jobs, workers_of(recipe), progress, on_done)
    except BaseException:
        run.close()
        raise
    return run


def check_models(recipe: Recipe) -> None:
    """Raises UsageError where the recipe names a model or judge that is not there, or must not run its programs."""
    registry.check_names(recipe.models(), recipe.judge, recipe.servers, recipe.helper)
    if recipe.grows or recipe.is_evaluated:
        check_runs(recipe.task)
    if recipe.arms:
        model_path(base_of(recipe))  # it is trained, so it must have weights
        check_weights(base_of(recipe))
    for name in recipe.models():
        check_weights(name)
    for name, settings in recipe.arms.items():
        _check_training_judge(f"arms.{name}.judge", getattr(settings, "judge", None), recipe)


def _check_training_judge(key: str, judge: str | None, recipe: Recipe) -> None:
    if judge is None:
        return
    registry.check_names([], judge, recipe.servers)
    if registry.judge_is_served(judge, "", recipe.servers):
        raise UsageError(
            f"{key} asks a server, which the budget of a recipe does not count; take a judge that is loaded here, as "
            "prm:FOLDER is, or journey train rl"
        )


def check_trained(recipe: Recipe, problems: Mapping[str, Sequence[Problem]], folder: Path | None = None) -> None:
    """Raises UsageError where the arms have no problems (by part) to be compared on, or their base cannot read them.

    Before anything is asked that is the problems as they are asked, and the solutions that are to be rewritten. Rounds
    that want given rows need a phase 1, or labels in the run's `folder` (null: a new run, which has none); those that
    want new problems need enough of them.
    """
    if not recipe.arms:
        return
    split, base = recipe.evaluation.split, base_of(recipe)
    if recipe.rounds.count > 1 and not problems["validation"]:
        raise UsageError(
            "there are no validation problems, which decide after a round whether the next one begins; say "
            "problems.validation=100, for example"
        )
    if recipe.rounds.count > 1 and recipe.rounds.mix is not None:
        check_mix(recipe.rounds.mix, problems)
    if folder is None and (numbers := new_rounds(recipe)):
        more_problems(recipe, numbers[-1])
    for arm in recipe.arms_in_rounds if recipe.rounds.count > 1 else ():
        start = source_of(arm, list(recipe.arms))
        solved = [*problems["phase1"], *range(recipe.problems.practice)] if start and ARMS[start].policy else []
        check_given(recipe.rounds.given, solved, *((labels(folder), written(folder)) if folder else ()))
    if recipe.is_evaluated and not problems[split]:
        raise UsageError(f"there are no {split} problems to compare the arms on; say problems.{split}=100, for example")
    texts = [ask(problem, ()).text for problem in problems["train"]]
    if any(METHODS[method].reads_solutions for method in recipe.thoughts.methods):
        texts += [problem.solution for problem in problems["train"] if problem.solution is not None]
    if missing := lacking(model_path(base), texts):
        raise UsageError(
            f"the student {base} cannot read {len(missing)} of {len(texts)} problems and solutions, such as "
            f"{missing[0]!r}, and nothing was asked yet; choose a student whose vocabulary has it"
        )


def write_all_rows(run: Run, recipe: Recipe) -> dict[str, int]:
    """Writes RUN/rows/METHOD.jsonl for every method with thoughts; how many rows each has."""
    written: dict[str, int] = {}
    for method in recipe.thoughts.methods:
        if rows := thought_rows(run, method, recipe.target_language):
            (run.path / "rows").mkdir(exist_ok=True)
            written[method] = write_rows(rows, run.path / "rows" / f"{method}.jsonl")
    return written
