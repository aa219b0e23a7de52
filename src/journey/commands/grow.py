"""journey grow: a tree for every training problem of a recipe."""

from dataclasses import replace

from journey import interrupts
from journey.commands import flags
from journey.commands.output import failed_units, say, sheet, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, paying, say_estimate, spent_data, spent_lines
from journey.data.problems import part
from journey.errors import UsageError
from journey.models.budget import BudgetTracker
from journey.pipeline import registry
from journey.pipeline.experiment import check_models
from journey.pipeline.holdings import tree_counts
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import make_problems, store_problems
from journey.pipeline.plans import estimate, looked_at
from journey.pipeline.ray_cluster import check_installed
from journey.pipeline.ray_problems import work_on_ray
from journey.pipeline.recipe import Recipe, default_folder, limited, without_arms
from journey.pipeline.recipe_reading import load
from journey.pipeline.seed_work import grow_wanted, seed_run
from journey.store.run import Run
from journey.tasks.table import check_gradable


def grow(
    recipe: flags.RecipeFile,
    out: flags.Out = None,
    limit: flags.Limit = None,
    seed: flags.Seed = None,
    shard: flags.Shard = None,
    ray: flags.Ray = None,
    settings: flags.Set = None,
    json: flags.Json = False,
    fresh: flags.Fresh = False,
    dry_run: flags.DryRun = False,
    allow_code: flags.AllowCode = False,
    max_cost: flags.MaxCost = None,
    max_tokens: flags.MaxTokens = None,
    max_calls: flags.MaxCalls = None,
    prices: flags.Prices = None,
) -> int:
    """Grow a tree for every training problem.

    The recipe's model proposes the steps, its judge judges them. Problems that the run holds already are taken.
    """
    wanted = load(recipe, settings or (), shard=shard, ray=ray)
    if wanted.axes:
        raise UsageError(f"{recipe} is a sweep; journey run {recipe} grows its trees, journey grow those of its base")
    out = out or default_folder(recipe, wanted)
    wanted = limited(wanted, limit, seed)
    check_models(without_arms(wanted))
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    if dry_run:
        parts, _, _ = looked_at(wanted, out, fresh)
        problems = parts.by_name["train"]
        expected = estimate(without_arms(wanted), problems, [], trees_only=True)
        return say_estimate(out, len(problems), expected, tracker.prices, wanted.servers, json)
    check_installed(wanted.ray)
    if fresh:  # before anything is removed
        make_problems(wanted)
    with open_run(out, wanted, fresh=fresh) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        store_problems(into, wanted, bars.of("grow"))
        if not wanted.trees.prm800k:
            models = registry.Models(into, tracker, wanted.servers, wanted.dtype)
            interrupts.run(paying(into, models, tracker, _grow(into, wanted, limit, models, tracker, bars)))
        counts = tree_counts(into.trees())
        failed = into.failures(stage="trees")
    data = {"run": str(out), **counts, "failed": len(failed), **spent_data(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)


async def _grow(
    into: Run, wanted: Recipe, limit: int | None, models: registry.Models, tracker: BudgetTracker, bars: Bars
) -> None:
    problems = part(into, "train")[:limit]
    if not problems and wanted.shard is None:
        raise UsageError(
            f"{into.path} holds no problems to grow trees of; import some with journey import --split train, or say "
            "problems.file, or problems.train for puzzles"
        )
    check_gradable(problems)
    of = seed_run(into, bars.of("grow"), wanted, wanted.first_seed)
    if wanted.ray.address is not None:
        await work_on_ray(of, replace(wanted, arms={}), tracker, problems, thoughts=False)
        return
    policy = wanted.trees.model or wanted.model
    bars("grow", f"load {policy}", 0, 1)
    await grow_wanted(of, wanted, models, models.model(policy), problems)
