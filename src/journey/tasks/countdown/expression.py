"""Arithmetic expressions as small trees: read by the parser of answers, computed exactly, written in one normal form.

The normal form does not depend on the order of summands and factors, so that votes on the same solution meet.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from journey.answers.clean import clean
from journey.answers.formula import MINUS, Node
from journey.answers.formula import parse as formula_of
from journey.tasks.countdown.puzzle import Number, apply, whole

NO_EXPRESSION = "not an expression"


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
    formula = formula_of(clean(text).partition("=")[0].strip())
    if formula is None or len(formula.trees) + len(formula.others) > 1:
        raise ExpressionError(NO_EXPRESSION)
    return _of_tree(formula.trees[0])


def _of_tree(tree: Node) -> Expression:
    match tree:
        case ("number", Fraction() as number):
            return Leaf(whole(number))
        case ("+", first, *rest):
            found = _of_tree(first)
            for part in rest:
                is_minus = part[:2] == ("*", MINUS)
                found = Join(found, "-" if is_minus else "+", _of_tree(part[2] if is_minus else part))
            return found
        case ("*" | "/" as op, left, right) if left != MINUS:
            return Join(_of_tree(left), op, _of_tree(right))
        case _:
            raise ExpressionError(NO_EXPRESSION)


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
