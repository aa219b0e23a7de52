"""What the labelling pages share: who labels, the address as the only truth, and keeping what was said at once."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from journey.errors import UsageError
from journey.store import labels
from journey.store.faults import StoreError
from journey.store.labels import Label, Written
from journey.studio import safe
from journey.studio.label_queue import QueueSettings, after, beside
from journey.studio.label_worth import worth
from journey.studio.view import view

FAULT = "label fault"
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody labels: the run's folder and name, the queue asked for, who labels ("": nobody yet), the item.

    `done` are the items of the queue that this annotator has submitted, `begun` those left as a draft. `shows_tree`:
    the tree is drawn below its step.
    """

    path: Path
    run: str
    queued: QueueSettings
    items: tuple[str, ...]
    annotator: str
    item: str
    done: frozenset[str]
    begun: frozenset[str]
    shows_tree: bool = False


@contextmanager
def keeping() -> Generator[None]:
    """Around what keeps a saying: what prevents it is shown, and the rest of the action is not done."""
    st.session_state.pop(FAULT, None)
    try:
        yield
    except (UsageError, StoreError) as error:
        st.session_state[FAULT] = str(error)


def filled(key: str, value: object) -> None:
    """Gives the widget of that key its value, where it has another: setting it again would undo what is being typed."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _fault_html() -> str:
    """Why the last thing that was said could not be kept; empty where it was."""
    fault = st.session_state.get(FAULT)
    return f'<p class="fault" role="alert">Not saved. {safe.html(str(fault))}</p>' if fault else ""


def turn_to(item: str | None) -> None:
    """Makes it the item in the address."""
    st.session_state.pop(FAULT, None)
    if item is not None:
        st.query_params["item"] = item


def actions(
    desk: Desk, kept: Label | Written | None, submitted: Callable[[], Label | Written], discarded: Label | Written
) -> None:
    """The buttons below what is said: to submit or discard it, and to go to the item before or after; and what is kept.

    `submitted` makes the record that is submitted, and raises UsageError where nothing can be.
    """
    onward = after(desk.items, desk.item, desk.done)

    def keep(record: Callable[[], Label | Written], turning: str | None) -> None:
        with keeping():
            labels.put(desk.path, record())
            turn_to(turning)

    actions = (
        ("Submit", "s", partial(keep, submitted, onward), not desk.annotator),
        ("Discard", "d", partial(keep, lambda: discarded, None), not (desk.annotator and kept)),
        ("Previous", "p", partial(turn_to, beside(desk.items, desk.item, -1)), False),
        ("Next", "n", partial(turn_to, beside(desk.items, desk.item, 1)), False),
    )
    for place, (word, key, action, is_off) in zip(st.columns(2) * 2, actions, strict=True):
        with place:
            st.button(word, key=f"action {key}", shortcut=key, width="stretch", disabled=is_off, on_click=action)
    view(_fault_html() or _saved_html(kept, desk.annotator), "saved")


def _saved_html(kept: Label | Written | None, annotator: str) -> str:
    """Whether and when what is shown was saved."""
    if not annotator:
        return '<p class="muted">Write your name above to begin.</p>'
    if kept is None:
        return '<p class="muted">Nothing said yet. Everything is saved the moment you say it.</p>'
    what = "Submitted" if kept.state == "submitted" else "Draft"
    return f'<p class="muted saved" role="status">{what}, saved {safe.html(kept.made[11:19])} UTC</p>'


def progress_html(desk: Desk) -> str:
    """How far the queue is."""
    total, done = len(desk.items), len(desk.done)
    at = f"{desk.items.index(desk.item) + 1:,} of {total:,}" if desk.item in desk.items else f"{total:,} in the queue"
    drafts = f", {len(desk.begun):,} begun" if desk.begun else ""
    share = round(100 * done / total) if total else 0
    reason = worth(desk.path).get(desk.item) if desk.queued.worth else None
    why = f'<p class="muted">{safe.html(reason.why)}</p>' if reason else ""
    return (
        f'<div class="label-progress"><span>{at}</span><span class="share"><i class="right" style="width:{share}%"></i>'
        f"</span><span>{done:,} submitted{drafts}</span></div>{why}"
    )


def text_of(where: Mapping[str, str], name: str) -> str:
    """A short text of the address."""
    return where.get(name, "").strip()[:LONGEST_NAME]
