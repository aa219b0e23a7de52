"""One problem as two models tried it, or as two thoughts show it: both texts side by side, word by word."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from journey.studio.compare_sides import Side, Thoughts, thoughts_of
from journey.studio.diff import sides_html
from journey.studio.place import link, number_of, tabs_html, without
from journey.studio.reading import lists_of
from journey.studio.records import run_at
from journey.studio.templates import html, render
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
    texts: tuple[Markup | None, ...] = (None, None)
    if one is not None and two is not None and way == "words":
        texts = tuple(map(html, sides_html(one.text, two.text)))
    place = {**here, "problem": id} | ({"seed": seed} if seed else {})
    back = link("back to the list", "", **without(here, "at"))
    return render(
        "beside", problem=run_at(runs[base.run]).problem(id), id=id, tabs=html(tabs_html(WAYS, way, "as", place, back)),
        sides=[(base, one, texts[0]), (other, two, texts[1])], are_thoughts=isinstance(base, Thoughts),
        is_same=one is not None and two is not None and one.text == two.text,
    )  # fmt: skip


def _attempt(path: Path, side: Side, problem: str, seed: str, part: str) -> Attempt | None:
    model = side.models.get(number_of(seed) or 0) or next(iter(side.models.values()))
    rows = lists_of(path).figure(_ATTEMPT, (problem, model, side.decoding, part))
    return run_at(path).attempt(rows[0]["id"]) if rows else None


def _thought(path: Path, side: Thoughts, problem: str) -> Thought | None:
    id = thoughts_of(lists_of(path), side.name, problem).get(problem)
    return run_at(path).thought(id) if id else None
