"""How texts read."""

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from journey.evals.words import LENGTHS, count_tokens, describe, frequent, key_words, read, top_phrases


def test_lengths_are_means_a_text_and_empty_lines_do_not_count() -> None:
    found = describe(["one two three\n\nfour", "five six"], tokens=[7, 3])
    lengths = ("texts", "tokens", "words", "lines", "words_a_line")
    assert [found[name] for name in lengths] == [2, 5, 3, 1.5, 2]


def test_nobody_counted_tokens_is_null() -> None:
    assert describe(["one"])["tokens"] is None


def test_key_words_are_whole_words_in_any_case() -> None:
    found = key_words(["Wait, waiting. WAIT", "no such thing"])
    assert found == {"wait": (2, 0.5)}


def test_phrases_stay_within_a_line_and_the_longest_stands_for_its_parts() -> None:
    found = top_phrases(["go back to the start", "go back to the start", "start again"], 3)
    assert found[0] == ("back to the start", 2)
    assert ("back to", 2) not in found
    assert all("start again" not in phrase for phrase, _ in found)


def test_no_texts_are_no_error() -> None:
    assert describe([])["texts"] == 0


@given(st.lists(st.text(), max_size=5))
def test_any_text_can_be_described(texts: list[str]) -> None:
    found = describe(texts)
    assert found["texts"] == len(texts) and found["words"] >= 0


def test_words_digits_and_signs_are_tokens_by_rule() -> None:
    assert count_tokens("So 12 + x_1 = 14.") == 1 + 2 + 1 + 3 + 1 + 2 + 1


def test_a_set_has_mean_lengths_and_summed_counts() -> None:
    found = read(["Wait, one two\nthree", "Wait. Four\n\nfive"], "both")
    assert (found.texts, found.words, found.lines, found.words_a_line) == (2, 3.5, 2, 7 / 4)
    assert found.key_words["wait"] == (2, 1000 * 2 / (2 * found.tokens))


def test_single_words_leave_out_the_commonest_and_longer_runs_keep_them() -> None:
    lines = ["the sum of the angles", "the sum of the sides"]
    assert frequent(lines, 1, 2) == [("sum", 2), ("angles", 1)]
    assert frequent(lines, 4, 1) == [("the sum of the", 2)]


def test_latex_commands_and_endless_words_are_no_phrases() -> None:
    assert frequent([f"so \\frac two {'a' * 1000}"], 1, 9) == [("so", 1), ("two", 1)]


def test_an_empty_text_has_no_words_a_line() -> None:
    found = read([""], "none")
    assert (found.tokens, found.words_a_line, found.key_words) == (0, None, {})
    assert found.phrases == {n: [] for n in LENGTHS}


@given(st.lists(st.text(), max_size=4), st.randoms())
def test_the_order_of_texts_does_not_matter(texts: list[str], random: Random) -> None:
    other = list(texts)
    random.shuffle(other)
    first, second = (read(some, "set").to_json() for some in (texts, other))
    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


@given(st.text())
def test_any_text_has_a_row(text: str) -> None:
    found = read([text], "one")
    assert found.tokens >= 0
    assert all(n > 0 and 0 < rate <= 1000 for n, rate in found.key_words.values())
