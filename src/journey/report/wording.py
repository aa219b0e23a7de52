"""The report's words and number forms, the same in the terminal, in Markdown and on the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

LABELS = {
    "phase1": "phase 1",
    "shortcut": "phase 2, shortcut",
    "shortcut_majk": "shortcut, maj@k at the journey's tokens",
    "shortcut_tokens": "shortcut, matched by trained tokens",
    "journey": "phase 2, journey",
    "dpo": "DPO after journey",
}
SHORT = {
    "phase1": "phase 1",
    "shortcut": "shortcut",
    "shortcut_majk": "shortcut, maj@k",
    "shortcut_tokens": "shortcut, tokens",
    "journey": "journey",
    "dpo": "DPO",
}
COLUMNS = ("", "accuracy", "95 % interval", "output tokens", "finished", "greedy")
TOY = (
    "These figures are of a small model on its own task. They show which way of telling the same trees teaches more; "
    "they do not stand in one column with those of 7B models on MATH."
)
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, as text; `arm` names it in the JSON."""

    arm: str
    cells: tuple[str, ...]


def label(arm: str) -> str:
    """What an arm is called in the report; its own name where the report knows none."""
    return LABELS.get(arm, arm)


def short(arm: str) -> str:
    """The same in a word or two, for charts and narrow columns."""
    return SHORT.get(arm, arm if len(arm) <= 24 else arm[:23] + "…")


def arms(figures: Json) -> list[str]:
    """The arms in the order of the table: those of the report, then any others."""
    known = [name for name in LABELS if name in figures["arms"]]
    return known + [name for name in figures["arms"] if name not in LABELS]


def rows(figures: Json) -> list[Row]:
    """The table in the shape of Journey part 1, Table 6, one row an arm."""
    return [
        Row(name, (_label_with_k(name, figures["arms"][name]), *_cells(figures["arms"][name])))
        for name in arms(figures)
    ]


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
    said = [f"{_plural(figures['trees'], 'tree')}."]
    if figures["seeds"]:
        tried = f"{figures['problems']} {figures['split']} problems"
        said = [f"{_plural(figures['seeds'], 'seed')}, {_plural(figures['trees'], 'tree')}, {tried}."]
        said.append(f"Interval: {figures['interval']}.")
    said += [f"Seed {row['seed']} is not finished and left out: {row['why']}." for row in figures["left_out"]]
    said += [f"{_plural(n, 'unit')} failed in {station}." for station, n in figures["failures"].items()]
    capped = figures["arms"].get("shortcut_majk", {})
    if capped.get("capped"):
        said.append(f"The shortcut had too few samples to use up the journey's tokens: k stops at {capped['k']:.1f}.")
    said += [
        _thoughts_line(method, of) for method, of in figures.get("thoughts", {}).items() if of["refined"] + of["kept"]
    ]
    said += [_spent_line(row) for row in figures.get("spent", [])]
    unjudged = sum(figures["arms"][name].get("unjudged", 0) for name in figures["arms"])
    if unjudged:
        said.append(f"{_plural(unjudged, 'answer')} could not be checked and count as not right.")
    return said


def _thoughts_line(method: str, of: Json) -> str:
    kept = f", {of['kept']} drafts kept" if of["kept"] else ""
    return f"{_plural(of['thoughts'], 'thought')} by {method}: {of['refined']} refined{kept}."


def _spent_line(row: Json) -> str:
    cost = "its price is unknown" if row["cost"] is None else f"${row['cost']:,.4f}"
    read = f"{number(row['prompt_tokens'])} tokens read, {number(row['tokens'])} generated"
    return f"{row['model']}: {number(row['calls'])} calls, {read}, {cost}."


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


def _label_with_k(name: str, arm: Json) -> str:
    return f"shortcut, maj@{arm['k']:.1f} at the journey's tokens" if "k" in arm else label(name)


def _cells(arm: Json) -> tuple[str, ...]:
    greedy = arm.get("greedy")
    return (
        percent(arm["accuracy"]),
        interval(arm["low"], arm["high"]),
        number(arm["tokens"]),
        percent(arm["finished"]),
        percent(greedy["accuracy"]) if greedy else NOTHING,
    )


def _plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
