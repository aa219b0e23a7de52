"""Figures of diversity on made-up texts, and the balance score on made-up samples."""

from math import isclose, log2

from hypothesis import given, settings
from hypothesis import strategies as st
from properties import examples

from journey.metrics.balance import Sample, balance, choose
from journey.metrics.diversity import distinct_grams, entropy, likeness, lines_again

texts = st.lists(st.text("ab ", max_size=12), min_size=1, max_size=6)
samples = st.lists(st.builds(Sample, st.sampled_from("abcd"), st.booleans(), st.sampled_from([0.0, 0.5, 1.0])))


@settings(max_examples=examples(50))
@given(texts, st.data())
def test_an_answer_given_twice_never_raises_the_share_of_distinct_n_grams(
    found: list[str], data: st.DataObject
) -> None:
    again = data.draw(st.sampled_from(found))
    assert (distinct_grams([*found, again]) or 0) <= (distinct_grams(found) or 0)


@settings(max_examples=examples(50))
@given(texts)
def test_likeness_is_a_share_and_one_for_copies(found: list[str]) -> None:
    assert 0 <= (likeness(found) or 0) <= 1
    if found[0].split():
        assert likeness([found[0]] * 3) == 1


@settings(max_examples=examples(50))
@given(st.lists(st.sampled_from("abcd"), min_size=1))
def test_entropy_lies_between_nothing_and_that_of_as_many_equal_shares(values: list[str]) -> None:
    found = entropy(values)
    assert found is not None and 0 <= found <= log2(len(set(values))) + 1e-9
    assert isclose(found, entropy(values * 3) or 0, abs_tol=1e-9)


def test_figures_are_null_where_there_is_nothing_to_measure() -> None:
    assert (distinct_grams([" "]), likeness(["a b"]), entropy([])) == (None, None, None)
    assert (lines_again(""), lines_again("a\n\nb\na\na")) == (0, 0.5)


@settings(max_examples=examples(50))
@given(st.lists(samples, max_size=4), st.integers(1, 4))
def test_the_balance_score_is_a_share_that_right_answers_given_twice_do_not_raise(
    pool: list[list[Sample]], wanted: int
) -> None:
    score = balance(pool, 0.0, wanted)
    assert 0 <= score <= 1
    assert balance([[*of, *of] for of in pool], 0.0, wanted) == score


def test_the_balance_score_is_that_of_the_formula_and_the_best_pair_is_chosen() -> None:
    mixed = [Sample("a", True, 1.0), Sample("b", True, 1.0), Sample("c", False, 0.3), Sample("c", False, 0.3)]
    assert isclose(balance([mixed, []], 0.0, 4), (2 / 4 * 2 / 3) / 2)
    assert isclose(balance([mixed], 0.5, 4), 2 / 4)
    best = choose({1.2: [mixed], 0.6: [mixed[:1]], 1.0: [mixed]}, (0.5, 0.0), 4)
    assert (best.temperature, best.threshold, best.score) == (1.0, 0.5, 0.5)
