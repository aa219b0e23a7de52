"""What comparing models and comparing thoughts share: who is first and second in the address, and lists of problems."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from journey.studio import safe
from journey.studio.compare_sides import Side, Thoughts
from journey.studio.head import level_text
from journey.studio.place import link, without
from journey.studio.reading import PAGE, Lists

Where = Mapping[str, str]
S = TypeVar("S", Side, Thoughts)
FIRST, SECOND = ("run", "model", "decoding"), ("run2", "model2", "decoding2")
FEW = "There is only one here. Open more runs side by side with journey view RUN RUN, or let another model try them."


def chosen(found: Sequence[S], key: Sequence[str]) -> S | None:
    """The side of that key, null where there is none."""
    return next((side for side in found if side.key == key), None)


def key_of(here: Where, names: Sequence[str]) -> tuple[str, ...]:
    """The key that an address gives under these names."""
    return tuple(here.get(name, "") for name in names)


def named(here: Where, base: Side | Thoughts, other: Side | Thoughts) -> dict[str, str]:
    """The address with both sides in it."""
    rest = without(here, *FIRST, *SECOND, "at")
    return rest | dict(zip(FIRST, base.key, strict=False)) | dict(zip(SECOND, other.key, strict=False))


def side_html(side: Side | Thoughts) -> str:
    """A side in a title."""
    name = side.arm if isinstance(side, Side) else side.method
    way = f", {safe.html(side.decoding)}" if isinstance(side, Side) else ""
    return f'{safe.html(name)} <span class="quiet">{safe.html(side.run)}{way}</span>'


def at_of(where: Where) -> dict[str, str]:
    """The page of the list that the address asks for."""
    return {"at": where["at"]} if "at" in where else {}


def number_of(text: str | None) -> int:
    """The number, 0 where it is none."""
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


def problems_html(lists: Lists, found: Sequence[tuple[str, int]], here: dict[str, str], has_seeds: bool) -> str:
    """One page of problems as links to both texts."""
    if not found:
        return '<p class="empty">None.</p>'
    at = min(number_of(here.get("at")), (len(found) - 1) // PAGE)
    few = found[at * PAGE : (at + 1) * PAGE]
    ids = sorted({id for id, _ in few})
    query = f"SELECT id, question, level, subject FROM problems WHERE id IN ({', '.join('?' * len(ids))})"
    known = {row["id"]: row for row in lists.figure(query, ids)}
    rows: list[str] = []
    for id, seed in few:
        row = known.get(id)
        question = safe.html(safe.line(str(row["question"]), 400)) if row else safe.html(id)
        facts = (
            [safe.html(range_text) for range_text in (level_text(row["level"]), row["subject"]) if range_text]
            if row
            else []
        )
        facts += [f"seed {seed}"] if has_seeds else []
        inside = f'<span class="what">{question}</span><span class="facts">{" · ".join(facts)}</span>'
        where = {**without(here, "at"), "problem": id} | ({"seed": str(seed)} if has_seeds else {})
        rows.append(link(inside, "row pair", **where))
    return f'<div class="rows">{"".join(rows)}</div>{_pager(here, at, len(found))}'


def _pager(here: dict[str, str], at: int, total: int) -> str:
    rest = without(here, "at")
    before = link("earlier", **rest, at=at - 1) if at else ""
    after = link("later", **rest, at=at + 1) if (at + 1) * PAGE < total else ""
    range_text = f"{at * PAGE + 1:,} to {min(total, (at + 1) * PAGE):,} of {total:,}"
    return f'<div class="pager"><span>{range_text}</span>{before}{after}</div>'
