"""journey compare: two models on the problems that both attempted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from journey.commands import flags
from journey.commands.output import check_part, check_run, say
from journey.pipeline.comparison import compare_runs
from journey.report.wording import mean_of
from journey.thoughts.behaviour_figures import MEASURES


def compare(
    one: Annotated[Path, typer.Argument(help="The run to compare with.", metavar="RUN")],
    other: Annotated[Path, typer.Argument(help="The run that is compared.", metavar="RUN")],
    model: Annotated[str | None, typer.Option(help="This model or arm of the first run only.", metavar="NAME")] = None,
    other_model: Annotated[
        str | None, typer.Option(help="And this one of the second; the same if not given.", metavar="NAME")
    ] = None,
    split: Annotated[str, typer.Option(help="The part of the problems.", metavar="PART")] = "test",
    json: flags.Json = False,
) -> int:
    """Compare the models of two runs.

    On the problems that both attempted: accuracy of each, the paired difference with its 95 % interval and exact
    McNemar p, how many problems were fixed, broken, or stayed the same; then what the answers of each do on their way
    (backtracks, recoveries, ...), each mean with its 95 % interval. The same run twice, with two models, compares
    them within it.
    """
    check_part(split)
    for path in (one, other):
        check_run(path)
    rows = compare_runs(one, other, model, other_model, split)
    # Without lines, so that all numbers stand whole in 80 columns; names give way.
    grid = Table(
        title=Text(f"{one} -> {other}, {split} problems"), title_justify="left", box=None, padding=(0, 1, 0, 0)
    )
    grid.add_column("model", overflow="fold")
    grid.add_column("decoding", overflow="fold")
    for name in ("problems", "first", "second", "points", "95 % interval", "p", "fixed", "broke", "same"):
        grid.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        grid.add_row(*map(Text, _cells(row)))
    say(json, {"first": str(one), "second": str(other), "split": split, "models": rows}, grid, *map(_behaviours, rows))
    return 0


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["model"],
        row["decoding"],
        str(row["problems"]),
        f"{100 * row['first']:.1f} %",
        f"{100 * row['second']:.1f} %",
        f"{row['points']:+.1f}",
        f"{row['low']:+.1f} to {row['high']:+.1f}",
        "" if row["p"] is None else f"{row['p']:.2g}",
        str(row["fixed"]),
        str(row["broke"]),
        str(row["same"]),
    )


def _behaviours(row: Mapping[str, Any]) -> Table:
    """What the answers of both do on their way, one line a measure."""
    grid = Table(title=Text(f"{row['model']}, {row['decoding']}"), title_justify="left", box=None, padding=(0, 1, 0, 0))
    for name in ("an answer has", "first", "second"):
        grid.add_column(name, justify="left" if name == "an answer has" else "right")
    for name, measure in MEASURES.items():
        means = [mean_of(row["behaviours"][side][name], measure.is_share) for side in ("first", "second")]
        if any(means):
            grid.add_row(measure.head, *means)
    return grid
