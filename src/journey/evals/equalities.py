"""Arithmetic that a text states: equalities between plain numbers, found in prose or LaTeX and checked exactly.

Nothing is run as code. What cannot be read in one way only (letters, roots, units in between, mixed numbers, quotients
cut to whole numbers, remainders, questions, approximations, what is denied at once) is no equality here. Every line is
read once, so the time is linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import NamedTuple

from journey.answers.formula import parse
from journey.answers.values import exact

_WINDOW = 200  # characters that are read on either side of a sign
_ROUNDED = Fraction(1, 1000)  # relative: results of operands that were rounded themselves


class Equality(NamedTuple):
    """A stated equality: both sides as they are read, and their values' agreement."""

    left: str
    right: str
    holds: bool


@dataclass(frozen=True, slots=True)
class _Value:
    value: Fraction
    is_bare: bool  # a number alone
    places: int  # the most decimal places of its numbers


def equalities(text: str) -> Iterator[Equality]:
    """The stated equalities of a text in order; of a chain a = b = c each neighbouring pair.

    One side at least is an expression: "12 = 12" states nothing. A side with decimals may be rounded or cut in its
    last place; where operands are decimals themselves, the result may be off by a thousandth.
    """
    for line in text.splitlines():
        if "=" in line and not _MODULO.search(line):
            for part in _plain(line).split("\n"):
                yield from _in_line(part)


def _in_line(line: str) -> Iterator[Equality]:
    bare = _BULLET.sub("", line)
    has_bullet = len(bare) < len(line)
    pieces = bare.split("=")
    for place, (before, after) in enumerate(pairwise(pieces)):
        if not before or before[-1] in "<>!:~≡≠≤≥" or not after or after[0] == ">":
            continue
        left, right = _left(before, first=place == 0), _right(after)
        if left is None or right is None or (left[0].is_bare and right[0].is_bare):
            continue
        holds = _agree(left[0], right[0])
        if not holds and (_is_cut(left[0], right[0]) or _DENIED.match(after[len(right[1]) :][:_WINDOW])):
            continue
        if holds or not (has_bullet and place == 0):  # a bullet may have been a minus sign
            yield Equality(left[1], right[1], holds)


def _agree(left: _Value, right: _Value) -> bool:
    apart = abs(left.value - right.value)
    for one, other in ((left, right), (right, left)):
        if one.is_bare and one.places and apart < Fraction(1, 10**one.places):
            return True
        if not one.is_bare and one.places and apart <= abs(other.value) * _ROUNDED:
            return True
    return apart == 0


def _is_cut(left: _Value, right: _Value) -> bool:
    """Whether the right is the left's whole part, as in long division: 17/5 = 3, the remainder told elsewhere."""
    return right.is_bare and not right.places and left.value.denominator > 1 and floor(left.value) == right.value


# --- LaTeX and typography as plain signs ------------------------------------------------------------------------------

_SIGNS = str.maketrans(
    {"×": "*", "·": "*", "∗": "*", "÷": "/", "−": "-", "–": "-", "²": "^2", "³": "^3", "[": "(", "]": ")"}
)  # fmt: skip
_COMMANDS = (
    (re.compile(r"\\\\"), "\n"),
    (re.compile(r"\\[,;:! ]|\\(?:left|right|displaystyle|bigl?|bigr)(?![A-Za-z])|\^\{?\\circ\}?|°|&"), ""),
    (re.compile(r"(?<=[\d)])\*\*(?=[\d(])"), "^"),
    (re.compile(r"\\?\$|\*\*|\\[()\[\]]"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"(?<=\d) x (?=\d)|(?<=\d)x(?=\d)"), "*"),
    (re.compile(r"(?<=\d)\s?(?=\\[dt]?frac)"), "_"),  # a mixed number, or a product: nobody knows
    (re.compile(r"\\[dt]?frac\s?(\d)\s?(\d)(?!\d)"), r"(\1/\2)"),
)
_BRACES = (
    (re.compile(r"\\[dt]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}"), r"((\1)/(\2))"),
    (re.compile(r"\^\{([^{}]*)\}"), r"^(\1)"),
)
_BULLET = re.compile(r"^\s*[-*•>]\s+")
_MODULO = re.compile(r"mod(?![a-z]{2})|modulo|≡|\\equiv|remainder|\bbase\b", re.IGNORECASE)
_DENIED = re.compile(
    r"[^.;\n]{0,60}?(?:\bnot\b|n't\b|\bfalse\b|\bwrong\b|\bincorrect\b|\bimpossible\b|\?|≠|\\neq)", re.IGNORECASE
)


def _plain(line: str) -> str:
    for pattern, plain in _COMMANDS:
        line = pattern.sub(plain, line)
    if "{" in line:
        for _ in range(2):  # fractions within fractions are read two deep
            for pattern, plain in _BRACES:
                line = pattern.sub(plain, line)
    return line.translate(_SIGNS)


# --- where a side begins and ends -------------------------------------------------------------------------------------

_RUN = "0123456789+-*/^().,! \t"
_BREAK = re.compile(r"[.,]\s|(?<![\d)])!\s")
_WORD_BEFORE = re.compile(r"([A-Za-z]*)\s*$")
_JOINING = re.compile(
    r"choose|mod|modulo|base|and|or|of|by|with|between|from|over|times|plus|minus|divided|multiplied|log|ln|lg|sin|cos|tan"
    r"|cot|sec|csc|sqrt|root|power|squared|cubed|remainder|gcd|lcm|max|min|than|to|per|pi|floor|ceil",
    re.IGNORECASE,
)
_GOING_ON = re.compile("and|or|of|with|by|from|to|than|per", re.IGNORECASE)  # after a result the sentence goes on
_NOT_AFTER = re.compile(
    r"\s*(?:[?%_'^*/+{|\d]|-(?=\s?[\w\\(])|\.\.|…|,\d|:\d|!|\(mod|[A-Za-z](?![A-Za-z])"
    r"|\\(?!(?:text|quad|qquad|implies|Rightarrow|rightarrow|to|therefore|tag|end|mathrm|textbf|,|;)(?![a-z])))"
)
_WORD_AFTER = re.compile(r"\s*([A-Za-z]+)")


def _joins(word: str) -> bool:
    return _JOINING.fullmatch(word) is not None and _GOING_ON.fullmatch(word) is None


def _left(piece: str, *, first: bool) -> tuple[_Value, str] | None:
    window = piece[-_WINDOW:]
    before = window.rstrip(_RUN)
    run = window[len(before) :]
    clean = not before and len(window) == len(piece)
    for cut in _BREAK.finditer(run):
        run, clean = window[len(before) + cut.end() :], True
    run, opened = _unclosed(run)
    if opened is not None:
        clean = clean if opened == " " else False
        if opened.isalnum() or opened == ")":
            return None
    text = run.strip()
    if not text or text[0] not in "0123456789(.-":
        return None
    if not clean and (text[0] == "-" or not _fits_before(before, run)):
        return None
    found = _read(text, whole=True)
    if found is None or (found[0].is_bare and not clean):
        return None
    return found[0], text


def _unclosed(run: str) -> tuple[str, str | None]:
    """The run after its last bracket without a partner in it; where that one opens, what stands before it."""
    start, opened = 0, None
    open_at: list[int] = []
    for place, char in enumerate(run):
        if char == "(":
            open_at.append(place)
        elif char == ")":
            if open_at:
                open_at.pop()
            else:
                start, opened = place + 1, None
    if open_at:
        start = open_at[-1] + 1
        opened = run[open_at[-1] - 1] if open_at[-1] else " "
    return run[start:], opened


def _fits_before(before: str, run: str) -> bool:
    if not before or before[-1] in ':;"“(>|' or before[-1] in "?\n":
        return True
    word = _WORD_BEFORE.search(before[-30:])
    if word is None or len(word[1]) < 2 or not run[:1].isspace() or _JOINING.fullmatch(word[1]):
        return False
    return not before[: len(before) - len(word[0])].endswith("\\")


def _right(piece: str) -> tuple[_Value, str] | None:
    window = piece[:_WINDOW]
    found = _read(window, whole=False)
    if found is None:
        return None
    value, end = found
    rest = window[end:]
    if _NOT_AFTER.match(rest):
        return None
    word = _WORD_AFTER.match(rest)
    if word is not None and (word[0] == word[1] or _joins(word[1])):
        return None
    return value, window[:end].strip()


# --- the value of a side ----------------------------------------------------------------------------------------------

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"(\s*)({_NUMBER}|[-+*/^()!])")
_BARE = re.compile(rf"[\s(+-]*(?:{_NUMBER})[\s)]*")


def _read(text: str, *, whole: bool) -> tuple[_Value, int] | None:
    """The value of the expression that the text is (`whole`) or begins with, and where that ends."""
    end = _end(text)
    if end is None or (whole and text[end:].strip()):
        return None
    expression = text[:end]
    formula = parse(expression.strip())
    if formula is None or len(formula.trees) != 1 or (value := exact(formula.trees[0])) is None:
        return None
    places = max((len(decimals) for decimals in re.findall(r"\.(\d+)", expression)), default=0)
    return _Value(value, _BARE.fullmatch(expression) is not None, places), end


def _end(text: str) -> int | None:
    """Where the expression ends that a text begins with; null where none does, or nobody knows how it is read."""
    at = depth = 0
    is_whole = False  # an expression may end here
    while token := _TOKEN.match(text, at):
        spaced, sign = token.groups()
        if sign[0] in ".0123456789":
            if is_whole:
                return None  # 2 3, or the mixed number 2 1/3
            is_whole = True
        elif sign in "(!":
            if is_whole and spaced:
                break
            if sign == "!" and (not is_whole or text[token.end() : token.end() + 1] == "!"):
                return None
            depth += sign == "("
            is_whole = sign == "!"
        elif sign == ")":
            if not (is_whole and depth):
                break
            depth -= 1
        else:
            is_whole = False
        at = token.end()
    return at if is_whole and not depth else None
