"""journey status: what a run holds, what failed in it, and what was spent."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from journey.commands import flags
from journey.commands.output import failed_units, reading, say, sheet, side_trip_lines, tree_lines
from journey.commands.spending import row_lines, server_lines
from journey.errors import UsageError
from journey.pipeline.holdings import holdings, in_short
from journey.pipeline.lineage import lineage, lineage_json, words_of
from journey.pipeline.shard import Shard, joined, shard_of


def status(
    runs: Annotated[list[Path], typer.Argument(help="A run's folder; several beside each other.", metavar="RUN...")],
    of: Annotated[
        str | None,
        typer.Option("--lineage", metavar="ID", help="Where this thought, tree, attempt or model comes from."),
    ] = None,
    json: flags.Json = False,
) -> int:
    """Say what a run holds and what failed.

    Also why trees gave no thought, and what was spent. Of several runs, shards say, one row each and their sum.
    """
    run = runs[0]
    if len(runs) > 1:
        if of is not None:
            raise UsageError(f"--lineage is of one run: journey status {run} --lineage {of}")
        return _many(runs, json)
    if of is not None:
        return _lineage(run, of, json)
    with reading(run) as opened:
        data = {"run": str(run), **holdings(opened)}
    lines: list[tuple[str, Any]] = [("problems", sum(data["problems"].values()))]
    lines += [(f"  in {part}", n) for part, n in data["problems"].items()]
    lines += [("  taken out of training", data["excluded"])] if data["excluded"] else []
    lines += tree_lines(data["trees"])
    lines.append(("thoughts", sum(data["thoughts"].values())))
    for method, n in data["thoughts"].items():
        lines.append((f"  by {method}", n))
        lines += side_trip_lines(data["side_trips"], method, n)
    lines.append(("models trained", len(data["models"])))
    lines.append(("attempts", sum(row["attempts"] for row in data["attempts"])))
    lines += [(f"  {r['model']}, {r['decoding']}", f"{r['attempts']}, {r['right']} right") for r in data["attempts"]]
    if data["rollouts"]:
        lines.append(("rollouts", sum(data["rollouts"].values())))
        lines += [(f"  of {model}", n) for model, n in data["rollouts"].items()]
    for word, name in (("labels", "labels"), ("notes", "whole thoughts written")):
        people = data[word]
        lines += [(f"{name} by people", sum(people.values()))] if people else []
        lines += [(f"  by {annotator}", n) for annotator, n in people.items()]
    lines += [(f"listed at import: {kind}", n) for kind, n in data["listed"].items()]
    lines += row_lines(data["spent"]) + server_lines(data["servers"])
    lines.append(("failed units", len(data["failures"])))
    say(json, data, sheet(run, lines))
    if not json:
        with reading(run) as opened:
            failed_units(opened.failures())
    return 0


def _many(paths: list[Path], json: bool) -> int:
    """Many runs beside each other, a row each, and their sum; which shards are missing of those that were cut."""
    rows: list[dict[str, Any]] = []
    shards: list[Shard | None] = []
    for path in paths:
        with reading(path) as run:
            shards.append(shard_of(run.config))
            rows.append({"run": str(path), "shard": str(shards[-1] or "") or None, **in_short(holdings(run))})
    names = [name for name in rows[0] if name not in ("run", "shard")]
    known = {name: [row[name] for row in rows if row[name] is not None] for name in names}
    total = {name: sum(found) if len(found) == len(rows) else None for name, found in known.items()}
    missing = [f"{n}/{whole.count}" for n in whole.missing] if (whole := joined(shards)) is not None else []
    everything = [*rows, {"run": "together", "shard": None, **total}]
    grid = Table(title=Text(f"{len(paths)} runs"), title_justify="left")
    grid.add_column("run", min_width=12, overflow="fold")
    shown = [name for name in rows[0] if name != "run" and any(row[name] for row in everything)]
    for name in shown:
        grid.add_column(name.replace("_", " "), justify="right")
    for row in everything:
        grid.add_row(*(Text(_cell(row[name])) for name in ("run", *shown)))
    notes = [f"shards that are missing: {', '.join(missing)}"] if missing else []
    say(json, {"runs": rows, "together": total, "missing_shards": missing}, grid, *notes)
    return 0


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return str(value or "")


def _lineage(path: Path, id: str, json: bool) -> int:
    """The way from a record or a model back to the base model, a row a link."""
    with reading(path) as run:
        found = lineage(run, id)
    grid = Table(title=Text(f"{path}: where it comes from"), title_justify="left")
    for name in ("", "name", "round", "about"):
        grid.add_column(name, overflow="fold")
    for one in found:
        grid.add_row(*map(Text, (one.kind, one.name, str(one.round or ""), words_of(one.about))))
    say(json, {"run": str(path), "lineage": lineage_json(found)}, grid)
    return 0
