"""Regions of the real line: intervals, inequalities and their unions, read and compared by their ends."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from journey.answers import values
from journey.answers.formula import MINUS, Formula, number, parse

RELATIONS = "<>≤≥≠"


@dataclass(frozen=True, slots=True)
class End:
    """An end of an interval: its value (infinite ones too), null where it has names; its formula, null if infinite."""

    value: float | None
    formula: Formula | None
    closed: bool = False


Piece = tuple[End, End]
Region = tuple[Piece, ...]
LOW, HIGH = End(-math.inf, None), End(math.inf, None)


def end(text: str, formula: Formula | None, closed: bool) -> End | None:
    """The end that a clean text is; null for what is none."""
    if text.replace(" ", "") in ("∞", "+∞", "-∞"):
        return LOW if "-" in text else HIGH
    if formula is None:
        return None
    found = values.rough(formula.trees[0]) if not formula.names else None
    return End(None if found is None or found.imag else found.real, formula, closed)


def is_increasing(low: End, high: End) -> bool:
    """Whether two ends may be those of an interval."""
    return low.value is None or high.value is None or low.value < high.value


def inequality(text: str, sides: Sequence[str], signs: Sequence[str]) -> tuple[Region, str] | None:
    """x ≥ 3, 2 < x < 7, |x| > 8, x ≠ 3, 2x < 6 as a region, and its name; null for other relations."""
    formulas = [parse(side) for side in sides]
    ends = [end(side, formula, True) for side, formula in zip(sides, formulas, strict=True)]
    if list(signs) == ["≠"] and (name := _NAME.fullmatch(sides[0])) and ends[1] and ends[1].value is not None:
        gap = replace(ends[1], closed=False)
        return ((LOW, gap), (gap, HIGH)), name[0]
    if "≠" in signs or len(sides) > 3:
        return None
    middle = next((i for i, side in enumerate(sides) if _NAME.fullmatch(side) or _SIZE.fullmatch(side)), None)
    if middle is not None and all(ends[:middle]) and all(ends[middle + 1 :]) and max(middle, len(sides) - middle) < 3:
        below, above = ([one for one in some if one and one.formula] for some in (ends[:middle], ends[middle + 1 :]))
        low = replace(below[0], closed=signs[0] == "≤") if below else LOW
        high = replace(above[0], closed=signs[-1] == "≤") if above else HIGH
        if not sides[middle].startswith("|"):
            return ((low, high),), sides[middle]
        if low is LOW and high.value is not None and high.value > 0:
            return ((_minus(high), high),), sides[middle].strip("| ")
        if low.value is not None and low.value >= 0 and high.value is not None:
            return ((_minus(high), _minus(low)), (low, high)), sides[middle].strip("| ")
    return _solved(formulas, signs[0] == "≤") if len(sides) == 2 else None


_NAME = re.compile(r"[A-Za-zα-ω](?:_(?:\{[^{}]*\}|\w))?'*(?:\([A-Za-z]\))?")
_SIZE = re.compile(r"\|\s*[A-Za-z]\s*\|")


def _minus(one: End) -> End:
    if one.formula is None or one.value is None:
        return LOW
    return End(-one.value, Formula((("*", MINUS, one.formula.trees[0]),)), one.closed)


def _solved(sides: Sequence[Formula | None], closed: bool) -> tuple[Region, str] | None:
    """A relation that is linear in its one name, solved for it."""
    left, right = sides
    if left is None or right is None or len(names := left.names | right.names) != 1:
        return None
    (name,) = names
    tree = values.less(left, right).trees[0]
    at = [values.exact(values.put(tree, name, number(n))) for n in (0, 1, 3)]
    if at[0] is None or at[1] is None or not (slope := at[1] - at[0]) or at[2] != at[0] + 3 * slope:
        return None
    root = -at[0] / slope
    limit = End(float(root), Formula((number(root),)), closed)
    return ((LOW, limit) if slope > 0 else (limit, HIGH),), name


def both(one: Region, other: Region) -> Region | None:
    """Where two single pieces with known ends overlap."""
    ends = [piece[i] for region in (one, other) for piece in region for i in (0, 1)]
    if len(ends) != 4 or any(e.value is None for e in ends):
        return None
    return ((max(ends[0], ends[2], key=_value), min(ends[1], ends[3], key=_value)),)


def _value(one: End) -> float:
    return one.value or 0.0


def same(left: Region, right: Region) -> bool | None:
    """Whether two regions are the same, however they are cut into pieces."""
    if len(left) == len(right) == 1:
        return _same_piece(left[0], right[0])
    first, second = _merged(left), _merged(right)
    if first is None or second is None:
        verdict = [[_same_piece(a, b) for b in right] for a in left]
        return True if all(True in some for some in (*verdict, *zip(*verdict, strict=True))) else None
    if len(first) != len(second):
        return False
    return values.all_of([_same_piece(a, b) for a, b in zip(first, second, strict=True)])


def _same_piece(one: Piece, other: Piece) -> bool | None:
    return values.all_of([_same_end(a, b) for a, b in zip(one, other, strict=True)])


def _same_end(one: End, other: End) -> bool | None:
    if one.formula is None or other.formula is None:
        return one.formula is other.formula and one.value == other.value
    verdict = values.same(one.formula, other.formula)
    return False if one.closed != other.closed and verdict is not None else verdict


def _merged(found: Sequence[Piece]) -> list[Piece] | None:
    """The pieces in order, those that touch or overlap as one; null where an end has names."""
    if any(one.value is None for piece in found for one in piece):
        return None
    done: list[Piece] = []
    for low, high in sorted(found, key=lambda piece: (_value(piece[0]), not piece[0].closed)):
        if done:
            begin, last = done[-1]
            gap = _value(low) - _value(last)
            gap = 0.0 if abs(gap) <= 1e-9 * max(1.0, abs(_value(low))) else gap
            if gap < 0 or (gap == 0 and (last.closed or low.closed)):
                done[-1] = (begin, max(last, high, key=lambda one: (_value(one), one.closed)))
                continue
        done.append((low, high))
    return done
