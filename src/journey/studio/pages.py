"""Which page an address asks for: one literal table."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from journey.errors import UsageError
from journey.store.faults import StoreError
from journey.studio import safe
from journey.studio.address import here
from journey.studio.compare_page import compare_page
from journey.studio.head import PAGES, head_html
from journey.studio.item_pages import attempt_page, problem_page, thought_page
from journey.studio.label_page import label_page
from journey.studio.list_page import list_page
from journey.studio.opened import opened
from journey.studio.overview_page import overview_page
from journey.studio.reading import lists_of
from journey.studio.tree_page import tree_page
from journey.studio.view import view

Page = Callable[[Path, str, Mapping[str, str]], None]
"""A page is given the run's folder, its name, and the address's query."""

TABLE: dict[str, Page] = {
    "overview": overview_page,
    "problems": list_page,
    "trees": list_page,
    "thoughts": list_page,
    "attempts": list_page,
    "tree": tree_page,
    "problem": problem_page,
    "thought": thought_page,
    "attempt": attempt_page,
    "compare": compare_page,
    "label": label_page,
}


def main() -> None:
    """Draws the page that the address names; an unknown run or page is said in a sentence."""
    runs, where = opened(), here()
    name, page = where.get("run") or next(iter(runs), ""), where.get("page") or next(iter(PAGES))
    if name not in runs:
        known = ", ".join(runs) or "none"
        view(
            f'<p class="empty">The studio was not opened on a run {safe.html(name)}; it has {safe.html(known)}.</p>',
            "body",
        )
        return
    view(head_html(page, name, list(runs)), "head")
    if page not in TABLE:
        view(f'<p class="empty">There is no page {safe.html(page)}.</p>', "body")
        return
    try:
        with st.spinner("Reading what is new in the run"):  # a large run takes a while the first time
            lists_of(runs[name])
        TABLE[page](runs[name], name, where)
    except (UsageError, StoreError) as error:
        view(f'<p class="empty">{safe.html(str(error))}</p>', "body")
