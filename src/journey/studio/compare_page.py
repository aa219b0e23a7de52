"""Models of one run or several side by side, problem by problem; the same for sets of thoughts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from journey.evals.compared import Compared, Rights
from journey.evals.metrics import Interval
from journey.studio import safe
from journey.studio.compare_beside import attempts_beside, thoughts_beside
from journey.studio.compare_charts import charts_html
from journey.studio.compare_sides import (
    CHANGES,
    MOST,
    Side,
    Told,
    accuracy,
    against,
    changed,
    parts,
    rights,
    sides,
    told,
    told_of,
)
from journey.studio.compare_words import words_html
from journey.studio.head import level_said
from journey.studio.opened import opened
from journey.studio.place import link, without
from journey.studio.reading import PAGE, Lists, lists_of
from journey.studio.view import view

Where = Mapping[str, str]
_S = TypeVar("_S", Side, Told)
SHOWN = {"fixed": "fixed", "broke": "broke", "same": "same", "words": "how they read", "curves": "curves"}
KEPT = ("page", "run", "what", "part", "model", "decoding", "run2", "model2", "decoding2", "show")
FIRST, SECOND = ("run", "model", "decoding"), ("run2", "model2", "decoding2")
FEW = "There is only one here. Open more runs side by side with journey view RUN RUN, or let another model try them."


def compare_page(path: Path, run: str, where: Where) -> None:
    """`model` and `decoding` of `run` against `model2` and `decoding2` of `run2`; with `problem` both texts of it."""
    runs = opened()
    where = {**where, "page": "compare", "run": run}
    what = where.get("what") if where.get("what") in ("models", "thoughts") else None
    all_parts = parts(runs)
    what = what or ("models" if all_parts or not told(runs) else "thoughts")
    here = {name: where[name] for name in KEPT if name in where} | {"what": what}
    tabs = "".join(
        link(name.capitalize(), "here" if name == what else "", page="compare", run=run, what=name)
        for name in ("models", "thoughts")
    )
    head = f'<h1 class="title">Compare</h1><div class="tabs compare">{tabs}</div>'
    body = _models(runs, here, where, all_parts) if what == "models" else _thoughts(runs, here, where)
    view(head + body, "body")


# --- models -----------------------------------------------------------------------------------------------------------


def _models(runs: Mapping[str, Path], here: dict[str, str], where: Where, all_parts: Sequence[str]) -> str:
    if not all_parts:
        return '<p class="empty">No attempts yet.</p>'
    part = here.get("part", all_parts[0])
    found = sides(runs, part)
    if len(found) < 2:
        return f'{_part_tabs(here, all_parts, part)}<p class="empty">{FEW}</p>'
    base = _chosen(found, _key(here, FIRST)) or first_base(found, here["run"])
    other = _chosen(found, _key(here, SECOND)) or first_other(found, base)
    lists = {name: lists_of(path) for name, path in runs.items()}
    if "problem" in where:
        return attempts_beside(runs, lists, base, other, part, {**_named(here, base, other), "part": part}, where)
    shown = [base, *(side for side in found if side != base)][:MOST]
    all_rights = {side.key: rights(lists[side.run], side, part) for side in shown}
    if other.key not in all_rights:
        all_rights[other.key] = rights(lists[other.run], other, part)
    intervals = {side.key: accuracy(side, all_rights[side.key]) for side in shown}
    results = {side.key: against(all_rights[base.key], all_rights[side.key]) for side in shown if side != base}
    here = {**_named(here, base, other), "part": part} | _at(where)
    rows = "".join(_row(side, base, other, intervals[side.key], results.get(side.key), here, len(runs) > 1)
                   for side in found if side.key in intervals)  # fmt: skip
    more = f'<p class="quiet">and {len(found) - len(shown)} more</p>' if len(found) > len(shown) else ""
    table = f'<table class="compare"><thead>{_HEADS}</thead><tbody>{rows}</tbody></table>{more}'
    if here.get("show") == "curves":
        inside: str | None = charts_html(runs, shown, base, other, intervals, all_rights)
    elif here.get("show") == "words":
        inside = words_html(runs, lists, base, other, part)
    else:
        inside = None
    lower = _lower(lists[base.run], base, other, all_rights[base.key], all_rights[other.key], here, inside)
    return f"{_part_tabs(here, all_parts, part)}{table}{lower}"


_HEADS = (
    "<tr><th></th><th>model</th><th>decoding</th><th class=n>problems</th><th class=n>accuracy</th>"
    "<th>95 % interval</th><th class=n>tokens</th><th class=n>points</th><th>95 % interval</th><th class=n>p</th>"
    "<th class=n>fixed</th><th class=n>broke</th><th class=n>same</th><th></th></tr>"
)


def _row(
    side: Side, base: Side, other: Side, interval: Interval, result: Compared | None, here: dict[str, str], runs: bool
) -> str:
    kind = "base" if side == base else "other" if side == other else ""
    seeds = f' <span class="quiet">{len(side.models)} seeds</span>' if len(side.models) > 1 else ""
    name = f"{safe.html(side.arm)}{seeds}"
    if side != base:
        name = link(name, "", **_named(here, base, side))
    of = f'<span class="quiet">{safe.html(side.run)}</span> ' if runs else ""
    mark = {"base": "first", "other": "second"}.get(kind, "")
    swap = "" if side == base else link("as first", "quiet", **_named(here, side, base if other == side else other))
    cells = [
        f'<td class="quiet">{mark}</td><td>{of}{name}</td><td class="quiet">{safe.html(side.decoding)}</td>',
        f"<td class=n>{side.tried:,}</td><td class=n><b>{100 * interval.value:.1f} %</b></td>",
        f'<td class="quiet">{100 * interval.low:.1f} to {100 * interval.high:.1f}</td>',
        f"<td class=n>{side.tokens:,.0f}</td>",
        _against(result) if side != base else "<td></td>" * 6,
        f"<td>{swap}</td>",
    ]
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _against(result: Compared | None) -> str:
    if result is None:
        return '<td class="quiet" colspan="6">no problem in common</td>'
    d = result.difference
    p = "" if result.p is None else f"{result.p:.2g}"
    return (
        f"<td class=n><b>{100 * d.value:+.1f}</b></td>"
        f'<td class="quiet">{100 * d.low:+.1f} to {100 * d.high:+.1f}</td><td class=n>{p}</td>'
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
    counted = {change: changed(first, second, change) for change in CHANGES}
    rest = without(here, "at", "show")
    tabs = "".join(
        link(f"{said} {len(counted[name]):,}" if name in counted else said, "here" if name == show else "",
             **rest, show=name)
        for name, said in SHOWN.items()
    )  # fmt: skip
    if inside is None:
        inside = _problems(lists, counted[show], {**here, "show": show}, len(base.models) > 1)
    title = f'<h2>{_said(base)} <span class="quiet">→</span> {_said(other)}</h2>'
    return f'{title}<div class="tabs compare">{tabs}</div>{inside}'


def _problems(lists: Lists, found: Sequence[tuple[str, int]], here: dict[str, str], has_seeds: bool) -> str:
    """One page of problems as links to both texts."""
    if not found:
        return '<p class="empty">None.</p>'
    at = min(_number(here.get("at")), (len(found) - 1) // PAGE)
    few = found[at * PAGE : (at + 1) * PAGE]
    ids = sorted({id for id, _ in few})
    query = f"SELECT id, question, level, subject FROM problems WHERE id IN ({', '.join('?' * len(ids))})"
    known = {row["id"]: row for row in lists.figure(query, ids)}
    rows: list[str] = []
    for id, seed in few:
        row = known.get(id)
        question = safe.html(safe.line(str(row["question"]), 400)) if row else safe.html(id)
        facts = [safe.html(said) for said in (level_said(row["level"]), row["subject"]) if said] if row else []
        facts += [f"seed {seed}"] if has_seeds else []
        inside = f'<span class="what">{question}</span><span class="facts">{" · ".join(facts)}</span>'
        where = {**without(here, "at"), "problem": id} | ({"seed": str(seed)} if has_seeds else {})
        rows.append(link(inside, "row pair", **where))
    return f'<div class="rows">{"".join(rows)}</div>{_pager(here, at, len(found))}'


def _pager(here: dict[str, str], at: int, total: int) -> str:
    rest = without(here, "at")
    before = link("earlier", **rest, at=at - 1) if at else ""
    after = link("later", **rest, at=at + 1) if (at + 1) * PAGE < total else ""
    said = f"{at * PAGE + 1:,} to {min(total, (at + 1) * PAGE):,} of {total:,}"
    return f'<div class="pager"><span>{said}</span>{before}{after}</div>'


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


# --- thoughts ---------------------------------------------------------------------------------------------------------


def _thoughts(runs: Mapping[str, Path], here: dict[str, str], where: Where) -> str:
    found = told(runs)
    if len(found) < 2:
        return f'<p class="empty">{FEW if found else "No thoughts yet."}</p>'
    own = [side for side in found if side.run == here["run"]] or found
    base = _chosen(found, _key(here, FIRST[:2])) or next((s for s in own if s.method == "shortcut"), own[0])
    others = [side for side in found if side != base]
    fallback = next((s for s in others if s.method == base.method), None) or next(
        (s for s in others if s.run == base.run), others[0]
    )
    other = _chosen(found, _key(here, SECOND[:2])) or fallback
    lists = {name: lists_of(path) for name, path in runs.items()}
    if "problem" in where:
        return thoughts_beside(runs, base, other, _named(here, base, other), where)
    here = _named(here, base, other) | _at(where)
    first, second = told_of(lists[base.run], base.method), told_of(lists[other.run], other.method)
    both = [(id, 1) for id in first if id in second]
    rows = "".join(_told_row(side, base, other, here) for side in found[:MOST])
    show = "words" if here.get("show") == "words" else "both"
    rest = without(here, "show", "at")
    tabs = link(f"problems with both {len(both):,}", "here" if show == "both" else "", **rest) + link(
        "how they read", "here" if show == "words" else "", **rest, show="words"
    )
    lower = (
        words_html(runs, lists, base, other, "") if show == "words" else _problems(lists[base.run], both, here, False)
    )
    title = f'<h2>{_said(base)} <span class="quiet">→</span> {_said(other)}</h2>'
    table = f'<table class="compare"><thead>{_TOLD_HEADS}</thead><tbody>{rows}</tbody></table>'
    return f'{table}{title}<div class="tabs compare">{tabs}</div>{lower}'


_TOLD_HEADS = (
    "<tr><th></th><th>run</th><th>thoughts by</th><th class=n>thoughts</th><th class=n>problems</th>"
    "<th class=n>letters</th><th class=n>trials</th><th class=n>refined</th><th></th></tr>"
)


def _told_row(side: Told, base: Told, other: Told, here: dict[str, str]) -> str:
    kind = "base" if side == base else "other" if side == other else ""
    name = safe.html(side.method)
    swap = ""
    if side != base:
        name = link(name, "", **_named(here, base, side))
        swap = link("as first", "quiet", **_named(here, side, base if other == side else other))
    mark = {"base": "first", "other": "second"}.get(kind, "")
    return (
        f'<tr class="{kind}"><td class="quiet">{mark}</td><td class="quiet">{safe.html(side.run)}</td><td>{name}</td>'
        f"<td class=n>{side.thoughts:,}</td><td class=n>{side.problems:,}</td><td class=n>{side.letters:,.0f}</td>"
        f"<td class=n>{side.trials:.1f}</td><td class=n>{side.refined:,}</td><td>{swap}</td></tr>"
    )


# --- both -------------------------------------------------------------------------------------------------------------


def _chosen(found: Sequence[_S], key: Sequence[str]) -> _S | None:
    return next((side for side in found if side.key == key), None)


def _key(here: Where, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(here.get(name, "") for name in names)


def _named(here: Where, base: Side | Told, other: Side | Told) -> dict[str, str]:
    """The address with both sides in it."""
    rest = without(here, *FIRST, *SECOND, "at")
    return rest | dict(zip(FIRST, base.key, strict=False)) | dict(zip(SECOND, other.key, strict=False))


def _said(side: Side | Told) -> str:
    name = side.arm if isinstance(side, Side) else side.method
    way = f", {safe.html(side.decoding)}" if isinstance(side, Side) else ""
    return f'{safe.html(name)} <span class="quiet">{safe.html(side.run)}{way}</span>'


def _at(where: Where) -> dict[str, str]:
    return {"at": where["at"]} if "at" in where else {}


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0
