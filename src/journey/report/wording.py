"""The report's words and number forms, the same in the terminal, in Markdown and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.pipeline.arms import ARMS, SHORTCUT

Json = Mapping[str, Any]

VOTES = "shortcut_majk"
"""The shortcut's answers by vote at the journey's tokens: a row of the report after the shortcut's, and no arm."""
TOY = (
    "These figures are of a small model on its own task. They show which kind of thought from the same trees teaches "
    "more; they do not stand in one column with those of 7B models on MATH."
)
NOTHING = "-"


def label(arm: str) -> str:
    """What an arm is called in the report; its own name where the table of arms has none."""
    return "shortcut, maj@k at the journey's tokens" if arm == VOTES else ARMS[arm].label if arm in ARMS else arm


def short(arm: str) -> str:
    """The same in a word or two, for charts and narrow columns."""
    if arm in ARMS:
        return ARMS[arm].short
    return "shortcut, maj@k" if arm == VOTES else arm if len(arm) <= 24 else arm[:23] + "…"


def tone(arm: str) -> str:
    """Its colour in charts."""
    return ARMS[arm].tone if arm in ARMS else "soft"


def arms(figures: Json) -> list[str]:
    """The arms in the order of the table, the shortcut's votes after the shortcut, then any others."""
    known = [name for arm in ARMS for name in ((arm, VOTES) if arm == SHORTCUT else (arm,))]
    return [name for name in known if name in figures["arms"]] + [n for n in figures["arms"] if n not in known]


def gain_lines(figures: Json) -> list[str]:
    """The gains of journey over shortcut, the main one first; nothing where an arm is missing."""
    kinds = {
        "gain": "journey over shortcut",
        "gain_equal_tokens": "at equal output tokens (shortcut with maj@k)",
        "gain_trained_tokens": "at equal trained tokens",
        "gain_greedy": "both greedy",
    }
    return [f"{text}: {points(figures[key])}" for key, text in kinds.items() if figures.get(key)]


def notes(figures: Json) -> list[str]:
    """What a reader must know beside the figures: seeds, trees, what was left out, what failed."""
    lines = [f"{_plural(figures['trees'], 'tree')}."]
    if figures["seeds"]:
        tried = f"{figures['problems']} {figures['split']} problems"
        lines = [f"{_plural(figures['seeds'], 'seed')}, {_plural(figures['trees'], 'tree')}, {tried}."]
        lines.append(f"Interval: {figures['interval']}.")
    unfinished: dict[str, list[str]] = {}
    for row in figures["left_out"]:
        unfinished.setdefault(row["why"], []).append(str(row["seed"]))
    lines += [
        f"{f'Seed {of[0]} is' if len(of) == 1 else f'Seeds {_and(of)} are'} not finished and left out: {why}."
        for why, of in unfinished.items()
    ]
    lines += [f"{_plural(n, 'unit')} failed in {stage}." for stage, n in figures["failures"].items()]
    capped = figures["arms"].get(VOTES, {})
    if capped.get("capped"):
        lines.append(f"The shortcut had too few samples to use up the journey's tokens: k stops at {capped['k']:.1f}.")
    for method, of in figures.get("thoughts", {}).items():
        if of["refined"] + of["kept"]:
            kept = f", {of['kept']} drafts kept" if of["kept"] else ""
            lines.append(f"{_plural(of['thoughts'], 'thought')} by {method}: {of['refined']} refined{kept}.")
    for row in figures.get("spent", []):
        cost = "its price is unknown" if row["cost"] is None else f"${row['cost']:,.4f}"
        read = f"{number(row['prompt_tokens'])} tokens read, {number(row['tokens'])} generated"
        lines.append(f"{row['model']}: {number(row['calls'])} calls, {read}, {cost}.")
    if unjudged := sum(arm.get("unjudged", 0) for arm in figures["arms"].values()):
        lines.append(f"{_plural(unjudged, 'answer')} could not be checked and count as not right.")
    return lines


def percent(share: float | None, digits: int = 1) -> str:
    """A share as per cent."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def interval(low: float, high: float, scale: float = 100) -> str:
    """Two bounds as "a to b"."""
    return f"{scale * low:.1f} to {scale * high:.1f}"


def points(gain: Json) -> str:
    """A gain with its sign and interval, in percentage points."""
    return f"{gain['points']:+.1f} points ({gain['low']:+.1f} to {gain['high']:+.1f})"


def number(value: float | None, digits: int = 0) -> str:
    """A count with thin thousands, or a dash."""
    return NOTHING if value is None else f"{value:,.{digits}f}".replace(",", " ")


def _plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
