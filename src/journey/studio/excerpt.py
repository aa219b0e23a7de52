"""Where in a text the words stand that were searched for: the line around the first of them, the words marked."""

import re
from collections.abc import Sequence

from journey.studio import safe
from journey.studio.plain_line import plain_line

AROUND = 90  # letters before and after the word
LOOKED_AT = 200_000  # letters of a text
_TOKEN = re.compile(r"[^\W_]+")


def marked(text: str, words: Sequence[str]) -> str:
    """The text as HTML with its formulas, and the words marked outside them."""
    pattern = _pattern(words)
    if pattern is None:
        return safe.html(text)
    parts: list[str] = []
    at = 0
    for formula in safe.formulas(text):
        parts += [_marked(text[at : formula.start], pattern), safe.html(text[formula.start : formula.end])]
        at = formula.end
    return "".join([*parts, _marked(text[at:], pattern)])


def excerpt(text: str, words: Sequence[str]) -> str:
    """One line of HTML around the first place where one of the words stands; empty where none does.

    Formulas are written out plainly, for the line may begin or end within one.
    """
    pattern = _pattern(words)
    found = pattern.search(text, 0, LOOKED_AT) if pattern else None
    if pattern is None or found is None:
        return ""
    start, end = max(0, found.start() - AROUND), min(len(text), found.end() + AROUND)
    before, after = text[start : found.start()], text[found.end() : end]
    if start:  # not in the middle of a word
        before = "…" + before.partition(" ")[2]
    if end < len(text):
        after = after.rpartition(" ")[0] + "…"
    return _marked(plain_line(f"{before}{found[0]}{after}", 3 * AROUND), pattern)


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """The words as the index finds them: whole, whatever their case and what stands between those of a phrase."""
    phrases = [r"[\W_]+".join(map(re.escape, _TOKEN.findall(word[:200]))) for word in words]
    joined = "|".join(phrase for phrase in phrases if phrase)
    return re.compile(rf"(?<![^\W_])(?:{joined})(?![^\W_])", re.IGNORECASE) if joined else None


def _marked(text: str, pattern: re.Pattern[str]) -> str:
    parts: list[str] = []
    at = 0
    for found in pattern.finditer(text):
        parts += [safe.html(text[at : found.start()], math=False), "<mark>", safe.html(found[0], math=False), "</mark>"]
        at = found.end()
    return "".join([*parts, safe.html(text[at:], math=False)])
