"""The first page: a run's headline figures, and its problems with a mark, the failed ones first."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from journey.report.wording import gain_lines
from journey.studio.list_page import rows_html
from journey.studio.reading import Filter, Lists, lists_of
from journey.studio.templates import html, render
from journey.studio.view import view

FEW = 12
SECTIONS = {"wrong": "Failed", "none": "No answer found", "unknown": "Not checkable", "right": "Solved"}
MODELS = (
    "SELECT model, decoding, count(*) AS n, sum(outcome = 'right') AS right FROM attempts"
    " GROUP BY model, decoding ORDER BY model, decoding LIMIT 24"
)


def overview_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """Everything in it is a link to what it counts."""
    lists = lists_of(path)
    tiles = [_tile(lists, table) for table in ("problems", "trees", "thoughts", "attempts")]
    body = render(
        "overview", run=run, headline=_headline(path), tiles=tiles, sections=list(_sections(lists, run)),
        models=[dict(row) for row in lists.figure(MODELS)],
    )  # fmt: skip
    view(body, "body")


def _sections(lists: Lists, run: str) -> Iterator[dict[str, Any]]:
    """The problems by how they ended, those kinds that there are."""
    for outcome, title in SECTIONS.items():
        filter = Filter("problems", chosen={"outcome": outcome}, sort="trees", falling=True)
        if total := lists.count(filter):
            shown = lists.page(filter, 0, FEW if outcome != "right" else FEW // 2)
            if outcome == "wrong":  # trees come first: a model may have answered what no tree reached
                title += ": no tree with the right answer" if shown[0]["trees"] else ": no right answer"
            rows = html(rows_html(run, "problems", shown))
            yield {"outcome": outcome, "title": title, "total": total, "shown": len(shown), "rows": rows}


def _headline(path: Path) -> str:
    """What the run's report says first, where there is a report."""
    file = path / "report" / "report.json"
    try:
        return next(iter(gain_lines(json.loads(file.read_text(encoding="utf-8")))), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none yet, or one of another version
        return ""


def _tile(lists: Lists, table: str) -> dict[str, Any]:
    """How many records there are, and in words and parts how they ended."""
    total, parts = lists.count(Filter(table)), {}
    if table == "thoughts":
        methods = lists.values("thoughts", "method")
        summary = ", ".join(f"{n:,} {name or ''}" for name, n in methods[:3])
    else:
        rows = lists.figure(f"SELECT outcome, count(*) AS n FROM {table} GROUP BY outcome")
        counts = {row["outcome"]: row["n"] for row in rows if row["outcome"]}
        tried = sum(counts.values())
        if tried:
            parts = {name: counts.get(name, 0) for name in ("right", "wrong", "none", "unknown")}
        summary = "" if not total else f"{counts.get('right', 0):,} of {tried:,} right" if tried else "not tried yet"
    return {"table": table, "total": total, "summary": summary, "parts": parts}
