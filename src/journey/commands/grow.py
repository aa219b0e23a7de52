"""journey grow: a tree for every training problem of a recipe."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from journey import interrupts
from journey.commands import collecting
from journey.commands.asking import asked_lines, growing, priced, with_local
from journey.commands.loading import check_weights, paying
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
from journey.commands.output import all_problems, failed_units, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.pipeline import experiment, recipe, registry
from journey.pipeline.collection import Collection
from journey.pipeline.recipe import UNCOMPARED
from journey.pipeline.stages import grow_trees, refuse_retrained
from journey.pipeline.sweep_recipe import Scaling
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.table import check_gradable, task


def grow(
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
    """Grow a tree for every training problem.

    The recipe's model proposes the steps, its judge judges them. Problems that the run holds already are taken.
    """

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return _grow(recipe, out, limit, seed, settings or (), allowance, json, fresh, dry_run)


def _grow(
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
        judge = models.judge(wanted.judge, wanted.model, wanted.judge_settings)
        refuse_retrained(into, judge.name, registry.judge_weights(wanted.judge, wanted.model))
        work = grow_trees(
            into, asked, policy, judge, task(wanted.task), way,
            in_flight=wanted.in_flight, progress=bars.of("grow"),
        )  # fmt: skip
        interrupts.run(paying(into, models, tracker, work))
        counts = tree_counts(into.trees())
        failed = into.failures("trees")
    data = {"run": str(out), **counts, "failed": len(failed), "spent": spent_rows(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)
