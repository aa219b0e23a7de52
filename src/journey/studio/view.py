"""The studio's one component: it shows HTML that was made here, typesets its mathematics, and draws a tree."""

import zlib
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.components.v2 import component

LONGEST = 4000  # letters of an address's query that are looked at

# The scripts are files of ours, served beside the page, so that the browser keeps them between pages.
LOADER = """
export default function (component) {
  import(new URL("journey/viewer/studio.js", document.baseURI).href).then((studio) => studio.show(component));
}
"""


def view(
    html: str,
    key: str,
    *,
    tree: dict[str, Any] | None = None,
    address: dict[str, str] | None = None,
    node: int | None = None,
    tell: bool = False,
) -> int | None:
    """Shows HTML whose model text has gone through `safe.html`, and in its element `.tree-box` a tree.

    `tree` is from `viewer_data`, `address` names run and tree for the steps that are clicked, `node` is selected. Links
    that `place.link` made are followed. With `tell` the page runs again when a step is clicked; its index is returned
    (null before).
    """
    mark = f"{zlib.crc32(html.encode('utf-8', 'replace')):08x} {address} {node}"
    data = {"html": html, "tree": tree, "address": address, "node": node, "tell": tell, "mark": mark}
    result = component("journey.view", js=LOADER, isolate_styles=False)(
        key=key, data=data, default={"node": None}, on_node_change=_nothing, on_open_change=lambda: _follow(key)
    )
    found = result.get("node")
    return int(found) if isinstance(found, (int, float)) else None


def _nothing() -> None:
    """A state of a component is kept only when somebody listens to it."""


def _follow(key: str) -> None:
    opened = st.session_state[key].get("open")
    if isinstance(opened, str):
        where = dict(parse_qsl(opened.removeprefix("?")[:LONGEST], keep_blank_values=True))
        st.query_params.from_dict(where)
