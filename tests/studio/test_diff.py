"""A diff says which words went and which came, and loses none."""

import html
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.studio import diff
from journey.studio.diff import diff_html

texts = st.lists(st.sampled_from(["wait", "no", " ", "\n", "<b>", "&", "x", "."]), max_size=25).map("".join)


@given(texts, texts)
def test_without_what_came_it_is_the_old_text_and_without_what_went_the_new(old: str, new: str):
    said = diff_html(old, new)
    before = re.sub(r"<ins>.*?</ins>", "", said, flags=re.DOTALL)
    after = re.sub(r"<del>.*?</del>", "", said, flags=re.DOTALL)
    assert html.unescape(re.sub(r"</?del>", "", before)).split() == old.split()
    assert html.unescape(re.sub(r"</?ins>", "", after)) == new


def test_words_are_marked_whole():
    assert diff_html("we go back", "we went back") == "we <del>go</del><ins>went</ins> back"


def test_the_same_text_has_no_marks():
    assert diff_html("a < b", "a < b") == "a &lt; b"


def test_texts_that_go_round_in_loops_are_not_searched_for_ever(monkeypatch: pytest.MonkeyPatch):
    old, new = (" ".join(str(i * step % 97) for i in range(8000)) for step in (1, 7))
    monkeypatch.setattr(diff, "SequenceMatcher", lambda *_, **__: pytest.fail("it is looked for"))
    assert diff.diff_html(old, new) == new
    assert diff.sides_html(old, new) == (old, new)


def test_two_long_texts_of_common_words_are_still_compared():
    words = [f"word{int(300 * random.Random(i).random() ** 3)}" for i in range(3000)]
    old, new = " ".join(words), " ".join([*words[:1500], "new", *words[1500:]])
    assert "<ins>new </ins>" in diff.diff_html(old, new) or "<ins> new</ins>" in diff.diff_html(old, new)
