"""How texts read."""

from hypothesis import given
from hypothesis import strategies as st

from journey.evals.words import describe, key_words, top_phrases


def test_lengths_are_means_a_text_and_empty_lines_do_not_count() -> None:
    found = describe(["one two three\n\nfour", "five six"], tokens=[7, 3])
    assert (found.texts, found.tokens, found.words, found.lines, found.words_a_line) == (2, 5, 3, 1.5, 2)


def test_nobody_counted_tokens_is_null() -> None:
    assert describe(["one"]).tokens is None


def test_key_words_are_whole_words_in_any_case() -> None:
    found = key_words(["Wait, waiting. WAIT", "no such thing"])
    assert found == {"wait": (2, 0.5)}


def test_phrases_stay_within_a_line_and_the_longest_stands_for_its_parts() -> None:
    found = top_phrases(["go back to the start", "go back to the start", "start again"], 3)
    assert found[0] == ("back to the start", 2)
    assert ("back to", 2) not in found
    assert all("start again" not in phrase for phrase, _ in found)


def test_no_texts_are_no_error() -> None:
    assert describe([]).texts == 0


@given(st.lists(st.text(), max_size=5))
def test_any_text_can_be_described(texts: list[str]) -> None:
    found = describe(texts)
    assert found.texts == len(texts)
    assert found.to_json()["words"] >= 0
