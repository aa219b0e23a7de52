"""The first page: a run's headline figures, and its problems with a mark, the failed ones first."""

import json
from collections.abc import Mapping
from pathlib import Path

from journey.report.wording import gain_lines
from journey.studio import safe
from journey.studio.list_page import rows_html
from journey.studio.place import link
from journey.studio.reading import Filter, Lists, lists_of
from journey.studio.view import view

FEW = 12
SECTIONS = {"wrong": "Failed", "none": "No answer found", "unknown": "Not checkable", "right": "Solved"}


def overview_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """Everything in it is a link to what it counts."""
    lists = lists_of(path)
    tiles = "".join(_tile(lists, run, table) for table in ("problems", "trees", "thoughts", "attempts"))
    html = f'<h1 class="title">{safe.html(run)}</h1>{_headline(path)}<div class="tiles">{tiles}</div>'
    problems = "".join(_problems(lists, run, outcome, title) for outcome, title in SECTIONS.items())
    models = _models(lists, run)
    if models:
        problems = f'<div class="work plain"><div>{problems}</div><div>{models}</div></div>'
    view(html + problems, "body")


def _problems(lists: Lists, run: str, outcome: str, title: str) -> str:
    filter = Filter("problems", chosen={"outcome": outcome}, sort="trees", falling=True)
    total = lists.count(filter)
    if not total:
        return ""
    shown = lists.page(filter, 0, FEW if outcome != "right" else FEW // 2)
    more = link("see all", page="problems", run=run, outcome=outcome) if total > len(shown) else ""
    if outcome == "wrong":  # trees come first: a model may have answered what no tree reached
        title += ": no tree with the right answer" if shown[0]["trees"] else ": no right answer"
    return f'<h2>{title} <span class="quiet">{total:,} &ensp;{more}</span></h2>{rows_html(run, "problems", shown)}'


def _headline(path: Path) -> str:
    """What the run's report says first, where there is a report."""
    file = path / "report" / "report.json"
    try:
        lines = gain_lines(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none yet, or one of another version
        return ""
    return f'<p class="gain">{safe.html(lines[0][0].upper() + lines[0][1:])}</p>' if lines else ""


def _models(lists: Lists, run: str) -> str:
    """The models' share of right answers, each a link to its attempts."""
    query = (
        "SELECT model, decoding, count(*) AS n, sum(outcome = 'right') AS right FROM attempts"
        " GROUP BY model, decoding ORDER BY model, decoding LIMIT 24"
    )
    rows = [
        link(
            f'<span class="what">{safe.html(row["model"])}'
            f' <span class="quiet">{safe.html(row["decoding"])}</span></span>'
            f'<span class="meter"><i style="width:{100 * row["right"] / row["n"]:.0f}%"></i></span>'
            f'<span class="facts">{100 * row["right"] / row["n"]:.1f} % of {row["n"]:,} right</span>',
            "row model", page="attempts", run=run, model=row["model"], decoding=row["decoding"],
        )
        for row in lists.figure(query)
    ]  # fmt: skip
    return f'<h2>Models</h2><div class="rows">{"".join(rows)}</div>' if rows else ""


def _tile(lists: Lists, run: str, table: str) -> str:
    total = lists.count(Filter(table))
    share, summary = "", ""
    if table != "thoughts" and total:
        counts = {
            row["outcome"]: row["n"]
            for row in lists.figure(f"SELECT outcome, count(*) AS n FROM {table} GROUP BY outcome")
        }
        tried = sum(n for outcome, n in counts.items() if outcome)
        parts = "".join(
            f'<i class="{name}" style="flex:{counts.get(name, 0)}"></i>'
            for name in ("right", "wrong", "none", "unknown")
        )
        share = f'<div class="share">{parts}</div>' if tried else ""
        summary = f"{counts.get('right', 0):,} of {tried:,} right" if tried else "not tried yet"
    elif total:
        methods = lists.values("thoughts", "method")
        summary = ", ".join(f"{n:,} {safe.html(name or '')}" for name, n in methods[:3])
    inside = (
        f'<span class="quiet">{table.capitalize()}</span><b>{total:,}</b><span class="quiet">{summary}</span>{share}'
    )
    return link(inside, "tile", page=table, run=run)
