"""journey grow: a tree for every training problem of a recipe."""

from pathlib import Path

from journey import interrupts
from journey.commands.estimates import estimate_lines, priced, with_local
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
from journey.commands.output import failed_units, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.commands.run import looked_at, with_flags
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.pipeline import experiment, registry
from journey.pipeline import recipe as recipes
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.parts import make_problems, store_problems
from journey.pipeline.plans import estimate
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import load
from journey.pipeline.stages import part
from journey.store.run import Run
from journey.tasks.table import check_gradable


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
    wanted = load(recipe, settings or ())
    if wanted.axes:
        raise UsageError(f"{recipe} is a sweep; journey run {recipe} grows its trees, journey grow those of its base")
    out = out or Path("runs") / recipe.stem
    wanted = with_flags(wanted, limit, seed)
    registry.check_names(wanted.models(), wanted.judge, wanted.servers, wanted.helper)
    for name in wanted.models():
        check_weights(name)
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    if dry_run:
        parts, _, _ = looked_at(wanted, out, fresh)
        asked = estimate(recipes.without_arms(wanted), parts.by_name["train"], [], trees_only=True)
        known = with_local(tracker.prices, asked, wanted.servers)
        data = {"run": str(out), "problems": len(parts.by_name["train"]), "asked_at_most": priced(asked, known)}
        say(json, data, sheet("what would be asked at most", estimate_lines(asked, known)))
        return 0
    if fresh:  # before anything is removed
        make_problems(wanted)
    with (
        open_run(out, wanted, fresh=fresh) as into,
        Bars(silent=json, note=lambda: note(tracker)) as bars,
    ):
        store_problems(into, wanted, bars.of("grow"))
        if not wanted.trees.prm800k:
            models = registry.Models(into, tracker, wanted.servers)
            interrupts.run(paying(into, models, tracker, _grow(into, wanted, limit, models, bars)))
        counts = tree_counts(into.trees())
        failed = into.failures("trees")
    data = {"run": str(out), **counts, "failed": len(failed), "spent": spent_rows(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)


async def _grow(into: Run, wanted: Recipe, limit: int | None, models: registry.Models, bars: Bars) -> None:
    problems = part(into, "train")[:limit]
    if not problems:
        raise UsageError(
            f"{into.path} holds no problems to grow trees of; import some with journey import --split train, or say "
            "problems.file, or problems.train for puzzles"
        )
    check_gradable(problems)
    bars("grow", f"load {wanted.model}", 0, 1)
    of = experiment.seed_run(into, bars.of("grow"), wanted, wanted.first_seed)
    await experiment.grow_wanted(of, wanted, models, models.model(wanted.model), problems)
