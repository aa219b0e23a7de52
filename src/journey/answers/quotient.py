r"""A formula as a quotient of polynomials with rational coefficients, multiplied out exactly.

Its names are letters, \pi, the square roots of primes, and what else is rooted or raised (which counts as a name of its
own). Square roots of primes, \pi and letters obey no relation but (\sqrt p)^2 = p, so two such quotients are equal
exactly when they cross-multiply to the same polynomial. Work is bounded by the number of products of terms and by the
length of numbers.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from journey.answers.formula import Node, Unclear

Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]

_PRODUCTS = 3_000  # of terms, a formula; some milliseconds
_BITS = 8_000
_HIGHEST = 40  # power of a sum
_ONE: Polynomial = {(): Fraction(1)}


@dataclass(frozen=True, slots=True)
class Quotient:
    """`over` / `under`; `is_whole`: nothing in it was taken for a name that is not one."""

    over: Polynomial
    under: Polynomial
    is_whole: bool = True

    def constant(self) -> Fraction | None:
        """Its value if it is a rational number."""
        if self.under.keys() != {()} or not self.over.keys() <= {()}:
            return None
        return self.over.get((), Fraction(0)) / self.under[()]


@lru_cache(maxsize=512)  # some take a third of a megabyte
def quotient(node: Node, imaginary: bool) -> Quotient:
    """A formula as a quotient of polynomials; `i` squared is -1 if `imaginary`. Raises Unclear or ZeroDivisionError."""
    return _Terms(imaginary).quotient(node)


def difference(one: Quotient, other: Quotient, imaginary: bool) -> Polynomial:
    """The numerator of one less the other: empty exactly when they are the same. Raises Unclear."""
    terms = _Terms(imaginary)
    return terms.plus(terms.times(one.over, other.under), terms.times(other.over, one.under), Fraction(-1))


@dataclass(slots=True)
class _Terms:
    imaginary: bool
    left: int = _PRODUCTS

    def quotient(self, node: Node) -> Quotient:
        match node.operation:
            case "number":
                return Quotient({(): node.number} if node.number else {}, _ONE)
            case "name":
                return Quotient({((node.name, 1),): Fraction(1)}, _ONE)
            case "+":
                return self.sum([self.quotient(part) for part in node.parts])
            case "*":
                one, other = map(self.quotient, node.parts)
                return self.product(one, other)
            case "/":
                one, other = map(self.quotient, node.parts)
                if not other.over:
                    raise ZeroDivisionError
                return self.product(one, Quotient(other.under, other.over, other.is_whole))
            case "^":
                return self.power(*map(self.quotient, node.parts))
            case "root":
                return self.root(*map(self.quotient, node.parts))
            case _:
                return Quotient({(): counted(node, [self.quotient(part).constant() for part in node.parts])}, _ONE)

    def sum(self, parts: list[Quotient]) -> Quotient:
        result = parts[0]
        for part in parts[1:]:
            whole = result.is_whole and part.is_whole
            if result.under == part.under:
                result = Quotient(self.plus(result.over, part.over), part.under, whole)
            else:
                over = self.plus(self.times(result.over, part.under), self.times(part.over, result.under))
                result = Quotient(over, self.times(result.under, part.under), whole)
        return result

    def product(self, one: Quotient, other: Quotient) -> Quotient:
        over, under = self.times(one.over, other.over), self.times(one.under, other.under)
        if not under:
            raise ZeroDivisionError
        return Quotient(over, under, one.is_whole and other.is_whole)

    def power(self, base: Quotient, exponent: Quotient) -> Quotient:
        times = exponent.constant()
        if times is not None and times.denominator == 1:
            return self.repeated(base, int(times))
        value = base.constant()
        if value is not None and value <= 0:
            raise Unclear  # a root of a negative number: real to some, complex to others
        if times is not None:
            return self.repeated(self.root(base, Quotient({(): Fraction(times.denominator)}, _ONE)), times.numerator)
        return Quotient({((f"{_key(base)}^{_key(exponent)}", 1),): Fraction(1)}, _ONE, False)

    def repeated(self, base: Quotient, times: int) -> Quotient:
        terms = max(len(base.over), len(base.under))
        longest = max((_bits(number) for side in (base.over, base.under) for number in side.values()), default=0)
        if abs(times) > (_HIGHEST if terms > 1 else _BITS) or abs(times) * longest > _BITS:
            raise Unclear
        if times < 0:
            if not base.over:
                raise ZeroDivisionError
            base = Quotient(base.under, base.over, base.is_whole)
        if times == 0 and not base.over:
            raise Unclear
        result = Quotient(_ONE, _ONE, base.is_whole)
        for bit in bin(abs(times))[2:]:
            result = self.product(result, result)
            if bit == "1":
                result = self.product(result, base)
        return result

    def root(self, inner: Quotient, degree: Quotient) -> Quotient:
        times, value = degree.constant(), inner.constant()
        if times is None or times.denominator != 1 or not 2 <= times <= 100:
            raise Unclear
        if value is None:
            return Quotient({((f"root {times} {_key(inner)}", 1),): Fraction(1)}, _ONE, False)
        if value < 0:
            raise Unclear
        if times == 2:
            return self.square_root(value)
        over, under = _whole_root(value.numerator, int(times)), _whole_root(value.denominator, int(times))
        if over is not None and under is not None:
            return Quotient({(): Fraction(over, under)} if over else {}, _ONE)
        return Quotient({((f"root {times} of {value}", 1),): Fraction(1)}, _ONE, False)

    def square_root(self, value: Fraction) -> Quotient:
        if not value:
            return Quotient({}, _ONE)
        outside, primes = _square_free(value.numerator * value.denominator)
        monomial = tuple(sorted((f"sqrt {prime}", 1) for prime in primes))
        return Quotient({monomial: Fraction(outside, value.denominator)}, _ONE)

    def plus(self, one: Polynomial, other: Polynomial, sign: Fraction = Fraction(1)) -> Polynomial:
        result = dict(one)
        for monomial, number in other.items():
            if total := result.get(monomial, 0) + sign * number:
                result[monomial] = total
            else:
                del result[monomial]
        return result

    def times(self, one: Polynomial, other: Polynomial) -> Polynomial:
        if one is _ONE or other is _ONE:
            return other if one is _ONE else one
        self.left -= len(one) * len(other)
        if self.left < 0:
            raise Unclear
        result: Polynomial = {}
        for first, number in one.items():
            for second, factor in other.items():
                monomial, extra = self.monomial(first, second)
                total = result.get(monomial, 0) + number * factor * extra
                if total:
                    result[monomial] = total
                else:
                    result.pop(monomial, None)
        if any(_bits(number) > _BITS for number in result.values()):
            raise Unclear
        return result

    def monomial(self, first: Monomial, second: Monomial) -> tuple[Monomial, int]:
        if not first or not second:
            return first or second, 1
        powers, extra = dict(first), 1
        for name, power in second:
            powers[name] = powers.get(name, 0) + power
        for name, power in list(powers.items()):
            if power == 2 and name.startswith("sqrt "):
                extra *= int(name[5:])
                del powers[name]
            elif self.imaginary and name == "i" and power > 1:
                extra *= -1 if power % 4 in (2, 3) else 1
                if power % 2:
                    powers[name] = 1
                else:
                    del powers[name]
        return tuple(sorted(powers.items())), extra


def _key(terms: Quotient) -> str:
    return f"({sorted(terms.over.items())}/{sorted(terms.under.items())})"


def _bits(number: Fraction) -> int:
    return max(number.numerator.bit_length(), number.denominator.bit_length())


def counted(node: Node, parts: list[Fraction | None]) -> Fraction:
    """A factorial or a binomial coefficient of small whole numbers. Raises Unclear for others."""
    numbers = [int(part) for part in parts if part is not None and part.denominator == 1 and 0 <= part <= 300]
    if len(numbers) < len(parts):
        raise Unclear
    return Fraction(math.factorial(numbers[0]) if node.operation == "!" else math.comb(*numbers))


def _whole_root(number: int, degree: int) -> int | None:
    if number.bit_length() > 300:
        raise Unclear
    root = round(number ** (1 / degree))
    return next((near for near in (root - 1, root, root + 1) if near >= 0 and near**degree == number), None)


@lru_cache(maxsize=4096)
def _square_free(number: int) -> tuple[int, tuple[int, ...]]:
    """How a positive number is a square times different primes: the square's root, and the primes."""
    if number.bit_length() > 200:
        raise Unclear
    outside, primes, prime = 1, [], 2
    while prime * prime <= number and prime < 1000:
        while number % (prime * prime) == 0:
            number //= prime * prime
            outside *= prime
        if number % prime == 0:
            number //= prime
            primes.append(prime)
        prime += 1 if prime == 2 else 2
    root = math.isqrt(number)
    if number > 1 and root * root == number:
        return outside * root, tuple(primes)
    if number >= 1000 * 1000:
        raise Unclear  # it may be a product of large primes
    return outside, (*primes, number) if number > 1 else tuple(primes)
