"""Scores of steps to one score, and which candidate is the answer."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.judges.base import score_of
from journey.judges.combine import HOWS
from journey.search.candidate import Candidate
from journey.search.choose import aggregate, best, chosen, majority, measure, rank, weighted
from journey.types import Judgement

scores = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8)
candidates = st.lists(
    st.builds(
        Candidate, text=st.text(max_size=3), scores=scores.map(tuple), answer=st.sampled_from([None, "1", "2", "3"])
    ),
    max_size=8,
)


def solution(answer: str | None, *said: float | None, text: str = "") -> Candidate:
    return Candidate(text=text, answer=answer, scores=said)


def test_each_way_of_aggregating_is_what_it_says() -> None:
    said = (0.5, 0.25, 0.75)
    worked_out = {"last": 0.75, "min": 0.25, "product": pytest.approx(0.09375), "mean": 0.5}
    assert {how: aggregate(said, how) for how in HOWS} == worked_out
    assert all(aggregate((), how) is None for how in HOWS)


def test_only_the_last_step_counts_for_last_and_every_step_for_the_others() -> None:
    said = (None, 0.5)
    assert aggregate(said, "last") == 0.5
    assert [aggregate(said, how) for how in ("min", "product", "mean")] == [None, None, None]


def test_products_of_many_steps_are_compared_though_they_underflow() -> None:
    good, bad = solution("good", *[0.1] * 400), solution("bad", *[0.1] * 401)
    assert aggregate(good.scores, "product") == 0.0 == aggregate(bad.scores, "product")
    assert best([bad, good], "product") == good
    assert weighted([bad, good], "product") == good


def test_a_product_with_a_zero_is_zero_and_stands_above_null() -> None:
    zero, unsaid = solution("zero", 0.0, 0.9), solution("unsaid", None, None)
    assert aggregate(zero.scores, "product") == 0.0
    assert best([unsaid, zero], "product") == zero
    assert weighted([unsaid, unsaid, zero], "product") == zero


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -0.1, 1.5])
def test_what_is_no_number_from_0_to_1_is_no_score(score: float) -> None:
    assert score_of(Judgement("right", score)) is None


def test_a_verdict_without_a_score_is_one() -> None:
    assert [score_of(Judgement(v)) for v in ("right", "neutral", "wrong", None)] == [1.0, 0.5, 0.0, None]


@given(candidates, st.sampled_from(HOWS), st.sampled_from(["best", "weighted"]))
def test_no_unfinished_candidate_wins_and_no_null_beats_a_score(pool, how, choice) -> None:
    winner = chosen(pool, how, choice)
    finished = [one for one in pool if one.answer is not None]
    assert (winner is None) == (not finished)
    if winner is not None:
        assert winner in finished
        if measure(winner.scores, how) is None:
            assert all(measure(one.scores, how) is None for one in finished)


@given(candidates, st.sampled_from(HOWS))
def test_the_best_has_the_highest_rank_and_is_the_first_of_those(pool, how) -> None:
    winner = best(pool, how)
    finished = [one for one in pool if one.answer is not None]
    if winner is not None:
        top = max(rank(one, how) for one in finished)
        assert winner is next(one for one in finished if rank(one, how) == top)


@given(scores.filter(lambda s: s and None not in s))
def test_aggregates_stay_within_their_steps_scores(said) -> None:
    for how in ("last", "min", "mean"):
        value = aggregate(said, how)
        assert value is not None and min(said) - 1e-12 <= value <= max(said) + 1e-12
    product = aggregate(said, "product")
    assert product is not None and product == pytest.approx(math.prod(said), rel=1e-9)


def test_the_majority_wins_and_the_first_of_equals() -> None:
    pool = [solution("1", text="a"), solution("2", text="b"), solution("2", text="c"), solution(None, 1.0)]
    assert majority(pool) == pool[1]
    assert majority(pool[:2]) == pool[0]
    assert majority(pool[3:]) is None


def test_weights_can_beat_the_number_of_votes() -> None:
    pool = [solution("1", 0.2), solution("1", 0.2), solution("2", 0.3), solution("2", 0.5)]
    assert weighted(pool, "last") == pool[3]
    assert weighted(pool[:3], "last") == pool[0]


def test_without_any_score_the_weighted_vote_is_the_majority() -> None:
    pool = [solution("1"), solution("2", None), solution("2", None)]
    assert weighted(pool, "mean") == pool[1]


@pytest.mark.parametrize("how", HOWS)
def test_scores_said_decide_only_between_candidates_with_unsaid_ones(how) -> None:
    low, high, whole = solution("1", 0.1, None), solution("2", 0.9, None), solution("3", 0.05, 0.05)
    assert best([low, high], how) == high
    assert best([low, high, whole], how) == whole
