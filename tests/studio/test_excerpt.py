"""Excerpts show where a word stands as the index finds it, marked, and stay text."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from studio.payloads import PAYLOADS

from journey.studio.excerpt import excerpt, marked


def plain(html: str) -> str:
    return unescape(re.sub(r"</?mark>", "", html))


def test_the_word_is_marked_with_what_stands_around_it():
    text = "x " * 200 + "Hmm. WAIT, that is not right. " + "y " * 200
    said = excerpt(text, ["wait"])
    assert "<mark>WAIT</mark>, that is not right." in said
    assert said.startswith("…") and said.endswith("…") and len(plain(said)) < 300


def test_only_whole_words_count_and_a_phrase_may_have_signs_between():
    assert excerpt("I was waiting. The bait.", ["wait"]) == ""
    assert "<mark>let, me</mark>" in excerpt("So let, me see.", ["Let me"])
    assert "<mark>let me</mark> go, <mark>wait</mark>" in excerpt("So let me go, wait.", ["wait", "let me"])
    assert excerpt("anything", ["", "?!"]) == ""


def test_formulas_are_plain_in_an_excerpt_and_typeset_where_the_whole_text_stands():
    assert excerpt("so \\(\\frac{1}{2}\\) but no", ["but"]) == "so 1/2 <mark>but</mark> no"
    said = marked("but \\(x = but\\)", ["but"])
    assert said == '<mark>but</mark> <span class="math">x = but</span>'


@given(st.text(alphabet="wait but\\(){}<>&$x\n", max_size=80), st.sampled_from(["wait", "but", "a b", "<"]))
def test_marking_changes_no_letter(text: str, word: str):
    assert plain(re.sub(r'<span class="math[^"]*">|</span>', "", marked(text, [word]))) == plain(
        re.sub(r'<span class="math[^"]*">|</span>', "", marked(text, []))
    )


def test_hostile_text_and_hostile_words_stay_text():
    for payload in PAYLOADS:
        for said in (excerpt(f"wait {payload} wait", ["wait", payload]), marked(payload, [payload, "window"])):
            assert set(re.findall(r"<(\w+)", said)) <= {"mark", "span"}
            assert "onerror" not in "".join(re.findall(r"<[^>]*>", said))
