"""The kinds of values that answers are, and how the simple ones are made."""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from journey.answers import regions, values
from journey.answers.formula import Formula, number, parse
from journey.answers.phrases import Unit
from journey.answers.regions import Region


@dataclass(frozen=True, slots=True)
class Value:
    """What an answer is. `text`: it in `clean`'s alphabet.

    `formula`: of a number. `also`: what the same text may stand for as well, as 10% for 10, 5 m for m times 5. `maybe`:
    what it may stand for, so that nobody can say. `unit`: of a number. `name`: what the answer is said to be ("x" of
    x = 3), the letter of a choice, the base of a number. `parts`: members, cells, sides. `brackets`: of a list or
    tuple; the shape of a matrix. `region`: of a region, and of a point that may be an interval.
    """

    kind: str
    text: str
    formula: Formula | None = None
    also: tuple[Formula, ...] = ()
    maybe: tuple[Formula, ...] = ()
    unit: Unit | None = None
    name: str = ""
    parts: "tuple[Value, ...]" = ()
    brackets: str = ""
    region: Region = ()


EVERYTHING = Value("region", "ℝ", region=((regions.LOW, regions.HIGH),))
NOTHING = Value("list", "∅", brackets="«»")


def plain(text: str) -> Value:
    """A formula, a letter or sign that is a word, or what is not read."""
    if (formula := parse(text)) is not None:
        return Value("number", text, formula)
    if re.fullmatch(r"-?\d+(?: -?\d+)+", text):
        return Value("list", text, parts=tuple(map(plain, text.split())))
    bare = text.replace(" ", "").lstrip("+")
    if bare in ("∅", "ℝ"):
        return NOTHING if bare == "∅" else EVERYTHING
    return Value("words", bare) if bare in ("∞", "-∞") or re.fullmatch(r"[^\W\d_]+", bare) else Value("unread", text)


def percent(text: str, formula: Formula) -> Value:
    """12.5% is 0.125, and 12.5 where that was asked for; 0.5% is hardly 0.5."""
    found = values.rough(formula.trees[0])
    is_large = found is not None and abs(found) >= 1
    share = replace(formula, trees=tuple(("/", tree, number(100)) for tree in formula.trees), others=())
    return Value("number", text, share, (formula,) if is_large else (), () if is_large else (formula,), name="%")


def based(text: str, digits: str, base: int) -> Value:
    """Digits in a base: the number, and that which the digits would be in base ten."""
    try:
        found = int(digits, base)
    except ValueError:
        return plain(text)
    also = (Formula((number(int(digits)),)),) if digits.lstrip("-").isdigit() else ()
    return Value("number", text, Formula((number(found),)), also, name=f"base {base}")


def time(text: str, match: re.Match[str]) -> Value:
    """A time of day, in seconds."""
    hours = int(match[1]) % 12 + 12 * (match[4] in "pP") if match[4] else int(match[1])
    seconds = hours * 3600 + int(match[2]) * 60 + int(match[3] or 0)
    ratio = match[3] or match[4] or match[2].startswith("0") or not int(match[1])
    maybe = () if ratio else (Formula((number(Fraction(int(match[1]), int(match[2]))),)),)  # 12:45 may be a ratio
    return Value("time", text, Formula((number(seconds),)), maybe=maybe, name="m" if match[4] else "")


def ratio(text: str, parts: list[str]) -> Value:
    """a : b as a / b, a : b : c as the point (b / a, c / a)."""
    trees = [formula.trees[0] for formula in map(parse, parts) if formula]
    if len(trees) < len(parts):
        return Value("unread", text)
    shares = [Formula((("/", tree, trees[0]),)) for tree in trees[1:]]
    if len(trees) == 2:
        return Value("number", text, Formula((("/", *trees),)), name=":")
    return Value("tuple", text, parts=tuple(Value("number", "", share) for share in shares), brackets=":")


def region_of(one: Value) -> Region:
    """A region; a point may be an interval, and a set of numbers single points."""
    if one.region or one.kind != "list":
        return one.region
    ends = [regions.end(part.text, part.formula, True) for part in one.parts]
    return tuple((end, end) for end in ends if end is not None)


def depths(text: str, marks: str) -> list[int]:
    """Where marks stand outside of all brackets; empty where brackets do not match."""
    depth, found, bar = 0, list[int](), False
    for place, char in enumerate(text):
        if char in "({[«":
            depth += 1
        elif char in ")}]»":
            depth -= 1
            if depth < 0:
                return []
        elif char == "|" and depth == 0:
            bar = not bar
        elif depth == 0 and not bar and char in marks:
            found.append(place)
    return found if depth == 0 else []


def split(text: str, marks: str) -> list[str]:
    """The parts of a text between marks outside of all brackets."""
    return [text[a + 1 : b].strip() for a, b in pairwise([-1, *depths(text, marks), len(text)])]
