"""The report's words and number forms, the same in the terminal, in Markdown and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.pipeline.arms import ARMS, all_gains

Json = Mapping[str, Any]

TOY = (
    "These figures are of a small model on its own task. They show which kind of thought from the same trees teaches "
    "more; they do not stand in one column with those of 7B models on MATH."
)
NOTHING = "-"


def votes() -> dict[str, tuple[str, str]]:
    """The rows of answers by vote, which are no arms: whose answers, and the arm at whose tokens."""
    return {gain.votes: (gain.over, arm) for arm, gain in all_gains() if gain.votes is not None}


def label(arm: str, k: float | None = None) -> str:
    """What an arm is called in the report; its own name where the table of arms has none. `k`: of how many votes."""
    if arm in votes():
        over, at = map(short, votes()[arm])
        return f"{over}, maj@{'k' if k is None else format(k, '.1f')} at the {at}'s tokens"
    return ARMS[arm].label if arm in ARMS else arm


def short(arm: str) -> str:
    """The same in a word or two, for charts and narrow columns."""
    if arm in ARMS:
        return ARMS[arm].short
    if arm in votes():
        return f"{short(votes()[arm][0])}, maj@k"
    return arm if len(arm) <= 24 else arm[:23] + "…"


def tone(arm: str) -> str:
    """Its colour in charts."""
    return ARMS[arm].tone if arm in ARMS else "soft"


def arms(figures: Json) -> list[str]:
    """The arms in the order of the table, an arm's votes after the arm, then any others."""
    known = [name for arm in ARMS for name in (arm, *(row for row, (over, _) in votes().items() if over == arm))]
    return [name for name in known if name in figures["arms"]] + [n for n in figures["arms"] if n not in known]


def gain_lines(figures: Json) -> list[str]:
    """The gains of arms over others, the main one first; nothing where an arm is missing."""
    return [f"{gain.text}: {points(figures[gain.key])}" for _, gain in all_gains() if figures.get(gain.key)]


def notes(figures: Json) -> list[str]:
    """What a reader must know beside the figures: seeds, trees, what was left out, what failed."""
    lines = [f"{_plural(figures['trees'], 'tree')}."]
    if figures["seeds"]:
        tried = f"{figures['problems']} {figures['split']} problems"
        lines = [f"{_plural(figures['seeds'], 'seed')}, {_plural(figures['trees'], 'tree')}, {tried}."]
        lines.append(f"Interval: {figures['interval']}.")
    if figures.get("shared_phase1"):
        lines.append("All seeds start from one first phase, trained once: the intervals are of the later phases alone.")
    unfinished: dict[str, list[str]] = {}
    for row in figures["left_out"]:
        unfinished.setdefault(row["why"], []).append(str(row["seed"]))
    lines += [
        f"{f'Seed {of[0]} is' if len(of) == 1 else f'Seeds {_and(of)} are'} not finished and left out: {why}."
        for why, of in unfinished.items()
    ]
    lines += [f"{_plural(n, 'unit')} failed in {stage}." for stage, n in figures["failures"].items()]
    for row, (over, at) in votes().items():
        if (found := figures["arms"].get(row, {})).get("capped"):
            few = f"The {short(over)} had too few samples to use up the {short(at)}'s tokens"
            lines.append(f"{few}: k stops at {found['k']:.1f}.")
    for method, of in figures.get("thoughts", {}).items():
        made = of["thoughts"] + of["refined"] + of["kept"]
        if of.get("side_trips", made) < made:
            lines.append(
                f"{of['side_trips']} of {_plural(made, 'long thought')} have a side trip; the others are shortcuts."
            )
        if of.get("hinted"):
            lines.append(f"{of['hinted']} of {_plural(made, 'thought')} by {method} were written with a hint.")
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


def mean_of(figure: Json | None, is_share: bool) -> str:
    """A mean with its interval, a share as per cent; nothing of none."""
    if figure is None:
        return ""
    scale, unit = (100, " %") if is_share else (1, "")
    return f"{scale * figure['value']:.1f}{unit} ({interval(figure['low'], figure['high'], scale)})"


def accuracy_of(row: Json | None) -> str:
    """An accuracy with its interval; nothing of none."""
    return "" if row is None else f"{percent(row['accuracy'])} ({interval(row['low'], row['high'])})"


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
