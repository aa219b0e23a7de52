"""journey run: a whole recipe, from problems to the report."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.commands import collecting, sweeping
from journey.commands.asking import asked_lines, growing, priced, with_local
from journey.commands.loading import check_weights
from journey.commands.options import (
    DryRun,
    Fresh,
    Json,
    Limit,
    MaxCalls,
    MaxCost,
    MaxTokens,
    Out,
    Prices,
    RecipeFile,
    Seed,
    Set,
)
from journey.commands.output import console, failed_units, say, sheet
from journey.commands.progress import Bars
from journey.commands.spending import Allowance
from journey.errors import BudgetReached
from journey.pipeline import experiment, recipe, registry
from journey.pipeline.collection import Collection
from journey.pipeline.recipe import UNCOMPARED, Recipe
from journey.pipeline.stages import SPENT, spent_by_model
from journey.pipeline.sweep_recipe import Scaling
from journey.report.build import build as build_report
from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.tables import brief
from journey.store.run import Run
from journey.store.settings import plain, refuse_changes


def run(
    recipe: RecipeFile,
    out: Out = None,
    limit: Limit = None,
    seed: Seed = None,
    settings: Set = None,
    json: Json = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Run a whole recipe.

    It is a comparison, the collecting of thoughts, or a sweep. The same command goes on where it was stopped; other
    settings are refused. Flags beat the environment (JOURNEY_SEEDS=2, JOURNEY_TREES__COUNT=50), which beats the file.
    A reached budget ends with exit code 3, and the same command goes on from there.
    """

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return _run(recipe, out, limit, seed, settings or (), allowance, json, fresh, dry_run)


def _run(
    file: Path,
    out: Path | None,
    limit: int | None,
    seed: int | None,
    settings: Sequence[str],
    allowance: Allowance,
    json: bool,
    fresh: bool,
    dry_run: bool,
) -> int:
    """The whole river; of a comparison the table when the first seed is done and at the end."""
    wanted = recipe.load(file, settings)
    out = out or Path("runs") / file.stem
    if isinstance(wanted, Collection):
        return collecting.run(wanted, out, limit, seed, allowance, json, fresh, dry_run)
    if isinstance(wanted, Scaling):
        return sweeping.run(wanted, file, out, limit, seed, json, fresh, dry_run)
    wanted = recipe.limited(wanted, limit)
    wanted = wanted if seed is None else replace(wanted, first_seed=seed)
    registry.check_names([wanted.model], wanted.judge, wanted.servers)
    registry.model_path(wanted.model)  # it is trained, so it must have weights
    check_weights(wanted.model)
    tracker = allowance.tracker()
    if dry_run:
        plan = _plan(wanted, out, fresh)
        asked = (
            growing(wanted, experiment.make_problems(wanted)["train"]) * wanted.seeds
            if registry.judge_is_served(wanted.judge, wanted.model, wanted.servers)
            else []
        )
        prices = with_local(tracker.prices, asked, wanted.servers)
        data = plan | {"asked_at_most": priced(asked, prices)}
        lines = [(k.replace("_", " "), v) for k, v in plan.items()]
        say(json, data, sheet("what would be done", [*lines, *asked_lines(asked, prices)]))
        return 0
    if fresh:  # before anything is removed
        experiment.make_problems(wanted)
    shown = False
    since = _spent_before(out, fresh)
    with Bars(silent=json) as bars:

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
            bars("report", "figures", 0, 1)
            found = build_report(opened)
            failed = opened.failures()
    say(json, found, terminal(brief(found)), f"report: {out}/report/report.html")
    return failed_units(failed)


def _spent_before(out: Path, fresh: bool) -> int:
    """How many entries on spending the run's log has from commands before."""
    if fresh or not (out / "run.db").is_file():
        return 0
    with Run.read(out) as before:
        return len(before.logged(SPENT))


def _plan(wanted: Recipe, out: Path, fresh: bool) -> dict[str, Any]:
    """What `run` would do. Raises UsageError for whatever it would refuse."""
    parts = experiment.make_problems(wanted)
    there: dict[str, int] = {}
    if (out / "run.db").is_file() and not fresh:
        with Run.read(out) as before:
            refuse_changes(out, before.config, plain(experiment.config_of(wanted)), UNCOMPARED)
            there = {name: before.count(name) for name in ("trees", "thoughts", "attempts")}
    way, rule, asked = wanted.trees.grow, wanted.evaluation, wanted.preferences
    arms = 3 + wanted.matched_tokens + bool(asked.problems)
    told = min(wanted.trees.count or len(parts["train"]), len(parts["train"]))
    drawn = 2 * arms * len(parts[rule.split]) + asked.problems * asked.samples
    nodes = way.width * (1 + (way.keep + way.follow_wrong) * (way.depth - 1))
    return {
        "run": str(out),
        "model": wanted.model,
        "judge": wanted.judge,
        "seeds": wanted.seeds,
        **{f"problems_{part}": len(found) for part, found in parts.items()},
        "trees_grown": wanted.seeds * len(parts["train"]),
        "trees_told_at_most": wanted.seeds * told,
        "models_trained": wanted.seeds * arms,
        "rows_trained_on_at_most": wanted.seeds * (len(parts["phase1"]) + 2 * told),
        "attempts_at_least": wanted.seeds * drawn,
        # Half of what a step may have, a third of what an answer may have: what the shipped recipe comes to.
        "tokens_in_trees_about": wanted.seeds * len(parts["train"]) * nodes * way.max_step_tokens // 2,
        "tokens_in_attempts_about": wanted.seeds * drawn * rule.max_tokens // 3,
        **{f"there_already_{name}": number for name, number in there.items()},
    }
