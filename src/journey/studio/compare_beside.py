"""One problem as two models tried it, or as two thoughts tell it: both texts side by side, word by word."""

from collections.abc import Mapping
from pathlib import Path

from journey.studio import safe
from journey.studio.compare_sides import Side, Thoughts, thoughts_of
from journey.studio.diff import sides_html
from journey.studio.head import facts_line
from journey.studio.item_pages import outcome
from journey.studio.place import link, without
from journey.studio.problem_head import mark_html, problem_html
from journey.studio.reading import Lists, lists_of
from journey.studio.records import attempt_of, problem_of, thought_of
from journey.studio.thought_html import thought_html
from journey.types import Attempt, Thought

Where = Mapping[str, str]
WRITTEN = "text"
SAME = '<p class="quiet made">Both texts are the same.</p>'
_ATTEMPT = (
    "SELECT id FROM attempts"
    " WHERE problem = ? AND model = ? AND decoding = ? AND sample = 0 AND coalesce(split, '') = ?"
)


def attempts_beside(
    runs: Mapping[str, Path], lists: Mapping[str, Lists], base: Side, other: Side, part: str, here: dict[str, str],
    where: Where,
) -> str:  # fmt: skip
    """The first attempts of both at the problem that the address names, in the seed that it names."""
    id, seed = where.get("problem", ""), where.get("seed", "")
    one, two = (_attempt(runs, lists, side, id, seed, part) for side in (base, other))
    shows_text = where.get("as") == WRITTEN
    texts = _texts(one.text if one else "", two.text if two else "", shows_text or one is None or two is None)
    panels = [
        _panel(side, _attempt_head(side, attempt), text, attempt is not None)
        for side, attempt, text in zip((base, other), (one, two), texts, strict=True)
    ]
    is_same = one is not None and two is not None and one.text == two.text
    return _beside(runs, base, id, panels, here, where, {"seed": seed} if seed else {}) + (SAME if is_same else "")


def thoughts_beside(
    runs: Mapping[str, Path], base: Thoughts, other: Thoughts, here: dict[str, str], where: Where
) -> str:
    """The first thoughts of both about the problem that the address names."""
    id = where.get("problem", "")
    one, two = (_thought(runs[side.run], side.method, id) for side in (base, other))
    if where.get("as") == WRITTEN or one is None or two is None:
        texts = tuple(thought_html(t) if t else "" for t in (one, two))
    else:
        texts = sides_html(one.text, two.text)
    panels = [
        _panel(side, _thought_head(side, thought), text, thought is not None)
        for side, thought, text in zip((base, other), (one, two), texts, strict=True)
    ]
    is_same = one is not None and two is not None and one.text == two.text
    return _beside(runs, base, id, panels, here, where, {}) + (SAME if is_same else "")


def _texts(one: str, two: str, plain: bool) -> tuple[str, str]:
    return (safe.html(one), safe.html(two)) if plain else sides_html(one, two)


def _beside(
    runs: Mapping[str, Path], base: Side | Thoughts, id: str, panels: list[str], here: dict[str, str], where: Where,
    seed: dict[str, str],
) -> str:  # fmt: skip
    place = {**here, "problem": id, **seed}
    is_text = where.get("as") == WRITTEN
    tabs = (
        link("back to the list", "", **without(here, "at"))
        + link("word by word", "" if is_text else "here", **place)
        + link("as written", "here" if is_text else "", **{**place, "as": WRITTEN})
    )
    head = problem_html(problem_of(runs[base.run], id), id, "")
    return f'{head}<div class="tabs compare">{tabs}</div><div class="beside">{"".join(panels)}</div>'


def _panel(side: Side | Thoughts, head: str, text: str, is_there: bool) -> str:
    name = side.arm if isinstance(side, Side) else side.method
    said = f'<div class="panel thought whole">{text}</div>' if is_there else '<p class="empty">Nothing here.</p>'
    return f'<div><h3>{safe.html(name)} <span class="quiet">{safe.html(side.run)}</span></h3>{head}{said}</div>'


def _attempt_head(side: Side, attempt: Attempt | None) -> str:
    if attempt is None:
        return ""
    answer = "" if attempt.answer is None else f"<span>answer {safe.answer(safe.line(attempt.answer, 120))}</span>"
    facts = facts_line({"": attempt.error, " ": f"{attempt.tokens:,} tokens", "ended by": attempt.finish})
    more = link("open", page="attempt", run=side.run, id=attempt.id)
    return f'<p class="legend">{mark_html(outcome(attempt))}{answer}<span>{facts}</span>{more}</p>'


def _thought_head(side: Thoughts, thought: Thought | None) -> str:
    if thought is None:
        return ""
    where = {"page": "tree", "id": thought.tree, "thought": thought.id} if thought.tree else {
        "page": "thought", "id": thought.id}  # fmt: skip
    facts = facts_line({"": f"{len(thought.text):,} letters", "refined by": thought.refined_by})
    return f'<p class="legend"><span>{facts}</span>{link("open", run=side.run, **where)}</p>'


def _attempt(
    runs: Mapping[str, Path], lists: Mapping[str, Lists], side: Side, problem: str, seed: str, part: str
) -> Attempt | None:
    number = int(seed) if seed.isdecimal() and len(seed) < 9 else next(iter(side.models))
    model = side.models.get(number) or next(iter(side.models.values()))
    rows = lists[side.run].figure(_ATTEMPT, (problem, model, side.decoding, part))
    return attempt_of(runs[side.run], rows[0]["id"]) if rows else None


def _thought(path: Path, method: str, problem: str) -> Thought | None:
    id = thoughts_of(lists_of(path), method, problem).get(problem)
    return thought_of(path, id) if id else None
