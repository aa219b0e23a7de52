"""Sets of thoughts of one run or several side by side: data against data, problem by problem."""

from collections.abc import Mapping
from pathlib import Path

from journey.studio import safe
from journey.studio.compare_beside import thoughts_beside
from journey.studio.compare_place import (
    FEW,
    FIRST,
    SECOND,
    Where,
    at_of,
    chosen,
    key_of,
    named,
    problems_html,
    side_html,
)
from journey.studio.compare_sides import MOST, Thoughts, sides_of_thoughts, thoughts_of
from journey.studio.compare_words import words_html
from journey.studio.place import link, without
from journey.studio.reading import lists_of


def thoughts_html(runs: Mapping[str, Path], here: dict[str, str], where: Where) -> str:
    """The table, and below it the problems that both tell; with a problem in the address both its texts."""
    found = sides_of_thoughts(runs)
    if len(found) < 2:
        return f'<p class="empty">{FEW if found else "No thoughts yet."}</p>'
    own = [side for side in found if side.run == here["run"]] or found
    base = chosen(found, key_of(here, FIRST[:2])) or next((s for s in own if s.method == "shortcut"), own[0])
    others = [side for side in found if side != base]
    fallback = next((s for s in others if s.method == base.method), None) or next(
        (s for s in others if s.run == base.run), others[0]
    )
    other = chosen(found, key_of(here, SECOND[:2])) or fallback
    lists = {name: lists_of(path) for name, path in runs.items()}
    if "problem" in where:
        return thoughts_beside(runs, base, other, named(here, base, other), where)
    here = named(here, base, other) | at_of(where)
    first, second = thoughts_of(lists[base.run], base.method), thoughts_of(lists[other.run], other.method)
    both = [(id, 1) for id in first if id in second]
    rows = "".join(_thoughts_row(side, base, other, here) for side in found[:MOST])
    show = "words" if here.get("show") == "words" else "both"
    rest = without(here, "show", "at")
    tabs = link(f"problems with both {len(both):,}", "here" if show == "both" else "", **rest) + link(
        "how they read", "here" if show == "words" else "", **rest, show="words"
    )
    lower = (
        words_html(runs, lists, base, other, "")
        if show == "words"
        else problems_html(lists[base.run], both, here, False)
    )
    title = f'<h2>{side_html(base)} <span class="quiet">→</span> {side_html(other)}</h2>'
    table = f'<table class="compare"><thead>{_HEADS}</thead><tbody>{rows}</tbody></table>'
    return f'{table}{title}<div class="tabs compare">{tabs}</div>{lower}'


_HEADS = (
    "<tr><th></th><th>run</th><th>thoughts by</th><th class=n>thoughts</th><th class=n>problems</th>"
    "<th class=n>letters</th><th class=n>trials</th><th class=n>refined</th><th></th></tr>"
)


def _thoughts_row(side: Thoughts, base: Thoughts, other: Thoughts, here: dict[str, str]) -> str:
    kind = "base" if side == base else "other" if side == other else ""
    name = safe.html(side.method)
    swap = ""
    if side != base:
        name = link(name, "", **named(here, base, side))
        swap = link("as first", "quiet", **named(here, side, base if other == side else other))
    mark = {"base": "first", "other": "second"}.get(kind, "")
    return (
        f'<tr class="{kind}"><td class="quiet">{mark}</td><td class="quiet">{safe.html(side.run)}</td><td>{name}</td>'
        f"<td class=n>{side.thoughts:,}</td><td class=n>{side.problems:,}</td><td class=n>{side.letters:,.0f}</td>"
        f"<td class=n>{side.trials:.1f}</td><td class=n>{side.refined:,}</td><td>{swap}</td></tr>"
    )
