"""Writing a whole thought as notes: what was tried, where it went wrong, what came to mind, in the order of time."""

from dataclasses import replace

import streamlit as st

from journey.store import labels
from journey.store.labels import Written, WrittenNote
from journey.studio.labelling import Desk, actions, filled, keeping, progress_html
from journey.studio.records import run_at
from journey.studio.templates import render
from journey.studio.view import view
from journey.thoughts.annotate import NOTE_KINDS, notes_of
from journey.types import Problem


def notes_desk(desk: Desk) -> None:
    """One problem, and this annotator's notes on it."""
    problem = run_at(desk.path).problem(desk.item.removeprefix("notes:"))
    if problem is None:
        view('<p class="empty">There is no such problem in this run.</p>', "body")
        return
    kept = _kept(desk)
    draft = kept or _empty(desk)
    left, right = st.columns([1.55, 1], gap="large")
    with right:
        view(progress_html(desk), "progress")
        _actions(desk, problem, kept)
    with left:
        view(render("notes", problem=problem, notes=None), "body")
        for number in range(len(draft.notes)):
            _note(desk, draft, number)
        st.button(
            "Another note", key="another", shortcut="a", disabled=not desk.annotator, on_click=_change,
            args=(desk, draft, len(draft.notes), (WrittenNote("trial", ""),)),
        )  # fmt: skip
    with right:
        view(render("notes", problem=None, notes=[note for note in draft.notes if note.text.strip()]), "preview")


def _kept(desk: Desk) -> Written | None:
    """What this annotator has written on the problem."""
    problem = desk.item.removeprefix("notes:")
    return next(iter(labels.written(desk.path, problem=problem, annotator=desk.annotator)), None)


def _empty(desk: Desk) -> Written:
    return Written(desk.item.removeprefix("notes:"), desk.annotator or "nobody", (WrittenNote("trial", ""),))


def _change(desk: Desk, shown: Written, number: int, notes: tuple[WrittenNote, ...]) -> None:
    """Puts these notes in the place of note `number`, in what is kept now: of several widgets that changed at once each
    sees what the one before it kept. Notes that were submitted are a draft again."""
    with keeping():
        before = _kept(desk) or shown
        whole = (*before.notes[:number], *notes, *before.notes[number + 1 :])
        labels.put(desk.path, replace(before, notes=whole, state="draft", made=""))


def _note(desk: Desk, draft: Written, number: int) -> None:
    note = draft.notes[number]
    key = f"note {desk.item} {desk.annotator} {number}"
    values = {"kind": note.kind if note.kind in NOTE_KINDS else "trial", "text": note.text, "reason": note.reason or ""}
    for name, value in values.items():
        filled(f"{key} {name}", value)

    def changed() -> None:
        new = {name: str(st.session_state.get(f"{key} {name}", value)) for name, value in values.items()}
        mine = WrittenNote(new["kind"], new["text"], new["reason"] if new["reason"].strip() else None)
        _change(desk, draft, number, (mine,))

    is_off = not desk.annotator
    kinds, texts = st.columns([1, 3.2])
    with kinds:
        st.selectbox("What it is", NOTE_KINDS, key=f"{key} kind", on_change=changed, disabled=is_off)
        st.button("Remove", key=f"{key} remove", type="tertiary", disabled=is_off, on_click=_change,
                  args=(desk, draft, number, ()))  # fmt: skip
    with texts:
        st.text_area("What you noted", key=f"{key} text", height=80, on_change=changed, disabled=is_off)
        if note.kind != "answer" or note.reason:
            st.text_input("Why, if there is a reason", key=f"{key} reason", on_change=changed, disabled=is_off)


def _actions(desk: Desk, problem: Problem, kept: Written | None) -> None:
    def submitted() -> Written:
        draft = _kept(desk) or _empty(desk)
        notes = tuple(note for note in draft.notes if note.text.strip())
        rows = [{"kind": note.kind, "text": note.text, "reason": note.reason} for note in notes]
        # Raises UsageError where `journey derive --method annotate` would refuse the notes.
        notes_of({"question": problem.question, "answer": problem.answer, "notes": rows}, "The thought", "notes")
        return replace(draft, notes=notes, made="", state="submitted")

    actions(desk, kept, submitted, replace(_empty(desk), notes=(), state="discarded"))
