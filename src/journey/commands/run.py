"""journey run: a whole recipe, from problems to the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from journey.commands import flags, sweeping
from journey.commands.output import console, failed_units, say, sheet, side_trip_lines, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import (
    Allowance,
    estimate_lines,
    gpu_price,
    machine_lines,
    note,
    priced,
    row_lines,
    with_local,
)
from journey.errors import BudgetReached, UsageError
from journey.models.budget import BudgetTracker
from journey.pipeline import experiment
from journey.pipeline.cluster_plan import EXAMPLE, cluster_plan, read_gpus, scaled
from journey.pipeline.holdings import made_by
from journey.pipeline.parts import make_problems
from journey.pipeline.plans import estimate, looked_at, plan
from journey.pipeline.ray_cluster import check_installed
from journey.pipeline.recipe import Recipe, default_folder, limited, without_training
from journey.pipeline.recipe_reading import load
from journey.pipeline.rounds import stops
from journey.pipeline.slurm import placement, read_jobs, submit, write_jobs
from journey.pipeline.stages import spent_by_model
from journey.report.build import build as build_report
from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.tables import brief
from journey.store.entries import Spending
from journey.store.run import Run
from journey.thoughts.distill import END_MARK
from journey.types import EMPTY


def run(
    recipe: flags.RecipeFile,
    out: flags.Out = None,
    limit: flags.Limit = None,
    seed: flags.Seed = None,
    shard: flags.Shard = None,
    ray: flags.Ray = None,
    slurm: flags.Slurm = None,
    settings: flags.Set = None,
    json: flags.Json = False,
    fresh: flags.Fresh = False,
    dry_run: flags.DryRun = False,
    allow_code: flags.AllowCode = False,
    max_cost: flags.MaxCost = None,
    max_tokens: flags.MaxTokens = None,
    max_calls: flags.MaxCalls = None,
    prices: flags.Prices = None,
    problems: Annotated[
        int | None,
        typer.Option("--problems", min=1, help="Plan for so many like the recipe's (--dry-run).", metavar="N"),
    ] = None,
    gpus: Annotated[
        str | None, typer.Option("--gpus", help=f"Plan for these, such as {EXAMPLE} (--dry-run).", metavar="SPEC")
    ] = None,
) -> int:
    """Run a whole recipe.

    Problems, trees, thoughts, the arms that it names and their comparison; with axes it is a sweep. The same command
    goes on where it was stopped; other settings are refused. Flags beat the environment (JOURNEY_SEEDS=2,
    JOURNEY_TREES__COUNT=50), which beats the file. A reached budget ends with exit code 3, and the same command goes
    on from there. With --shard 3/8 it makes the trees and thoughts of that part of the problems; of the shards' runs
    journey merge makes one, and the same command without --shard trains and compares there, and repeats nothing. With
    --slurm FILE this is written as Slurm jobs and submitted; with --dry-run the scripts are written and nothing else.
    """
    wanted = load(recipe, settings or (), shard=shard, ray=ray)
    if (problems or gpus) and (wanted.axes or not dry_run):
        raise UsageError("--problems and --gpus plan what a recipe would take: give them with --dry-run, and no sweep")
    out = out or default_folder(recipe, wanted)
    has_budget = any(limit is not None for limit in (max_cost, max_tokens, max_calls))
    if slurm is not None and (fresh or has_budget or wanted.shard or wanted.axes):
        raise UsageError(
            "--slurm takes no --shard, --fresh, budget or sweep: its jobs are shards of a recipe, and none knows what "
            "the others spend"
        )
    if wanted.axes:
        if has_budget:
            raise UsageError("a sweep has no budget: leave --max-cost, --max-tokens and --max-calls away")
        return sweeping.run(wanted, recipe, settings or (), out, limit, seed, json, fresh, dry_run)
    wanted = limited(wanted, limit, seed)
    experiment.check_models(wanted)
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    if slurm is not None:
        jobs = read_jobs(slurm)
        experiment.check_trained(wanted, make_problems(wanted).by_name)
        script = write_jobs(jobs, wanted, out)
        written = {"jobs": placement(jobs), "submitted_by": f"bash {script}"}
        return _plan(wanted, out, tracker, json, fresh, written) if dry_run else submit(script)
    if dry_run:
        if problems or gpus:
            return _machines(wanted, out, tracker, prices, problems, gpus, json)
        return _plan(wanted, out, tracker, json, fresh, _where(wanted))
    check_installed(wanted.ray)
    if fresh or not (out / "run.db").is_file():  # before anything is removed or made
        experiment.check_trained(wanted, make_problems(wanted).by_name)
    return _run(wanted, out, tracker, json, fresh)


def _run(wanted: Recipe, out: Path, tracker: BudgetTracker, json: bool, fresh: bool) -> int:
    """The run; of a comparison the table when the first seed is done and at the end."""
    shown, compares = False, wanted.is_evaluated and wanted.shard is None
    since = _spent_before(out, fresh)
    with Bars(silent=json, note=lambda: note(tracker)) as bars:

        def on_seed(so_far: Run) -> None:
            nonlocal shown
            if not json and not shown and wanted.seeds > 1 and (found := figures(so_far))["seeds"]:
                bars.print(terminal(brief(found)), console())
                shown = True

        try:
            opened = experiment.run_recipe(wanted, out, fresh=fresh, progress=bars, on_seed=on_seed, tracker=tracker)
        except BudgetReached as reached:
            with Run.read(out) as so_far:
                reached.spent = spent_by_model(so_far, since=since)
            raise
        with opened:
            written = {} if compares else experiment.write_all_rows(opened, wanted)
            bars("report", "figures", 0, 1)
            found = build_report(opened)
            failed, ended = opened.failures(), stops(opened)
            done = without_training(wanted)
            made = {} if compares else made_by(opened, done, written, spent_by_model(opened, since=since))
    where = f"report: {out}/report/report.html"
    if compares:
        say(json, found, terminal(brief(found)), *ended, where)
    else:
        rest = [] if wanted.shard is None else [f"shard {wanted.shard} is done; journey merge makes one run of all"]
        say(json, made, sheet(out, [*_lines(made), *row_lines(made["spent"])]), *rest, where)
    return failed_units(failed)


def _lines(made: dict[str, Any]) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = [*tree_lines(made)] if made["trees"] else []
    for method, of in made["thoughts"].items():
        lines.append((f"thoughts by {method}", of["thoughts"]))
        lines += side_trip_lines(made["side_trips"], method, of["thoughts"])
        lines += [(f"  {what}", n) for what, n in of.items() if n and what != "thoughts"]
        lines += [
            (f"  answers {'' if why == END_MARK else 'not kept: '}{why}", n)
            for why, n in made["refused"].get(method, {}).items()
        ]
        lines += [(f"  no thought: {why}", n) for why, n in made["problems_without_thought"].get(method, {}).items()]
    lines += [(f"rows in rows/{method}.jsonl", rows) for method, rows in made["rows"].items()]
    return [*lines, *(("trained", path) for path in made["models"])]


def _spent_before(out: Path, fresh: bool) -> int:
    """How many entries on spending the run's log has from commands before."""
    if fresh or not (out / "run.db").is_file():
        return 0
    with Run.read(out) as before:
        return len(before.entries(Spending))


def _machines(
    wanted: Recipe, out: Path, tracker: BudgetTracker, table: Path | None, problems: int | None, gpus: str | None,
    json: bool,
) -> int:  # fmt: skip
    """Says which machines the trees and thoughts of so many problems take at most, and for how long."""
    known = looked_at(wanted, out, fresh=True)[0].by_name["train"]
    if not known:
        raise UsageError("there are no problems to plan by; say problems.file, or problems.train for puzzles")
    number = problems or len(known)
    expected = scaled(estimate(wanted, known, ()), len(known), number)
    on = None if gpus is None else read_gpus(gpus)
    records = wanted.seeds * number * (wanted.grows + len(wanted.thoughts.methods))
    price = None if on is None else gpu_price(table, on.kind)
    found = cluster_plan(expected, records, on, with_local(tracker.prices, expected, wanted.servers), price)
    data = {"problems": number, "planned_by": len(known), "gpus": gpus, **found}
    say(json, data, sheet(f"at most, planned by {len(known):,} problems", machine_lines(data)))
    return 0


def _where(wanted: Recipe) -> dict[str, str]:
    """Where the work is done, unless it is all done here."""
    ray, found = wanted.ray, {"shard": wanted.shard} if wanted.shard else {}
    if ray.address is not None:
        share = f"{ray.cores:g} cores and {ray.gpus:g} GPUs"
        found["ray"] = f"{ray.address}: trees and thoughts by workers of {share}, {ray.batch} problems at a time each"
    return found


def _plan(
    wanted: Recipe, out: Path, tracker: BudgetTracker, json: bool, fresh: bool, more: Mapping[str, str] = EMPTY
) -> int:
    """Says what would be done and asked at most, and does nothing. Raises UsageError for whatever it would refuse."""
    parts, drafts, there = looked_at(wanted, out, fresh)
    experiment.check_trained(wanted, parts.by_name)
    expected = estimate(wanted, parts.by_name["train"], drafts)
    prices = with_local(tracker.prices, expected, wanted.servers)
    data = {
        "run": str(out),
        **plan(without_training(wanted), parts),
        **there,
        **more,
        "asked_at_most": priced(expected, prices),
    }
    if parts.dropped:
        data["dropped"] = parts.dropped
    lines = [(k.replace("_", " "), v) for k, v in data.items() if k not in ("asked_at_most", "dropped")]
    lines += [(f"dropped: {reason}", number) for reason, number in parts.dropped.items()]
    say(json, data, sheet("what would be done, and asked at most", [*lines, *estimate_lines(expected, prices)]))
    return 0
