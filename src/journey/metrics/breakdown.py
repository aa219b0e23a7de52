"""Accuracy by the level and the subject of the problems."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, Literal

from journey.metrics.accuracy import accuracy, mean_tokens, share_over_seeds, unjudged
from journey.types import Attempt, Problem

Field = Literal["level", "subject"]
FIELDS: tuple[Field, ...] = ("level", "subject")


def breakdown(problems: Iterable[Problem], attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    """One row for each level and each subject: {"by", "group", "problems", "attempts", "accuracy", "low", "high", ...}.

    A field that no two groups of problems differ in gives no rows; problems without it are the group null. Every
    problem counts alike, however often it was attempted. The 95 % interval is Wilson's where each was attempted once,
    else the bootstrap over problems.
    """
    known = {problem.id: problem for problem in problems}
    tried: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.problem in known:
            tried.setdefault(attempt.problem, []).append(attempt)
    rows: list[dict[str, Any]] = []
    for field in FIELDS:
        groups: dict[str | None, list[list[Attempt]]] = {}
        for problem, those in sorted(tried.items()):
            groups.setdefault(getattr(known[problem], field), []).append(those)
        if len(groups) > 1:
            rows += [_row(field, group, groups[group]) for group in sorted(groups, key=_order)]
    return rows


def _order(group: str | None) -> tuple[bool, bool, float, str]:
    """Numbers as numbers, then words, and last what was not given."""
    is_number = group is not None and group.isdecimal()
    return group is None, not is_number, float(group) if group is not None and is_number else 0.0, group or ""


def _row(field: Field, group: str | None, problems: Sequence[Sequence[Attempt]]) -> dict[str, Any]:
    everything = [a for attempts in problems for a in attempts]
    shares = [accuracy(attempts) for attempts in problems]
    interval = share_over_seeds([{str(i): share for i, share in enumerate(shares)}])
    return {
        "by": field, "group": group, "problems": len(problems), "attempts": len(everything), "accuracy": fmean(shares),
        "low": interval.low, "high": interval.high, "tokens": mean_tokens(everything), "unjudged": unjudged(everything),
    }  # fmt: skip
