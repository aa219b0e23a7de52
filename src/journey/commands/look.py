"""journey report, status and export: what a run holds, for people and as files."""

from collections import Counter
from pathlib import Path
from typing import Any

from journey.commands.labelling import label_rows, note_rows
from journey.commands.output import failed_units, reading, say, sheet, tree_counts, tree_lines
from journey.commands.spending import row_lines
from journey.commands.training_rows import training_rows
from journey.errors import UsageError
from journey.pipeline.experiment import PARTS
from journey.pipeline.stages import listed_rows, spent_by_model
from journey.report.build import build as build_report
from journey.report.table import table
from journey.store.excluded import excluded
from journey.store.export import export as export_table
from journey.store.export import write_rows
from journey.store.run import Run
from journey.store.schema import TABLES
from journey.studio.export_page import export_page
from journey.types import Attempt, Thought, Tree


def report(path: Path, json: bool) -> int:
    """The run's report, written anew from what the run holds now."""
    with reading(path) as of:
        if not of.count("attempts") and not of.count("trees"):
            raise UsageError(f"{path} holds no trees and no attempts to report on; run, grow or import some first")
        found = build_report(of)
    say(json, found, table(found), f"report: {path}/report/report.html")
    return 0


def status(path: Path, json: bool) -> int:
    """What the run holds. Failures are said but are no failure of this command."""
    with reading(path) as of:
        data = {"run": str(path), **_holdings(of)}
    lines: list[tuple[str, Any]] = [("problems", sum(data["problems"].values()))]
    lines += [(f"  in {part}", n) for part, n in data["problems"].items()]
    lines += [("  taken out of training", data["excluded"])] if data["excluded"] else []
    lines += tree_lines(data["trees"])
    lines.append(("thoughts", sum(data["thoughts"].values())))
    lines += [(f"  by {method}", n) for method, n in data["thoughts"].items()]
    lines.append(("models trained", len(data["models"])))
    lines.append(("attempts", sum(row["attempts"] for row in data["attempts"])))
    lines += [(f"  {r['model']}, {r['decoding']}", f"{r['attempts']}, {r['right']} right") for r in data["attempts"]]
    lines += [(f"listed at import: {kind}", n) for kind, n in data["listed"].items()]
    lines += row_lines(data["spent"])
    lines.append(("failed units", len(data["failures"])))
    say(json, data, sheet(path, lines))
    if not json:
        with reading(path) as of:
            failed_units(of.failures())
    return 0


def _holdings(of: Run) -> dict[str, Any]:
    tried: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for attempt in of.all("attempts"):
        assert isinstance(attempt, Attempt)
        tried[attempt.model, attempt.decoding] += 1
        right[attempt.model, attempt.decoding] += attempt.correct is True
    parts = {part: n for part in PARTS if (n := of.count("problems", split=part))}
    if others := of.count("problems") - sum(parts.values()):
        parts["no part"] = others
    listed = Counter(one["kind"] for one in listed_rows(of))
    return {
        "problems": parts,
        "excluded": len(excluded(of)),
        "trees": tree_counts(t for t in of.all("trees") if isinstance(t, Tree)),
        "thoughts": dict(sorted(Counter(t.method for t in of.all("thoughts") if isinstance(t, Thought)).items())),
        "models": [row["model"] for row in of.logged("train")],
        "attempts": [
            {"model": model, "decoding": decoding, "attempts": n, "right": right[model, decoding]}
            for (model, decoding), n in sorted(tried.items())
        ],
        "listed": dict(sorted(listed.items())),
        "spent": spent_by_model(of),
        "failures": [{"station": f.station, "unit": f.unit, "reason": f.reason} for f in of.failures()],
    }


def export(path: Path, what: str, to: Path, arm: str, told: str | None, messages: bool, json: bool) -> int:
    """Records as they are, rows to train on, or what people said in the studio."""
    with reading(path) as of:
        if what in ("labels", "notes"):
            number = write_rows(label_rows(path, told) if what == "labels" else note_rows(of, told), to)
        elif what not in TABLES:
            number = write_rows(training_rows(of, what, arm, told, messages=messages), to)
        elif of.count(what):
            number = export_table(of, what, to)
        else:
            raise UsageError(f"{path} holds no {what}; journey status {path} says what it holds")
    say(json, {"rows": number, "file": str(to)}, f"{number} rows written to {to}")
    return 0


def page(path: Path, what: str, item: str | None, to: Path, json: bool) -> int:
    """One tree with its thought, or a thought without a tree, as a page by itself."""
    if what != "page":
        raise UsageError(f"--item names what a page shows: journey export {path} page --item {item} --to FILE.html")
    with reading(path):
        table, id = export_page(path, item, to)
    say(json, {"table": table, "id": id, "file": str(to)}, f"page of {table.removesuffix('s')} {id}: {to}")
    return 0
