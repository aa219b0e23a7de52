"""Rounds: how each arm does from round to round, what each round fixed and broke, its mix, its guards."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from journey.pipeline.arms import method_of
from journey.pipeline.outcome import GREEDY, SAMPLED
from journey.report.bars import bars_svg
from journey.report.charts import Chart, chart_svg
from journey.report.round_pictures import guard_charts, kept_words, mix_bars, round_chart
from journey.report.rounds import round_bounds, round_figures
from journey.report.wording import short
from journey.store.entries import Round
from journey.studio import safe
from journey.studio.place import href, link, without
from journey.studio.reading import Lists, lists_of
from journey.studio.records import run_at, uid_of
from journey.studio.templates import html, render
from journey.studio.view import view
from journey.types import ModelRef, label

Where = Mapping[str, str]
Json = dict[str, Any]
_WAYS = "SELECT DISTINCT decoding FROM attempts WHERE arm = ? AND coalesce(split, '') = ? AND sample = 0 ORDER BY 1"


def rounds_page(path: Path, run: str, where: Where) -> None:
    """Curves, mix, table and guards; `arm` of the address is lit, the others recede or are left out."""
    of, lists = run_at(path), lists_of(path)
    figures = _figures(path, uid_of(path), lists.newest("attempts"), repr(of.entries(Round)))
    arms = list(dict.fromkeys(row["arm"] for row in figures["rounds"]))
    if not arms:
        view('<p class="empty">No rounds yet: a recipe with rounds: 4 makes some.</p>', "body")
        return
    lit = where["arm"] if where.get("arm") in arms else None
    here = {**without(where, "arm"), "page": "rounds", "run": run}
    links = [link(safe.html(short(arm)), "here" if arm == lit else "", **here, arm=arm) for arm in arms]
    tabs = f'<div class="tabs compare">{link("all arms", "" if lit else "here", **here)}{"".join(links)}</div>'
    shown = {**figures, "rounds": [row for row in figures["rounds"] if lit in (None, row["arm"])]}
    title = "What each round was trained on: rows"
    curve = round_chart(figures, lit)
    drawn = [_figure(curve.title, chart_svg(curve))] if curve else []
    body = render(
        "rounds", run=run, tabs=html(tabs), drawn=[*drawn, _figure(title, bars_svg(title, mix_bars(shown)))],
        small=[_small(chart) for chart in guard_charts(figures, lit)],
        rows=[(row, short(row["arm"]), kept_words(row), _places(lists, run, row)) for row in shown["rounds"]],
    )  # fmt: skip
    view(body, "body")


@lru_cache(maxsize=8)
def _figures(path: Path, uid: str, newest: int, entries: str) -> Json:
    """The figures of a run, as long as neither its answers nor its rounds change."""
    run = run_at(path)
    return {"rounds": round_figures(run), "round_bounds": round_bounds(run)}


def _figure(title: str, svg: str) -> Markup:
    return html(f"<figure><figcaption>{safe.html(title)}</figcaption>{svg}</figure>")


def _small(chart: Chart) -> Markup:
    return _figure(chart.title, chart_svg(chart))


def _places(lists: Lists, run: str, row: Json) -> dict[str, str]:
    """Where a row's figures lead: what the round fixed and broke of the one before, and its thoughts."""
    arm, number, split = row["arm"], row["round"], row["split"]
    found = {"thoughts": href(page="thoughts", run=run, method=method_of(arm), round=number)}
    names = [label(ModelRef("", None, n, arm), over_seeds=True) for n in (number - 1, number)]
    first, second = ([str(one[0]) for one in lists.figure(_WAYS, (name, split))] for name in names)
    both = [way for way in (SAMPLED, GREEDY, *first) if way in first and way in second]
    if number > 1 and both:
        sides = {"run": run, "model": names[0], "decoding": both[0]}
        sides |= {"run2": run, "model2": names[1], "decoding2": both[0]}
        place = {"page": "compare", "what": "models", "part": split, **sides}
        found |= {show: href(**place, show=show) for show in ("fixed", "broke")}
    return found
