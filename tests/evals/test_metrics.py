"""Intervals and comparisons against published values and invariants."""

from collections.abc import Sequence
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.accuracy import (
    accuracy,
    bootstrap,
    error_counts,
    finish_shares,
    finished,
    mcnemar,
    mean_tokens,
    over_seeds,
    paired_interval,
    share_over_seeds,
    t_interval,
    unjudged,
    wilson,
)
from journey.metrics.paired import compared
from journey.types import Attempt, Finish, ModelRef

Shares = st.lists(st.floats(0, 1), min_size=2, max_size=8)


def attempt(
    correct: bool | None, *, answer: str | None = "1", error: str | None = None, tokens: int = 1, finish: Finish = "end"
) -> Attempt:
    """One made-up attempt."""
    return Attempt("id", "p", ModelRef("m"), "sampled", 0, "text", answer, correct, error, tokens, finish, 0)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, Table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(right: int, total: int, low: float, high: float) -> None:
    found = wilson(right, total)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 2000), st.data())
def test_wilson_holds_its_estimate_and_stays_a_share(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    found = wilson(right, total)
    assert 0 <= found.low <= found.value == right / total <= found.high <= 1
    mirrored = wilson(total - right, total)
    assert isclose(found.low, 1 - mirrored.high, abs_tol=1e-12)


def test_nothing_tried_says_nothing() -> None:
    found = wilson(0, 0)
    assert (found.low, found.high) == (0, 1)


def test_the_t_interval_of_a_textbook_sample() -> None:
    found = t_interval([4.0, 5.0, 6.0, 7.0, 8.0])
    assert found.value == 6
    assert isclose(found.high - 6, 2.7764451 * (2.5 / 5) ** 0.5, rel_tol=1e-6)


def test_one_seed_has_no_t_interval() -> None:
    with pytest.raises(ValueError, match="at least two"):
        t_interval([0.5])


@given(Shares)
def test_intervals_over_seeds_hold_their_estimate(values: Sequence[float]) -> None:
    seeds = [{"a": v, "b": 1 - v / 2, "c": 0.0} for v in values]
    redrawn = bootstrap(seeds, rounds=50)
    both = over_seeds(seeds)
    assert redrawn.low <= redrawn.value <= redrawn.high
    assert both.low <= both.value <= both.high
    assert both.high - both.low >= t_interval([sum(s.values()) / 3 for s in seeds]).high - both.value


def test_the_bootstrap_is_the_same_for_the_same_seed() -> None:
    seeds = [{str(i): (i * s) % 17 / 17 for i in range(30)} for s in (1, 2, 4)]
    assert bootstrap(seeds, seed=3) == bootstrap(seeds, seed=3)
    assert bootstrap(seeds, seed=3) != bootstrap(seeds, seed=4)


def test_the_bootstrap_of_one_seed_is_about_its_wilson_interval() -> None:
    found, other = bootstrap([{str(i): float(i % 3 == 0) for i in range(300)}]), wilson(100, 300)
    assert abs(found.low - other.low) < 0.015
    assert abs(found.high - other.high) < 0.015


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_that_all_came_out_alike_is_not_known_for_sure(seeds: int, value: float) -> None:
    found = share_over_seeds([{str(i): value for i in range(12)}] * seeds)
    assert found == wilson(int(12 * value), 12)
    assert found.high - found.low > 0.2


def test_one_seed_of_right_and_wrong_has_wilsons_interval_and_expectations_the_bootstraps() -> None:
    rights = {str(i): float(i % 3 == 0) for i in range(30)}
    assert share_over_seeds([rights]) == wilson(10, 30)
    shares = {str(i): 0.25 + 0.5 * (i % 2) for i in range(30)}
    assert share_over_seeds([shares]) == bootstrap([shares])


def test_seeds_with_other_problems_are_redrawn_each_by_itself() -> None:
    found = bootstrap([{"a": 1.0, "b": 0.0}, {"c": 1.0}])
    assert found.value == 0.75
    assert 0.25 <= found.low <= 0.75 <= found.high <= 1


@pytest.mark.parametrize(("b", "c", "p"), [(5, 15, 0.0414), (1, 5, 0.2188), (0, 0, 1.0), (4, 4, 1.0), (0, 10, 0.002)])
def test_mcnemar_is_the_exact_binomial(b: int, c: int, p: float) -> None:
    assert round(mcnemar(b, c), 4) == p


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_does_not_care_which_model_is_first(b: int, c: int) -> None:
    assert mcnemar(b, c) == mcnemar(c, b)
    assert 0 < mcnemar(b, c) <= 1


def test_the_paired_interval_is_newcombes() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 2635-2650, Table II: 36, 12, 2, 0.
    found = paired_interval(36, 12, 2, 0)
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0569, 0.3404)


@given(*[st.integers(0, 50)] * 4)
def test_the_paired_interval_holds_its_estimate(a: int, b: int, c: int, d: int) -> None:
    found, turned = paired_interval(a, b, c, d), paired_interval(a, c, b, d)
    assert -1 <= found.low <= found.value + 1e-12 and found.value - 1e-12 <= found.high <= 1
    assert isclose(found.low, -turned.high, abs_tol=1e-9)


def test_two_models_are_compared_on_what_both_tried() -> None:
    first = {"a": True, "b": True, "c": False, "only here": True}
    second = {"a": True, "b": False, "c": False, "only there": True}
    found = compared([(second, first)])
    assert (found.pairs, found.fixed, found.broke, found.same) == (3, 1, 0, 2)
    assert isclose(found.difference.value, 1 / 3)


def test_what_nobody_could_check_is_not_right_and_counted_apart() -> None:
    attempts = [attempt(True), attempt(False), attempt(None), attempt(None, answer=None)]
    assert accuracy(attempts) == 0.25
    assert unjudged(attempts) == 1


def test_lengths_endings_and_errors_are_counted() -> None:
    attempts = [
        attempt(True, tokens=10),
        attempt(False, error="false sum", tokens=20, finish="stop"),
        attempt(None, answer=None, error="cut off", tokens=30, finish="length"),
        attempt(False, tokens=40, error="false sum"),
        attempt(False, tokens=0, finish="error"),
    ]
    assert mean_tokens(attempts) == 20
    assert finished(attempts) == 0.6
    assert finish_shares(attempts) == {"end": 0.4, "error": 0.2, "length": 0.2, "stop": 0.2}
    assert list(error_counts(attempts).items()) == [("false sum", 2), ("cut off", 1), ("wrong answer", 1)]


def test_no_attempts_are_no_error() -> None:
    assert (accuracy([]), mean_tokens([]), finished([]), error_counts([])) == (0, 0, 0, {})
