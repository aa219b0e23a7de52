"""Models, or sets of thoughts, of one run or several side by side: what each changes of the first, by problem."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

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
from journey.studio.list_page import pager_html
from journey.studio.place import link, number_of, tabs_html, without
from journey.studio.reading import PAGE, Lists, lists_of
from journey.studio.records import opened
from journey.studio.templates import html, render
from journey.studio.view import view

Where = Mapping[str, str]
S = TypeVar("S", Side, Thoughts)
KINDS = {"models": "Models", "thoughts": "Thoughts"}
SHOWN = {"fixed": "fixed", "broke": "broke", "same": "same", "words": "how they read", "curves": "curves"}
FIRST, SECOND = ("run", "model", "decoding"), ("run2", "model2", "decoding2")
KEPT = ("page", "what", "part", "show", *FIRST, *SECOND)
FEW = "There is only one here. Open more runs side by side with journey view RUN RUN, or let another model try them."


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
    left = len(found) - len(listed)
    more = link(f"all {len(found)} models", "muted", **without(here, "show", "at")) if left else ""
    more = f'<p class="muted">and {left} more</p>' if left and "show" not in here else more
    counted = changed(all_rights[base.key], all_rights[other.key])
    if show == "curves":
        inside = charts_html(runs, shown, base, other, intervals, all_rights)
    elif show == "words":
        inside = words_html(runs, base, other, part)
    else:
        inside = _problems(lists[base.run], counted[show], {**here, "show": show}, len(base.models) > 1)
    tabs = {name: f"{word} {len(counted[name]):,}" if name in counted else word for name, word in SHOWN.items()}
    return _compared(
        here, base, other, listed, tabs, show, inside, what="models", part_tabs=html(part_tabs), more=html(more),
        intervals=intervals, results=results, has_runs=has_runs, has_p=has_p,
    )  # fmt: skip


def thoughts_html(runs: Mapping[str, Path], here: dict[str, str], where: Where) -> str:
    """The table, and below it the problems of both; with a problem in the address both its texts."""
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
    show = "words" if here.get("show") == "words" else "both"
    inside = words_html(runs, base, other, "") if show == "words" else _problems(lists, both, here, False)
    tabs = {"both": f"problems with both {len(both):,}", "words": "how they read"}
    return _compared(here, base, other, found[:MOST], tabs, show, inside, what="thoughts", part_tabs="", more="")


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


def _compared(
    here: dict[str, str], base: S, other: S, listed: Sequence[S], tabs: Mapping[str, str], show: str, inside: str,
    **given: Any,
) -> str:  # fmt: skip
    """The table of all sides, and below it what changed between two, or what is shown in its place."""
    below = html(tabs_html(tabs, show, "show", without(here, "at", "show")))
    return render(
        "compare", here=here, base=base, other=other, listed=listed, named=_named, tabs=below, inside=html(inside),
        **given,
    )  # fmt: skip


def _problems(lists: Lists, found: Sequence[tuple[str, int]], here: dict[str, str], has_seeds: bool) -> str:
    """One page of problems as links to both texts."""
    at = min(number_of(here.get("at", "")) or 0, max(0, len(found) - 1) // PAGE)
    few = found[at * PAGE : (at + 1) * PAGE]
    known = lists.problems({id for id, _ in few})
    rows = [
        (known.get(id) or {"id": id, "question": id, "level": None, "subject": None}, str(seed) if has_seeds else "")
        for id, seed in few
    ]
    pager = html(pager_html(here, at, len(found)))
    return render("problems", listed=rows, here=without(here, "at"), pager=pager)
