"""Intervals and probabilities of very many problems are those of few, worked out faster."""

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.accuracy import REDRAWN, bootstrap, mcnemar, normal_spread, over_seeds


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
