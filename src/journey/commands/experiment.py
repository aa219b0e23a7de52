"""journey run and journey grow: a recipe's whole river, or its trees alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey import interrupts
from journey.commands import collecting, sweeping
from journey.commands.asking import asked_lines, growing, priced, with_local
from journey.commands.loading import check_weights, paying
from journey.commands.output import all_problems, console, failed_units, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import BudgetReached, UsageError
from journey.evals.forms import check_gradable
from journey.pipeline import experiment, recipe, registry
from journey.pipeline.collection import Collection
from journey.pipeline.recipe import UNCOMPARED, Recipe
from journey.pipeline.stages import SPENT, grow_trees, refuse_retrained, spent_by_model
from journey.pipeline.sweep_recipe import Scaling
from journey.report.build import build as build_report
from journey.report.figures import figures
from journey.report.table import table
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.store.settings import plain, refuse_changes
from journey.types import Tree


def run(
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
            if registry.is_served(wanted.judge, wanted.servers)
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
                bars.print(table(found), console())
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
    say(json, found, table(found), f"report: {out}/report/report.html")
    return failed_units(failed)


def grow(
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
    """Trees of the training problems, by the recipe's model and judge."""
    wanted = recipe.load(file, settings)
    out = out or Path("runs") / file.stem
    if isinstance(wanted, Collection):
        return collecting.grow(wanted, out, limit, seed, allowance, json, fresh, dry_run)
    if isinstance(wanted, Scaling):
        raise UsageError(f"{file} is a sweep; journey run {file} grows its trees, journey grow those of its base")
    wanted = recipe.limited(wanted, limit)
    way = wanted.trees.grow if seed is None else replace(wanted.trees.grow, seed=seed)
    wanted = replace(wanted, trees=replace(wanted.trees, grow=way))
    registry.check_names([wanted.model], wanted.judge, wanted.servers)
    check_weights(wanted.model)
    tracker = allowance.tracker()
    if dry_run:
        asked = growing(wanted, experiment.make_problems(wanted)["train"])
        prices = with_local(tracker.prices, asked, wanted.servers)
        data = {"run": str(out), "asked_at_most": priced(asked, prices)}
        say(json, data, sheet("what would be asked at most", asked_lines(asked, prices)))
        return 0
    if fresh:
        experiment.make_problems(wanted)
    with (
        Run.open(out, experiment.config_of(wanted), fresh=fresh, ignore=UNCOMPARED) as into,
        Bars(silent=json, note=lambda: note(tracker)) as bars,
    ):
        experiment.store_problems(into, wanted)
        out_of_training = excluded(into)
        asked = [p for p in all_problems(into, split="train") if p.id not in out_of_training][:limit]
        if not asked:
            raise UsageError(f"{out} holds no problems to grow trees of; import some with journey import --split train")
        check_gradable(asked)
        bars("grow", f"load {wanted.model}", 0, 1)
        models = registry.Models(into, tracker, wanted.servers)
        policy = models.model(wanted.model)
        judge = models.judge(wanted.judge, wanted.model, wanted.critic, wanted.rollout)
        refuse_retrained(into, judge.name, registry.judge_weights(wanted.judge, wanted.model))
        work = grow_trees(
            into, asked, policy, judge, registry.task(wanted.task), way,
            in_flight=wanted.in_flight, progress=bars.of("grow"),
        )  # fmt: skip
        interrupts.run(paying(into, models, tracker, work))
        counts = tree_counts(t for t in into.all("trees") if isinstance(t, Tree))
        failed = into.failures("trees")
    data = {"run": str(out), **counts, "failed": len(failed), "spent": spent_rows(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
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
