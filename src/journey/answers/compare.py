"""Whether two answers are the same: one comparison for each kind of value.

True is said of the same text, the same exact value or formula, or parts that are; False of what cannot be equal however
one reads it. Null is all else: math-verify may be asked, but not about words, units and choices, which it drops.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from journey.answers import phrases, regions, values
from journey.answers.formula import LONGEST, Formula, number, parse
from journey.answers.kinds import Value, region_of
from journey.answers.phrases import Unit
from journey.answers.read import read

_SENTENCES = re.compile(
    r"[\w$)}%][.!?]\s+\S.*\w{2}|(?:[\u0370-\uffff].*?){20}|(?:[^\W\d_]{2,}[^\w]+){12}|[A-Za-z]{25}", re.DOTALL
)
_ARITHMETIC = re.compile(r"[\d\s.+*/()-]*\d\)* [-+*/] [\d\s.+*/()-]*")
_NUMBERED = re.compile(r"\w+th|" + "|".join(sorted(phrases.COUNTS)))


def decide(gold: str, answer: str) -> bool | None:
    """Whether `answer` is the reference; null where that is not plain."""
    if _is_prose(gold) or _is_prose(answer) or gold == answer:
        return True if gold.strip() == answer.strip() else None
    return same(read(gold), read(answer))


def may_ask(gold: str, answer: str) -> bool:
    """Whether math-verify may be asked about a pair that is not plain here: not where it drops what was verdict."""
    return _is_prose(answer) or not (_has_words(read(gold)) or _has_words(read(answer)))


def _is_prose(text: str) -> bool:
    """Whether a text is a whole solution rather than an answer: math-verify looks for the answer in it."""
    return len(text) > LONGEST or (len(text) > 40 and _SENTENCES.search(text) is not None)


def _has_words(one: Value) -> bool:
    if one.kind == "unread":
        return re.search(r"(?<![\\A-Za-z_{])[^\W\d_]{4,}", one.text) is not None
    is_special = one.unit or one.maybe or (one.kind == "number" and one.also) or one.brackets == ":"
    return bool(is_special) or one.kind in ("words", "changed", "choice", "time") or any(map(_has_words, one.parts))


def same(gold: Value, answer: Value) -> bool | None:
    """Whether two values are the same; null where that is not plain."""
    named = {one.name for one in (gold, answer) if len(one.name) == 1}
    if gold.text == answer.text != "" and len(named) < 2:
        return True
    if "choice" in (gold.kind, answer.kind):
        return _choices(*((gold, answer) if gold.kind == "choice" else (answer, gold)))
    if gold.kind == answer.kind:
        if len(named) == 2:
            return None  # x = 3 and y = 3
        return _SAME_KIND[gold.kind](gold, answer)
    for one, other in ((gold, answer), (answer, gold)):
        if (compare := _TWO_KINDS.get((one.kind, other.kind)) or _TWO_KINDS.get((one.kind, ""))) is not None:
            return compare(one, other)
    return False


# --- one kind ---------------------------------------------------------------------------------------------------------


def _numbers(one: Value, other: Value) -> bool | None:
    left, right = one.formula, other.formula
    if left is None or right is None:
        return None
    if one.unit and other.unit and (one.unit.parts, one.unit.size) != (other.unit.parts, other.unit.size):
        return _units(one, one.unit, other, other.unit)
    verdict = _formulas(left, right, one.text, other.text)
    if verdict:
        is_other_base = one.name != other.name and one.name[:4] == other.name[:4] == "base"
        return None if is_other_base else True
    for this, that in ((one, other), (other, one)):
        if not that.also and any(values.same(a, f) for a in this.also for f in (that.formula,) if f):
            return True
        guesses = (*this.maybe, *(_times(this, size) for size in this.unit.others())) if this.unit else this.maybe
        if not that.unit and any(values.same(a, f) for a in guesses for f in (that.formula, *that.also) if f):
            return None  # a metre for 100, where centimetres may have been asked for
    return verdict


def _times(one: Value, size: Fraction) -> Formula:
    tree = one.formula.trees[0] if one.formula else number(0)
    return Formula((("/", tree, number(size)),))


def _units(one: Value, first: Unit, other: Value, second: Unit) -> bool | None:
    """Numbers with two units: five hours are not five minutes, but 60 minutes one hour; of two things nobody knows."""
    if one.formula is None or other.formula is None:
        return None
    if first.parts == second.parts:
        left, right = (("*", f.trees[0], number(u.size)) for f, u in ((one.formula, first), (other.formula, second)))
        return values.equal(left, right)
    verdict, are_known = values.same(one.formula, other.formula), first.is_known and second.is_known
    if verdict is False:
        return None if are_known else False
    words = first.words | second.words
    return verdict if not are_known and ((first.words & second.words) or "item" in words) else None


def _formulas(left: Formula, right: Formula, one: str = "", other: str = "") -> bool | None:
    verdict = values.same(left, right)
    if verdict is not False or left.names == right.names:
        return None if left.is_word and right.is_word and one != other else verdict  # "ab" may be a word
    if _fold(left) == _fold(right):
        return None  # capitals may be meant
    mine, theirs = left.names - right.names, right.names - left.names
    if len(mine) == len(theirs) == 1 and mine | theirs <= set("knmltCc"):  # any whole number, any constant
        renamed = parse(re.sub(rf"(?<![A-Za-z\\]){next(iter(mine))}(?![A-Za-z])", next(iter(theirs)), one))
        return bool(renamed and values.same(renamed, right))
    return False


def _fold(formula: Formula) -> set[str]:
    return {name.casefold() for name in formula.names}


def _lists(one: Value, other: Value) -> bool | None:
    if one.formula and other.formula and values.same(one.formula, other.formula):
        return True  # thousands
    if not one.parts or not other.parts:
        return one.parts == other.parts
    left, right = _points(one.parts), _points(other.parts)
    if sorted(part.text.replace(" ", "") for part in left) == sorted(part.text.replace(" ", "") for part in right):
        return True
    matches = [[same(a, b) for b in right] for a in left]
    columns = list(zip(*matches, strict=True))
    if any(all(verdict is False for verdict in some) for some in (*matches, *columns)):
        return False  # a member that differs from every member of the other
    # One equal each way: a member said twice may be meant twice.
    paired = all(some.count(True) == 1 for some in (*map(tuple, matches), *columns))
    return True if paired and len(left) == len(right) else None


def _points(parts: tuple[Value, ...]) -> tuple[Value, ...]:
    """p = 5, q = 2, p = 7, q = 2 as points, by the order of their names; other parts as they are."""
    names = [part.name for part in parts]
    width = len(set(names))
    if not all(names) or width < 2 or len(parts) == width or names != names[:width] * (len(parts) // width):
        return parts
    rows = [sorted(parts[i : i + width], key=lambda part: part.name) for i in range(0, len(parts), width)]
    return tuple(Value("tuple", repr([part.text for part in row]), parts=tuple(row), brackets="()") for row in rows)


def _in_order(one: Sequence[Value], other: Sequence[Value]) -> bool | None:
    return values.all_of([same(a, b) for a, b in zip(one, other, strict=True)]) if len(one) == len(other) else False


def _tuples(one: Value, other: Value) -> bool | None:
    first, second = one.brackets, other.brackets
    if "x" in first or "x" in second:
        if first == second or ("1" in first and second in ("()", "[]")) or ("1" in second and first in ("()", "[]")):
            return _in_order(one.parts, other.parts)
        if len(one.parts) == 1 or len(other.parts) == 1:
            # One cell is rather a column whose breaks were lost; other digits are other numbers all the same.
            digits = [re.sub(r"[^-\d]", "", "".join(part.text for part in v.parts)) for v in (one, other)]
            return None if digits[0] == digits[1] or not all(digits) else False
        return False
    verdict = _in_order(one.parts, other.parts)
    if verdict is False or first == second:
        return verdict if first[:1] not in "<≤" or verdict else None
    return False if len(one.parts) == 2 else None  # an open interval is no closed one


def _regions(one: Value, other: Value) -> bool | None:
    left, right = region_of(one), region_of(other)
    if not left or not right:
        point = one if one.kind == "tuple" else other
        are_known = all(part.formula and not part.formula.names for part in point.parts)
        return False if are_known else None  # a point with falling parts is no interval
    return regions.same(left, right)


def _equations(one: Value, other: Value) -> bool | None:
    sides = [[part.formula for part in v.parts] for v in (one, other)]
    if _in_order(one.parts, other.parts) or _in_order(one.parts[::-1], other.parts):
        return True
    if any(len(side) != 2 or None in side for side in sides):
        return None
    return values.same_zeros(*(values.less(*side) for side in sides))  # type: ignore[arg-type]


def _words(one: Value, other: Value) -> bool | None:
    left, right = phrases.wording(one.text), phrases.wording(other.text)
    if left == right and (len(left) > 2 or left == "no"):
        return True
    if one.formula and other.formula and max(len(one.text), len(other.text)) < 4:
        return _formulas(one.formula, other.formula, one.text, other.text)
    return None if sorted(left) == sorted(right) and one.formula and other.formula else False


# --- two kinds --------------------------------------------------------------------------------------------------------


def _choices(choice: Value, other: Value) -> bool | None:
    if other.kind == "choice":
        return choice.name == other.name
    if other.name == "several choices":
        return False  # two at once
    if choice.parts and other.kind != "words":
        return same(choice.parts[0], other)
    if len(other.text) == 1 and other.text.islower():
        return other.text.upper() == choice.name
    letters = set(re.findall(r"(?<![\w'\\])([A-H])(?![A-Za-z0-9_'])", re.split("[,.。，不]", other.text)[0]))
    if other.kind in ("words", "changed", "unread", "list") and len(letters) == 1:
        return choice.name in letters
    if choice.parts:
        return same(choice.parts[0], other)
    if other.kind == "number" and other.formula and other.formula.names and not choice.brackets:
        return None  # a capital may be a variable
    return None if other.kind == "unread" or (other.kind == "words" and other.formula) else False


def _equation_and(equation: Value, other: Value) -> bool | None:
    """An equation of numbers only, as 72 = 8 * 9, is its last side; others are no value."""
    sides = [side.formula for side in equation.parts if side.formula]
    if len(sides) == len(equation.parts) and not any(side.names for side in sides):
        return same(equation.parts[-1], other)
    is_zero = len(sides) == 2 and values.exact(sides[1].trees[0]) == 0 and len(sides[0].names) > 1
    if is_zero and not other.name and (other.formula is None or not other.formula.names):
        return False if other.kind in ("number", "tuple", "list", "region") else None
    if len(other.name) == 1 and other.formula and len(sides) == 2:
        left = Formula((("name", other.name),), names=frozenset({other.name}))
        return values.same_zeros(values.less(*sides), values.less(left, other.formula))
    return None


def _changed_and(changed: Value, other: Value) -> bool | None:
    """A number with words that change it is not that number; what it is nobody knows."""
    return False if changed.formula and other.formula and values.same(changed.formula, other.formula) else None


def _number_and(one: Value, other: Value) -> bool | None:
    """A number and what has several parts: thousands, C(5,2) or a decimal comma, else another thing."""
    if one.formula and other.formula and values.same(one.formula, other.formula):
        return True
    if one.formula and any(values.same(one.formula, maybe) for maybe in other.maybe):
        return None
    if one.formula is None or one.formula.is_word:
        return None  # the name of a set or a vector
    is_none = not other.parts and not other.region and values.exact(one.formula.trees[0]) == 0  # "no solutions" for 0
    return None if is_none or len(other.parts) == 1 else False


def _list_and_tuple(one: Value, point: Value) -> bool | None:
    names = [part.name for part in one.parts]
    if all(names) and one.parts and len(set(names)) == len(names):  # x = 1, y = 2
        verdict = _in_order([part for _, part in sorted(zip(names, one.parts, strict=True))], point.parts)
        return verdict if verdict or names == sorted(names) else None
    verdict = _in_order(one.parts, point.parts)
    if verdict and not one.brackets and (point.brackets == "()" or "x" in point.brackets):
        return True
    # As a point, an interval or a list, they differ if one part differs from every part of the other.
    matches = [[same(a, b) for b in point.parts] for a in one.parts]
    lonely = any(all(verdict is False for verdict in some) for some in (*matches, *zip(*matches, strict=True)))
    return False if lonely else None


def _words_and(words: Value, other: Value) -> bool | None:
    """Words and something else: other things, but for words that may say it."""
    verdict = phrases.wording(words.text)
    if other.kind == "list" and not other.parts:
        return verdict == "no solution"
    if other.kind == "unread" or words.text in ("∞", "-∞"):
        return None if other.kind != "number" else False
    if other.formula and other.kind == "number":
        if words.formula and len(words.text) < 4:
            return _formulas(words.formula, other.formula)
        if words.text.isalpha() and other.formula.names >= set(words.text):
            return None  # "abcd" may be a product
        if values.exact(other.formula.trees[0]) == 0 and verdict in phrases.WORDINGS.values():
            return None  # "no solutions" may be said for 0
    return None if _NUMBERED.search(verdict) or re.search(r"\d", verdict) else False


def _null(one: Value, other: Value) -> bool | None:
    return None


def _times_of_day(one: Value, other: Value) -> bool | None:
    verdict = _numbers(one, other)
    hours = [values.exact(v.formula.trees[0]) if v.formula else None for v in (one, other)]
    if verdict is False and one.name != other.name and hours[0] is not None and hours[1] is not None:
        return (hours[0] - hours[1]) % 43_200 == 0  # 5:03 may be in the afternoon
    ratios = [maybe for v in (one, other) for maybe in v.maybe]
    return None if verdict is False and len(ratios) == 2 and values.same(*ratios) else verdict


_Compare = Callable[[Value, Value], bool | None]
_SAME_KIND: dict[str, _Compare] = {
    "number": _numbers, "time": _times_of_day, "list": _lists, "tuple": _tuples,
    "region": _regions, "equation": _equations, "words": _words, "changed": _null, "unread": _null,
}  # fmt: skip
_TWO_KINDS: dict[tuple[str, str], _Compare] = {
    ("equation", ""): _equation_and, ("words", ""): _words_and, ("unread", ""): _null,
    ("changed", "number"): _changed_and, ("changed", ""): _null, ("number", "list"): _number_and,
    ("number", "tuple"): _number_and, ("number", "region"): _number_and, ("list", "tuple"): _list_and_tuple,
    ("region", "tuple"): _regions,
    ("region", "list"): _regions, ("time", ""): _null,
}  # fmt: skip


# --- votes ------------------------------------------------------------------------------------------------------------


def key(answer: str) -> str:
    """What an answer counts as in votes: the same for answers that are the same in another writing.

    An unevaluated sum of plain numbers ("8 * (15 - 7)", an answer to a puzzle) counts as it is written.
    """
    return answer if len(answer) > LONGEST or _ARITHMETIC.fullmatch(answer) else _key(read(answer)) or answer


def _key(one: Value) -> str:
    if one.kind in ("number", "time") and one.formula is not None and len(one.formula.trees) == 1:
        found = values.exact(one.formula.trees[0])
        if found is not None:
            # Hexadecimal: thousands of decimal digits are refused by Python.
            return f"{found.numerator:x}/{found.denominator:x}{'%' if one.name == '%' else ''}"
        about = None if one.formula.is_word else values.rough(one.formula.trees[0])
        return one.text if about is None else f"{about.real:.9g} {about.imag:.9g}"
    if one.kind == "region":
        return " ".join(f"{end.formula if end.value is None else f'{end.value:.9g}'}{end.closed}" for end in _ends(one))
    if one.kind in ("list", "tuple") and one.parts:
        inner = [_key(part) for part in one.parts]
        return f"{one.brackets}({', '.join(sorted(inner) if one.kind == 'list' else inner)})"
    return {"choice": one.name, "words": phrases.wording(one.text)}.get(one.kind, one.text)


def _ends(one: Value) -> list[regions.End]:
    return [end for piece in one.region for end in piece]
