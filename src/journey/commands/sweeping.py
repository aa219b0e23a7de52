"""journey run for a recipe with axes: a sweep."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from journey.commands.output import failed_units, say
from journey.commands.progress import Bars
from journey.errors import UsageError
from journey.pipeline import registry
from journey.pipeline.experiment import check_models, check_trained
from journey.pipeline.parts import make_problems
from journey.pipeline.points import Point, plan, points_of, runs_of
from journey.pipeline.recipe import Recipe
from journey.pipeline.sweep import run_sweep
from journey.pipeline.sweep_points import figures
from journey.report.build import write
from journey.report.render import terminal
from journey.report.scaling import document
from journey.store.run import Run


def run(
    wanted: Recipe,
    file: Path,
    settings: Sequence[str],
    out: Path,
    limit: int | None,
    seed: int | None,
    json: bool,
    fresh: bool,
    dry_run: bool,
) -> int:
    """Every point as a run of its own under `out`, then scaling.json, .md and .html over them."""
    found = points_of(file, settings, limit, seed)
    for place in found:
        check_models(place.recipe)
        if registry.judge_is_served(place.recipe.judge, place.recipe.model, place.recipe.servers):
            raise UsageError(f"a sweep has no budget for the served judge {place.recipe.judge}; name a local one")
    for place in runs_of(found):
        check_trained(
            place.recipe, make_problems(place.recipe).by_name
        )  # whatever would be refused later is refused now
    if dry_run:
        rows = list(plan(found, out))
        points = sum(len(axis.values) for axis in wanted.axes.values())
        data = {"out": str(out), "runs": len(rows), "points": points, "each": rows}
        grid = Table("run", "takes over", "seeds", "begun")
        for row in rows:
            grid.add_row(*(Text(str(value)) for value in row.values()))
        say(json, data, grid, f"{len(rows)} runs for {points} points of {len(wanted.axes)} axes")
        return 0
    done: list[Point] = []
    with Bars(silent=json) as bars:

        def on_point(place: Point) -> None:
            done.append(place)
            folders = {one.folder for one in done}
            so_far = figures(wanted, [one for one in found if one.folder in folders], out)
            write(out, "scaling", so_far, document(so_far))  # what stands so far can be read

        run_sweep(found, out, fresh=fresh, progress=bars, on_point=on_point)
        data = figures(wanted, found, out)
        write(out, "scaling", data, document(data))
    failed = []
    for place in runs_of(found):
        with Run.read(out / place.folder) as of:
            failed += of.failures()
    say(json, data, terminal(document(data)), f"report: {out}/scaling.html")
    return failed_units(failed)
