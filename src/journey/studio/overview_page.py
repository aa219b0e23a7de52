"""The first page: a run's headline figures, and its problems with a mark, the failed ones first."""

from collections.abc import Mapping
from pathlib import Path

from journey.studio import safe
from journey.studio.list_page import rows_html
from journey.studio.place import link
from journey.studio.reading import Filter, Lists, lists_of
from journey.studio.view import view

FEW = 12


def overview_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """Everything in it is a link to what it counts."""
    lists = lists_of(path)
    tiles = "".join(_tile(lists, run, table) for table in ("problems", "trees", "thoughts", "attempts"))
    html = f'<h1 style="margin-top:1rem">{safe.html(run)}</h1><div class="tiles">{tiles}</div>'
    for outcome, title in (("wrong", "Failed: no right answer"), ("none", "No answer found"), ("right", "Solved")):
        filter = Filter("problems", chosen={"outcome": outcome}, sort="trees", falling=True)
        total = lists.count(filter)
        if total:
            more = link(f"all {total:,}", page="problems", run=run, outcome=outcome) if total > FEW else ""
            rows = rows_html(run, "problems", lists.page(filter, 0, FEW if outcome != "right" else 6))
            html += f'<h2>{title} <span class="quiet">{total:,} {more}</span></h2>{rows}'
    view(html, "body")


def _tile(lists: Lists, run: str, table: str) -> str:
    total = lists.count(Filter(table))
    share, said = "", ""
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
        said = f"{counts.get('right', 0):,} of {tried:,} right" if tried else "not tried yet"
    elif total:
        methods = lists.values("thoughts", "method")
        said = ", ".join(f"{n:,} {safe.html(name or '')}" for name, n in methods[:3])
    inside = f'<span class="quiet">{table.capitalize()}</span><b>{total:,}</b><span class="quiet">{said}</span>{share}'
    return link(inside, "tile", page=table, run=run)
