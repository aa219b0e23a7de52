"""Labelling one step or one thought: what is looked at on the left, what is said of it on the right."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from journey.errors import UsageError
from journey.store import labels
from journey.store.labels import NOT_SAID, TRAITS, Label
from journey.studio import safe
from journey.studio.label_queue import after, beside, label_of
from journey.studio.labelling import Desk, fault_html, filled, keeping, progress_html, saved_html, turn_to
from journey.studio.place import link
from journey.studio.problem_head import problem_html
from journey.studio.records import problem_of, thought_of, tree_of
from journey.studio.thought_html import thought_html
from journey.studio.tree_data import SAID, viewer_data
from journey.studio.view import view
from journey.trees.mark import path as path_to
from journey.types import Judgement, Tree, Verdict

VERDICTS: tuple[tuple[str, Verdict | None, str], ...] = (
    ("right", "right", "1"), ("neutral", "neutral", "2"), ("wrong", "wrong", "3"), (NOT_SAID, None, "0"),
)  # fmt: skip
BEFORE = 4  # steps before the one that is labelled; earlier ones are folded
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
    shown = None if label is None else _step(desk, label) if label.item == "node" else _thought(desk, label)
    if label is None or shown is None:
        view('<p class="empty">There is no such item in this run.</p>', "body")
        return
    html, judged = shown
    said = _kept(desk)
    suggestion = None if judged is None or desk.wish.blind else judged.verdict or NOT_SAID
    label = replace(said, suggestion=suggestion or said.suggestion) if said else replace(label, suggestion=suggestion)
    left, right = st.columns([1.55, 1], gap="large")
    with left:
        view(html, "body")
        if desk.shows_tree and label.item == "node":
            _tree(desk, label)
    with right:
        view(progress_html(desk), "progress")
        if label.item == "node":
            _verdicts(desk, label)
            _text(desk, label, "reason", "Reason", 68)
            _text(desk, label, "step", "Corrected step", 68)
        else:
            _ratings(desk, label)
        _text(desk, label, "note", "Free note", 68)
        _deeds(desk, label, said)
        view(fault_html() or saved_html(said, desk.annotator), "saved")


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


def _say(desk: Desk, shown: Label, **said: Any) -> None:
    """Keeps it over what is kept now: of several widgets that changed at once each sees what the one before it said."""
    with keeping():
        before = _kept(desk) or shown
        labels.put(desk.path, replace(before, suggestion=shown.suggestion, made="", **said))


def _text(desk: Desk, label: Label, name: str, word: str, height: int) -> None:
    key = f"{name} {desk.item} {desk.annotator}"
    filled(key, getattr(label, name) or "")

    def changed() -> None:
        value = str(st.session_state[key])
        _say(desk, label, **{name: value if value.strip() else None})

    st.text_area(word, key=key, height=height, on_change=changed, disabled=not desk.annotator)


def _ratings(desk: Desk, label: Label) -> None:
    view('<p class="quiet">1: not at all, 5: throughout.</p>', "scale")
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


def _deeds(desk: Desk, label: Label, said: Label | None) -> None:
    onward = after(desk.items, desk.item, desk.done)

    def submit() -> None:
        with keeping():
            now = _kept(desk)
            if now is None or not (now.judged or now.ratings or now.note or now.reason or now.step):
                raise UsageError("there is nothing to submit yet")
            labels.put(desk.path, replace(now, state="submitted", made=""))
            turn_to(onward)

    def discard() -> None:
        with keeping():
            labels.put(desk.path, _discarded(label))

    deeds = (
        ("Submit", "s", submit, (), not desk.annotator),
        ("Discard", "d", discard, (), not (desk.annotator and said)),
        ("Previous", "p", turn_to, (beside(desk.items, desk.item, -1),), False),
        ("Next", "n", turn_to, (beside(desk.items, desk.item, 1),), False),
    )
    for place, (word, key, deed, args, is_off) in zip(st.columns(2) * 2, deeds, strict=True):
        with place:
            st.button(word, key=f"deed {key}", shortcut=key, width="stretch", disabled=is_off, on_click=deed, args=args)


def _discarded(label: Label) -> Label:
    return Label(label.item, label.annotator, label.tree, label.node, label.thought, state="discarded")


# --- what is looked at ------------------------------------------------------------------------------------------------


def _step(desk: Desk, label: Label) -> tuple[str, Judgement | None] | None:
    tree = tree_of(desk.path, label.tree or "")
    index = label.node or 0
    if tree is None or index >= len(tree.nodes):
        return None
    node = tree.nodes[index]
    before = path_to(tree, index)[:-1]
    ended = f'<p class="quiet">Its answer: {safe.answer(node.answer)}</p>' if node.answer is not None else ""
    html = (
        problem_html(problem_of(desk.path, tree.problem), tree.problem, "")
        + _steps_before(tree, before)
        + f'<div class="panel labelled"><h3>Is this step right? <span class="quiet">level {len(before) + 1}</span></h3>'
        f'<div class="prose step-text">{safe.html(node.text)}</div>{ended}</div>'
        + ("" if desk.wish.blind else _suggestion(node.judgement))
        + f'<p class="quiet">{link("The whole tree", page="tree", run=desk.run, id=tree.id, node=index)}</p>'
    )
    return html, node.judgement


def _tree(desk: Desk, label: Label) -> None:
    """The whole tree; a click on another step goes to it."""
    tree = tree_of(desk.path, label.tree or "")
    if tree is None:
        return
    found = view(
        '<div class="panel tree-box" tabindex="0" aria-label="The tree"></div>', f"tree {desk.item}",
        tree=viewer_data(tree, None), address={"run": desk.run, "tree": tree.id}, node=label.node, tell=True,
    )  # fmt: skip
    if found is not None and found != label.node:
        turn_to(f"node:{tree.id}:{found}")
        st.rerun()


def _steps_before(tree: Tree, before: Sequence[int]) -> str:
    def listed(steps: Sequence[int]) -> str:
        return "".join(f'<li class="prose">{safe.html(tree.nodes[i].text)}</li>' for i in steps)

    if not before:
        return '<p class="quiet">The first step.</p>'
    far, near = before[:-BEFORE], before[-BEFORE:]
    folded = f"<details><summary>{len(far)} earlier steps</summary><ul>{listed(far)}</ul></details>" if far else ""
    return f'<div class="before">{folded}<ul>{listed(near)}</ul></div>'


def _suggestion(judged: Judgement | None) -> str:
    if judged is None:
        return ""
    rank = judged.verdict or "unjudged"
    score = "" if judged.score is None else f" · {judged.score:.2f}"
    reason = f'<div class="prose">{safe.html(judged.reason)}</div>' if judged.reason else ""
    return (
        f'<div class="suggestion"><span class="quiet">Suggested by the judge {safe.html(judged.by)}</span> '
        f'<span class="word {rank}">{SAID[rank]}</span><span class="quiet">{score}</span>{reason}</div>'
    )


def _thought(desk: Desk, label: Label) -> tuple[str, None] | None:
    thought = thought_of(desk.path, label.thought or "")
    if thought is None:
        return None
    place = (
        link("Beside its tree", page="tree", run=desk.run, id=thought.tree, thought=thought.id) if thought.tree else ""
    )
    html = (
        problem_html(problem_of(desk.path, thought.problem), thought.problem, "")
        + f'<div class="panel thought whole">{thought_html(thought)}</div>'
        + f'<p class="quiet">{safe.html(thought.method)} {place}</p>'
    )
    return html, None
