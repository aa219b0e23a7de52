r"""Compare lists, points, sets, intervals, unions of intervals and matrices plainly, part by part."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from journey.answers import terms
from journey.answers.formula import read
from journey.answers.single import exact, single

_MATRIX = re.compile(r"\\begin\{[pb]?matrix\}([^{}]*(?:\{[^{}]*\}[^{}]*)*)(?:\\\\)?\\end\{[pb]?matrix\}")
_AND = re.compile(r"(?<=[\d)}\]])\s*,?\s*(?:and|or)\s*(?=[-+\d(\\\[])|,(?:and|or)\s*(?=[-+\d(\\\[])")
_ENDLESS = re.compile(r"[+-]?\\infty")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_PAIRS = (("(", ")"), ("[", "]"), ("(", "]"), ("[", ")"), (r"\{", r"\}"))
_DEEPEST = 4


def several(left: str, right: str, depth: int = 0) -> bool | None:
    """Whether two plain texts say the same, part by part where they have parts; null where that is not plain."""
    if depth > _DEEPEST:
        return None
    left, right = _AND.sub(", ", left), _AND.sub(", ", right)  # a space: "1 and 100" are no thousands
    if (first := _MATRIX.fullmatch(left)) and (second := _MATRIX.fullmatch(right)):
        return _matrices(first[1], second[1], depth)
    if (_is_several(left) and _is_one(right)) or (_is_one(left) and _is_several(right)):
        return False
    if "matrix}" in left + right:
        return None  # a column may be written as a point
    if r"\cup" in left or r"\cup" in right:
        return _unions(left, right, depth)
    if any(mark in text for mark in (",", r"\pm", r"\{") for text in (left, right)):
        return _lists(left, right, depth)
    return _item(left, right)


def _is_several(text: str) -> bool:
    """Whether a text is a matrix of several cells or a union of intervals with known ends."""
    if (matrix := _MATRIX.fullmatch(text)) is not None:
        return "&" in matrix[1] or r"\\" in matrix[1].removesuffix(r"\\")
    return r"\cup" in text and _ends(text.split(r"\cup")) is not None


def _is_one(text: str) -> bool:
    """Whether a text is one number or formula, no name of a set or a vector."""
    formula = read(text)
    return formula is not None and not formula.is_word


def _all(verdict: Sequence[bool | None]) -> bool | None:
    return False if False in verdict else True if all(verdict) else None


def _item(left: str, right: str) -> bool | None:
    left, right = left.strip(), right.strip()
    if left == right:
        return True
    endless = [_ENDLESS.fullmatch(text) is not None for text in (left, right)]
    if all(endless):
        return left.lstrip("+") == right.lstrip("+")
    if any(endless):
        formula = read(right if endless[0] else left)
        return False if formula and not formula.is_word else None
    return single(left, right)


def _matrices(left: str, right: str, depth: int) -> bool | None:
    rows = [[row.split("&") for row in inside.removesuffix(r"\\").split(r"\\")] for inside in (left, right)]
    shapes = [[len(row) for row in matrix] for matrix in rows]
    cells = [[cell.strip() for cell in chain(*matrix)] for matrix in rows]
    if shapes[0] == shapes[1]:
        return _all([several(a, b, depth + 1) for a, b in zip(*cells, strict=True)])
    if [1] in shapes:
        # One cell is rather a column whose breaks were lost; other digits are other numbers all the same.
        digits = [re.sub(r"[^-\d]", "", "".join(some)) for some in cells]
        return None if digits[0] == digits[1] or not all(digits) else False
    return False


# --- lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Parts:
    items: tuple[str, ...]
    brackets: str

    @property
    def ordered(self) -> bool:
        return self.brackets not in ("", r"\{\}")


def _parts(text: str) -> _Parts | None:
    brackets = ""
    for opening, closing in _PAIRS:
        if text.startswith(opening) and text.endswith(closing):
            brackets, text = opening + closing, text[len(opening) : len(text) - len(closing)]
            break
    else:
        if re.fullmatch(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", text):  # braces that LaTeX does not show
            text = text[1:-1]
    items, depth, start = list[str](), 0, 0
    for i, char in enumerate(text):
        depth += (char in "({[") - (char in ")}]")
        if depth < 0:
            return None  # the outer brackets were not a pair, as in (1,2),(3,4)
        if char in ",;" and depth == 0:
            items.append(text[start:i].strip())
            start = i + 1
    items.append(text[start:].strip())
    # Three digits after a comma may be thousands.
    if depth or not all(items) or ";" in text or any(re.fullmatch(r"\d{3}(\.\d+)?", item) for item in items[1:]):
        return None
    if len(items) == 1 and brackets != r"\{\}":
        brackets = ""
    return _Parts(tuple(chain(*map(_both_signs, items))), brackets)


def _both_signs(item: str) -> tuple[str, ...]:
    if item.count(r"\pm") != 1 or r"\mp" in item:
        return (item,)
    begin, _, end = item.partition(r"\pm")
    return (begin + "+" + end if begin else end.strip(), begin + "-" + end)


def _lists(left: str, right: str, depth: int) -> bool | None:
    thousands = exact(left) is not None, exact(right) is not None
    if all(thousands) or (any(thousands) and not ("," in left and "," in right)):
        other = right if thousands[0] else left
        if all(thousands) or not any(mark in other for mark in (",", r"\pm", r"\{")):
            return single(left, right)
    first, second = _parts(left), _parts(right)
    if first is None or second is None:
        return None
    if first.ordered != second.ordered and not (first.brackets and second.brackets) and _may_be_decimals(left, right):
        return None
    if first.brackets == second.brackets == "" and _may_be_decimals(left, right):
        return None
    if first.ordered or second.ordered:
        return _ordered(first, second, depth)
    matches = [[several(a, b, depth + 1) for b in second.items] for a in first.items]
    columns = list(zip(*matches, strict=True))
    if any(all(verdict is False for verdict in some) for some in (*matches, *columns)):
        return False  # a member that differs from every member of the other
    # One equal each way: a member said twice may be meant twice.
    paired = all(some.count(True) == 1 for some in (*map(tuple, matches), *columns))
    return True if paired and len(first.items) == len(second.items) else None


def _may_be_decimals(left: str, right: str) -> bool:
    return "." in left + right and any(_DECIMAL_COMMA.search(text) for text in (left, right))


def _ordered(first: _Parts, second: _Parts, depth: int) -> bool | None:
    both = first.ordered and second.ordered
    if len(first.items) == len(second.items):
        verdict = _all([several(a, b, depth + 1) for a, b in zip(first.items, second.items, strict=True)])
        if both:
            if verdict is False or _same_ends(first, second):
                return verdict
            return False if len(first.items) == 2 else None  # an open interval is no closed one
        if verdict and {first.brackets, second.brackets} == {"", "()"}:
            return True
    elif both:
        return False
    # As a point, an interval or a list, they differ if one part differs from every part of the other.
    matches = [[several(a, b, depth + 1) for b in second.items] for a in first.items]
    lonely = any(all(verdict is False for verdict in some) for some in (*matches, *zip(*matches, strict=True)))
    return False if lonely else None


def _same_ends(first: _Parts, second: _Parts) -> bool:
    """Whether the brackets are the same, but for those beside an infinity, where they tell nothing."""
    return first.brackets == second.brackets or all(
        one == other or (len(first.items) == 2 and _ENDLESS.fullmatch(end) is not None)
        for one, other, end in zip(first.brackets, second.brackets, (first.items[0], first.items[-1]), strict=False)
    )


# --- unions of intervals ----------------------------------------------------------------------------------------------


def _unions(left: str, right: str, depth: int) -> bool | None:
    one, other = ([part.strip() for part in text.split(r"\cup")] for text in (left, right))
    matches = [[several(a, b, depth + 1) for b in other] for a in one]
    if all(True in some for some in (*matches, *zip(*matches, strict=True))):
        return True
    first, second = _ends(one), _ends(other)
    if first is None or second is None:
        return None
    apart = any(
        all(_apart(sure, end) for end in chain(*inside))
        for some, inside in ((first, second), (second, first))
        for sure in _merged(some)
    )
    return False if apart else None


def _ends(intervals: list[str]) -> list[tuple[float, float]] | None:
    """Where each interval begins and ends, in order; null if one is unclear."""
    found: list[tuple[float, float]] = []
    for interval in intervals:
        parts = _parts(interval.strip())
        values = [_real(item) for item in parts.items] if parts and parts.ordered else []
        if len(values) != 2 or values[0] is None or values[1] is None or not values[0] < values[1]:
            return None
        found.append((values[0], values[1]))
    return sorted(found)


def _merged(intervals: Sequence[tuple[float, float]]) -> list[float]:
    """Where the union surely begins and ends, however often: intervals that touch may be one."""
    begin, end = intervals[0]
    found = [begin]
    for start, stop in intervals[1:]:
        if start > end and _apart(start, end):
            found += [end, start]
        end = max(end, stop)
    return [*found, end]


def _apart(one: float, other: float) -> bool:
    return one != other and not (abs(one - other) <= 1e-5 * max(1.0, abs(one), abs(other)))


def _real(text: str) -> float | None:
    if _ENDLESS.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    formula = read(text)
    if formula is None or formula.names or len(list(formula.readings())) > 1:
        return None
    found = terms.value(formula.trees[0], False)
    return None if found is None or found[0].imag else found[0].real
