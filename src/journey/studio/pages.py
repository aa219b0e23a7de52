"""Which page an address asks for: one literal table."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from journey.errors import UsageError
from journey.store.faults import StoreError
from journey.studio import safe
from journey.studio.compare_page import compare_page
from journey.studio.item_pages import attempt_page, problem_page, thought_page, tree_page
from journey.studio.label_page import label_page
from journey.studio.learning_page import learning_page
from journey.studio.list_page import list_page
from journey.studio.map_page import map_page
from journey.studio.overview_page import overview_page
from journey.studio.place import link
from journey.studio.reading import lists_of
from journey.studio.records import opened
from journey.studio.rollout_page import rollout_page
from journey.studio.rounds_page import rounds_page
from journey.studio.view import view

Page = Callable[[Path, str, Mapping[str, str]], None]
"""A page is given the run's folder, its name, and the address's query."""

TABLE: dict[str, tuple[str, Page]] = {
    "overview": ("", overview_page),
    "problems": ("", list_page),
    "trees": ("", list_page),
    "thoughts": ("", list_page),
    "attempts": ("", list_page),
    "rollouts": ("", list_page),
    "learning": ("", learning_page),
    "rounds": ("", rounds_page),
    "compare": ("", compare_page),
    "label": ("", label_page),
    "map": ("", map_page),
    "tree": ("trees", tree_page),
    "problem": ("problems", problem_page),
    "thought": ("thoughts", thought_page),
    "attempt": ("attempts", attempt_page),
    "rollout": ("rollouts", rollout_page),
}
"""By the name in the address: the page in the bar that it belongs to ("": it stands there itself), what draws it."""


def main() -> None:
    """Draws the page that the address names; an unknown run or page is said in a sentence."""
    runs, where = opened(), {str(name): str(value) for name, value in st.query_params.to_dict().items()}
    name, page = where.get("run") or next(iter(runs), ""), where.get("page") or next(iter(TABLE))
    if name not in runs:
        known = safe.html(", ".join(runs) or "none")
        view(f'<p class="empty">The studio was not opened on a run {safe.html(name)}; it has {known}.</p>', "body")
        return
    view(_bar(page, name, list(runs)), "head")
    if page not in TABLE:
        view(f'<p class="empty">There is no page {safe.html(page)}.</p>', "body")
        return
    try:
        with st.spinner("Reading what is new in the run"):  # a large run takes a while the first time
            lists_of(runs[name])
        TABLE[page][1](runs[name], name, where)
    except (UsageError, StoreError) as error:
        view(f'<p class="empty">{safe.html(str(error))}</p>', "body")


def _bar(page: str, run: str, runs: Sequence[str]) -> str:
    """What stands at the top of every page: where one can go, and which run is looked at."""
    lit = (page in TABLE and TABLE[page][0]) or page
    links = [
        link(key.capitalize(), "here" if key == lit else "", page=key, run=run)
        for key, (part_of, _) in TABLE.items()
        if not part_of
    ]
    listed = f'<span class="muted">{safe.html(run)}</span>'
    if len(runs) > 1:
        listed = "".join(
            link(safe.html(name), "here" if name == run else "", page="overview", run=name) for name in runs
        )
    brand = link("journey", "brand", page="overview", run=run)
    return f'<nav class="bar" aria-label="Pages">{brand}{"".join(links)}<span class="runs">{listed}</span></nav>'
