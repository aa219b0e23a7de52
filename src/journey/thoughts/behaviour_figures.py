"""What the behaviours of many answers come to: means an answer and shares, each with its 95 % interval."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from journey.metrics.accuracy import normal_spread, t_interval
from journey.thoughts.behaviours import Behaviours, behaviours
from journey.types import Attempt, Problem, Rollout

Answer = Attempt | Rollout
Json = dict[str, Any]


class Measure(NamedTuple):
    """A figure: its head in tables, and whether it is a share."""

    head: str
    is_share: bool = False


MEASURES: dict[str, Measure] = {
    "backtracks": Measure("backtracks"),
    "verifications": Measure("verifications"),
    "mistakes": Measure("wrong branches"),
    "recoveries": Measure("recoveries"),
    "recovery": Measure("right after a wrong branch", is_share=True),
    "repeats": Measure("dead ends again"),
    "before_error": Measure("steps before the first error"),
    "wrong_tokens": Measure("tokens on wrong branches"),
    "wrong_share": Measure("share of the text", is_share=True),
}
"""The fields of `Behaviours`, and the tokens; `recovery` is the share of answers with a wrong branch that end right."""


def behaviour_figures(problems: Mapping[str, Problem], seeds: Sequence[Sequence[Answer]]) -> dict[str, Json | None]:
    """Each measure as {"value", "low", "high"}, null where no answer has it; `seeds` are the answers of each seed.

    The interval is the wider one of Student's over the seeds and the normal one over seeds and problems.
    """
    found = [
        [(a, behaviours(problems[a.problem], a.text, a.correct)) for a in answers if a.problem in problems]
        for answers in seeds
    ]

    return {name: _figure(measure, [_means(of, name) for of in found]) for name, measure in MEASURES.items()}


def _means(of: Sequence[tuple[Answer, Behaviours]], name: str) -> dict[str, float]:
    """The mean of a problem's answers that have the measure."""
    values: dict[str, list[float]] = {}
    for answer, found in of:
        value = getattr(found, "wrong_share" if name == "wrong_tokens" else name)
        if value is not None:
            values.setdefault(answer.problem, []).append(value * (answer.tokens if name == "wrong_tokens" else 1))
    return {problem: sum(drawn) / len(drawn) for problem, drawn in values.items()}


def _figure(measure: Measure, rows: Sequence[Mapping[str, float]]) -> Json | None:
    seeds = [row for row in rows if row]
    if not seeds:
        return None
    interval = normal_spread(seeds)
    if len(seeds) > 1:
        interval = t_interval([sum(row.values()) / len(row) for row in seeds]).wider(interval)
    interval = interval.clipped(0, 1 if measure.is_share else float("inf"))
    return {"value": interval.value, "low": interval.low, "high": interval.high}
