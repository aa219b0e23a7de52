"""Two texts side by side in one: which words went and which came."""

import re
from collections import Counter
from difflib import SequenceMatcher

from journey.studio import safe

LONGEST = 60_000  # words and signs of two texts
MOST_PAIRS = 500_000  # equal words of both: of texts that go round in loops there are more, and no end of looking
POPULAR = 200  # of a text with as many words, a word that is over a hundredth of them is passed over (difflib)
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


def diff_html(old: str, new: str) -> str:
    """The newer text with removed words struck out (`<del>`) and new ones marked (`<ins>`), word by word.

    Where looking for what they share would take too long, the newer text comes as it is.
    """
    pieces = _pieces(old, new)
    return safe.html(new) if pieces is None else "".join(two if one == two else one + two for one, two in pieces)


def sides_html(old: str, new: str) -> tuple[str, str]:
    """Both texts, the first with the words marked that the second lacks (`<del>`), the second with its own (`<ins>`).

    They come as they are where looking for what they share would take too long.
    """
    pieces = _pieces(old, new)
    if pieces is None:
        return safe.html(old), safe.html(new)
    return "".join(one for one, _ in pieces), "".join(two for _, two in pieces)


def _pieces(old: str, new: str) -> list[tuple[str, str]] | None:
    """Both texts as HTML piece by piece, what differs between marks; null where looking would take too long."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    if _is_too_much(before, after):
        return None
    pieces: list[tuple[str, str]] = []
    for what, a, b, c, d in _changes(before, after):
        one, two = (safe.html("".join(words), math=False) for words in (before[a:b], after[c:d]))
        if what != "equal":
            one, two = one and f"<del>{one}</del>", two and f"<ins>{two}</ins>"
        pieces.append((one, two))
    return pieces


def _is_too_much(before: list[str], after: list[str]) -> bool:
    if len(before) + len(after) > LONGEST:
        return True
    one, other = Counter(before), Counter(after)
    popular = len(after) // 100 + 1 if _passes_over(before, after) and len(after) >= POPULAR else len(after)
    return sum(n * other[word] for word, n in one.items() if other[word] <= popular) > MOST_PAIRS


def _passes_over(before: list[str], after: list[str]) -> bool:
    return len(before) + len(after) > 4000


def _changes(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Where words are equal and where not; a gap of blanks between two changes counts as changed."""
    found = SequenceMatcher(None, before, after, autojunk=_passes_over(before, after)).get_opcodes()
    joined: list[tuple[str, int, int, int, int]] = []
    for number, (what, a, b, c, d) in enumerate(found):
        is_gap = what == "equal" and not "".join(before[a:b]).strip() and 0 < number < len(found) - 1
        kind = "equal" if what == "equal" and not is_gap else "change"
        if kind == "change" and joined and joined[-1][0] == "change":
            _, start, _, begin, _ = joined[-1]
            joined[-1] = (kind, start, b, begin, d)
        else:
            joined.append((kind, a, b, c, d))
    return joined
