"""Curves of accuracy against an amount: known parameters come back, intervals hold them."""

import random
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from journey.metrics.curves import PARAMETERS, Fit, Form, best_form, fit, fit_curve, left_out_error

AMOUNTS = [41, 82, 164, 327, 654, 1308]


@settings(max_examples=40)
@given(a=some.floats(0.3, 1.0), share=some.floats(0.1, 0.9), c=some.floats(0.1, 2.0))
def test_a_saturating_curve_gives_back_its_parameters(a: float, share: float, c: float) -> None:
    b = share * a * 41**c  # the first point stands at (1 - share) of the ceiling
    found = fit_curve([(n, a - b * n**-c) for n in AMOUNTS])
    assert found.c == pytest.approx(c, rel=1e-3)
    assert found.a == pytest.approx(a, abs=2e-3)
    assert found.error < 1e-4


@settings(max_examples=25)
@given(b=some.floats(0.2, 0.9), c=some.floats(0.05, 1.5))
def test_a_power_law_of_the_error_gives_back_its_exponent(b: float, c: float) -> None:
    found = fit_curve([(n, 1 - b * (n / 41) ** -c) for n in AMOUNTS], "power")
    assert found.c == pytest.approx(c, rel=1e-3)
    assert found.a == 1.0


def test_a_logarithm_gives_back_its_slope() -> None:
    found = fit_curve([(n, 0.1 + 0.07 * log(n)) for n in AMOUNTS], "logarithmic")
    assert (found.a, found.b) == (pytest.approx(0.1), pytest.approx(0.07))


@given(ys=some.lists(some.floats(0, 1), min_size=6, max_size=6))
@settings(max_examples=30)
def test_no_form_fits_worse_than_the_flat_line_that_it_contains(ys: list[float]) -> None:
    points = list(zip(AMOUNTS, ys, strict=True))
    flat = fit_curve(points, "flat").error
    for form in ("saturating", "logarithmic"):
        assert fit_curve(points, form).error <= flat + 1e-9


def test_falling_points_give_a_flat_line_and_no_negative_gain() -> None:
    found = fit_curve([(n, 0.9 - 0.1 * i) for i, n in enumerate(AMOUNTS)])
    assert found.b == 0.0
    assert found.at(41) == found.at(1308)


@pytest.mark.parametrize("form", [form for form, number in PARAMETERS.items() if number > 1])
def test_fewer_amounts_than_parameters_are_refused(form: Form) -> None:
    with pytest.raises(ValueError, match="different amounts"):
        fit_curve([(41.0, 0.5)] * 5, form)


def test_an_amount_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        fit_curve([(0.0, 0.5), (1.0, 0.5), (2.0, 0.5)])


def test_too_few_points_leave_none_out() -> None:
    points = [(41.0, 0.5), (82.0, 0.6), (164.0, 0.65)]
    assert left_out_error(points, "saturating") is None
    assert left_out_error(points, "power") is not None


def drawn(true: dict[int, float], seeds: int, problems: int, seed: int) -> dict[float, list[dict[str, float]]]:
    rng = random.Random(seed)
    return {
        float(n): [{str(p): float(rng.random() < share) for p in range(problems)} for _ in range(seeds)]
        for n, share in true.items()
    }


def test_the_interval_holds_the_curve_that_the_answers_were_drawn_from() -> None:
    true = {n: 0.85 - 0.5 * (n / 41) ** -0.7 for n in AMOUNTS}
    found = fit(drawn(true, 3, 400, 7), "saturating", at=AMOUNTS, rounds=200)
    assert sum(i.low <= true[int(n)] <= i.high for n, i in found.at) >= 5
    assert found.c.low <= 0.7 <= found.c.high
    assert all(i.high - i.low < 0.12 for _, i in found.at)


def test_the_same_seed_gives_the_same_interval() -> None:
    points = drawn({41: 0.3, 82: 0.5, 164: 0.6, 327: 0.65}, 2, 50, 1)
    assert fit(points, "saturating", rounds=30) == fit(points, "saturating", rounds=30)


def test_points_with_other_problems_are_refused() -> None:
    points = {41.0: [{"a": 1.0}], 82.0: [{"b": 1.0}]}
    with pytest.raises(ValueError, match="same seeds and problems"):
        fit(points, "power", rounds=3)


def test_points_that_are_all_the_same_are_called_flat_and_a_climb_is_not() -> None:
    same = {float(n): [{"a": 1.0, "b": 0.0}] for n in AMOUNTS}
    fits: dict[Form, Fit] = {form: fit(same, form, rounds=5) for form in PARAMETERS}
    assert best_form(fits) == "flat"
    assert str(fits["saturating"].curve.b) == "0.0"
    climbing = {float(n): [{"a": 0.1 + 0.1 * log(n), "b": 0.1 * log(n)}] for n in AMOUNTS}
    fits = {form: fit(climbing, form, rounds=5) for form in PARAMETERS}
    assert best_form(fits) == "logarithmic"
