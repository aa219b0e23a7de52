"""Models, or sets of thoughts, of one run or several side by side: what each changes of the first, by problem."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from journey.metrics.accuracy import Interval
from journey.metrics.paired import Compared
from journey.pipeline.arms import compared, method_of
from journey.studio import safe
from journey.studio.compare_beside import beside_html
from journey.studio.compare_charts import charts_html
from journey.studio.compare_sides import (
    MOST,
    Side,
    Thoughts,
    accuracy,
    against,
    changed,
    parts,
    rights,
    sides,
    sides_of_thoughts,
    thoughts_of,
)
from journey.studio.compare_words import words_html
from journey.studio.fragments import level_text
from journey.studio.list_page import pager_html
from journey.studio.place import link, number_of, tabs_html, without
from journey.studio.reading import PAGE, Lists, lists_of
from journey.studio.records import opened
from journey.studio.view import view

Where = Mapping[str, str]
S = TypeVar("S", Side, Thoughts)
KINDS = {"models": "Models", "thoughts": "Thoughts"}
SHOWN = {"fixed": "fixed", "broke": "broke", "same": "same", "words": "how they read", "curves": "curves"}
FIRST, SECOND = ("run", "model", "decoding"), ("run2", "model2", "decoding2")
KEPT = ("page", "what", "part", "show", *FIRST, *SECOND)
FEW = "There is only one here. Open more runs side by side with journey view RUN RUN, or let another model try them."
MODELS_HEAD = (
    "<th>model</th><th>decoding</th><th class=n>problems</th><th class=n>accuracy</th><th>95 % interval</th>"
    "<th class=n>tokens</th><th class=n>points</th><th>95 % interval</th>{p}"
    "<th class=n>fixed</th><th class=n>broke</th><th class=n>same</th>"
)
THOUGHTS_HEAD = (
    "<th>run</th><th>thoughts by</th><th class=n>thoughts</th><th class=n>problems</th>"
    "<th class=n>letters</th><th class=n>trials</th><th class=n>refined</th>"
)


def compare_page(path: Path, run: str, where: Where) -> None:
    """`model` and `decoding` of `run` against `model2` and `decoding2` of `run2`; with `problem` both texts of it."""
    runs = opened()
    where = {**where, "page": "compare", "run": run}
    all_parts, what = parts(runs), where.get("what")
    if what not in KINDS:
        what = "models" if all_parts or not sides_of_thoughts(runs) else "thoughts"
    here = {name: where[name] for name in KEPT if name in where} | {"what": what}
    head = f'<h1 class="title">Compare</h1>{tabs_html(KINDS, what, "what", {"page": "compare", "run": run})}'
    body = models_html(runs, here, where, all_parts) if what == "models" else thoughts_html(runs, here, where)
    view(head + body, "body")


def models_html(runs: Mapping[str, Path], here: dict[str, str], where: Where, all_parts: Sequence[str]) -> str:
    """The table, and below it what changed between first and second; with a problem in the address both its texts."""
    if not all_parts:
        return '<p class="empty">No attempts yet.</p>'
    part = here.get("part", all_parts[0])
    place = {"page": "compare", "run": here["run"], "what": "models"}
    words = {name: f"{safe.html(name or 'no part')} problems" for name in all_parts}
    part_tabs = tabs_html(words, part, "part", place) if len(all_parts) > 1 else ""
    found = sides(runs, part)
    if len(found) < 2:
        return f'{part_tabs}<p class="empty">{FEW}</p>'
    base = _chosen(found, here, FIRST) or first_base(found, here["run"])
    other = _chosen(found, here, SECOND) or first_other(found, base)
    here = _named(here, base, other) | {"part": part}
    if "problem" in where:
        return beside_html(runs, base, other, here, where)
    here |= {"at": where["at"]} if "at" in where else {}
    lists = {name: lists_of(path) for name, path in runs.items()}
    shown = [base, *(side for side in found if side != base)][:MOST]
    all_rights = {side.key: rights(lists[side.run], side, part) for side in (*shown, other)}
    intervals = {side.key: accuracy(side, all_rights[side.key]) for side in shown}
    results = {side.key: against(all_rights[base.key], all_rights[side.key]) for side in shown if side != base}
    has_runs = len({side.run for side in found}) > 1
    has_p = any(result and result.p is not None for result in results.values())
    show = here.get("show", "fixed")
    show = show if show in SHOWN else "fixed"
    # Curves and words are below the table, and speak of these two.
    listed = [side for side in shown if side in (base, other)] if show in ("curves", "words") else shown
    rows = [
        _row(
            side,
            base,
            other,
            here,
            *_model_cells(
                side,
                intervals[side.key],
                has_runs,
                _against(results[side.key], has_p) if side != base else "<td></td>" * (5 + has_p),
            ),
        )
        for side in listed
    ]
    left = len(found) - len(listed)
    more = link(f"all {len(found)} models", "quiet", **without(here, "show", "at")) if left else ""
    more = f'<p class="quiet">and {left} more</p>' if left and "show" not in here else more
    counted = changed(all_rights[base.key], all_rights[other.key])
    if show == "curves":
        inside = charts_html(runs, shown, base, other, intervals, all_rights)
    elif show == "words":
        inside = words_html(runs, base, other, part)
    else:
        inside = _problems(lists[base.run], counted[show], {**here, "show": show}, len(base.models) > 1)
    tabs = {name: f"{word} {len(counted[name]):,}" if name in counted else word for name, word in SHOWN.items()}
    head = MODELS_HEAD.format(p="<th class=n>p</th>" if has_p else "")
    return part_tabs + _table(head, rows) + more + _lower(base, other, tabs, show, here, inside)


def thoughts_html(runs: Mapping[str, Path], here: dict[str, str], where: Where) -> str:
    """The table, and below it the problems that both tell; with a problem in the address both its texts."""
    found = sides_of_thoughts(runs)
    if len(found) < 2:
        return f'<p class="empty">{FEW if found else "No thoughts yet."}</p>'
    own = [side for side in found if side.run == here["run"]] or found
    base = _chosen(found, here, FIRST[:2]) or next((s for s in own if s.name == method_of(compared()[0])), own[0])
    others = [side for side in found if side != base]
    fallback = [s for s in others if s.name == base.name] + [s for s in others if s.run == base.run] + others
    other = _chosen(found, here, SECOND[:2]) or fallback[0]
    here = _named(here, base, other)
    if "problem" in where:
        return beside_html(runs, base, other, here, where)
    here |= {"at": where["at"]} if "at" in where else {}
    lists = lists_of(runs[base.run])
    first, second = thoughts_of(lists, base.name), thoughts_of(lists_of(runs[other.run]), other.name)
    both = [(id, 1) for id in first if id in second]
    rows = [_row(side, base, other, here, *_thoughts_cells(side)) for side in found[:MOST]]
    show = "words" if here.get("show") == "words" else "both"
    inside = words_html(runs, base, other, "") if show == "words" else _problems(lists, both, here, False)
    tabs = {"both": f"problems with both {len(both):,}", "words": "how they read"}
    return _table(THOUGHTS_HEAD, rows) + _lower(base, other, tabs, show, here, inside)


def first_base(found: Sequence[Side], run: str) -> Side:
    """What the others are compared with where nobody chose: the run's baseline, else its first."""
    own = [side for side in found if side.run == run] or list(found)
    return next((side for side in own if side.name == compared()[0]), own[0])


def first_other(found: Sequence[Side], base: Side) -> Side:
    """What is compared with it: the same model of another run, else the arm that the run is about, else the next."""
    others = [side for side in found if side != base]
    ways = (
        lambda s: (s.name, s.decoding) == (base.name, base.decoding),
        lambda s: (s.run, s.name, s.decoding) == (base.run, compared()[1], base.decoding),
        lambda s: s.decoding == base.decoding,
    )
    return next((side for way in ways for side in others if way(side)), others[0])


def _chosen(found: Sequence[S], here: Where, names: Sequence[str]) -> S | None:
    """The side that an address gives under these names, null where there is none."""
    key = tuple(here.get(name, "") for name in names)
    return next((side for side in found if side.key == key), None)


def _named(here: Where, base: Side | Thoughts, other: Side | Thoughts) -> dict[str, str]:
    """The address with both sides in it."""
    rest = without(here, *FIRST, *SECOND, "at")
    return rest | dict(zip(FIRST, base.key, strict=False)) | dict(zip(SECOND, other.key, strict=False))


def _table(head: str, rows: Sequence[str]) -> str:
    return (
        f'<table class="compare"><thead><tr><th></th>{head}<th></th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _row(side: S, base: S, other: S, here: Where, before: str, name: str, cells: str) -> str:
    """A side's row: what stands before its name, the name as a link that makes it the second, its other cells."""
    kind, mark = ("base", "first") if side == base else ("other", "second") if side == other else ("", "")
    swap = ""
    if side != base:
        name = link(name, "", **_named(here, base, side))
        swap = link("as first", "quiet", **_named(here, side, base if other == side else other))
    return f'<tr class="{kind}"><td class="quiet">{mark}</td>{before}{name}</td>{cells}<td>{swap}</td></tr>'


def _model_cells(side: Side, interval: Interval, has_runs: bool, changes: str) -> tuple[str, str, str]:
    run = f'<span class="quiet">{safe.html(side.run)}</span> ' if has_runs else ""
    seeds = f' <span class="quiet">{len(side.models)} seeds</span>' if len(side.models) > 1 else ""
    cells = (
        f'<td class="quiet">{safe.html(side.decoding)}</td>'
        f"<td class=n>{side.tried:,}</td><td class=n><b>{100 * interval.value:.1f} %</b></td>"
        f'<td class="quiet">{100 * interval.low:.1f} to {100 * interval.high:.1f}</td>'
        f"<td class=n>{side.tokens:,.0f}</td>"
    )
    return f"<td>{run}", f"{safe.html(side.name)}{seeds}", cells + changes


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


def _thoughts_cells(side: Thoughts) -> tuple[str, str, str]:
    cells = (
        f"<td class=n>{side.thoughts:,}</td><td class=n>{side.problems:,}</td><td class=n>{side.letters:,.0f}</td>"
        f"<td class=n>{side.trials:.1f}</td><td class=n>{side.refined:,}</td>"
    )
    return f'<td class="quiet">{safe.html(side.run)}</td><td>', safe.html(side.name), cells


def _lower(base: S, other: S, tabs: Mapping[str, str], show: str, here: dict[str, str], inside: str) -> str:
    """The problems that changed, or what is shown in their place."""

    def title(side: S) -> str:
        place = ", ".join(safe.html(part) for part in (side.run, *side.key[2:]))
        return f'{safe.html(side.name)} <span class="quiet">{place}</span>'

    head = f'<h2>{title(base)} <span class="quiet">→</span> {title(other)}</h2>'
    return head + tabs_html(tabs, show, "show", without(here, "at", "show")) + inside


def _problems(lists: Lists, found: Sequence[tuple[str, int]], here: dict[str, str], has_seeds: bool) -> str:
    """One page of problems as links to both texts."""
    if not found:
        return '<p class="empty">None.</p>'
    at = min(number_of(here.get("at", "")) or 0, (len(found) - 1) // PAGE)
    few = found[at * PAGE : (at + 1) * PAGE]
    known = lists.problems({id for id, _ in few})
    rows: list[str] = []
    for id, seed in few:
        row = known.get(id) or {"question": id, "level": None, "subject": None}
        facts = [safe.html(fact) for fact in (level_text(row["level"]), row["subject"]) if fact]
        facts += [f"seed {seed}"] if has_seeds else []
        question = safe.html(safe.line(str(row["question"]), 400))
        inside = f'<span class="what">{question}</span><span class="facts">{" · ".join(facts)}</span>'
        where = {**without(here, "at"), "problem": id} | ({"seed": str(seed)} if has_seeds else {})
        rows.append(link(inside, "row pair", **where))
    return f'<div class="rows">{"".join(rows)}</div>{pager_html(here, at, len(found))}'
