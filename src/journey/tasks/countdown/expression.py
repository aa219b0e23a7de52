"""Arithmetic expressions as small trees: parsed without `eval`, computed exactly, written in one normal form.

The normal form does not depend on the order of summands and factors, so that votes on the same solution meet.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from journey.tasks.countdown.puzzle import Number, apply, whole

MAX_TOKENS = 60
_TOKEN = re.compile(r"\s*(?:(\d{1,9})|([-+*/()]))")
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One of the puzzle's numbers."""

    number: Number


@dataclass(frozen=True, slots=True)
class Join:
    """Two expressions joined by an operation."""

    left: "Expression"
    op: str
    right: "Expression"


Expression = Leaf | Join


class ExpressionError(ValueError):
    """The text is no expression."""


def leaf(number: Number) -> Expression:
    """The expression of one number."""
    return Leaf(number)


def join(left: Expression, op: str, right: Expression) -> Expression:
    """`left op right`."""
    return Join(left, op, right)


def leaves(expression: Expression) -> list[Number]:
    """The numbers that the expression uses, in order."""
    match expression:
        case Leaf(number):
            return [number]
        case Join(left, _, right):
            return leaves(left) + leaves(right)


def evaluate(expression: Expression, fractions: bool = False) -> Number | None:
    """The exact value, null where an operation breaks the rules (see `countdown.apply`)."""
    match expression:
        case Leaf(number):
            return number
        case Join(left, op, right):
            a, b = evaluate(left, fractions), evaluate(right, fractions)
            return None if a is None or b is None else apply(a, op, b, fractions)


def parse(text: str) -> Expression:
    """The expression of a text such as "(15 - 7) * 8" or "8 * (15 - 7) = 64". Raises ExpressionError."""
    text = text.translate(_SIGNS).replace(r"\times", "*").replace(r"\cdot", "*").replace(r"\div", "/").replace("$", " ")
    tokens, at = [], 0
    body = text.split("=")[0].rstrip()
    while at < len(body):
        match = _TOKEN.match(body, at)
        if match is None or len(tokens) == MAX_TOKENS:
            raise ExpressionError("not an expression")
        tokens.append(match[1] or match[2])
        at = match.end()
    expression, rest = _sum(tokens)
    if rest:
        raise ExpressionError("not an expression")
    return expression


def _sum(tokens: list[str]) -> tuple[Expression, list[str]]:
    left, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        right, rest = _product(tokens[1:])
        left, tokens = Join(left, tokens[0], right), rest
    return left, tokens


def _product(tokens: list[str]) -> tuple[Expression, list[str]]:
    left, tokens = _factor(tokens)
    while tokens and tokens[0] in "*/":
        right, rest = _factor(tokens[1:])
        left, tokens = Join(left, tokens[0], right), rest
    return left, tokens


def _factor(tokens: list[str]) -> tuple[Expression, list[str]]:
    match tokens:
        case ["(", *rest]:
            inner, rest = _sum(rest)
            if not rest or rest[0] != ")":
                raise ExpressionError("not an expression")
            return inner, rest[1:]
        case [number, *rest] if number.isascii() and number.isdigit():
            return Leaf(int(number)), rest
        case _:
            raise ExpressionError("not an expression")


def normal(expression: Expression) -> str:
    """The one way to write the expression and all that differ only in the order of summands and factors."""
    return _written(expression)[0]


def _written(expression: Expression) -> tuple[str, Literal["leaf", "sum", "product"]]:
    if isinstance(expression, Leaf):
        return str(whole(Fraction(expression.number))), "leaf"
    first, second = ("+", "-") if expression.op in "+-" else ("*", "/")
    parts = sorted(_parts(expression, first, second), key=lambda part: (part[0] != first, part[1]))
    text = "".join(f" {sign} {body}" for sign, body in parts)
    return text.removeprefix(f" {first} "), "sum" if first == "+" else "product"


def _parts(expression: Expression, first: str, second: str) -> list[tuple[str, str]]:
    if isinstance(expression, Join) and expression.op in (first, second):
        right = _parts(expression.right, first, second)
        if expression.op == second:
            right = [(second if sign == first else first, body) for sign, body in right]
        return _parts(expression.left, first, second) + right
    body, kind = _written(expression)
    return [(first, f"({body})" if first == "*" and kind == "sum" else body)]
