r"""Read a formula in `clean`'s alphabet into a tree: numbers, names, + - * / ^, \frac, roots, functions, factorials.

A tree is a tuple of an operation and its parts. What can be read in two ways (1/2x, 3\frac{1}{2}, 30°) has a tree for
each; what is not read here is null. Nothing is run as code, depth and length are bounded.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

LONGEST = 400
_DEEPEST = 25
_LONGEST_RUN = 3  # letters that are a product; more are a word

Node = tuple[Any, ...]
"""("number", Fraction) | ("name", text) | (operation, *parts): + * / ^ root ! !! binom and `FUNCTIONS`."""

FUNCTIONS = (
    "arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|ln|lg|log|exp|abs|gcd|lcm|max|min|asin|acos|atan|floor"
    "|ceil"
)
_ANGLES = ("sin", "cos", "tan", "cot", "sec", "csc")
_SEVERAL = ("gcd", "lcm", "max", "min")
_TOKEN = re.compile(
    r"(?P<period>\d*\.\d*\\(?:overline|bar|dot)\s*(?:\{\d+\}|\d)|\d*\.\d*?(\d{1,3})\2{2,}\.\.\.)"
    r"|(?P<power>(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+(?![\w.]))"
    r"|(?P<mixed>\d+ \d+/\d+(?![\d/]))"
    r"|(?P<number>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    rf"|\\?(?P<function>(?:{FUNCTIONS})(?![A-Za-z])|(?:sin|cos|tan|ln|log)(?=[a-z](?![A-Za-z])))"
    r"|(?P<name>\\(?:overline|angle|hat|vec)\s*(?:\{[A-Za-z]+\}|[A-Za-z]+)"
    r"|[A-Za-zα-ωΓΔΘΣΦΨΩ](?:_(?:\{[^{}]*\}|[^\W_])'*|'+))"
    r"|(?P<word>[A-Za-z]+|[α-ωΓΔΘΣΦΨΩ])|(?P<sign>\\[A-Za-z]+|[-+*/^(){}\[\]!|°√,_])|(?P<space>\s+)|(?P<other>.)"
)
_CALL = re.compile(r"[A-Za-z]\([A-Za-z0-9]*\)")  # y(2) is rather the value of y at 2
_CALLED = frozenset("fghFGHPQT")  # a name before a bracket is a factor, these are rather functions
_WORDS = frozenset(
    ("is", "if", "no", "to", "of", "or", "and", "mod", "deg", "arg", "det", "the", "for", "as", "at", "by")
)
_ENDS = ("", ")", "}", "]", ",", r"\choose", r"\rfloor", r"\rceil")
_PAIRS = {"(": ")", "{": "}", "[": "]", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}
_SUM, _PRODUCT, _SIGN, _FACTOR = 10, 20, 15, 25  # how strongly operations bind


def number(value: int | Fraction) -> Node:
    """A number as a tree."""
    return ("number", Fraction(value))


MINUS = number(-1)
_DEGREE: Node = ("/", ("name", "π"), number(180))


@dataclass(frozen=True, slots=True)
class Formula:
    r"""What a text says, in every way of reading it.

    `trees`: by how 1/2x is read. `others`: further trees that may be meant, as 3\frac{1}{2} as a product. `angle`: the
    tree in which a degree is pi/180, null without degrees. `names`: its letters. `has_decimal`: a decimal, which may
    stand for a rounded value. `is_word`: letters alone, which may be a word.
    """

    trees: tuple[Node, ...]
    others: tuple[Node, ...] = ()
    angle: Node | None = None
    names: frozenset[str] = frozenset()
    has_decimal: bool = False
    is_word: bool = False


class Unclear(Exception):
    """The text is no formula that is read here."""


@lru_cache(maxsize=16384)
def parse(text: str) -> Formula | None:
    """The formula that a clean text is; null for what is not read here."""
    if len(text) > LONGEST or _CALL.fullmatch(text):
        return None
    try:
        tokens = list(_tokens(text))
        first = _Reader(tokens)
        tree = first.whole()
        left_first = _Reader(tokens, factor=_PRODUCT).whole() if ("sign", "/") in tokens else tree
        others = [_Reader(tokens, mixed=False).whole()] * first.has_mixed
        others += [_Reader(tokens, log="ln").whole()] * first.has_log
        angle = _Reader(tokens, degree=_DEGREE).whole() if ("sign", "°") in tokens else None
    except (Unclear, RecursionError):
        return None
    names = frozenset(value for kind, value in tokens if kind == "name" and value not in ("π", "e", "i"))
    decimal = any(kind == "number" and "." in value for kind, value in tokens)
    trees = (tree,) if tree == left_first else (tree, left_first)
    return Formula(trees, tuple(others), angle, names, decimal, all(k == "name" and v != "π" for k, v in tokens))


def _tokens(text: str):
    is_empty = True
    for token in _TOKEN.finditer(text):
        kind, value = token.lastgroup or "other", token[0]
        if kind == "other" or (kind == "word" and len(value) > _LONGEST_RUN):
            raise Unclear
        if kind == "word":
            if value.casefold() in _WORDS or value.startswith(("ln", "lg")):
                raise Unclear
            yield from (("name", letter) for letter in value)
        elif kind == "function":
            yield kind, re.sub("^a(?=sin|cos|tan)", "arc", token["function"])
        elif kind == "name":
            yield kind, re.sub(r"[\s{}]", "", value)
        elif kind != "space":
            yield kind, value
        is_empty = is_empty and kind == "space"
    if is_empty:
        raise Unclear


class _Reader:
    """Reads by how strongly operations bind; gives up on depth and on what nobody would write so.

    `factor`: how strongly factors without a sign bind: 1/2x is 1/(2x) or (1/2)x. `mixed`: 3\\frac{1}{2} is a sum, not a
    product. `degree`: what a degree is, null: nothing; in sines and their like it is pi/180. `log`: that without base.
    """

    def __init__(
        self,
        tokens: list[tuple[str, str]],
        factor: int = _FACTOR,
        mixed: bool = True,
        degree: Node | None = None,
        log: str = "lg",
    ) -> None:
        self.tokens = [*tokens, ("end", "")]
        self.at = self.angles = self.bars = 0
        self.factor, self.mixed, self.degree, self.log = factor, mixed, degree, log
        self.has_mixed = self.has_log = self.in_argument = False

    def whole(self) -> Node:
        result = self.read()
        self.take("")
        return result

    def peek(self) -> str:
        return self.tokens[self.at][1]

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise Unclear
        self.at += 1

    def read(self, least: int = 0, depth: int = 0) -> Node:
        """What stands here, as far as it is bound at least so strongly."""
        if depth > _DEEPEST:
            raise Unclear
        if (sign := self.peek()) in ("-", "+"):
            self.at += 1
            left = self.read(max(least, _SIGN), depth + 1)
            left = left if sign == "+" else ("*", MINUS, left)
        else:
            left = self.atom(depth)
        while True:
            kind, token = self.tokens[self.at]
            if token == "!":
                self.at += 1
                double = self.peek() == "!"
                self.at += double
                left = ("!!" if double else "!", left)
            elif token == "°":
                self.at += 1
                factor = _DEGREE if self.angles else self.degree
                left = left if factor is None else ("*", left, factor)
            elif token == "^":
                self.at += 1
                left = ("^", left, self.exponent(depth))
                if self.peek() == "^":
                    raise Unclear
            elif token in ("+", "-"):
                if least > _SUM:
                    return left
                self.at += 1
                right = self.read(_SUM + 1, depth + 1)
                right = right if token == "+" else ("*", MINUS, right)
                left = (*left, right) if left[0] == "+" else ("+", left, right)
            elif token in ("*", "/"):
                if least > _PRODUCT:
                    return left
                self.at += 1
                left = (token, left, self.read(_PRODUCT + 1, depth + 1))
            elif token in _ENDS or (token == "|" and self.bars):
                return left
            else:
                if least > self.factor or (self.in_argument and (kind == "function" or token in "(|")):
                    return left
                before = self.tokens[self.at - 1]
                if kind in ("number", "power", "mixed", "period") or (before[0] == "number" and token == r"\frac"):
                    raise Unclear  # 2 3, x2 and x^23\frac12
                if before[1] in _CALLED and token in "([":
                    raise Unclear
                left = ("*", left, self.read(self.factor + 1, depth + 1))

    def exponent(self, depth: int) -> Node:
        sign = self.peek()
        self.at += sign in ("-", "+")
        kind, token = self.tokens[self.at]
        self.at += kind == "number"
        inner = _number(token) if kind == "number" else self.atom(depth + 1)
        return ("*", MINUS, inner) if sign == "-" else inner

    def atom(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise Unclear
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.whole_and_part(token, depth) if self.peek() == r"\frac" else _number(token)
        if kind == "name":
            return self.chosen(depth) if token == "C" and self.peek() == "(" else ("name", token)
        if kind == "function":
            return self.function(token, depth)
        if kind in ("power", "mixed", "period"):
            return number(_other_number(kind, token))
        if token in _PAIRS:
            inner = self.group(_PAIRS[token], depth)[0]
            return {r"\lfloor": ("floor", inner), r"\lceil": ("ceil", inner)}.get(token, inner)
        if token in (r"\frac", r"\binom"):
            return ("/" if token == r"\frac" else "binom", *self.two(depth))
        if token == "√":
            degree = number(2)
            if self.peek() == "[":
                self.at += 1
                degree = self.group("]", depth)[0]
            return ("root", self.argument(depth), degree)
        if token == "|":
            self.bars += 1
            inner = self.read(0, depth + 1)
            self.bars -= 1
            self.take("|")
            return ("abs", inner)
        raise Unclear

    def group(self, closing: str, depth: int, several: bool = False) -> list[Node]:
        """What stands up to a closing bracket, parted by commas."""
        kept, self.bars, self.in_argument = (self.bars, self.in_argument), 0, False
        found = [self.read(0, depth + 1)]
        while self.peek() in (",", r"\choose"):
            is_choice = self.peek() == r"\choose"
            self.at += 1
            found.append(self.read(0, depth + 1))
            found = [("binom", *found)] if is_choice else found
        self.take(closing)
        self.bars, self.in_argument = kept
        if len(found) > 1 and not several:
            raise Unclear
        return found

    def chosen(self, depth: int) -> Node:
        """C(5,2), or C times what stands in the bracket."""
        self.at += 1
        found = self.group(")", depth, several=True)
        return ("binom", *found) if len(found) == 2 else ("*", ("name", "C"), found[0])

    def function(self, name: str, depth: int) -> Node:
        base = power = None
        while (mark := self.peek()) == "^" or (mark == "_" and name == "log"):
            self.at += 1
            if mark == "^":
                power = self.exponent(depth)
            else:
                base = self.atom(depth + 1)
        if name == "log":
            self.has_log = self.has_log or base is None
            name = self.log if base is None else "ln"
        self.angles += name in _ANGLES
        if self.peek() in ("(", "{", "["):
            self.at += 1
            arguments = self.group(_PAIRS[self.tokens[self.at - 1][1]], depth, several=True)
        else:
            kept, self.in_argument = self.in_argument, True
            arguments = [self.read(self.factor, depth + 1)]
            self.in_argument = kept
        self.angles -= name in _ANGLES
        if len(arguments) > 1 and name not in _SEVERAL:
            raise Unclear
        if power == ("*", MINUS, number(1)) and name in _ANGLES:
            name, power = f"arc{name}", None
        result: Node = ("^", ("name", "e"), arguments[0]) if name == "exp" else (name, *arguments)
        result = result if base is None else ("/", result, ("ln", base))
        return result if power is None else ("^", result, power)

    def whole_and_part(self, whole: str, depth: int) -> Node:
        """A whole number before a fraction: a mixed number where both parts are whole numbers."""
        self.at += 1
        part = ("/", *self.two(depth))
        if not (whole.isdigit() and part[1][0] == part[2][0] == "number"):
            return ("*", _number(whole), part)
        if self.peek() == "^":
            raise Unclear
        self.has_mixed = True
        return ("+" if self.mixed else "*", _number(whole), part)

    def two(self, depth: int) -> tuple[Node, Node]:
        kind, token = self.tokens[self.at]
        if kind == "number" and len(token) == 2 and token.isdigit():  # \frac12
            self.at += 1
            return _number(token[0]), _number(token[1])
        return self.argument(depth), self.argument(depth)

    def argument(self, depth: int) -> Node:
        """What a fraction or a root takes: a group, a digit, or a name."""
        kind, token = self.tokens[self.at]
        if kind == "number" and len(token) > 1:
            raise Unclear  # LaTeX takes one digit only
        return self.atom(depth + 1)


def _number(token: str) -> Node:
    if len(token) > 100:
        raise Unclear
    return number(Fraction(token.replace(",", "")))


def _other_number(kind: str, token: str) -> Fraction:
    if kind == "mixed":
        whole, over, under = map(int, re.split("[ /]", token))
        if not over < under:
            raise Unclear
        return whole + Fraction(over, under)
    if kind == "power":
        if abs(int(re.split("[eE]", token)[1])) > 5000:
            raise Unclear
        return Fraction(token)
    found = re.fullmatch(r"(\d*)\.(\d*?)(?:(\d{1,3})\3{2,}\.\.\.|\\\D*(\d+)\}?)", token)
    if found is None:
        raise Unclear
    begin, period = found[2], found[3] or found[4]
    return Fraction(f"{found[1] or 0}.{begin or 0}") + Fraction(int(period), 10 ** len(begin) * (10 ** len(period) - 1))
