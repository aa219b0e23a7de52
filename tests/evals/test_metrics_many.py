"""Intervals and probabilities of very many problems are those of few, worked out faster."""

import random
from math import comb
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.accuracy import (
    REDRAWN,
    bootstrap,
    holm,
    mcnemar,
    no_difference,
    normal_spread,
    over_seeds,
    t_interval,
)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_probability_is_the_sum_of_binomials(first: int, second: int):
    total = first + second
    tail = sum(comb(total, i) for i in range(min(first, second) + 1))
    assert mcnemar(first, second) == pytest.approx(min(1.0, 2 * tail / 2**total))


def test_tens_of_thousands_of_changes_have_a_probability():
    assert mcnemar(12_000, 12_000) == 1.0
    assert 0 < mcnemar(12_000, 12_600) < 1e-3


@pytest.mark.parametrize("count", [1, 3])
def test_the_normal_spread_is_close_to_the_bootstrap(count: int):
    rng = random.Random(1)
    hard = [rng.random() for _ in range(1500)]
    seeds = [{str(i): float(rng.random() < p + 0.05 * seed) for i, p in enumerate(hard)} for seed in range(count)]
    drawn, reckoned = bootstrap(seeds), normal_spread(seeds)
    assert reckoned.value == pytest.approx(drawn.value)
    assert reckoned.high - reckoned.low == pytest.approx(drawn.high - drawn.low, rel=0.15)


def test_more_values_than_are_redrawn_have_an_interval_all_the_same():
    rng = random.Random(2)
    seeds = [{str(i): float(rng.random() < 0.4) for i in range(REDRAWN // 2)} for _ in range(3)]
    found = over_seeds(seeds)
    assert 0.38 < found.low < found.value < found.high < 0.42


def test_probabilities_are_corrected_for_their_number_step_by_step() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == {"a": 0.03, "b": 0.06, "c": 0.06}
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_the_probability_of_no_difference_falls_below_a_twentieth_where_the_interval_leaves_zero() -> None:
    for shift in (0.0, 0.05, 0.1, 0.15, 0.3):
        seeds = [{str(p): float((p * 7 + s) % 10 < 10 * shift) for p in range(50)} for s in range(4)]
        seeds = [{p: v - (s - 1.5) / 20 for p, v in values.items()} for s, values in enumerate(seeds)]
        student, spread = t_interval([fmean(s.values()) for s in seeds]), normal_spread(seeds)
        holds_zero = student.low <= 0 or spread.low <= 0
        assert (no_difference(seeds) >= 0.05) is holds_zero


def test_the_same_answers_are_no_difference() -> None:
    assert no_difference([{"a": 0.0, "b": 0.0}] * 3) == 1.0
