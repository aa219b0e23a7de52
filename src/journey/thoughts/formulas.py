r"""The numbers and formulas of a text, as they are compared with those of another.

How writing is compared: spaces, dollars, \( \), \left, \right and thin spaces do not count, nor do the commas of
thousands (1,000 and 1000.0 are one number); \dfrac and \tfrac are \frac, and \cdot, \times and * are one sign. Nothing
is calculated: \frac{1}{2}, 1/2 and 0.5 are three things.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from journey.thoughts.numbers import NUMBER, plain, undecorated

_SETTING = re.compile(r"\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;:! ]|\\\$|\*\*|~")
_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_ONE_SIGN = {
    r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\cdot": "*", r"\times": "*", "×": "*", "·": "*", r"\div": "÷",
    r"\leq": r"\le", "≤": r"\le", r"\geq": r"\ge", "≥": r"\ge", r"\neq": r"\ne", "≠": r"\ne", r"\lt": "<", r"\gt": ">",
}  # fmt: skip
_TOKEN = re.compile(rf"\\[()\[\]]|\\[A-Za-z]+|\\.|{NUMBER}|[^\W\d_]+|\S", re.DOTALL)
_DELIMITERS = frozenset(("$", r"\(", r"\)", r"\[", r"\]"))
_SIGNS = frozenset("+-*/^=<>|!%_÷")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BINDS_BEFORE = frozenset("^_/-")
_BINDS_AFTER = frozenset("^_/!%")


class Token(NamedTuple):
    """A number (in one way of writing, with its sign), command, word or sign; `spaced`: there is a space before it.

    `begins` is true where a line or a formula's mark begins or ends right before it.
    """

    text: str
    spaced: bool
    begins: bool


def tokens(text: str) -> list[Token]:
    """A text as tokens, without what only sets it."""
    text = _SETTING.sub(" ", undecorated(text.replace("−", "-")))
    text = _SCRIPT.sub(r"\1\2", text)
    found: list[Token] = []
    begins, end = True, 0
    for match in _TOKEN.finditer(text):
        token, gap = match[0], text[end : match.start()]
        begins, end = begins or "\n" in gap, match.end()
        if token in _DELIMITERS:
            begins = True
            continue
        token = _ONE_SIGN.get(token, token)
        if token[-1].isdecimal() and token.isascii():
            token = plain(token.removeprefix("\\"))
            if found and _is_minus(found, gap):
                sign = found.pop()
                found.append(Token(f"-{token}", sign.spaced, sign.begins))
                begins = False
                continue
        found.append(Token(token, bool(gap), begins))
        begins = False
    return found


def _is_minus(found: Sequence[Token], gap: str) -> bool:
    """Whether the last token is the sign of the number that follows it: no space between, and no operand before."""
    if found[-1].text != "-" or gap:
        return False
    before = found[-2].text if len(found) > 1 and not found[-1].begins else ""
    return not (before[-1:].isalnum() or before in (")", "]", "}"))


def numbers_of(given: Sequence[Token]) -> list[str]:
    """The numbers among the tokens."""
    return [token.text for token in given if _is_number(token.text)]


def _is_number(text: str) -> bool:
    return text[-1].isdecimal() and text.isascii() and not text.startswith("\\")


class Formula(NamedTuple):
    """The tokens of a formula and those right before and after it, "" where it begins or ends the text."""

    tokens: tuple[str, ...]
    before: str
    after: str


def formulas(given: Sequence[Token]) -> list[Formula]:
    """The runs of numbers, letters, commands and signs that say more than one number or letter does."""
    found: list[Formula] = []
    start = 0
    for place in range(len(given) + 1):
        if place == len(given) or _ends_run(given[place]) or given[place].begins:
            first, last = _trimmed(given, start, place)
            run = tuple(token.text for token in given[first:last])
            if len(run) > 1 and any(_is_number(t) or t.isalpha() for t in run):
                found.append(Formula(run, *_around(given, first, last)))
            start = place if place < len(given) and not _ends_run(given[place]) else place + 1
    return found


def _ends_run(token: Token) -> bool:
    text = token.text
    is_part = len(text) == 1 and text.isalpha() and text.isascii()
    return not (is_part or _is_number(text) or text[0] == "\\" or text in _SIGNS or text in "()[]{}")


def _trimmed(given: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """A run without signs that hang over, brackets that do not pair, and the words "a" and "I" of the sentence."""
    while start < end:
        first, last = given[start].text, given[end - 1].text
        inner = [token.text for token in given[start:end]]
        parted = start + 1 == end or given[start + 1].spaced
        if (
            (first in _SIGNS and first not in "|-")
            or (first in "-|aAI" and parted)
            or _is_unpaired(inner, opening=True)
        ):
            start += 1
        elif last in "+-*/^=<>_÷" or (last in "aAI|" and given[end - 1].spaced) or _is_unpaired(inner, opening=False):
            end -= 1
        else:
            break
    return start, end


def _is_unpaired(run: Sequence[str], *, opening: bool) -> bool:
    """Whether the first (else the last) token of the run is a bracket whose partner is not in it."""
    edge = run[0] if opening else run[-1]
    left, right = (edge, {v: k for k, v in _PAIRS.items()}.get(edge)) if opening else (_PAIRS.get(edge), edge)
    if left is None or right is None:
        return edge in "()[]{}"
    depth = 0
    for token in run if opening else reversed(run):
        depth += (token == left) - (token == right)
        if depth == 0:
            return False
    return True


def _around(given: Sequence[Token], first: int, last: int) -> tuple[str, str]:
    # A bullet's dash is apart from what follows it; a sign is not.
    before = given[first - 1].text if first > 0 and not given[first].spaced else ""
    return before, given[last].text if last < len(given) else ""


def missing(wanted: Sequence[Formula], left: Sequence[Token]) -> list[str]:
    """The formulas that are not in the tokens, each use of one counted, the longest looked for first."""
    texts: list[str | None] = [token.text for token in left]
    lost: list[str] = []
    for formula in sorted(wanted, key=lambda formula: -len(formula.tokens)):
        place = next((i for i in range(len(texts)) if _stands(formula, texts, left, i)), None)
        if place is None:
            lost.append(" ".join(formula.tokens))
        else:
            size = len(formula.tokens)
            texts[place : place + size] = [None] * size
    return lost


def _stands(formula: Formula, texts: Sequence[str | None], left: Sequence[Token], place: int) -> bool:
    end = place + len(formula.tokens)
    if tuple(texts[place:end]) != formula.tokens:
        return False
    before, after = _around(left, place, end)
    return (before not in _BINDS_BEFORE or before == formula.before) and (
        after not in _BINDS_AFTER or after == formula.after
    )
