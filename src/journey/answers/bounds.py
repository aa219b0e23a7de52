r"""Which answers are refused unread, and which are expected to be hard, by what can be seen of their text.

Refused are those that ask for a number that nobody can hold or whose brackets are nested as no formula's are:
math-verify would work on them until it is killed. Hard ones only wait in a queue of their own.
"""

import math
import re

LONGEST = 2_000  # characters of an answer that is worth a worker's time
_DEEPEST = 25
_DIGITS = 20_000  # of a number that is still written out
_OPENS, _CLOSES = "([{", ")]}"

_POWERS = r"\d+(?:[\s({]*(?:\^|\*\*)[\s({]*\d+)+"
_TOWER = re.compile(_POWERS)
_FACTORIAL = re.compile(rf"({_POWERS}|\d+)[\s)}}]*(!+)")
_CHOOSE = re.compile(rf"\\[dt]?binom\s*\{{\s*({_POWERS}|\d+)")
_LONG_SUM = re.compile(rf"\\(?:sum|prod)(?![a-zA-Z])[^^]*\^\s*\{{?\s*({_POWERS}|\d+)")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff\u202a-\u202e]|\\\\{4}")
_HARD = re.compile(
    r"\\(?:int|sum|prod|lim|iint|oint)(?![a-zA-Z])|\"|__|`|@|#|\*\*|!!|'[^']*'|[A-Za-z]{25}|\d{40}|[^\x09-\x7e°−·×÷π√∞≤≥≠]"
)


def refusal(text: str) -> str | None:
    """Why nothing is worth trying on a text; null if it is."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    if not re.search(r"\w", text) or _NO_TEXT.search(text):
        return "not written in characters of a formula"
    depth = deepest = 0
    for char in text:
        depth += (char in _OPENS) - (char in _CLOSES)
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or re.search(r"[-+]{30}", text.replace(" ", "")):
        return "nested too deeply"
    if re.search(r"\d[eE]\+?\d{5}", text) or any(_digits(tower[0]) > _DIGITS for tower in _TOWER.finditer(text)):
        return "a number too large to write out"
    for found in _FACTORIAL.finditer(text):
        # A factorial of a factorial, or of a large number.
        if _size(found[1]) > (5000 if len(found[2]) == 1 else 8 if len(found[2]) > 2 else 200):
            return "a number too large to write out"
    if any(_size(found[1]) > 50_000 for found in _CHOOSE.finditer(text)):
        return "a number too large to write out"
    if any(_size(found[1]) > 10_000 for found in _LONG_SUM.finditer(text)):
        return "a sum with too many terms"
    return None


def is_hard(text: str) -> bool:
    """Whether a text is likely to take long: integrals, sums, code, odd characters, unmatched or many brackets."""
    if _HARD.search(text) or len(text) > 400:
        return True
    depth = 0
    for char in text:
        depth += (char in _OPENS) - (char in _CLOSES)
        if not 0 <= depth <= 8:
            return True
    return text.count("{") != text.count("}")


def _digits(tower: str) -> float:
    """About how many digits a tower of powers has."""
    *bases, top = (int(part[:12]) for part in re.findall(r"\d+", tower))
    exponent = float(top)
    for i, base in enumerate(reversed(bases)):
        digits = exponent * math.log10(base) if base > 1 else 0.0
        if i == len(bases) - 1:
            return digits
        if digits > 12:
            return math.inf if bases[len(bases) - 2 - i] > 1 else 0.0
        exponent = float(base) ** exponent
    return 0.0


def _size(powers: str) -> float:
    """About how large a number or a power is."""
    if not re.search(r"[\^*]", powers):
        return float(powers[:300])
    digits = _digits(powers)
    return 10**digits if digits < 300 else math.inf
