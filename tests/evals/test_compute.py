"""Accuracy against tokens spent: means and intervals."""

import pytest

from journey.metrics.compute import accuracy_at_cost
from journey.types import Attempt, ModelRef, Spent


def tried(problem: str, right: bool | None, model: int = 10, judge: int = 0, answer: str | None = "1") -> Attempt:
    spent = Spent(model, judge, 2)
    return Attempt(problem, problem, ModelRef("m"), "sampled", 0, "", answer, right, None, 5, "end", 0, spent)


def test_a_problem_costs_what_model_and_judge_spent_on_it() -> None:
    found = accuracy_at_cost([[tried("a", True, 10, 5), tried("b", False, 30, 15), tried("c", None, 20, 10, None)]])
    assert (found.model_tokens, found.judge_tokens, found.tokens, found.calls) == (20, 10, 30, 2)
    assert found.answered == pytest.approx(2 / 3)
    bounds = found.accuracy
    assert bounds.value == pytest.approx(1 / 3)
    assert 0 <= bounds.low <= bounds.value <= bounds.high <= 1
