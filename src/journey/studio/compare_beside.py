"""One problem as two models tried it, or as two thoughts show it: both texts side by side, word by word."""

from collections.abc import Mapping
from pathlib import Path

from journey.studio import safe
from journey.studio.compare_sides import Side, Thoughts, thoughts_of
from journey.studio.diff import sides_html
from journey.studio.fragments import attempt_outcome, facts_line, mark_html, problem_html, thought_html, thought_place
from journey.studio.place import link, number_of, tabs_html, without
from journey.studio.reading import lists_of
from journey.studio.records import run_at
from journey.types import Attempt, Thought

WAYS = {"words": "word by word", "text": "as written"}
_ATTEMPT = (
    "SELECT id FROM attempts"
    " WHERE problem = ? AND model = ? AND decoding = ? AND sample = 0 AND coalesce(split, '') = ?"
)


def beside_html(
    runs: Mapping[str, Path], base: Side | Thoughts, other: Side | Thoughts, here: dict[str, str],
    where: Mapping[str, str],
) -> str:  # fmt: skip
    """The first attempts (in the seed that the address names), or thoughts, of both about the problem that it names."""
    id, seed = where.get("problem", ""), where.get("seed", "")
    one, two = (
        _thought(runs[side.run], side, id)
        if isinstance(side, Thoughts)
        else _attempt(runs[side.run], side, id, seed, here["part"])
        for side in (base, other)
    )
    way = "text" if where.get("as") == "text" else "words"
    texts = _written(one), _written(two)
    if one is not None and two is not None and way == "words":
        texts = sides_html(one.text, two.text)
    panels = _panel(base, one, texts[0]) + _panel(other, two, texts[1])
    place = {**here, "problem": id} | ({"seed": seed} if seed else {})
    back = link("back to the list", "", **without(here, "at"))
    is_same = one is not None and two is not None and one.text == two.text
    return (
        f"{problem_html(run_at(runs[base.run]).problem(id), id, '')}{tabs_html(WAYS, way, 'as', place, back)}"
        f'<div class="beside">{panels}</div>'
        + ('<p class="quiet made">Both texts are the same.</p>' if is_same else "")
    )


def _written(found: Attempt | Thought | None) -> str:
    return thought_html(found) if isinstance(found, Thought) else safe.html(found.text) if found else ""


def _panel(side: Side | Thoughts, found: Attempt | Thought | None, text: str) -> str:
    title = f'<h3>{safe.html(side.name)} <span class="quiet">{safe.html(side.run)}</span></h3>'
    if found is None:
        return f'<div>{title}<p class="empty">Nothing here.</p></div>'
    if isinstance(found, Thought):
        facts = facts_line({"": f"{len(found.text):,} letters", "refined by": found.refined_by})
        before, place = "", thought_place(found.id, found.tree)
    else:
        answer = "" if found.answer is None else f"<span>answer {safe.answer(safe.line(found.answer, 120))}</span>"
        facts = facts_line({"": found.error, " ": f"{found.tokens:,} tokens", "ended by": found.finish})
        before, place = mark_html(attempt_outcome(found)) + answer, {"page": "attempt", "id": found.id}
    more = link("open", run=side.run, **place)
    head = f'<p class="legend">{before}<span>{facts}</span>{more}</p>'
    return f'<div>{title}{head}<div class="panel thought whole">{text}</div></div>'


def _attempt(path: Path, side: Side, problem: str, seed: str, part: str) -> Attempt | None:
    model = side.models.get(number_of(seed) or 0) or next(iter(side.models.values()))
    rows = lists_of(path).figure(_ATTEMPT, (problem, model, side.decoding, part))
    return run_at(path).attempt(rows[0]["id"]) if rows else None


def _thought(path: Path, side: Thoughts, problem: str) -> Thought | None:
    id = thoughts_of(lists_of(path), side.name, problem).get(problem)
    return run_at(path).thought(id) if id else None
