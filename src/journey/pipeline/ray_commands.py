"""What derive, judge and eval make of a run, made on a Ray cluster by the same functions, a batch at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from journey.errors import UsageError
from journey.evals.attempts import attempt_ids, attempt_unit
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.models.server_settings import ServerSettings
from journey.pipeline import evaluation, judging, registry, searching
from journey.pipeline.derive_options import identities, make_thoughts
from journey.pipeline.eval_options import EvalOptions
from journey.pipeline.fan_out import Progress, silent
from journey.pipeline.judging import RejudgeSettings
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.ray_problems import refuse_notes
from journey.pipeline.ray_runs import Order, Plan, Unit, Work, add_refusals, model_files, records_of, work_on_cluster
from journey.pipeline.recipe import Recipe
from journey.pipeline.stages import ANSWERS
from journey.search.methods import Search, Settings
from journey.store.entries import Entry, Exclusion, Failure, StepScores, Training
from journey.store.run import Run
from journey.store.schema import Rows
from journey.thoughts.methods import METHODS, needs_trees
from journey.types import Problem, Tree, content_hash


async def derive_on_ray(run: Run, wanted: Recipe, tracker: BudgetTracker, progress: Progress) -> None:
    """What `derive_options.make_thoughts` makes, on the cluster: of the problems that were not done as they are now."""
    refuse_notes(wanted)
    methods = wanted.thoughts.methods
    kind = content_hash("derive", identities(wanted), methods, wanted.thoughts.refine)
    excluded = {entry.problem: entry for entry in run.entries(Exclusion)}
    of_trees = needs_trees(methods)

    def there(problem: str) -> set[str]:
        """What the run holds of a problem that the methods work on or made."""
        ids = {id for method in methods for id in run.ids("thoughts", problem=problem, method=method)}
        return ids | (run.ids("trees", problem=problem) if of_trees else set())

    def mark(problem: str, writes: Iterable[Rows] = ()) -> str:
        """The name of a problem as it is after these writes: with another tree or thought it is to be done again."""
        ids = there(problem)
        for table, rows in writes:
            if table == "thoughts" or (table == "trees" and of_trees):
                ids |= {row[0] for row in rows if row[1] == problem and (table == "trees" or row[3] in methods)}
        return content_hash("done on ray", kind, problem, sorted(ids))

    def units() -> Iterable[Unit]:
        for problem, split in left:
            records = {"thoughts": records_of(run, "thoughts", problem.id)}
            if of_trees:
                records["trees"] = records_of(run, "trees", problem.id)
            yield Unit(problem, split, records, [excluded[problem.id]] if problem.id in excluded else [])

    def failures(unit: Unit, why: str) -> list[Failure]:
        return [
            Failure(f"derive {method}", one.id, why, problem=unit.problem.id)
            for method in methods
            for one in (unit.records["trees"] if METHODS[method].source == "trees" else [unit.problem])
        ]

    of_problems = any(METHODS[method].source == "problems" for method in methods)
    trained_on = run.ids("problems", split="train") if of_problems else set[str]()
    every = [problem for problem in run.problems() if problem.id in trained_on or there(problem.id)]
    if of_trees and run.count("trees") > sum(len(run.ids("trees", problem=p.id)) for p in every):
        raise UsageError(f"{run.path} lacks problems of its trees; import the problems too")
    left = [(p, run.given("problems", p.id)["split"]) for p in every if run.call(mark(p.id)) is None]
    if not left:
        return
    order = Order(partial(deriving, replace(wanted, ray=RaySettings())), run.path, run.config)
    plan = Plan(order, "ray", failures, mark)
    await work_on_cluster(run, plan, wanted.ray, units(), len(left), progress, tracker)
    add_refusals(run, methods, (mark(problem.id) for problem in every))


def deriving(wanted: Recipe, run: Run, tracker: BudgetTracker) -> Work:
    """The work of a worker that makes thoughts."""
    models = registry.Models(run, tracker, wanted.servers, wanted.dtype)

    async def work(_: Sequence[Problem]) -> None:
        await make_thoughts(run, wanted, models, silent)

    return work


async def judge_on_ray(
    run: Run, trees: Sequence[Tree], problems: Mapping[str, Problem], name: str, settings: RejudgeSettings,
    servers: Mapping[str, ServerSettings], dtype: str, ray: RaySettings, tracker: BudgetTracker, progress: Progress,
    *, as_values: bool = False,
) -> None:  # fmt: skip
    """What `judging.rejudge_trees` makes of these trees, on the cluster."""
    by_problem: dict[str, list[Tree]] = {}
    for tree in trees:
        by_problem.setdefault(tree.problem, []).append(tree)

    def failures(unit: Unit, why: str) -> list[Failure]:
        return [Failure(judging.STAGE, judging.unit_of(tree), why, problem=tree.problem, judge=name)
                for tree in by_problem[unit.problem.id]]  # fmt: skip

    units = (Unit(problems[id], None, {"trees": found}) for id, found in by_problem.items())
    order = Order(partial(rejudging, name, settings, dict(servers), dtype, as_values), run.path, run.config)
    if by_problem:
        plan = Plan(order, "ray", failures)
        await work_on_cluster(run, plan, ray, units, len(by_problem), progress, tracker)


def rejudging(
    name: str, settings: RejudgeSettings, servers: Mapping[str, ServerSettings], dtype: str, as_values: bool,
    run: Run, tracker: BudgetTracker,
) -> Work:  # fmt: skip
    """The work of a worker that judges trees again."""
    models = registry.Models(run, tracker, servers, dtype)

    async def work(problems: Sequence[Problem]) -> None:
        known = {problem.id: problem for problem in problems}
        await judging.rejudge_trees(run, list(run.trees()), known, models, name, settings, silent, as_values=as_values)

    return work


async def evaluate_on_ray(
    run: Run, plan: evaluation.Plan, model: str, split: str, dtype: str, tracker: BudgetTracker, progress: Progress
) -> str | None:
    """What `evaluation.evaluate` makes, on the cluster; the name of the judge that scored, null where none did."""
    name = registry.called(model)
    wanted = {p: attempt_ids(p.id, name, plan.decoding, plan.seed) for p in plan.problems}
    left = list(plan.problems)
    if not plan.scores_steps:  # what is left to score, the workers find out
        have = run.ids("attempts", model=name, decoding=plan.decoding.shown)
        left = [problem for problem, ids in wanted.items() if not have.issuperset(ids)]
    of_attempt = {id: problem.id for problem, ids in wanted.items() for id in ids}
    scores: dict[str, list[Entry]] = {}
    for entry in run.entries(StepScores) if plan.scores_steps else ():
        for problem in {of_attempt[id] for id in entry.steps if id in of_attempt}:
            scores.setdefault(problem, []).append(replace(entry, aggregate=plan.options.rm.aggregate))

    def failures(unit: Unit, why: str) -> list[Failure]:
        id, decoding = unit.problem.id, plan.decoding.shown
        return [Failure(ANSWERS, attempt_unit(name, decoding, id), why, id, name, decoding)]

    begin = partial(answering, replace(plan, problems=()), model, split, dtype)
    return await _answers(run, begin, model, left, split, scores, plan.options.ray, failures, tracker, progress)


def answering(plan: evaluation.Plan, model: str, split: str, dtype: str, run: Run, tracker: BudgetTracker) -> Work:
    """The work of a worker that lets a model answer, and has a judge score the steps where one does."""
    by = evaluation.loaded(run, model, tracker, plan.options, dtype)

    async def work(problems: Sequence[Problem]) -> str | None:
        return await evaluation.evaluate(run, replace(plan, problems=problems), by, split, silent)

    return work


async def search_on_ray(
    run: Run, problems: Sequence[Problem], model: str, chosen: Sequence[tuple[Search, Settings]], options: EvalOptions,
    split: str, dtype: str, tracker: BudgetTracker, progress: Progress,
) -> str | None:  # fmt: skip
    """What `searching.run_searches` makes, on the cluster; the judge's name in attempts, null where none judged."""
    name = registry.called(model)

    def failures(unit: Unit, why: str) -> list[Failure]:
        id = unit.problem.id
        return [Failure(searching.STAGE, f"{name}+{method.name}/{id}", why, id, name) for method, _ in chosen]

    begin = partial(searching_work, tuple(chosen), options, model, split, dtype)
    return await _answers(run, begin, model, problems, split, {}, options.ray, failures, tracker, progress)


def searching_work(
    chosen: Sequence[tuple[Search, Settings]], options: EvalOptions, model: str, split: str, dtype: str,
    run: Run, tracker: BudgetTracker,
) -> Work:  # fmt: skip
    """The work of a worker that searches for answers."""
    made, _, judging = evaluation.loaded(run, model, tracker, options, dtype)
    kept = made if isinstance(made, Cached) else Cached(made, run)

    async def work(problems: Sequence[Problem]) -> str | None:
        return await searching.run_searches(run, problems, kept, judging, chosen, options, split, silent)

    return work


async def _answers(
    run: Run, begin: Callable[[Run, BudgetTracker], Work], model: str, problems: Sequence[Problem], split: str,
    entries: Mapping[str, Sequence[Entry]], ray: RaySettings, failures: Callable[[Unit, str], Sequence[Failure]],
    tracker: BudgetTracker, progress: Progress,
) -> str | None:  # fmt: skip
    """Has workers answer the problems, given what the model answered before; what they return, where it is a name."""
    if not problems:
        return None
    name = registry.called(model)
    known = [replace(entry, curve=()) for entry in run.entries(Training, model=name)]
    order = Order(begin, run.path, run.config, model_files(run, model), known)
    units = (
        Unit(p, split, {"attempts": records_of(run, "attempts", p.id, name=name)}, entries.get(p.id, ()))
        for p in problems
    )
    plan = Plan(order, f"ray, answers of {model}", failures)
    _, names = await work_on_cluster(run, plan, ray, units, len(problems), progress, tracker)
    return next(filter(None, names), None)
