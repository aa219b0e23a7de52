"""journey eval: a model's attempts at a run's problems, plain or by searches, and what they add up to."""

from collections.abc import Coroutine, Sequence
from typing import Annotated, Any, Literal

import typer
from rich.console import RenderableType

from journey import interrupts
from journey.commands import flags
from journey.commands.eval_lines import answer_lines, grading_lines, grid, scoring_lines
from journey.commands.output import check_part, check_run, failed_units, reading, say, say_empty, sheet, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, closing, note, paying, say_estimate, spent_data, spent_lines
from journey.commands.suite import eval_suite
from journey.errors import UsageError
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.pipeline import evaluation, registry, searching
from journey.pipeline.eval_options import EvalOptions, eval_options, problems_of, servers_of
from journey.pipeline.fan_out import Progress
from journey.pipeline.merge import cut, is_empty
from journey.pipeline.plans import with_pictures
from journey.pipeline.ray_cluster import check_installed
from journey.pipeline.ray_commands import evaluate_on_ray, search_on_ray
from journey.pipeline.shard import read_shard
from journey.report.build import build as build_report
from journey.search.methods import SEARCHES
from journey.store.entries import Failure
from journey.store.run import Run
from journey.types import Problem


def eval(
    run: flags.RunFolder,
    model: Annotated[
        str | None,
        typer.Option(envvar="JOURNEY_MODEL", help="tiny, hf/ID, scripted/FILE, a folder, or a model of the run."),
    ] = None,
    split: Annotated[str, typer.Option(help="Which part of the run's problems.", metavar="PART")] = "test",
    decoding: Annotated[
        Literal["greedy", "sampled"] | None, typer.Option(help="How answers are drawn; greedy if not given.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(min=0.0, help="Above 0 means sampled.", metavar="T")] = None,
    top_p: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Nucleus of sampling.", metavar="P")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer.", metavar="N")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers a problem (sampled).", metavar="N")] = 1,
    search: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(SEARCHES)} or all; may be given again.", metavar="NAME"),
    ] = None,
    judge: flags.StepJudge = None,
    suite: flags.Suite = None,
    before: flags.Before = None,
    data: flags.SuiteData = None,
    allow_code: flags.AllowCode = False,
    settings: flags.Set = None,
    seed: flags.Seed = None,
    limit: flags.Limit = None,
    shard: flags.Shard = None,
    ray: flags.Ray = None,
    out: flags.ShardOut = None,
    json: flags.Json = False,
    dtype: flags.Dtype = "auto",
    dry_run: flags.DryRun = False,
    max_cost: flags.MaxCost = None,
    max_calls: flags.MaxCalls = None,
    max_tokens: flags.MaxTokens = None,
    prices: flags.Prices = None,
) -> int:
    """Let a model answer the run's problems.

    Answers are checked as their benchmark checks them. With --search they are chosen from many, set by --set search.n=8
    and the like; --set search.n=[1,4,16] draws accuracy against the tokens spent. --set budget.max=500 ends the
    thinking there and asks for the answer, --set budget.waits=2 makes the model think on where it would end. With
    --judge and several samples the judge scores their steps (rm@k, joined by --set rm.aggregate=min); answers to
    SimpleQA are graded by it. --set servers.openai.url=... and the like set a model server.

    --suite general asks every trained arm of the run (or --model) and the models before it other puzzles than the
    trained ones, with hints and claims, and what --data gives: facts, safety, maths, other benchmarks.
    """
    options = eval_options(
        settings or (), decoding=decoding, temperature=temperature, top_p=top_p, max_tokens=answer_tokens,
        samples=samples, seed=seed, allow_code=allow_code, judge=judge, ray=ray,
    )  # fmt: skip
    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    if suite is not None:
        if search or shard is not None or options.ray.address is not None or split != "test":
            raise UsageError(
                "a suite has its own problems and no search; leave --search, --shard, --ray and --split away"
            )
        return eval_suite(
            run, suite, model, before or (), data or (), limit, options, allowance, dtype=dtype, dry_run=dry_run,
            json=json,
        )  # fmt: skip
    if before or data:
        raise UsageError("--before and --data belong to a suite; say --suite general, too")
    if model is None:
        raise UsageError("--model says who answers, as in --model tiny; only --suite asks the run's arms by itself")
    tracker = allowance.tracker()
    check_part(split)
    if not dry_run:
        check_installed(options.ray)
    part = None if shard is None else read_shard(shard)
    if part is not None:
        if limit is not None:
            raise UsageError("--limit counts the problems of the whole run and --shard takes a part of them; give one")
        check_run(run)
        if not dry_run:
            run = cut(run, part, out)
            if is_empty(run, "problems", split=split):
                return say_empty(run, part, json)
    with reading(run) if dry_run else writing(run) as of, Bars(silent=json, note=lambda: note(tracker)) as bars:
        problems = [p for p in problems_of(of, split, limit) if part is None or part.holds(p.id)]
        # What is refused is refused before a model is loaded.
        searches = searching.chosen_searches(of.model_ref(model), problems, search, options) if search else []
        plan = None if search else evaluation.plan_of(of, registry.called(model), problems, options)
        if dry_run:
            by_search = searching.estimate(of, model, problems, searches, options)
            most = by_search if plan is None else plan.estimate(of, model)
            servers = servers_of(of, options.servers)
            most = with_pictures(most, problems, servers)
            return say_estimate(run, len(problems), most, tracker.prices, servers, json)
        progress = bars.of(model)
        if plan is None:
            found, human, failed = _search(of, problems, searches, options, split, model, dtype, tracker, progress)
        else:
            found, human, failed = _evaluate(of, plan, split, model, dtype, tracker, progress)
    say(json, found | {"failed": len(failed), **spent_data(tracker)}, *human)
    return failed_units(failed)


Outcome = tuple[dict[str, Any], list[RenderableType], list[Failure]]


def _evaluate(
    of: Run, plan: evaluation.Plan, split: str, model: str, dtype: str, tracker: BudgetTracker, progress: Progress
) -> Outcome:
    """Checked attempts at the problems, graded or scored by the judge where one is named."""
    name = registry.called(model)
    if plan.options.ray.address is not None:
        judge = _on_cluster(of, tracker, evaluate_on_ray(of, plan, model, split, dtype, tracker, progress))
    else:
        progress("load", 0, 1)
        by = loaded, models, judging = evaluation.loaded(of, model, tracker, plan.options, dtype)
        work = judging.closing(evaluation.evaluate(of, plan, by, split, progress))
        judge = interrupts.run(closing(loaded, paying(of, models, tracker, work)))
    attempts = evaluation.made(of, plan, name)
    scored = None if judge is None else evaluation.scored(of, plan, attempts, judge)
    data = evaluation.figures(plan, name, split, attempts, scored)
    lines = answer_lines(data) + (grading_lines(data["judged"]) if "judged" in data else [])
    lines += scoring_lines(scored) if scored else []
    return data, [sheet(of.path, [*lines, *spent_lines(tracker)])], evaluation.failures(of, plan, name, scored)


def _search(
    of: Run, problems: Sequence[Problem], searches: Sequence[Any], options: EvalOptions, split: str, model: str,
    dtype: str, tracker: BudgetTracker, progress: Progress,
) -> Outcome:  # fmt: skip
    """Attempts at the problems by each search, one after the other."""
    name = registry.called(model)
    if options.ray.address is not None:
        work = search_on_ray(of, problems, model, searches, options, split, dtype, tracker, progress)
        judge = _on_cluster(of, tracker, work)
    else:
        progress("load", 0, 1)
        made, _, judging = evaluation.loaded(of, model, tracker, options, dtype)
        answering = made if isinstance(made, Cached) else Cached(made, of)
        work = searching.run_searches(of, problems, answering, judging, searches, options, split, progress)
        judge = interrupts.run(closing(answering.model, paying(of, judging, tracker, work)))
    rows = [searching.row(of, problems, name, judge, *chosen) for chosen in searches]
    build_report(of)
    report = of.path / "report"
    data = {"model": name, "split": split, "problems": len(problems), "searches": rows, "report": str(report)}
    spent = [sheet("", lines)] if (lines := spent_lines(tracker)) else []
    human = [grid(of.path, rows), *spent, f"accuracy against tokens spent is drawn in {report / 'report.html'}"]
    models = [name, *(row["model"] for row in rows)]
    return data, human, [f for one in models for f in of.failures(stage=searching.STAGE, model=one)]


def _on_cluster(of: Run, tracker: BudgetTracker, work: Coroutine[Any, Any, str | None]) -> str | None:
    """What the work of a cluster returns; what its models were paid for is kept."""
    return interrupts.run(paying(of, registry.Models(of, tracker), tracker, work))
