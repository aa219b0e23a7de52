"""A diff says which words went and which came, and loses none."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

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
