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
    before, after = _WORD.findall(old), _WORD.findall(new)
    if _is_too_much(before, after):
        return safe.html(new)
    parts: list[str] = []
    for what, a, b, c, d in _pieces(before, after):
        if what == "equal":
            parts.append(safe.html("".join(after[c:d]), math=False))
            continue
        if a < b:
            parts.append(f"<del>{safe.html(''.join(before[a:b]), math=False)}</del>")
        if c < d:
            parts.append(f"<ins>{safe.html(''.join(after[c:d]), math=False)}</ins>")
    return "".join(parts)


def sides_html(old: str, new: str) -> tuple[str, str]:
    """Both texts, the first with the words marked that the second lacks (`<del>`), the second with its own (`<ins>`).

    They come as they are where looking for what they share would take too long.
    """
    before, after = _WORD.findall(old), _WORD.findall(new)
    if _is_too_much(before, after):
        return safe.html(old), safe.html(new)
    left: list[str] = []
    right: list[str] = []
    for what, a, b, c, d in _pieces(before, after):
        one, other = (safe.html("".join(words), math=False) for words in (before[a:b], after[c:d]))
        left.append(one if what == "equal" or not one else f"<del>{one}</del>")
        right.append(other if what == "equal" or not other else f"<ins>{other}</ins>")
    return "".join(left), "".join(right)


def _is_too_much(before: list[str], after: list[str]) -> bool:
    if len(before) + len(after) > LONGEST:
        return True
    one, other = Counter(before), Counter(after)
    popular = len(after) // 100 + 1 if _passes_over(before, after) and len(after) >= POPULAR else len(after)
    return sum(n * other[word] for word, n in one.items() if other[word] <= popular) > MOST_PAIRS


def _passes_over(before: list[str], after: list[str]) -> bool:
    return len(before) + len(after) > 4000


def _pieces(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Where words are equal and where not; a gap of blanks between two changes counts as changed, for limit_threads."""
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
