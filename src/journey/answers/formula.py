r"""Read a short formula into a tree: numbers, names, + - * / ^, \frac, \sqrt, \binom, factorials and brackets.

What can be read in two ways (1/2x, 3\frac{1}{2}) has a tree for each; what is not read here is null. Nothing is run as
code, depth and length are bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

LONGEST = 200
_DEEPEST = 20

_GREEK = "alpha|beta|gamma|delta|theta|lambda|mu|rho|sigma|tau|phi|varphi|omega"
_TOKEN = re.compile(
    r"\d+\.\d+|\.\d+|\d+|\\[dt]?frac(?![a-zA-Z])|\\sqrt(?![a-zA-Z])|\\binom(?![a-zA-Z])|\\cdot(?![a-zA-Z])"
    r"|\\times(?![a-zA-Z])|\\div(?![a-zA-Z])|\\pi(?![a-zA-Z])"
    rf"|\\(?:{_GREEK})(?![a-zA-Z])"
    r"|[A-Za-z]_[A-Za-z0-9](?![A-Za-z0-9])|[A-Za-z]+|[-+*/^(){}\[\]!]|\s+"
)
_CALL = re.compile(r"[A-Za-z]\([A-Za-z0-9]*\)")  # y(2) is rather the value of y at 2
_TIMES = ("*", r"\cdot", r"\times")
_OVER = ("/", r"\div")
_ENDS = ("", "+", "-", ")", "}", "]")
# A name before a bracket is a factor, these are rather functions; runs of letters are factors, these are rather words.
_FUNCTIONS = frozenset("fghFGHPQT")
_WORDS = {
    "sin",
    "cos",
    "tan",
    "cot",
    "sec",
    "csc",
    "log",
    "ln",
    "lg",
    "exp",
    "max",
    "min",
    "gcd",
    "lcm",
    "mod",
    "deg",
    "arg",
    "det",
    "and",
    "or",
    "is",
    "if",
    "no",
    "to",
    "of",
}
_LONGEST_RUN = 3
_LOGARITHMS = ("ln", "lg")  # lnx is no product


@dataclass(frozen=True, slots=True)
class Node:
    """A number, a name, or an operation ("+", "*", "/", "^", "root", "!", "binom") on parts."""

    operation: str
    parts: "tuple[Node, ...]" = ()
    number: Fraction = Fraction(0)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    r"""What a text says, in every way of reading it.

    `trees`: by how 1/2x is read, each with a mixed number as a sum. `products`: the further trees in which 3\frac{1}{2}
    is a product. `names`: its letters and Greek letters. `has_decimal`: a decimal, which may stand for a rounded value.
    `is_word`: letters alone, which may be a word.
    """

    trees: tuple[Node, ...]
    products: tuple[Node, ...]
    names: frozenset[str]
    has_decimal: bool
    is_word: bool

    def readings(self) -> Iterator[Node]:
        """All trees."""
        yield from self.trees
        yield from self.products


class Unclear(Exception):
    """The text is no formula that is read here."""


@lru_cache(maxsize=8192)
def read(text: str) -> Formula | None:
    """The formula that a text without setting marks is; null for what is not read here."""
    found = [token[0] for token in _TOKEN.finditer(text)] if len(text) <= LONGEST else []
    if not found or sum(map(len, found)) != len(text) or _CALL.fullmatch(text):
        return None
    try:
        tokens = list(_single_letters(found))
        first = _Reader(tokens)
        trees = [first.whole()]
        slashes = (False, True) if first.has_slash else (False,)
        trees += [_Reader(tokens, left_first=True).whole()] * first.has_slash
        products = [_Reader(tokens, left_first=left, mixed=False).whole() for left in slashes if first.has_mixed]
    except (Unclear, RecursionError):
        return None
    names = frozenset(token for token in tokens if is_name(token))
    return Formula(
        tuple(trees),
        tuple(products),
        names,
        has_decimal=any("." in token for token in tokens),
        is_word=all(is_name(token) or token.isspace() for token in tokens),
    )


def is_name(token: str) -> bool:
    """Whether a token is a letter, a letter with an index, or a Greek letter."""
    return token[0].isalpha() or (token[0] == "\\" and token[1:] in _GREEK.split("|"))


def _single_letters(found: list[str]) -> Iterator[str]:
    for token in found:
        if token.isspace():
            continue
        if token.isalpha():
            if len(token) > _LONGEST_RUN or token.casefold() in _WORDS or token.startswith(_LOGARITHMS):
                raise Unclear
            yield from token
        elif token in (r"\dfrac", r"\tfrac"):
            yield r"\frac"
        else:
            yield token


@dataclass(slots=True)
class _Reader:
    """Recursive descent; gives up on depth and on anything that nobody would write so."""

    tokens: list[str]
    left_first: bool = False  # 1/2x is (1/2)x rather than 1/(2x)
    mixed: bool = True  # 3\frac{1}{2} is three and a half rather than a product
    at: int = 0
    has_slash: bool = field(default=False, init=False)
    has_mixed: bool = field(default=False, init=False)

    def whole(self) -> Node:
        result = self.sum(0)
        if self.peek() != "":
            raise Unclear
        return result

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if token == "" or (wanted is not None and token != wanted):
            raise Unclear
        self.at += 1
        return token

    def sum(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise Unclear
        sign = self.take() if self.peek() in ("-", "+") else "+"
        parts = [_signed(sign, self.product(depth))]
        while self.peek() in ("+", "-"):
            sign = self.take()
            parts.append(_signed(sign, self.product(depth)))
        return parts[0] if len(parts) == 1 else Node("+", tuple(parts))

    def product(self, depth: int) -> Node:
        result = self.power(depth)
        while (token := self.peek()) not in _ENDS:
            if token in _TIMES:
                self.take()
                result = Node("*", (result, self.power(depth)))
            elif token in _OVER:
                self.take()
                under = self.power(depth)
                while self.peek() not in (*_ENDS, *_TIMES, *_OVER):
                    self.has_slash = True
                    factor = self.juxtaposed(depth)
                    if self.left_first:
                        result = Node("*", (result, factor))
                    else:
                        under = Node("*", (under, factor))
                result = Node("/", (result, under))
            else:
                result = Node("*", (result, self.juxtaposed(depth)))
        return result

    def juxtaposed(self, depth: int) -> Node:
        if self.peek()[0] in ".0123456789":
            raise Unclear  # 2 3 and x2
        if self.tokens[self.at - 1][0].isdigit() and self.peek() == r"\frac":
            raise Unclear  # x^23\frac12; a whole number before a fraction is read with it
        if self.tokens[self.at - 1] in _FUNCTIONS and self.peek() in "([":
            raise Unclear
        return self.power(depth)

    def power(self, depth: int) -> Node:
        base = self.atom(depth)
        if self.peek() == "!":
            self.take()
            base = Node("!", (base,))
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.group(depth) if self.peek() == "{" else self.single()
        if self.peek() in ("^", "!"):
            raise Unclear
        return Node("^", (base, exponent))

    def atom(self, depth: int) -> Node:
        token = self.take()
        if token[0] in ".0123456789":
            return self.whole_and_part(token) if self.peek() == r"\frac" else _number(token)
        if token in ("(", "[", "{"):
            result = self.sum(depth + 1)
            self.take({"(": ")", "[": "]", "{": "}"}[token])
            return result
        if token in (r"\frac", r"\binom"):
            over, under = self.two(depth)
            return Node("/" if token == r"\frac" else "binom", (over, under))
        if token == r"\sqrt":
            degree = self.degree(depth) if self.peek() == "[" else _number("2")
            return Node("root", (self.argument(depth), degree))
        if token == r"\pi" or is_name(token):
            return Node("name", name=token)
        raise Unclear

    def whole_and_part(self, whole: str) -> Node:
        """A whole number before a fraction: a mixed number where both parts are whole numbers."""
        self.take(r"\frac")
        over, under = self.two(0)
        part = Node("/", (over, under))
        if not (whole.isdigit() and over.operation == under.operation == "number"):
            return Node("*", (_number(whole), part))
        if self.peek() == "^":
            raise Unclear
        self.has_mixed = True
        return Node("+" if self.mixed else "*", (_number(whole), part))

    def two(self, depth: int) -> tuple[Node, Node]:
        token = self.peek()
        if len(token) == 2 and token.isdigit():  # \frac12
            self.take()
            return _number(token[0]), _number(token[1])
        over = self.argument(depth)
        return over, self.argument(depth)

    def argument(self, depth: int) -> Node:
        return self.group(depth) if self.peek() == "{" else self.single()

    def group(self, depth: int) -> Node:
        self.take("{")
        result = self.sum(depth + 1)
        self.take("}")
        return result

    def degree(self, depth: int) -> Node:
        self.take("[")
        result = self.sum(depth + 1)
        self.take("]")
        return result

    def single(self) -> Node:
        # LaTeX takes one digit only: x^12 is x^1 2, which nobody means.
        token = self.take()
        if len(token) == 1 and token.isdigit():
            return _number(token)
        if token == r"\pi" or is_name(token):
            return Node("name", name=token)
        raise Unclear


def _signed(sign: str, node: Node) -> Node:
    return node if sign == "+" else Node("*", (Node("number", number=Fraction(-1)), node))


def _number(token: str) -> Node:
    if len(token) > 100:
        raise Unclear
    return Node("number", number=Fraction(token))
