"""Accuracy against tokens spent: means, mixtures at a budget, intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.compute import AccuracyAtCost, accuracy_at_cost, at_tokens, mixed
from journey.types import Attempt, ModelRef, Spent


def tried(problem: str, right: bool | None, model: int = 10, judge: int = 0, answer: str | None = "1") -> Attempt:
    spent = Spent(model, judge, 2)
    return Attempt(problem, problem, ModelRef("m"), "sampled", 0, "", answer, right, None, 5, "end", 0, spent)


def size(accuracy: float, tokens: float) -> AccuracyAtCost:
    rows = {str(i): float(i < 10 * accuracy) for i in range(10)}
    return AccuracyAtCost((rows,), tokens, 0.0, 1.0, 1.0)


def test_a_problem_costs_what_model_and_judge_spent_on_it() -> None:
    found = accuracy_at_cost([[tried("a", True, 10, 5), tried("b", False, 30, 15), tried("c", None, 20, 10, None)]])
    assert (found.model_tokens, found.judge_tokens, found.tokens, found.calls) == (20, 10, 30, 2)
    assert found.rows == ({"a": 1.0, "b": 0.0, "c": 0.0},)
    assert found.answered == pytest.approx(2 / 3)
    bounds = found.accuracy
    assert bounds.value == pytest.approx(1 / 3)
    assert 0 <= bounds.low <= bounds.value <= bounds.high <= 1


def test_between_two_sizes_a_budget_is_met_on_average() -> None:
    curve = [size(0.8, 300), size(0.4, 100)]
    halfway = at_tokens(curve, 200)
    assert halfway is not None
    assert (halfway.tokens, halfway.accuracy.value, halfway.capped) == (200, pytest.approx(0.6), False)


def test_a_budget_that_does_not_suffice_gives_nothing_and_one_too_large_says_so() -> None:
    curve = [size(0.4, 100), size(0.8, 300)]
    assert at_tokens(curve, 99) is None
    most = at_tokens(curve, 1000)
    assert most is not None and most.capped and most.accuracy.value == pytest.approx(0.8)
    exactly = at_tokens(curve, 300)
    assert exactly is not None and not exactly.capped


def test_several_seeds_have_the_wider_interval() -> None:
    one = {str(i): float(i % 2) for i in range(20)}
    other = {str(i): float(i % 4 == 0) for i in range(20)}
    both = AccuracyAtCost((one, other), 1, 0, 1, 1).accuracy
    assert both.high - both.low > AccuracyAtCost((one,), 1, 0, 1, 1).accuracy.high - 0.5


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_mixture_lies_between_its_parts(a: float, b: float, share: float) -> None:
    found = mixed(AccuracyAtCost(({"p": a},), 10, 1, 1, 1), AccuracyAtCost(({"p": b},), 20, 3, 2, 1), share)
    assert min(a, b) - 1e-9 <= found.rows[0]["p"] <= max(a, b) + 1e-9
    assert 11 <= found.tokens <= 23


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1, 1000)), min_size=1, max_size=5), st.floats(1, 2000))
def test_no_figure_at_a_budget_spends_more_than_it(curve: list[tuple[float, float]], budget: float) -> None:
    found = at_tokens([size(accuracy, tokens) for accuracy, tokens in curve], budget)
    assert (found is None) == (min(tokens for _, tokens in curve) > budget)
    assert found is None or found.tokens <= budget * (1 + 1e-9)
