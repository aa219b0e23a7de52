"""Labelling one step, thought or tree: what is looked at on the left, what is said of it on the right."""

from dataclasses import replace
from typing import Any

import streamlit as st

from journey.errors import UsageError
from journey.store import labels
from journey.store.labels import COULD_NOT_SAY, TRAITS, Label
from journey.studio.fragments import TREE_BOX
from journey.studio.label_queue import label_of
from journey.studio.label_shown import item_shown
from journey.studio.labelling import Desk, actions, filled, keeping, progress_html, turn_to
from journey.studio.records import tree_of
from journey.studio.tree_data import viewer_data
from journey.studio.view import view
from journey.types import Verdict

VERDICTS: tuple[tuple[str, Verdict | None, str], ...] = (
    ("right", "right", "1"), ("neutral", "neutral", "2"), ("wrong", "wrong", "3"), (COULD_NOT_SAY, None, "0"),
)  # fmt: skip
QUESTIONS = {
    "iterative_problem_solving": "Solves step by step, one thing after another",
    "key_thinking_indicators": "Says where it turns: therefore, alternatively, wait, let me compute",
    "rechecking": "Checks intermediate results again",
    "hypotheses_explored": "Tries several hypotheses",
    "final_verification": "Verifies the final answer",
}


def item_desk(desk: Desk) -> None:
    """The item, and what this annotator says of it."""
    label = label_of(desk.item, desk.annotator or "nobody")
    shown = None if label is None else item_shown(desk, label)
    if label is None or shown is None:
        view('<p class="empty">There is no such item in this run.</p>', "body")
        return
    html, judged, drawn = shown
    kept = _kept(desk)
    suggestion = None if judged is None or desk.queued.blind else judged.verdict or COULD_NOT_SAY
    label = replace(kept, suggestion=suggestion or kept.suggestion) if kept else replace(label, suggestion=suggestion)
    left, right = st.columns([1.55, 1], gap="large")
    with left:
        view(html, "body", **drawn)
        if desk.shows_tree and label.item == "node":
            _tree(desk, label)
    with right:
        view(progress_html(desk), "progress")
        if label.item == "node":
            _verdicts(desk, label)
            _text(desk, label, "reason", "Reason", 68)
            _text(desk, label, "step", "Corrected step", 68)
        elif label.item == "thought":
            view('<p class="muted">Right: to be learnt from. The next round is trained on it as given data.</p>', "use")
            _verdicts(desk, label)
            _ratings(desk, label)
        _text(desk, label, "note", "Free note", 160 if label.item == "tree" else 68)
        _actions(desk, label, kept)


def _tree(desk: Desk, label: Label) -> None:
    """The whole tree; a click on another step goes to it."""
    tree = tree_of(desk.path, label.tree or "")
    if tree is None:
        return
    found = view(
        TREE_BOX, f"tree {desk.item}", tree=viewer_data(tree, None), address={"run": desk.run, "tree": tree.id},
        node=label.node, tell=True,
    )  # fmt: skip
    if found is not None and found != label.node:
        turn_to(f"node:{tree.id}:{found}")
        st.rerun()


# --- what is said -----------------------------------------------------------------------------------------------------


def _verdicts(desk: Desk, label: Label) -> None:
    for place, (word, verdict, key) in zip(st.columns(2) * 2, VERDICTS, strict=True):
        is_chosen = label.judged and label.verdict == verdict
        with place:
            st.button(
                word, key=f"verdict {key}", shortcut=key, type="primary" if is_chosen else "secondary", width="stretch",
                disabled=not desk.annotator, on_click=_say, args=(desk, label),
                kwargs={"verdict": verdict, "judged": True},
            )  # fmt: skip


def _kept(desk: Desk) -> Label | None:
    """What this annotator has said of the item."""
    return next(iter(labels.labels(desk.path, about=desk.item, annotator=desk.annotator)), None)


def _say(desk: Desk, shown: Label, **kept: Any) -> None:
    """Keeps it over what is kept now: of several widgets that changed at once each sees what the one before it said."""
    with keeping():
        before = _kept(desk) or shown
        labels.put(desk.path, replace(before, suggestion=shown.suggestion, made="", **kept))


def _text(desk: Desk, label: Label, name: str, word: str, height: int) -> None:
    key = f"{name} {desk.item} {desk.annotator}"
    filled(key, getattr(label, name) or "")

    def changed() -> None:
        value = str(st.session_state[key])
        _say(desk, label, **{name: value if value.strip() else None})

    st.text_area(word, key=key, height=height, on_change=changed, disabled=not desk.annotator)


def _ratings(desk: Desk, label: Label) -> None:
    view('<p class="muted">1: not at all, 5: throughout.</p>', "scale")
    for trait in TRAITS:
        key = f"{trait} {desk.item} {desk.annotator}"
        filled(key, label.ratings.get(trait))

        def changed(trait: str = trait, key: str = key) -> None:
            value = st.session_state[key]
            with keeping():
                before = (_kept(desk) or label).ratings
                rest = {name: n for name, n in before.items() if name != trait}
                _say(desk, label, ratings=rest if value is None else {**rest, trait: int(value)})

        st.segmented_control(
            QUESTIONS[trait], [1, 2, 3, 4, 5], key=key, on_change=changed, disabled=not desk.annotator,
        )  # fmt: skip


def _actions(desk: Desk, label: Label, kept: Label | None) -> None:
    def submitted() -> Label:
        now = _kept(desk)
        if now is None or not (now.judged or now.ratings or now.note or now.reason or now.step):
            raise UsageError("there is nothing to submit yet")
        return replace(now, state="submitted", made="")

    discarded = Label(label.item, label.annotator, label.tree, label.node, label.thought, state="discarded")
    actions(desk, kept, submitted, discarded)
