"""What a research log says since a date: what was tried, what worked, ended and is paused, and what it cost."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from journey.pipeline.stages import spent_by_model
from journey.report.log import LogEntry, ResearchLog, entry_json
from journey.report.log_map import cost_words, printable
from journey.store.entries import Training
from journey.store.run import Run

Json = dict[str, Any]
SIDES = {
    "worked": "Worked", "ended": "Ended: did not work, or was given up", "paused": "Paused: goes on later",
    "wished for": "Wished for",
}  # fmt: skip


def progress(log: ResearchLog, since: date | None = None) -> Json:
    """The entries of that day and later (null: all) by how they ended, those wished for, and their costs.

    An entry worked where it neither ended nor is paused. `cost` is a sum a unit over the entries that name one,
    `costed` how many those are, `authors` the number of entries by each author ("" where none is named).
    """
    tried = [e for e in log.entries if e.is_begun and (since is None or (e.date is not None and e.date >= since))]
    cost: dict[str, float] = {}
    for entry in tried:
        for unit, amount in entry.cost.items():
            cost[unit] = round(cost.get(unit, 0.0) + amount, 3)
    return {
        "log": str(log.path), "since": since and since.isoformat(), "tried": len(tried),
        "worked": _rows(e for e in tried if not {"ended", "paused"} & set(e.signs)),
        "ended": _rows(e for e in tried if "ended" in e.signs),
        "paused": _rows(e for e in tried if "paused" in e.signs and "ended" not in e.signs),
        "insights": sum("insight" in e.signs for e in tried),
        "wished for": _rows(e for e in log.entries if not e.is_begun),
        "cost": cost, "costed": sum(bool(e.cost) for e in tried),
        "authors": dict(Counter(e.author or "" for e in tried).most_common()),
    }  # fmt: skip


def progress_lines(found: Json) -> list[str]:
    """The same for a person: figures, then each side's entries, the newest first."""
    since = f" since {found['since']}" if found["since"] else ""
    left = found["tried"] - found["costed"]
    spent = ", ".join(cost_words(found["cost"])) or "nothing"
    lines = [
        f"{found['log']}: {found['tried']} tried{since}; {len(found['worked'])} worked, {len(found['ended'])} ended, "
        f"{len(found['paused'])} paused; {found['insights']} gave an insight; {len(found['wished for'])} wished for",
        f"costs that are written: {spent}, in {found['costed']} entries; {left} name none",
        "entries by "
        + (", ".join(f"{name or 'nobody named'}: {n}" for name, n in found["authors"].items()) or "nobody"),
    ]
    for side, title in SIDES.items():
        lines += ["", f"{title} ({len(found[side])})", *map(_line, found[side])] if found[side] else []
    return lines


def run_cost(run: Run) -> Json:
    """What a run spent: generated tokens by what they went into, trained tokens, seconds of training, servers' rows."""
    trained = run.entries(Training)
    return {
        "generated_tokens": {
            "trees": sum(node.tokens or 0 for tree in run.trees() for node in tree.nodes),
            "attempts": sum(one.tokens or 0 for one in run.attempts()),
            "rollouts": sum(one.tokens or 0 for one in run.rollouts()),
        },
        "trained_tokens": sum(one.tokens or 0 for one in trained),
        "training_seconds": sum(one.seconds or 0.0 for one in trained),
        "servers": spent_by_model(run),
    }


def _line(row: Json) -> str:
    about = [row["date"] or "", *(sign for sign in row["signs"] if sign not in SIDES), *cost_words(row["cost"])]
    behind = ", ".join(part for part in about if part)
    headline = f": {row['title']}" if row["title"] != row["name"] else ""
    return printable(f"  {row['name']}{headline}") + (f" ({behind})" if behind else "")


def _rows(entries: Iterable[LogEntry]) -> list[Json]:
    return [{k: v for k, v in entry_json(entry).items() if k != "text"} for entry in reversed(list(entries))]
