"""Decide without sympy what is plain: answers that are the same in writing, and numbers that surely differ.

True is said only of the same text, the same exact rational number, or lists of such; False only of numbers, formulas,
words and lists that cannot be equal however one reads them. All else is null: ask math-verify. Nothing is run as code.
"""

import cmath
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

_LONGEST = 200
_DEEPEST = 20
# Formulas further apart than this, relatively, are different; closer ones math-verify must tell apart.
_APART = 1e-5

_SPACING = re.compile(
    r"\\(?:left|right)(?![a-zA-Z])|(?<!\\)\\[!,;: ]|~|(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])",
)
_WRAPPED = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|textrm)\{([^{}\\]*)\}")
_WHOLE = re.compile(r"([+-]?)([1-9]\d{0,2}(?:,\d{3})+|\d{1,30})(\.\d{1,30})?")
_FRACTION = re.compile(r"([+-]?)(?:\\frac\{([+-]?)(\d{1,30})\}\{(\d{1,30})\}|\\frac(\d)(\d)|(\d{1,30})/(\d{1,30}))")
_CHOICE = re.compile(r"\(([A-Z])\)|([A-Z])")
_CHOICE_TOLD = re.compile(r"\(([A-Z])\).+|([A-Z])[.:)] ?[^-+*/=^_].*", re.DOTALL)
_NAMED = re.compile(r"[A-Za-z]=")
_MATRIX = re.compile(r"\\begin\{[pbv]?matrix\}([^{}]*(?:\{[^{}]*\}[^{}]*)*)(?:\\\\)?\\end\{[pbv]?matrix\}")
_DEGREES = re.compile(r"\^(?:\\circ(?![a-zA-Z])|\{\\circ\})")
_WORDS = re.compile(r"[A-Za-z]{4,}(?:[ -][A-Za-z]+)*|[A-Z]{3,}")


def decide(gold: str, answer: str) -> bool | None:
    """Whether `answer` is the reference, where that is plain; null where it is not."""
    if len(gold) > _LONGEST or len(answer) > _LONGEST:
        return True if gold.strip() == answer.strip() else None
    left, right = plain(gold), plain(answer)
    if left == right:
        return True
    if (choice := _CHOICE.fullmatch(left)) and (told := _CHOICE.fullmatch(right) or _CHOICE_TOLD.fullmatch(right)):
        return True if (choice[1] or choice[2]) == (told[1] or told[2]) else _choices_differ(choice, told)
    if _WORDS.fullmatch(left) and _WORDS.fullmatch(right):
        return left.casefold() == right.casefold()
    if "=" in left + right:
        # "x=3" answers a question for x with 3; an equation for an equation is math-verify's.
        named = [_NAMED.sub("", text) for text in (left, right)]
        if ("=" in left and "=" in right) or "=" in "".join(named):
            return None
        return True if named[0] == named[1] else _several(*named)
    return _several(left, right)


def _several(left: str, right: str) -> bool | None:
    if (first := _MATRIX.fullmatch(left)) and (second := _MATRIX.fullmatch(right)):
        rows = [[row.split("&") for row in matrix[1].split(r"\\")] for matrix in (first, second)]
        shapes = [[len(row) for row in matrix] for matrix in rows]
        if shapes[0] != shapes[1]:
            return None if [1] in shapes else False  # one cell is rather a column whose breaks were lost
        cells = zip(chain(*rows[0]), chain(*rows[1]), strict=True)
        return _all([_item(a, b) for a, b in cells])
    return _lists(left, right) if "," in left or "," in right else _single(left, right)


def _all(said: list[bool | None]) -> bool | None:
    return False if False in said else True if all(said) else None


def plain(answer: str) -> str:
    r"""An answer without what only sets it: spaces, dollars, degree signs, sizes of brackets and fractions, \text."""
    text = answer.replace(r"\$", "").replace("$", "").replace("{,}", ",").replace("−", "-").strip()
    text = _DEGREES.sub("", _WRAPPED.sub(r"\1", _SPACING.sub("", text)))
    text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    return text.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac").strip().rstrip(".").strip()


def _choices_differ(choice: re.Match[str], told: re.Match[str]) -> bool | None:
    # Two bare capitals may be variables; brackets say that a choice is meant.
    return False if choice[1] or told[1] else None


# --- numbers and formulas ---------------------------------------------------------------------------------------------


def number(answer: str) -> Fraction | None:
    """The exact value of a whole number, a decimal or a fraction of whole numbers; null for all else."""
    text = plain(answer)
    if match := _WHOLE.fullmatch(text):
        return Fraction(match[1] + match[2].replace(",", "") + (match[3] or ""))
    if match := _FRACTION.fullmatch(text):
        over, under = int(match[3] or match[5] or match[7]), int(match[4] or match[6] or match[8])
        negative = (match[1] == "-") != (match[2] == "-")
        return Fraction(-over if negative else over, under) if under else None
    return None


def _single(left: str, right: str) -> bool | None:
    exact = number(left), number(right)
    if exact[0] is not None and exact[0] == exact[1]:
        return True
    if exact[0] is not None and exact[1] is not None:
        if "." not in left + right:
            return False
        # A decimal may stand for a rounded value, which math-verify knows how to treat.
        return False if abs(exact[0] - exact[1]) > max(abs(exact[0]), abs(exact[1])) / 100 else None
    if _letters(left) != _letters(right):
        return None  # the letter of one may be a unit
    values = value(left), value(right)
    if values[0] is None or values[1] is None:
        return None
    return False if abs(values[0] - values[1]) > _APART * max(1.0, abs(values[0]), abs(values[1])) else None


def _letters(text: str) -> set[str]:
    return set(re.findall("[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", text)))


def _lists(left: str, right: str) -> bool | None:
    if number(left) is not None and number(right) is not None:
        return _single(left, right)  # 1,000
    first, second = _parts(left), _parts(right)
    if first is None or second is None or first.brackets != second.brackets:
        return None
    if "." in left + right and not first.brackets:
        return None  # 1,22 may be a decimal
    if len(first.items) == len(second.items):
        said = [_item(a, b) for a, b in zip(first.items, second.items, strict=True)]
        if all(said) or first.ordered:
            return _all(said)
    elif first.ordered:
        return False
    if sorted(first.items) == sorted(second.items):
        return True
    # A set is another one when some member differs from every member of the other.
    lonely = any(all(_item(a, b) is False for b in second.items) for a in first.items)
    return False if lonely or any(all(_item(a, b) is False for a in first.items) for b in second.items) else None


@dataclass(frozen=True, slots=True)
class _Parts:
    items: list[str]
    brackets: str

    @property
    def ordered(self) -> bool:
        return self.brackets not in ("", r"\{\}")


def _parts(text: str) -> _Parts | None:
    brackets = ""
    for opening, closing in (("(", ")"), ("[", "]"), ("(", "]"), ("[", ")"), (r"\{", r"\}")):
        if text.startswith(opening) and text.endswith(closing):
            brackets = opening + closing
            text = text[len(opening) : len(text) - len(closing)]
            break
    items, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "({[") - (char in ")}]")
        if depth < 0:
            return None  # the outer brackets were not a pair, as in (1,2),(3,4)
        if char == "," and depth == 0:
            items.append(text[start:i])
            start = i + 1
    items.append(text[start:])
    # Three digits after a comma may be thousands.
    thousands = any(re.fullmatch(r"\d{3}", item.strip()) for item in items[1:])
    return None if thousands or depth or any(not item.strip() for item in items) else _Parts(items, brackets)


def _item(left: str, right: str) -> bool | None:
    left, right = left.strip(), right.strip()
    if left == right:
        return True
    endless = [re.fullmatch(r"[+-]?\\infty", text) is not None for text in (left, right)]
    if all(endless):
        return left.lstrip("+") == right.lstrip("+")
    if any(endless):
        return False if value(right if endless[0] else left) is not None else None
    return _single(left, right)


# --- the value of a formula -------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\d+|\\frac|\\sqrt|\\cdot|\\times|\\pi(?![a-zA-Z])"
    r"|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|[-+*/^(){}\[\]]|\s+"
)
# One surprising value each, so that formulas that agree there are hardly ever different.
_VALUES = {letter: 1.0 + math.sqrt(2 + 3 * i) / 7 for i, letter in enumerate("abcdfghjklmnopqrstuvwxyz")}
_VALUES |= {letter.upper(): 2.0 + math.sqrt(5 + 7 * i) / 11 for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}


class _Unclear(Exception):
    """The text is not a formula that can be read in one way only."""


def value(text: str) -> complex | None:
    r"""The value of a formula at fixed values of its letters; null for what is not read here.

    Read are whole numbers, single letters, + - * / ^, \frac, \sqrt, \pi and brackets. `e` and `i`
    can be numbers or names, so they are not read.
    """
    tokens = list(_TOKEN.finditer(text))
    if len(text) > _LONGEST or sum(len(token[0]) for token in tokens) != len(text):
        return None
    reader = _Reader([token[0] for token in tokens if not token[0].isspace()])
    try:
        result = reader.sum(0)
        if reader.peek() != "":
            return None
    except (_Unclear, OverflowError, ZeroDivisionError, ValueError):
        return None
    return result if cmath.isfinite(result) else None


class _Reader:
    """Recursive descent; gives up on depth and on anything that could be read in two ways."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if token == "" or (wanted is not None and token != wanted):
            raise _Unclear
        self.at += 1
        return token

    def sum(self, depth: int) -> complex:
        if depth > _DEEPEST:
            raise _Unclear
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("-", "+"):
            self.take()
        result = sign * self.product(depth)
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            result += sign * self.product(depth)
        return result

    def product(self, depth: int) -> complex:
        result = self.power(depth)
        divided = False
        while (token := self.peek()) not in ("", "+", "-", ")", "}", "]"):
            if token in ("*", r"\cdot", r"\times"):
                self.take()
                result *= self.power(depth)
            elif token == "/":
                self.take()
                result /= self.power(depth)
                divided = True
            elif divided or token[0].isdigit() or (self.tokens[self.at - 1].isdigit() and token == r"\frac"):
                raise _Unclear  # 1/2x, 2 3 and the mixed number 3\frac12
            else:
                result *= self.power(depth)
        return result

    def power(self, depth: int) -> complex:
        base = self.atom(depth)
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.group(depth) if self.peek() == "{" else self.single()
        if base.real < 0 and exponent != int(exponent.real):
            raise _Unclear  # a root of a negative number: real to some, complex to others
        if self.peek() == "^":
            raise _Unclear
        return base**exponent

    def atom(self, depth: int) -> complex:
        token = self.take()
        if token.isdigit():
            return complex(int(token)) if len(token) < 100 else self.give_up()
        if token in ("(", "[", "{"):
            result = self.sum(depth + 1)
            self.take({"(": ")", "[": "]", "{": "}"}[token])
            return result
        if token == r"\frac":
            over = self.argument(depth)
            return over / self.argument(depth)
        if token == r"\sqrt":
            degree = self.degree(depth) if self.peek() == "[" else 2
            inner = self.argument(depth)
            return inner ** (1 / degree) if inner.real >= 0 else self.give_up()
        if token == r"\pi":
            return complex(math.pi)
        return complex(_VALUES[token]) if token in _VALUES else self.give_up()

    def argument(self, depth: int) -> complex:
        return self.group(depth) if self.peek() == "{" else self.single()

    def group(self, depth: int) -> complex:
        self.take("{")
        result = self.sum(depth + 1)
        self.take("}")
        return result

    def degree(self, depth: int) -> complex:
        self.take("[")
        result = self.sum(depth + 1)
        self.take("]")
        return result

    def single(self) -> complex:
        # LaTeX takes one digit only: x^12 is x^1 2, which nobody means.
        token = self.take()
        if len(token) == 1 and token.isdigit():
            return complex(int(token))
        return complex(_VALUES[token]) if token in _VALUES else self.give_up()

    def give_up(self) -> complex:
        raise _Unclear
