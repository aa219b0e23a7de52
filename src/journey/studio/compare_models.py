"""Models of one run or several side by side: accuracy, what each changes of the first, problem by problem."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from journey.metrics.accuracy import Interval
from journey.metrics.paired import Compared, Rights
from journey.studio import safe
from journey.studio.compare_beside import attempts_beside
from journey.studio.compare_charts import charts_html
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
from journey.studio.compare_sides import MOST, Side, accuracy, against, changed, rights, sides
from journey.studio.compare_words import words_html
from journey.studio.place import link, without
from journey.studio.reading import Lists, lists_of

SHOWN = {"fixed": "fixed", "broke": "broke", "same": "same", "words": "how they read", "curves": "curves"}


def models_html(runs: Mapping[str, Path], here: dict[str, str], where: Where, all_parts: Sequence[str]) -> str:
    """The table, and below it what changed between first and second; with a problem in the address both its texts."""
    if not all_parts:
        return '<p class="empty">No attempts yet.</p>'
    part = here.get("part", all_parts[0])
    found = sides(runs, part)
    if len(found) < 2:
        return f'{_part_tabs(here, all_parts, part)}<p class="empty">{FEW}</p>'
    base = chosen(found, key_of(here, FIRST)) or first_base(found, here["run"])
    other = chosen(found, key_of(here, SECOND)) or first_other(found, base)
    lists = {name: lists_of(path) for name, path in runs.items()}
    if "problem" in where:
        return attempts_beside(runs, lists, base, other, part, {**named(here, base, other), "part": part}, where)
    shown = [base, *(side for side in found if side != base)][:MOST]
    all_rights = {side.key: rights(lists[side.run], side, part) for side in shown}
    if other.key not in all_rights:
        all_rights[other.key] = rights(lists[other.run], other, part)
    intervals = {side.key: accuracy(side, all_rights[side.key]) for side in shown}
    results = {side.key: against(all_rights[base.key], all_rights[side.key]) for side in shown if side != base}
    here = {**named(here, base, other), "part": part} | at_of(where)
    has_runs = len({side.run for side in found}) > 1
    has_p = any(result and result.p is not None for result in results.values())
    listed = [base, *(side for side in found if side.key in intervals and side != base)]
    if here.get("show") in ("curves", "words"):  # they are below the table, and speak of these two
        listed = [side for side in listed if side in (base, other)]
    rows = "".join(_row(side, base, other, intervals[side.key], results.get(side.key), here, has_runs, has_p)
                   for side in listed)  # fmt: skip
    left = len(found) - len(listed)
    more = link(f"all {len(found)} models", "quiet", **without(here, "show", "at")) if left else ""
    more = f'<p class="quiet">and {left} more</p>' if left and "show" not in here else more
    heads = HEADS.format(p="<th class=n>p</th>" if has_p else "")
    table = f'<table class="compare"><thead>{heads}</thead><tbody>{rows}</tbody></table>{more}'
    if here.get("show") == "curves":
        inside: str | None = charts_html(runs, shown, base, other, intervals, all_rights)
    elif here.get("show") == "words":
        inside = words_html(runs, lists, base, other, part)
    else:
        inside = None
    lower = _lower(lists[base.run], base, other, all_rights[base.key], all_rights[other.key], here, inside)
    return f"{_part_tabs(here, all_parts, part)}{table}{lower}"


HEADS = (
    "<tr><th></th><th>model</th><th>decoding</th><th class=n>problems</th><th class=n>accuracy</th>"
    "<th>95 % interval</th><th class=n>tokens</th><th class=n>points</th><th>95 % interval</th>{p}"
    "<th class=n>fixed</th><th class=n>broke</th><th class=n>same</th><th></th></tr>"
)


def _row(
    side: Side, base: Side, other: Side, interval: Interval, result: Compared | None, here: dict[str, str], runs: bool,
    has_p: bool,
) -> str:  # fmt: skip
    kind = "base" if side == base else "other" if side == other else ""
    seeds = f' <span class="quiet">{len(side.models)} seeds</span>' if len(side.models) > 1 else ""
    name = f"{safe.html(side.arm)}{seeds}"
    if side != base:
        name = link(name, "", **named(here, base, side))
    of = f'<span class="quiet">{safe.html(side.run)}</span> ' if runs else ""
    mark = {"base": "first", "other": "second"}.get(kind, "")
    swap = "" if side == base else link("as first", "quiet", **named(here, side, base if other == side else other))
    cells = [
        f'<td class="quiet">{mark}</td><td>{of}{name}</td><td class="quiet">{safe.html(side.decoding)}</td>',
        f"<td class=n>{side.tried:,}</td><td class=n><b>{100 * interval.value:.1f} %</b></td>",
        f'<td class="quiet">{100 * interval.low:.1f} to {100 * interval.high:.1f}</td>',
        f"<td class=n>{side.tokens:,.0f}</td>",
        _against(result, has_p) if side != base else "<td></td>" * (5 + has_p),
        f"<td>{swap}</td>",
    ]
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _against(result: Compared | None, has_p: bool) -> str:
    if result is None:
        return f'<td class="quiet" colspan="{5 + has_p}">no problem in common</td>'
    d = result.difference
    p = f"<td class=n>{'' if result.p is None else f'{result.p:.2g}'}</td>" if has_p else ""
    return (
        f"<td class=n><b>{100 * d.value:+.1f}</b></td>"
        f'<td class="quiet">{100 * d.low:+.1f} to {100 * d.high:+.1f}</td>{p}'
        f'<td class="n fixed">{result.fixed:,}</td><td class="n broke">{result.broke:,}</td>'
        f"<td class=n>{result.same:,}</td>"
    )


def _lower(
    lists: Lists, base: Side, other: Side, first: Mapping[int, Rights], second: Mapping[int, Rights],
    here: dict[str, str], inside: str | None,
) -> str:  # fmt: skip
    """The problems that changed, or what is shown in their place."""
    show = here.get("show", "fixed")
    show = show if show in SHOWN else "fixed"
    counted = changed(first, second)
    rest = without(here, "at", "show")
    tabs = "".join(
        link(f"{said} {len(counted[name]):,}" if name in counted else said, "here" if name == show else "",
             **rest, show=name)
        for name, said in SHOWN.items()
    )  # fmt: skip
    if inside is None:
        inside = problems_html(lists, counted[show], {**here, "show": show}, len(base.models) > 1)
    title = f'<h2>{side_html(base)} <span class="quiet">→</span> {side_html(other)}</h2>'
    return f'{title}<div class="tabs compare">{tabs}</div>{inside}'


def _part_tabs(here: dict[str, str], all_parts: Sequence[str], part: str) -> str:
    if len(all_parts) < 2:
        return ""
    tabs = (
        link(f"{safe.html(name or 'no part')} problems", "here" if name == part else "",
             page="compare", run=here["run"], what="models", part=name)
        for name in all_parts
    )  # fmt: skip
    return f'<div class="tabs compare">{"".join(tabs)}</div>'


def first_base(found: Sequence[Side], run: str) -> Side:
    """What the others are compared with where nobody chose: the run's shortcut arm, else its first."""
    own = [side for side in found if side.run == run] or list(found)
    return next((side for side in own if side.arm == "shortcut"), own[0])


def first_other(found: Sequence[Side], base: Side) -> Side:
    """What is compared with it: the same model of another run, else the run's journey arm, else the next by the same
    decoding, else the next."""
    others = [side for side in found if side != base]
    ways = (
        lambda s: (s.arm, s.decoding) == (base.arm, base.decoding),
        lambda s: (s.run, s.arm, s.decoding) == (base.run, "journey", base.decoding),
        lambda s: s.decoding == base.decoding,
    )
    return next((side for way in ways for side in others if way(side)), others[0])
