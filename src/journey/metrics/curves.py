"""Accuracy as a function of an amount (thoughts, tokens): least-squares curves with bootstrap intervals.

Forms: saturating, acc = a - b n^-c; power law of the error, the same with a = 1 (Kaplan et al., arXiv 2001.08361, fit
losses so; Hoffmann et al., arXiv 2203.15556, add the constant); logarithmic, acc = a + b ln n; flat, acc = a. For a
given c the others follow from ordinary least squares, so that a search over c alone fits a curve.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log
from statistics import fmean, linear_regression
from typing import Any, Literal

from journey.metrics.accuracy import Interval, percentiles, redraws

Form = Literal["saturating", "power", "logarithmic", "flat"]
PARAMETERS: Mapping[Form, int] = {"saturating": 3, "power": 2, "logarithmic": 2, "flat": 1}
SMALLEST, GREATEST = 0.01, 4.0  # exponents that are tried: below, the curve is a logarithm; above, a step
TRIED = 40

Rows = Sequence[Mapping[str, float]]  # one mapping problem -> value a seed


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted curve. `b` and `c` are 0 where the form has none; `error` is the root of the mean squared residual."""

    form: Form
    a: float
    b: float
    c: float
    error: float

    def at(self, n: float) -> float:
        """The accuracy that the curve gives at an amount above 0."""
        match self.form:
            case "saturating" | "power":
                return self.a - self.b * n**-self.c
            case "logarithmic":
                return self.a + self.b * log(n)
            case "flat":
                return self.a


@dataclass(frozen=True, slots=True)
class Fit:
    """A curve with the intervals of its parameters and of its values.

    `left_out` is the root of the mean squared error at points that the fit did not see (leave-one-out), null where
    too few are left. `at` holds the amounts asked for with the curve's value and interval, in 0..1. `rounds`: redraws.
    """

    curve: Curve
    a: Interval
    b: Interval
    c: Interval
    left_out: float | None
    at: tuple[tuple[float, Interval], ...]
    rounds: int


def fit_curve(points: Sequence[tuple[float, float]], form: Form = "saturating") -> Curve:
    """The least-squares curve through (amount, accuracy) points.

    b is never below 0 in the saturating forms: falling points give a flat line there. Raises ValueError for fewer
    different amounts than parameters, or amounts that are not above 0.
    """
    if min((n for n, _ in points), default=0) <= 0:
        raise ValueError("amounts must be above 0")
    if len({n for n, _ in points}) < PARAMETERS[form]:
        raise ValueError(f"{form} wants at least {PARAMETERS[form]} different amounts")
    ys = [y for _, y in points]
    match form:
        case "flat":
            a, b, c = fmean(ys), 0.0, 0.0
        case "logarithmic":
            a, b, c = *_line([log(n) for n, _ in points], ys), 0.0
        case "saturating" | "power":
            scale = exp(fmean(log(n) for n, _ in points))
            a, b, c = _searched([n / scale for n, _ in points], ys, ceiling=1.0 if form == "power" else None)
            b *= scale**c
    curve = Curve(form, a, b, c, 0.0)
    return Curve(form, a, b, c, fmean((curve.at(n) - y) ** 2 for n, y in points) ** 0.5)


def fit(points: Mapping[float, Rows], form: Form, *, at: Sequence[float] = (), rounds: int = 500, seed: int = 0) -> Fit:
    """The curve through the points' means with percentile intervals over redrawn seeds and problems.

    `points` holds at each amount one mapping problem -> right (1 or 0) a seed. One draw of seeds and problems holds for
    all points (they share both, so what is hard is hard everywhere). With one seed only problems are redrawn: the
    interval then says nothing of other trainings. Raises ValueError where seeds or problems differ between points.
    """
    means = {n: fmean(fmean(s.values()) for s in rows) for n, rows in points.items()}
    curve = fit_curve(sorted(means.items()), form)
    drawn = [fit_curve(again, form) for again in redrawn(points, rounds, seed)]

    def interval(value: Callable[[Curve], float]) -> Interval:
        return percentiles(value(curve), [value(one) for one in drawn])

    return Fit(
        curve=curve,
        a=interval(lambda one: one.a),
        b=interval(lambda one: one.b),
        c=interval(lambda one: one.c),
        left_out=left_out_error(sorted(means.items()), form),
        at=tuple((n, interval(lambda one, n=n: min(1.0, max(0.0, one.at(n))))) for n in at),
        rounds=rounds,
    )


def best_form(fits: Mapping[Form, Fit]) -> Form:
    """The form with the smallest error at left-out points; of equal ones (nine digits) that with fewer parameters."""

    def rank(form: Form) -> tuple[float, int]:
        error = fits[form].left_out
        return inf if error is None else round(error, 9), PARAMETERS[form]

    return min(fits, key=rank)


def redrawn(points: Mapping[float, Rows], rounds: int, seed: int) -> list[list[tuple[float, float]]]:
    """The points' means in each round of a bootstrap over seeds and problems, crossed. Raises ValueError."""
    amounts = sorted(points)
    first = points[amounts[0]]
    problems, count = sorted(first[0]), len(first)
    if any(len(rows) != count or any(s.keys() != first[0].keys() for s in rows) for rows in points.values()):
        raise ValueError("all points must have the same seeds and problems")
    from numpy import array

    tables = {n: array([[s[p] for p in problems] for s in points[n]]) for n in amounts}
    return [
        [(n, float(tables[n][seeds].mean(0)[chosen].mean())) for n in amounts]
        for seeds, chosen in redraws(count, len(problems), rounds, seed)
    ]


def left_out_error(points: Sequence[tuple[float, float]], form: Form) -> float | None:
    """The root of the mean squared error at each point of the curve through the others; null for too few points."""
    if len({n for n, _ in points}) <= PARAMETERS[form]:
        return None
    squares = [(fit_curve([*points[:i], *points[i + 1 :]], form).at(n) - y) ** 2 for i, (n, y) in enumerate(points)]
    return fmean(squares) ** 0.5


def _searched(ns: Sequence[float], ys: Sequence[float], ceiling: float | None) -> tuple[float, float, float]:
    """(a, b, c) with the smallest squared residual: a grid over ln c, then a bounded search around its best."""
    from scipy.optimize import minimize_scalar

    def solved(at: float) -> tuple[float, float, float]:
        xs = [n ** -exp(at) for n in ns]
        if ceiling is None:
            a, slope = _line(xs, ys)
            a, b = (fmean(ys), 0.0) if slope >= 0 else (a, -slope)
        else:
            a, b = ceiling, sum(x * (ceiling - y) for x, y in zip(xs, ys, strict=True)) / sum(x * x for x in xs)
        return sum((a - b * x - y) ** 2 for x, y in zip(xs, ys, strict=True)), a, b

    low, high = log(SMALLEST), log(GREATEST)
    step = (high - low) / TRIED
    best = min((low + i * step for i in range(TRIED + 1)), key=lambda at: solved(at)[0])
    around = (max(low, best - step), min(high, best + step))
    found: Any = minimize_scalar(lambda at: solved(at)[0], bounds=around, method="bounded", options={"xatol": 1e-6})
    at = best if solved(best)[0] <= found.fun else float(found.x)
    _, a, b = solved(at)
    return a, b, exp(at)


def _line(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """Intercept and slope by ordinary least squares."""
    if len(set(xs)) < 2:
        return fmean(ys), 0.0
    slope, intercept = linear_regression(xs, ys)
    return intercept, slope
