r"""Compare two single answers plainly: numbers, per cents, numbers in a base, formulas, formulas with units.

What only sets an answer (spaces, dollars, degree signs, sizes of brackets) is taken away first by `plain`.
"""

import re
from fractions import Fraction

from journey.answers import terms
from journey.answers.formula import Formula, read

_SPACING = re.compile(
    r"\\(?:left|right)(?![a-zA-Z])|(?<!\\)\\[!,;: ]|\\q?quad(?![a-zA-Z])|~"
    r"|(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])",
)
_WRAPPED = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mbox|textrm)\{([^{}\\]*)\}")
_SPACE = r"(?:\\[,;: ]|~|\s)"
_QUAD = r"\\q?quad(?![a-zA-Z])"
# Between digits these part two numbers ("2\quad 3", "3\ 1/2"), but for thousands ("1\,000").
_PARTING = re.compile(rf"(?<=\d)(?:{_SPACE}*{_QUAD}(?:{_SPACE}|{_QUAD})*(?=\d)|{_SPACE}+(?=\d)(?!\d{{3}}(?![\d/])))")
_DEGREES = re.compile(r"\^(?:\\circ(?![a-zA-Z])|\{\\circ\})")
_TWO_SLASHES = re.compile(r"\\\\(?=[a-zA-Z])")
_SIGN = r"([+-]?)"
_WHOLE = re.compile(_SIGN + r"([1-9]\d{0,2}(?:,\d{3})+|\d{1,30})(\.\d{1,30})?")
_PART = re.compile(_SIGN + r"(\.\d{1,30})")
_REPEATING = re.compile(_SIGN + r"(\d{0,9})\.(\d{0,9})\\(?:overline|bar)(?:\{(\d{1,9})\}|(\d))")
_FRACTION = re.compile(
    _SIGN
    + r"(?:\\frac(?:\{([+-]?)(\d{1,30})\}(?:\{(\d{1,30})\}|(\d))|(\d)(?:\{(\d{1,30})\}|(\d)))|(\d{1,30})/(\d{1,30}))"
)
_MIXED = re.compile(_SIGN + r"(\d{1,9}) ([1-9]\d?)/(\d{1,9})")
_PERCENT = re.compile(r"\\?%$")
_IN_BASE = re.compile(r"(-?)([0-9A-Za-z]+)_(?:\{(\d{1,2})\}|(\d))")
_LAST_LETTERS = re.compile(r"(?<=[0-9)}\s])[A-Za-z]+$")
# math-verify rounds to six digits where there is a decimal.
_ROUNDED = Fraction(2, 10**6)


def plain(answer: str) -> str:
    r"""An answer without what only sets it: spaces, dollars, degree signs, sizes of brackets and fractions, \text."""
    text = answer.replace(r"\$", "").replace("$", "").replace("{,}", ",").replace("−", "-").strip()
    if "\\\\" in text and "matrix" not in text:
        text = _TWO_SLASHES.sub(lambda _: "\\", text)
    text = _DEGREES.sub("", _WRAPPED.sub(r"\1", _SPACING.sub("", _PARTING.sub(" ", text))))
    text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    text = text.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
    return re.sub(r"\\(frac|sqrt) (?=\d)", r"\\\1", text).strip().rstrip(".").strip()


def number(answer: str) -> Fraction | None:
    """The exact value of a whole number, a decimal or a fraction of whole numbers; null for all else."""
    return exact(plain(answer))


def exact(text: str) -> Fraction | None:
    """`number` of a plain text."""
    if not text or text[-1] not in "0123456789}":
        return None
    if match := _WHOLE.fullmatch(text):
        return Fraction(match[1] + match[2].replace(",", "") + (match[3] or ""))
    if match := _PART.fullmatch(text):
        return Fraction(match[1] + "0" + match[2])
    if match := _FRACTION.fullmatch(text):
        over = int(match[3] or match[6] or match[9])
        under = int(match[4] or match[5] or match[7] or match[8] or match[10])
        negative = (match[1] == "-") != (match[2] == "-")
        return Fraction(-over if negative else over, under) if under else None
    if (match := _MIXED.fullmatch(text)) and int(match[3]) < int(match[4]):
        mixed = int(match[2]) + Fraction(int(match[3]), int(match[4]))
        return -mixed if match[1] == "-" else mixed
    if match := _REPEATING.fullmatch(text):
        digits, period = match[3], match[4] or match[5]
        begin = Fraction(f"{match[2] or 0}.{digits or 0}")
        value = begin + Fraction(int(period), 10 ** len(digits) * (10 ** len(period) - 1))
        return -value if match[1] == "-" else value
    return None


def value(text: str) -> complex | None:
    r"""The value of a formula at fixed values of its letters; null for what is not read here.

    `e` and `i` can be numbers or names, and letters in a row can be a word, so they are not read.
    """
    formula = read(text)
    if formula is None or len(list(formula.readings())) > 1:
        return None
    if (
        formula.names & {"e", "i"}
        or any(len(name) > 1 for name in formula.names)
        or re.search(r"(?<![\\A-Za-z])[A-Za-z]{2}", text)
    ):
        return None
    found = terms.value(formula.trees[0], False)
    return found and found[0]


def single(left: str, right: str) -> bool | None:
    """Whether two plain texts, neither of them a list, say the same; null where that is not plain."""
    if left == right:
        return True
    if left.endswith("%") or right.endswith("%"):
        return _per_cents(left, right)
    first, second = exact(left), exact(right)
    if first is not None and second is not None:
        return _numbers(first, second, may_be_rounded="." in left or "." in right)
    if "_" in left or "_" in right:
        in_base = _in_bases(left, right, first, second)
        if in_base is not None:
            return in_base
    one, other = read(left), read(right)
    return _formulas(left, right, one, other) if one and other else None


def _numbers(first: Fraction, second: Fraction, *, may_be_rounded: bool) -> bool | None:
    if first == second:
        return True
    return None if may_be_rounded and abs(first - second) <= _ROUNDED * max(1, abs(first) / 10**6) else False


def _per_cents(left: str, right: str) -> bool | None:
    both = left.endswith("%") and right.endswith("%")
    first, second = exact(_PERCENT.sub("", left).strip()), exact(_PERCENT.sub("", right).strip())
    if first is None or second is None:
        return None
    rounded = "." in left or "." in right
    same = _numbers(first, second, may_be_rounded=rounded)
    if both:
        return same
    parts = (first / 100, second) if left.endswith("%") else (first, second / 100)
    share = _numbers(*parts, may_be_rounded=rounded)
    if share or (same and first.denominator == 1):
        return True  # 10% is 1/10, and where 10 is wanted, 10% says it with its unit
    return False if same is False and share is False else None


def _in_bases(left: str, right: str, first: Fraction | None, second: Fraction | None) -> bool | None:
    """Numbers with their base as an index: other digits in the same base, or a number that is neither reading."""
    one, other = _based(left), _based(right)
    if one and other:
        if one[2] == other[2]:
            return one[1] == other[1]
        return None if one[1] == other[1] else False
    based, bare = (one, second) if one else (other, first)
    return None if based is None or bare is None or bare in based[:2] else False


def _based(text: str) -> tuple[int | None, int, int] | None:
    match = _IN_BASE.fullmatch(text)
    if match is None or not 2 <= (base := int(match[3] or match[4])) <= 36:
        return None
    try:
        found = int(match[1] + match[2], base)
    except ValueError:
        return None
    return (int(match[1] + match[2]) if match[2].isdigit() else None), found, base


def _formulas(left: str, right: str, one: Formula, other: Formula) -> bool | None:
    if one.is_word or other.is_word:
        # "ab" may be a word, and "C" a choice; that it is no formula with digits and signs is sure.
        if one.is_word and other.is_word:
            return None
        return False if terms.compare(one, other) is False and not _unit_may_be_meant(left, right) else None
    verdict = terms.compare(one, other)
    if verdict or one.names == other.names:
        return verdict
    if verdict is None or {name.casefold() for name in one.names} == {name.casefold() for name in other.names}:
        return None
    return None if _unit_may_be_meant(left, right) else False


def _unit_may_be_meant(left: str, right: str) -> bool:
    """Whether the last letters of one are perhaps a unit, without which both could be the same."""
    stripped = _LAST_LETTERS.sub("", left).strip(), _LAST_LETTERS.sub("", right).strip()
    changed = stripped[0] != left, stripped[1] != right
    if not any(changed):
        return False
    if all(changed):
        return True
    one, other = read(stripped[0]), read(stripped[1])
    return one is None or other is None or terms.compare(one, other) is not False
