r"""What a formula is worth: exactly where it is rational, else at points of its names, roughly first and then to as
many digits as the sizes in it ask for.

Two formulas differ where their values surely do. They are the same where exact values are, or values to 50 digits at a
positive and at a negative point of all names: no special points, so that formulas that agree there are the same.
"""

import cmath
import math
import zlib
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from journey.answers.formula import MINUS, Formula, Node, Unclear, number

_APART = 1e-5  # rough values further apart than this, relatively, are different though one may be rounded
_DIGITS, _MOST_DIGITS = 50, 4_000
_BITS = 200_000  # of an exact number
_LARGEST_COUNT = 5_000  # of which a factorial is taken
_LOST = 1e7  # how much of a rough value may be lost to rounding
_ERRORS = (Unclear, OverflowError, ZeroDivisionError, ValueError, TypeError, NotImplementedError)


def same(left: Formula, right: Formula) -> bool | None:
    """True if both are the same as arithmetic reads them, False if they differ in all ways of reading, else null.

    A degree may be pi/180 to one side only: 90° is pi/2, and 90 too.
    """
    if equal(left.trees[-1], right.trees[-1]):  # 1/2x by the rules of arithmetic
        return True
    for one, other in ((left, right), (right, left)):
        if one.angle is not None and other.angle is None and equal(one.angle, other.trees[0]):
            return True
    rounded = left.has_decimal or right.has_decimal
    pairs = [(a, b) for a in (*left.trees, *left.others) for b in (*right.trees, *right.others)]
    return False if all(equal(a, b, rounded) is False for a, b in pairs) else None


@lru_cache(maxsize=8192)
def equal(left: Node, right: Node, rounded: bool = False) -> bool | None:
    """Whether two trees are worth the same; null where that is unclear. `rounded`: one may be a rounded value."""
    if left == right:
        return True
    one, other = exact(left), exact(right)
    if one is not None and other is not None:
        return one == other or (None if rounded and abs(one - other) <= abs(one) * Fraction(1, 10**6) else False)
    verdict: list[bool | None] = []
    for point in (1, -1):
        first, second = rough(left, point), rough(right, point)
        if first is None or second is None:
            verdict.append(_precisely(left, right, point))
        elif abs(first - second) > _APART * max(abs(first), abs(second)):
            verdict.append(False)
        else:
            verdict.append(None if rounded else _precisely(left, right, point))
    # Negative names may have no root; what is the same for positive names only may be meant or not.
    return verdict[0] if verdict[0] is verdict[1] or verdict[1] is None else None


@lru_cache(maxsize=16384)
def exact(node: Node) -> Fraction | None:
    """The value of a tree that is a rational number; null for others."""
    try:
        return _Exact().value(node)
    except _ERRORS:
        return None


@lru_cache(maxsize=16384)
def rough(node: Node, point: int = 1) -> complex | None:
    """The value at a point of the names, to some seven digits; null where it has none, or rounding takes too much."""
    try:
        ground = _Point(cmath, complex, point)
        found = ground.value(node)
        return found if cmath.isfinite(found) and ground.lost < _LOST else None
    except _ERRORS:
        return None


def _precisely(left: Node, right: Node, point: int) -> bool | None:
    import mpmath  # not needed for what is plain

    digits = _DIGITS
    try:
        for _ in range(3):
            with mpmath.workdps(digits + 10):
                ground = _Point(mpmath, mpmath.mpmathify, point)
                one, other = ground.value(left), ground.value(right)
                wanted = _DIGITS + 2 * int(mpmath.log10(ground.lost)) + 2
                if wanted <= digits:
                    size = max(abs(one), abs(other), ground.largest / mpmath.mpf(10) ** 40)
                    return bool(abs(one - other) <= size * mpmath.mpf(10) ** (12 - _DIGITS))
            if wanted > _MOST_DIGITS:
                return None
            digits = wanted
    except _ERRORS:
        pass
    return None


class _Exact:
    """Values of trees of rational numbers. Raises Unclear for others and for numbers too long to hold."""

    def value(self, node: Node) -> Any:
        operation = node[0]
        if operation == "number":
            return self.number(node[1])
        if operation == "name":
            return self.named(node[1])
        parts = [self.value(part) for part in node[1:]]
        if operation == "+":
            return self.sum(parts)
        if operation == "*":
            return parts[0] * parts[1]
        if operation == "/":
            return parts[0] / parts[1]
        if operation == "^":
            return self.power(*parts)
        return self.call(operation, parts, node)

    def number(self, found: Fraction) -> Any:
        return found

    def named(self, name: str) -> Any:
        raise Unclear

    def sum(self, parts: list[Any]) -> Any:
        return sum(parts)

    def power(self, base: Any, power: Any) -> Any:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if power.denominator != 1 or (not base and not power) or abs(power) * bits > _BITS:
            raise Unclear
        return base ** int(power)

    def call(self, name: str, parts: list[Any], node: Node) -> Any:
        if name in ("abs", "floor", "ceil", "max", "min"):
            of = {"abs": abs, "floor": math.floor, "ceil": math.ceil, "max": max, "min": min}[name]
            return Fraction(of(*parts))
        if any(part.denominator != 1 or not 0 <= part <= _LARGEST_COUNT for part in parts):
            raise Unclear
        counts = [int(part) for part in parts]
        if name == "!!":
            return Fraction(math.prod(range(counts[0], 0, -2)))
        known = {"!": math.factorial, "binom": math.comb, "gcd": math.gcd, "lcm": math.lcm}
        if name not in known:
            raise Unclear
        return Fraction(known[name](*counts))


class _Point(_Exact):
    """Values in cmath's or mpmath's numbers. `lost`: how much smaller than their parts sums were, or how much smaller
    than the others a part; `largest`: the largest part of a sum."""

    def __init__(self, library: Any, kind: Any, point: int) -> None:
        self.of, self.kind, self.point = library, kind, point
        self.lost: Any = 1.0
        self.largest: Any = 0.0

    def number(self, found: Fraction) -> Any:
        if self.of is cmath:
            return complex(found.numerator / found.denominator)
        return self.kind(found.numerator) / found.denominator

    def named(self, name: str) -> Any:
        if name in ("π", "e", "i"):
            return self.kind({"π": self.of.pi, "e": self.of.e}.get(name, 1j))
        # One surprising value each, so that formulas that agree there are hardly ever different.
        return self.kind(self.point * (1 + math.sqrt(zlib.crc32(name.encode()) % 99_991 + 2) / 317))

    def sum(self, parts: list[Any]) -> Any:
        total = sum(parts)
        sizes = [abs(part) for part in parts if part]
        if sizes:
            largest = max(sizes)
            self.largest = max(self.largest, largest)
            floor = largest * (1e-16 if self.of is cmath else self.of.mpf(10) ** -self.of.mp.dps)
            self.lost = max(self.lost, largest / max(abs(total), floor), largest / min(sizes))
        return total

    def power(self, base: Any, power: Any) -> Any:
        if not base or abs(power) > 1e9:
            raise Unclear
        if (base.imag or base.real < 0) and (power.imag or power.real != int(power.real)):
            raise Unclear  # a root of a negative number: real to some, complex to others
        return base**power

    def root(self, base: Any, degree: Any) -> Any:
        if degree.imag or not 2 <= degree.real <= 100 or degree.real != int(degree.real):
            raise Unclear
        if degree.real == 2:
            return self.of.sqrt(base)
        if base.imag or (base.real < 0 and int(degree.real) % 2 == 0):
            raise Unclear
        return (-1 if base.real < 0 else 1) * abs(base) ** (1 / degree) if base else base

    def call(self, name: str, parts: list[Any], node: Node) -> Any:
        x, of = parts[0], self.of
        if name == "root":
            return self.root(*parts)
        if (known := exact(node)) is not None:
            return self.number(known)
        if abs(x) > 1e6 and name not in ("ln", "lg", "abs"):
            raise Unclear
        if name in ("ln", "lg") and not x.imag and x.real > 0:
            return of.log(x) if name == "ln" else of.log10(x)
        if name in ("cot", "sec", "csc"):
            return 1 / {"cot": of.tan, "sec": of.cos, "csc": of.sin}[name](x)
        if name in ("arcsin", "arccos", "arctan", "sin", "cos", "tan", "sinh", "cosh", "tanh"):
            return getattr(of, name.replace("arc", "a"))(x)
        if name == "abs":
            return self.kind(abs(x))
        if name == "!":
            return self.gamma(x + 1)
        if name == "binom":
            return self.gamma(x + 1) / (self.gamma(parts[1] + 1) * self.gamma(x - parts[1] + 1))
        if name in ("floor", "ceil") and not x.imag:
            return self.kind(getattr(math, name)(x.real))
        raise Unclear

    def gamma(self, x: Any) -> Any:
        if x.imag or abs(x) > 1e5:
            raise Unclear
        return complex(math.gamma(x.real)) if self.of is cmath else self.of.gamma(x)


# --- equations --------------------------------------------------------------------------------------------------------


def same_zeros(left: Formula, right: Formula) -> bool | None:
    """Whether two formulas are zero at the same points: True where one is a multiple of the other.

    False where a point that solves one does not solve the other; null where that is unclear.
    """
    if left.others or right.others:
        return None
    one, other = left.trees[0], right.trees[0]
    if left.names == right.names and left.names:
        pairs = [(rough(one, point), rough(other, point)) for point in (1, -1, 2)]
        ratios = [second / first for first, second in pairs if first and second]
        if len(ratios) == 3 and all(abs(ratio - ratios[0]) <= 1e-9 * abs(ratios[0]) for ratio in ratios):
            times = Fraction(ratios[0].real).limit_denominator(1000)
            return equal(("*", number(times), one), other) or None
    return False if _misses(left, right) or _misses(right, left) else None


def _misses(left: Formula, right: Formula) -> bool:
    """Whether a point where `left` is zero, solved for a name that it is linear in, surely does not solve `right`."""
    if not (left.names <= right.names or right.names <= left.names) or left.has_decimal or right.has_decimal:
        return False  # other names may mean the same
    for name in sorted(left.names):
        found = [rough(put(left.trees[0], name, number(n))) for n in (0, 1, 3)]
        at = [one for one in found if one is not None]
        if len(at) < 3 or abs(at[2] - at[0] - 3 * (at[1] - at[0])) > 1e-9 * max(map(abs, at)):
            continue
        if abs(slope := at[1] - at[0]) > 1e-9:
            solved = put(right.trees[0], name, number(Fraction((-at[0] / slope).real)))
            value, size = rough(solved), rough(solved, 2)
            return value is not None and size is not None and abs(value) > 1e-6 * max(1.0, abs(size))
    return False


def put(node: Node, name: str, instead: Node) -> Node:
    """A tree with another in the place of a name."""
    if node == ("name", name):
        return instead
    return node if node[0] in ("number", "name") else (node[0], *(put(part, name, instead) for part in node[1:]))


def less(left: Formula, right: Formula) -> Formula:
    """One formula less the other: zero where they are equal."""
    tree = ("+", left.trees[0], ("*", MINUS, right.trees[0]))
    others = (*left.others, *right.others, *left.trees[1:], *right.trees[1:])
    return Formula((tree,), others, None, left.names | right.names, left.has_decimal or right.has_decimal)


def all_of(verdict: Sequence[bool | None]) -> bool | None:
    """False where one is, True where all are, else null."""
    return False if False in verdict else True if all(verdict) else None
