"""Labelling: a queue of steps or thoughts, writing notes, and how far annotators agree."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from journey.store import labels
from journey.studio import safe
from journey.studio.label_agreement import agreement_html
from journey.studio.label_item import item_desk
from journey.studio.label_notes import notes_desk
from journey.studio.label_queue import MOST, queue, queue_settings
from journey.studio.label_worth import SCANNED
from journey.studio.labelling import LONGEST_NAME, Desk, filled, text_of
from journey.studio.place import tabs_html, without
from journey.studio.reading import Filter, lists_of
from journey.studio.view import view

TABS = {
    "steps": "Steps", "thoughts": "Thoughts", "trees": "Trees", "write": "Write a thought", "agreement": "Agreement",
}  # fmt: skip
NAME = "annotator"


def label_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """`what` of the address says what is done, `by` who does it, `item` at which item they are.

    `which`, `method` and `plain` choose the queue (see `label_queue.QueueSettings`).
    """
    where = _named({**where, "run": run})
    what = where.get("what", "steps")
    view(tabs_html(TABS, what, "what", without(where, "item")), "tabs")
    if what == "agreement":
        view(agreement_html(path), "body")
        return
    _choices(path, what, where)
    if queue_settings(where).worth and (trees := lists_of(path).count(Filter("trees"))) > SCANNED:
        looked = f"Worth a look: {SCANNED:,} of the run's {trees:,} trees were gone through for it."
        view(f'<p class="muted">{looked}</p>', "scanned")
    desk = _desk(path, run, where)
    if not desk.item:
        view(f'<p class="empty">There is nothing to label here: {_nothing(what)}.</p>', "body")
    elif what == "write":
        notes_desk(desk)
    else:
        item_desk(desk)


def _named(where: dict[str, str]) -> dict[str, str]:
    """The address with the annotator's name, which stays the same from page to page of one visit."""
    if where.get("by"):
        st.session_state[NAME] = where["by"]
    elif st.session_state.get(NAME):
        st.query_params["by"] = where["by"] = str(st.session_state[NAME])
    return where


def _desk(path: Path, run: str, where: Mapping[str, str]) -> Desk:
    annotator = text_of(where, "by")
    queued = queue_settings(where)
    items = queue(path, queued)
    states = labels.states(path, "notes" if queued.what == "write" else "label", annotator)
    done = frozenset(item for item in items if states.get(item) == "submitted")
    begun = frozenset(item for item in items if states.get(item) == "draft")
    first = next((item for item in items if item not in done), items[0] if items else "")
    shows_tree = where.get("tree") == "1" and not queued.blind
    return Desk(path, run, queued, items, annotator, where.get("item") or first, done, begun, shows_tree)


def _choices(path: Path, what: str, where: Mapping[str, str]) -> None:
    columns = st.columns([1.1, 1.1, 1.1, 0.9, 0.9, 1.5], vertical_alignment="bottom")
    with columns[0]:
        filled("by", text_of(where, "by"))
        st.text_input("Your name", key="by", placeholder="who labels", on_change=_changed, args=("by",), max_chars=60)
    if what == "write":
        return
    with columns[1]:
        methods = [value for value, _ in lists_of(path).values("thoughts", "method") if value]
        chosen = where.get("method")
        filled("method", chosen if chosen in methods else None)
        st.selectbox("method", methods, key="method", index=None, placeholder="any", on_change=_changed,
                     args=("method",))  # fmt: skip
    is_plain = where.get("plain") == "1" and what == "steps"
    help = "The steps then come in an order that tells nothing of the judge's verdicts."
    first = "Where judges disagree, where value and verdict do, and problems that turn right and wrong over rounds."
    toggles = [("order", "Worth a look first", where.get("order") == "worth", is_plain, first)]
    if what == "steps":
        toggles += [
            ("which", "Right steps too", where.get("which") == "all", False, None),
            ("tree", "Show the tree", where.get("tree") == "1", is_plain, None),
            ("plain", "Hide the judge's suggestions", is_plain, False, help),
        ]
    for column, (name, word, value, is_off, help_text) in zip(columns[2:], toggles, strict=False):
        with column:
            filled(name, value)
            st.toggle(word, key=name, on_change=_changed, args=(name,), disabled=is_off, help=help_text)


def _changed(name: str) -> None:
    """The widget's value goes into the address; the queue begins anew where it is another one."""
    value = st.session_state[name]
    if name == "by":
        st.session_state.pop(NAME, None)
    elif name != "tree":
        st.query_params.pop("item", None)
    if value in (None, "", False):
        st.query_params.pop(name, None)
    else:
        words = {"which": "all", "order": "worth"}.get(name, "1") if value is True else str(value)
        st.query_params[name] = words[:LONGEST_NAME].strip()


def _nothing(what: str) -> str:
    found = {
        "steps": "no tree of the run has a step that the judge called wrong or neutral, or could not judge",
        "thoughts": "the run holds no thoughts",
        "trees": "the run holds no trees",
        "write": "the run holds no problems",
    }
    return safe.html(found.get(what, f"a queue holds at most {MOST} trees"))
