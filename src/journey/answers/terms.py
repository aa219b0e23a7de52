r"""Whether two formulas are the same, exactly or by a value that surely differs."""

import cmath
import math
import zlib
from functools import lru_cache

from journey.answers.formula import Formula, Node, Unclear
from journey.answers.quotient import Polynomial, counted, difference, quotient

# Values further apart than this, relatively, are different; closer ones math-verify must tell apart.
_APART = 1e-5
_ROUNDING = 1e-15


def compare(left: Formula, right: Formula) -> bool | None:
    """True if both are the same in each way of reading them, False if they differ in all, else null."""
    if len(left.trees) == len(right.trees):
        same = [_exactly(a, b) for a, b in zip(left.trees, right.trees, strict=True)]
        if all(same):
            return True
    decimal = left.has_decimal or right.has_decimal
    for a in left.readings():
        for b in right.readings():
            if not _differ(a, b, may_be_rounded=decimal):
                return None
    return False


def solutions_differ(left: Formula, right: Formula) -> bool:
    """Whether some point where one formula is zero is surely none where the other is; False where that is unclear."""
    return _misses(left, right) or _misses(right, left)


def _misses(left: Formula, right: Formula) -> bool:
    """Whether a point of the graph that `left` = 0 is, solved for a name in it, does not lie on `right` = 0."""
    if not (left.names <= right.names or right.names <= left.names) or _KNOWN & (left.names | right.names):
        return False  # other names may mean the same
    if any(len([*formula.readings()]) > 1 or formula.has_decimal for formula in (left, right)):
        return False
    try:
        one, other = quotient(left.trees[0], False), quotient(right.trees[0], False)
    except (Unclear, ZeroDivisionError):
        return False
    if not (one.is_whole and other.is_whole and one.under.keys() == other.under.keys() == {()}):
        return False
    for name in left.names:
        if [monomial for monomial in one.over if name in dict(monomial)] == [((name, 1),)]:
            rest = {monomial: number for monomial, number in one.over.items() if monomial != ((name, 1),)}
            solved = -_at(rest, {})[0] / float(one.over[((name, 1),)])
            total, size = _at(other.over, {name: solved})
            return abs(total) > 1e-9 * size
    return False


def _at(terms: Polynomial, known: dict[str, float]) -> tuple[float, float]:
    """The value of a polynomial, and the sum of the sizes of its terms."""
    parts = [float(number) * math.prod(_factor(name, known) ** power for name, power in monomial)
             for monomial, number in terms.items()]  # fmt: skip
    return sum(parts), sum(map(abs, parts))


def _factor(name: str, known: dict[str, float]) -> float:
    return math.sqrt(int(name[5:])) if name.startswith("sqrt ") else known.get(name, _of_name(name, False).real)


def _exactly(left: Node, right: Node) -> bool:
    try:
        return not difference(quotient(left, False), quotient(right, False), False)
    except (Unclear, ZeroDivisionError):
        return False


def _differ(left: Node, right: Node, *, may_be_rounded: bool) -> bool:
    # `i` and `e` are numbers to some and names to others: both must tell the two apart.
    return all(
        _values_differ(left, right, known) or (not may_be_rounded and _surely_other(left, right, known))
        for known in ((False, True) if _KNOWN & (_names(left) | _names(right)) else (False,))
    )


_KNOWN = frozenset("ei")


@lru_cache(maxsize=8192)
def _names(node: Node) -> frozenset[str]:
    return frozenset({node.name} if node.name else ()).union(*map(_names, node.parts))


def _surely_other(left: Node, right: Node, imaginary: bool) -> bool:
    try:
        one, other = quotient(left, imaginary), quotient(right, imaginary)
        if one.is_whole and other.is_whole:
            return bool(difference(one, other, imaginary))
    except (Unclear, ZeroDivisionError):
        pass
    return False


# --- by value ---------------------------------------------------------------------------------------------------------


def _values_differ(left: Node, right: Node, known: bool) -> bool:
    one, other = value(left, known), value(right, known)
    if one is None or other is None:
        return False
    distance = abs(one[0] - other[0])
    return distance > _APART * max(1.0, abs(one[0]), abs(other[0])) and distance > 100 * (one[1] + other[1])


@lru_cache(maxsize=8192)
def value(node: Node, known: bool) -> tuple[complex, float] | None:
    """The value at fixed values of the names, and how far rounding may have moved it; null where it has none.

    `known`: `i` and `e` are the numbers, not names.
    """
    try:
        result, error = _value(node, known)
    except (Unclear, OverflowError, ZeroDivisionError, ValueError):
        return None
    return (result, error) if cmath.isfinite(result) and math.isfinite(error) else None


def _value(node: Node, known: bool) -> tuple[complex, float]:
    match node.operation:
        case "number":
            number = complex(float(node.number))
            return number, abs(number) * _ROUNDING
        case "name":
            return _of_name(node.name, known), 0.0
        case "!" | "binom":
            return complex(counted(node, [quotient(part, known).constant() for part in node.parts])), 0.0
    parts = [_value(part, known) for part in node.parts]
    (a, error), (b, shift) = parts[0], parts[-1]
    match node.operation:
        case "+":
            total = sum(part[0] for part in parts)
            return total, sum(part[1] for part in parts) + _ROUNDING * max(abs(part[0]) for part in parts)
        case "*":
            return a * b, abs(a) * shift + abs(b) * error + _ROUNDING * abs(a * b)
        case "/":
            return a / b, (error + abs(a / b) * shift) / abs(b) + _ROUNDING * abs(a / b)
        case "root":
            if a.real < 0 or a.imag or not b.real > 0:
                raise Unclear
            b, shift = 1 / b, 0.0
        case _:
            if (a.imag or a.real < 0) and (b.imag or b != int(b.real)):
                raise Unclear  # a root of a negative number: real to some, complex to others
    if a == 0:
        raise Unclear
    power = a**b
    slope = abs(b) * error / abs(a) + abs(cmath.log(a)) * shift
    return power, abs(power) * (slope + _ROUNDING)


def _of_name(name: str, known: bool) -> complex:
    if name == r"\pi":
        return complex(math.pi)
    if known and name in _KNOWN:
        return 1j if name == "i" else complex(math.e)
    # One surprising value each, so that formulas that agree there are hardly ever different.
    return complex(1 + math.sqrt(zlib.crc32(name.encode()) % 99_991 + 2) / 317)
