"""What pages show of thoughts in other languages than English."""

from dataclasses import replace

from thoughts.test_refine import DRAFT, PROBLEM

from journey.studio.fragments import strays, thought_facts
from journey.studio.templates import render


def page(problem, thought) -> str:
    return render("thought", problem=problem, thought=thought, diff=None, outcome="right", tabs="", origin="")


def test_texts_run_as_their_letters_do_and_a_question_says_its_language():
    shown = page(replace(PROBLEM, question="מצא את x", language="he"), DRAFT)
    assert '<div class="prose" dir="auto" lang="he">' in shown
    hostile = page(replace(PROBLEM, language='"><script>'), DRAFT)
    assert "<script>" not in hostile


def test_parts_in_another_language_are_marked():
    korean = replace(PROBLEM, language="ko")
    told = "상자에는 사과가 모두 들어 있다."
    segments = [replace(s, text=told) for s in DRAFT.segments]
    segments[3] = DRAFT.segments[3]
    thought = replace(DRAFT, segments=tuple(segments), text="\n\n".join(s.text for s in segments))
    assert strays(thought, korean) == [DRAFT.segments[3]]
    assert 70 < int((thought_facts(thought, korean)[" "] or "").split(" ")[0]) < 100
    assert thought_facts(DRAFT, PROBLEM) == {"refined by": None, " ": "", "note:": None}
    retold = replace(DRAFT, language="ko", refined_by="m")
    assert thought_facts(retold, PROBLEM)["retold in ko by"] == "m"
