"""Quantities: a number with a unit, in SI. Two are the same where they measure the same and differ by at most 5 %.

SciBench (Wang et al. 2023, arXiv 2307.10635) grades so: constants and roundings differ from textbook to textbook.
"""

import math
import re
from functools import lru_cache
from typing import NamedTuple

from journey.answers import values
from journey.answers.clean import clean
from journey.answers.read import read

TOLERANCE = 0.05
LONGEST = 200  # characters of a quantity

Dimensions = tuple[tuple[str, int], ...]
"""What a unit measures, by SI's base units and their powers, sorted; none for a bare number."""


class Quantity(NamedTuple):
    """`value` in SI's units, `number` as it is written; `dimensions` null: there is no unit."""

    value: float
    number: float
    dimensions: Dimensions | None


# Symbol and names, how many of the base units one is, what it measures.
_UNITS = """m meter metre = 1 m
g gram gramme = 0.001 kg
s sec second = 1 s
A amp ampere = 1 A
K kelvin = 1 K
mol mole = 1 mol
cd candela = 1 cd
N newton = 1 kg m s-2
J joule = 1 kg m2 s-2
W watt = 1 kg m2 s-3
Pa pascal = 1 kg m-1 s-2
V volt = 1 kg m2 s-3 A-1
Ω ohm = 1 kg m2 s-3 A-2
Hz hertz = 1 s-1
C coulomb = 1 s A
F farad = 1 kg-1 m-2 s4 A2
T tesla = 1 kg s-2 A-1
Wb weber = 1 kg m2 s-2 A-1
H henry = 1 kg m2 s-2 A-2
S siemens = 1 kg-1 m-2 s3 A2
Bq becquerel = 1 s-1
eV electronvolt = 1.602176634e-19 kg m2 s-2
L l liter litre = 0.001 m3
bar = 100000 kg m-1 s-2
cal calorie = 4.184 kg m2 s-2
M molar = 1000 mol m-3
rad radian = 1"""
_ALONE = """min minute = 60 s
h hr hour = 3600 s
d day = 86400 s
yr year = 31557600 s
atm atmosphere = 101325 kg m-1 s-2
Torr torr mmHg = 133.322 kg m-1 s-2
Å angstrom = 1e-10 m
u amu Da = 1.66053907e-27 kg
t tonne = 1000 kg
° deg degree = 0.017453292519943295
sr = 1
% percent = 0.01
in inch = 0.0254 m
ft foot feet = 0.3048 m
mi mile = 1609.344 m
lb pound = 0.45359237 kg
°C celsius = 1 °C
°F fahrenheit = 1 °F"""
_PREFIXES = """Q 30 R 27 Y 24 Z 21 E 18 P 15 T 12 G 9 M 6 k 3 h 2 da 1 d -1 c -2 m -3 µ -6 μ -6 u -6 n -9 p -12 f -15
a -18 giga 9 mega 6 kilo 3 deci -1 centi -2 milli -3 micro -6 nano -9 pico -12 femto -15"""


class _Unit(NamedTuple):
    size: float
    dimensions: Dimensions


def _table(lines: str) -> dict[str, _Unit]:
    found: dict[str, _Unit] = {}
    for line in lines.splitlines():
        names, _, meaning = line.partition(" = ")
        size, *parts = meaning.split()
        powers = [re.fullmatch(r"(\D+?)(-?\d+)?", part) for part in parts]
        dimensions = tuple(sorted((one[1], int(one[2] or 1)) for one in powers if one))
        found |= dict.fromkeys(names.split(), _Unit(float(size), dimensions))
    return found


_PREFIXED, _KNOWN = _table(_UNITS), _table(_UNITS) | _table(_ALONE)
_POWERS = {prefix: int(power) for prefix, power in re.findall(r"(\S+) (-?\d+)", _PREFIXES)}

_NUMBER = re.compile(
    r"(?:about |(?:[A-Za-zΔ][\w{}]*\s*)?[=≈~])?\s*(?P<sign>[-+]?)\s*"
    r"(?:(?P<digits>\d[\d,]*\.?\d*|\.\d+)(?:[eE](?P<e>[-+]?\d{1,3}))?"
    r"(?:\s*[*]\s*10\s*\^\s*\{?\s*(?P<ten>[-+]?\d{1,3})\s*\}?)?|10\s*\^\s*\{?\s*(?P<alone>[-+]?\d{1,3})\s*\}?)(?P<unit>.*)"
)
_TOKEN = re.compile(
    r"\s*(?:(?P<name>°\s*[CF]\b|[A-Za-zµμΩÅ°%]+)\s*(?:\^?\s*\{?\s*(?P<power>[-+]?\s*[1-9])\s*\}?)?|(?P<mark>[*/()]))"
)


@lru_cache(maxsize=4096)
def quantity(text: str) -> Quantity | None:
    """The quantity that a text is, in TeX or plain; null for anything else, and for units that are not known here."""
    if len(text) > LONGEST:
        return None
    plain = re.sub(r"(?<=[µμ])\s+(?=[A-Za-z])", "", clean(text))
    plain = re.sub(r"\{([A-Za-zµμΩÅ°%]+)\}", r"\1", plain).strip(" .$")
    if (found := _NUMBER.fullmatch(plain)) is None:
        return _bare(plain)
    digits, power = (found["digits"] or "1").replace(",", ""), found["e"] or "0"
    number = float(f"{found['sign']}{digits}e{int(power) + int(found['ten'] or found['alone'] or 0)}")
    if not found["unit"].strip():
        return Quantity(number, number, None)
    if not math.isfinite(number) or (unit := _unit(found["unit"])) is None:
        return _bare(plain)
    return Quantity(number * unit.size, number, unit.dimensions)


def same_quantity(gold: str, answer: str) -> bool | None:
    """Whether an answer is the known quantity; null where nobody can say, or the known answer is no quantity.

    A bare number is in the known unit. One that is a power of a thousand off may be in another unit: null.
    """
    known, given = quantity(gold), quantity(answer)
    if known is None or given is None:
        return None
    if known.dimensions is None or given.dimensions is None:
        if _near(known.number, given.number):
            return None if known.dimensions is None and given.dimensions else True  # it may lack its unit
        if not known.dimensions and not given.dimensions:
            return _near(known.value, given.value)
        return None if any(_near(known.number * 10.0**n, given.number) for n in (-9, -6, -3, 3, 6, 9)) else False
    if known.dimensions != given.dimensions:
        kelvin = {("K", 1), ("°C", 1), ("°F", 1)}
        return None if kelvin.issuperset((*known.dimensions, *given.dimensions)) else False
    return _near(known.value, given.value)


def _near(known: float, given: float) -> bool:
    return math.isclose(known, given, rel_tol=TOLERANCE)


def _bare(plain: str) -> Quantity | None:
    """A number that is a formula: 2π/3."""
    found = read(plain)
    worth = (
        values.rough(found.formula.trees[0]) if found.kind == "number" and found.formula and not found.unit else None
    )
    if worth is None or found.formula is None or found.formula.names or abs(worth.imag) > 1e-9 * abs(worth):
        return None
    return Quantity(worth.real, worth.real, None)


def _unit(text: str) -> _Unit | None:
    """A product of units with their powers: kJ/mol, J K^{-1} mol^{-1}, m/s^2; null for words that are none."""
    text = re.sub(r"\bper\b", "/", text)
    size, powers, at = 1.0, dict[str, int](), 0
    sign, depth, opened = 1, 0, 1
    while at < len(text):
        if not text[at:].strip():
            break
        if (found := _TOKEN.match(text, at)) is None:
            return None
        at = found.end()
        match found["mark"]:
            case "/":
                sign = -opened
                continue
            case "(":
                depth, opened = depth + 1, sign
                continue
            case ")":
                depth, opened, sign = depth - 1, 1, 1
                continue
            case "*":
                continue
            case _:
                pass
        units = _factors(found["name"].replace(" ", ""))
        if not units:
            return None
        power = sign * int((found["power"] or "1").replace(" ", ""))
        for unit, own in zip(units, (*[sign] * (len(units) - 1), power), strict=True):
            size *= unit.size**own
            for what, times in unit.dimensions:
                powers[what] = powers.get(what, 0) + times * own
        sign = opened
    if depth or not math.isfinite(size) or not size:
        return None
    return _Unit(size, tuple(sorted(item for item in powers.items() if item[1])))


def _factors(name: str) -> list[_Unit]:
    """The unit of a name, or the two that are written as one word (kJmol); none where it is none."""
    if (whole := _named(name)) is not None:
        return [whole]
    for at in range(len(name) - 1, 0, -1):
        first, last = _named(name[:at]), _named(name[at:])
        if first is not None and last is not None:
            return [first, last]
    return []


def _named(name: str) -> _Unit | None:
    """The unit of that name, with a prefix or in the plural; a name that is a unit as it stands has no prefix."""
    for form in dict.fromkeys((name, name.removesuffix("s"), name.casefold(), name.casefold().removesuffix("s"))):
        if form in _KNOWN and (len(form) > 1 or form == name):
            return _KNOWN[form]
    for form in dict.fromkeys((name, name.casefold().removesuffix("s"))):
        for prefix, power in _POWERS.items():
            bare = form.removeprefix(prefix)
            is_long = len(prefix) > 2
            if bare != form and bare in _PREFIXED and (len(bare) > 2 or not is_long):
                unit = _PREFIXED[bare]
                return _Unit(unit.size * 10.0**power, unit.dimensions)
    return None
