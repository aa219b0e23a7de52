"""How the texts of two sides read, side by side: lengths, key words, frequent phrases (Journey part 1, Table 3)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from journey.evals.words import Reading, read
from journey.studio import safe
from journey.studio.compare_sides import Side, Thoughts
from journey.studio.reading import Lists, lists_of
from journey.studio.records import run_at, uid_of

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
    heads = "".join(
        f'<th class=n>{safe.html(side.name)} <span class="quiet">{safe.html(side.run)}</span></th>'
        for side in (base, other)
    )
    rows = [_row(label, [form(r) for r in readings]) for label, form in _LENGTHS.items()]
    rates = [{word: rate for word, (_, rate) in r.key_words.items()} for r in readings]
    words = sorted(set(rates[0]) | set(rates[1]), key=lambda w: (-max(r.get(w, 0.0) for r in rates), w))[:WORDS]
    rows.append('<tr><td colspan="3"><h4>Key words in 1,000 tokens</h4></td></tr>')
    rows += [_row(f"“{safe.html(word)}”", [f"{r.get(word, 0.0):.1f}" for r in rates]) for word in words]
    rows.append('<tr><td colspan="3"><h4>Most frequent phrases</h4></td></tr>')
    for length in (2, 3, 4):
        cells = ["<br>".join(f"{safe.html(text, math=False)} {n:,}" for text, n in r.phrases.get(length, ()))
                 for r in readings]  # fmt: skip
        rows.append(_row(f"of {length} words", cells))
    note = f"Of at most {TEXTS} texts each. Tokens by rule: each word, digit and sign is one."
    return (
        f'<table class="compare words"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f'<p class="quiet made">{note}</p>'
    )


_LENGTHS = {
    "texts": lambda r: f"{r.texts:,}",
    "tokens a text": lambda r: f"{r.tokens:,.0f}",
    "words a text": lambda r: f"{r.words:,.0f}",
    "lines a text": lambda r: f"{r.lines:,.1f}",
    "words a line": lambda r: "" if r.words_a_line is None else f"{r.words_a_line:.1f}",
}


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


def _row(label: str, cells: Sequence[str]) -> str:
    return f"<tr><td>{label}</td>{''.join(f'<td class=n>{cell}</td>' for cell in cells)}</tr>"
