"""How the texts of two sides read, side by side: lengths, key words, frequent phrases (Journey part 1, Table 3)."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from journey.evals.words import Reading, read
from journey.studio.compare_sides import Side, Thoughts
from journey.studio.reading import Lists, lists_of
from journey.studio.records import run_at, uid_of
from journey.studio.templates import render

TEXTS = 300  # of a side that are read: the first by the ids of their problems
WORDS, PHRASES = 14, 5
_ATTEMPTS = (
    "SELECT id FROM attempts WHERE model = ? AND decoding = ? AND sample = 0 AND coalesce(split, '') = ?"
    " ORDER BY problem LIMIT ?"
)
_THOUGHTS = "SELECT id FROM thoughts WHERE method = ? ORDER BY problem, id LIMIT ?"


def words_html(runs: Mapping[str, Path], base: Side | Thoughts, other: Side | Thoughts, part: str) -> str:
    """The table of both."""
    paths = [runs[side.run] for side in (base, other)]
    readings = [
        _read(path, uid_of(path), ids_of(lists_of(path), side, part))
        for path, side in zip(paths, (base, other), strict=True)
    ]
    rates = [{word: rate for word, (_, rate) in r.key_words.items()} for r in readings]
    words = sorted(set(rates[0]) | set(rates[1]), key=lambda w: (-max(r.get(w, 0.0) for r in rates), w))[:WORDS]
    by_word = {word: [r.get(word, 0.0) for r in rates] for word in words}
    return render("words", sides=(base, other), readings=readings, words=words, rates=by_word, most=TEXTS)


def ids_of(lists: Lists, side: Side | Thoughts, part: str) -> tuple[str, ...]:
    """The ids of the texts that are read; of an arm with several seeds an equal share of each."""
    if isinstance(side, Thoughts):
        return tuple(row["id"] for row in lists.figure(_THOUGHTS, (side.name, TEXTS)))
    each = max(1, TEXTS // len(side.models))
    models = sorted(side.models.values())
    return tuple(row["id"] for model in models for row in lists.figure(_ATTEMPTS, (model, side.decoding, part, each)))


@lru_cache(maxsize=32)
def _read(path: Path, uid: str, ids: tuple[str, ...]) -> Reading:
    run = run_at(path)
    found = [run.attempt(id) or run.thought(id) for id in ids]
    return read([one.text for one in found if one is not None], "", top=PHRASES)
