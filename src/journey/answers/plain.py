"""Decide without sympy what is plain: answers that are the same, and answers that surely differ.

True is said only of the same text, the same exact value or formula, or lists of such; False only of numbers, formulas,
words and lists that cannot be equal however one reads them. All else is null: ask math-verify. Nothing is run as code.
"""

import re
from fractions import Fraction

from journey.answers import terms
from journey.answers.formula import LONGEST, read
from journey.answers.lists import several
from journey.answers.single import number, plain, single, value

__all__ = ["decide", "number", "plain", "value"]

_CHOICE = re.compile(r"\(([A-Z])\)|([A-Z])")
_CHOICE_IN_WORDS = re.compile(r"\(([A-Z])\)(?![-+*/=^_]).+|([A-Z])[.:)] ?[^-+*/=^_].*", re.DOTALL)
_MORE_CHOICES = re.compile(r"[.:)]?(?:[\s,;/&]|or|and|\(?[A-Z](?:[.:)]|(?![A-Za-z])))+|.*\bor ?\(?[A-Z]\).*", re.DOTALL)
_SEPARATOR = re.compile(r";|,?(?<=\d)\s*(?:and|or)\s*(?=[A-Za-z]=)")  # between equations
_IN = re.compile(r"\\in(?![a-z])")
_NAMED = re.compile(r"\A[A-Za-z](?:=|\\in(?![a-z])\s*)")
_WORDS = re.compile(r"[A-Za-z]{4,}(?:[ -][A-Za-z]+)*|[A-Z]{3,}")
_PHRASE = re.compile(r"(?=.*[A-Za-z]{4})[A-Za-z]+(?:[ ,'-]+[A-Za-z]+)*")
# Words that may stand for a number, or for what has none.
_COUNTS = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand|million"
    r"|billion|half|first|second|third|\w+th|quarter|dozen|once|twice|infinit\w*|none|nothing|neither|both|all|every\w*|any|undefined"
    r"|pi|squared|root|over|plus|minus|times|percent)\b",
    re.IGNORECASE,
)
_UNIT_TEXT = re.compile(r"(?:\\[!,;: ]|\s|~)*\\(?:text|mbox|mathrm|textrm)\{([A-Za-z .]+)\}(?:\^\{?([23])\}?)?$")
_ORDINAL = re.compile(
    r"(\d+)(?:\^)?\{?(?:\\(?:text|mathrm|textrm|mbox)\{\s*)?(?:st|nd|rd|th)\}*(?:\s*(?:\\text\{)?\s*grade\}?)?"
)
_UNIT_WORDS = re.compile(r"(?<=[\d}])\s+([A-Za-z]+(?: [A-Za-z]+)?)()$")
_UNITS = {
    "cm",
    "mm",
    "km",
    "m",
    "ft",
    "in",
    "mph",
    "cent",
    "dollar",
    "degree",
    "pound",
    "inch",
    "inche",
    "feet",
    "foot",
    "mile",
    "meter",
    "metre",
    "centimeter",
    "kilometer",
    "yard",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "unit",
    "square",
    "sq",
    "cubic",
    "gallon",
    "liter",
    "litre",
    "gram",
    "kilogram",
    "kg",
    "ounce",
    "per",
    "student",
    "people",
    "boy",
    "girl",
    "person",
    "way",
    "point",
}


_MEASURES = {  # what is measured, and in how many of the smallest unit
    "length": {"mm": 1, "cm": 10, "centimeter": 10, "m": 1000, "meter": 1000, "metre": 1000, "km": 10**6,
               "kilometer": 10**6},
    "imperial length": {"in": 1, "inch": 1, "inche": 1, "ft": 12, "foot": 12, "feet": 12, "yard": 36, "mile": 63360},
    "time": {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800},
    "mass": {"gram": 1, "kilogram": 1000, "kg": 1000},
    "imperial mass": {"ounce": 1, "pound": 16},
    "money": {"cent": 1, "dollar": 100},
}  # fmt: skip


def decide(gold: str, answer: str) -> bool | None:
    """Whether `answer` is the reference, where that is plain; null where it is not."""
    if len(gold) > LONGEST or len(answer) > LONGEST:
        return True if gold.strip() == answer.strip() else None
    left, right = plain(gold), plain(answer)
    if left == right:
        return True
    if (choice := _CHOICE.fullmatch(left)) and (
        spelled := _CHOICE.fullmatch(right) or _CHOICE_IN_WORDS.fullmatch(right)
    ):
        if spelled.re is _CHOICE_IN_WORDS and _MORE_CHOICES.fullmatch(right, spelled.end(1 if spelled[1] else 2)):
            return False  # two at once
        return True if (choice[1] or choice[2]) == (spelled[1] or spelled[2]) else _choices_differ(choice, spelled)
    if _WORDS.fullmatch(left) and _WORDS.fullmatch(right):
        return left.casefold().replace("-", " ") == right.casefold().replace("-", " ")
    if (decided := _words_or_formula(left, right)) is not None:
        return decided
    if "=" in left and _SEPARATOR.sub(",", left) == _SEPARATOR.sub(",", right):
        return True
    if "=" in left + right or _IN.search(left + right):
        return _equations(left, right)
    if (decided := _units(gold, answer)) is not None:
        return decided
    return several(left, right)


def _choices_differ(choice: re.Match[str], spelled: re.Match[str]) -> bool | None:
    # Two bare capitals may be variables; brackets say that a choice is meant.
    return False if choice[1] or spelled[1] else None


def _words_or_formula(left: str, right: str) -> bool | None:
    """False for words beside a number, a formula or a list of them; words that may mean a number are unclear."""
    if left.isalpha() and right.isalpha() and max(len(left), len(right)) >= 4:
        # Other letters, as words and as factors.
        return None if sorted(left.casefold()) == sorted(right.casefold()) else False
    for words, other in ((left, right), (right, left)):
        if _PHRASE.fullmatch(words) and not _COUNTS.search(words) and _is_formula(other):
            # "abcd" may be a product.
            formula = read(other) if words.isalpha() else None
            return None if formula and formula.names >= set(words) else False
    return None


def _is_formula(text: str) -> bool:
    if (found := number(text)) is not None:
        return found != 0  # "no solutions" may be said for 0
    formula = read(text)
    if formula is not None:
        return not formula.is_word
    # A list is another thing than words, too.
    return any(char.isdigit() for char in text) and several(text, "987654321/1009") is False


def _units(gold: str, answer: str) -> bool | None:
    """Compares what stands before known units; null if there are none, or two that no factor joins."""
    (left, first), (right, second) = _without_unit(gold), _without_unit(answer)
    if not (first or second):
        return None
    if first and second and first != second:
        return _measures(number(left), first, number(right), second)
    return several(plain(left), plain(right))


def _measures(left: Fraction | None, first: str, right: Fraction | None, second: str) -> bool | None:
    """Compares numbers with two units: five hours are not five minutes, and sixty minutes are one hour."""
    one, other = _measure(first), _measure(second)
    if left is None or right is None or one is None or other is None or one[0] != other[0]:
        return None
    return left * one[1] == right * other[1]


def _measure(unit: str) -> tuple[tuple[str, int], int] | None:
    """What a unit measures and its power, and in how many of the smallest unit."""
    name, power = (unit[:-1], int(unit[-1])) if unit[-1] in "23" else (unit, 1)
    found = [(what, of.get(name) or of.get(name.removesuffix("s"))) for what, of in _MEASURES.items()]
    return next((((what, power), size**power) for what, size in found if size), None)


def _without_unit(answer: str) -> tuple[str, str]:
    text = answer.strip().strip("$").rstrip(". ")
    if (ordinal := _ORDINAL.fullmatch(text)) is not None:
        return ordinal[1], "th"
    for form in (_UNIT_TEXT, _UNIT_WORDS):
        if match := form.search(text):
            words = match[1].replace(".", "").casefold().split()
            if words[:2] == ["per", "cent"]:
                break
            if words and all(word.removesuffix("s") in _UNITS or word in _UNITS for word in words):
                return text[: match.start()], " ".join(words) + (match[2] or "")
    return text, ""


# --- equations --------------------------------------------------------------------------------------------------------


def _equations(left: str, right: str) -> bool | None:
    # "x=3" and "x\in[1,2]" answer a question for x.
    if left.count("=") == right.count("=") == 1 and not _IN.search(left + right):
        return _both_equations(left, right)
    named = _NAMED.sub("", left, count=1), _NAMED.sub("", right, count=1)
    if (left == named[0]) == (right == named[1]) or "=" in "".join(named) or _IN.search("".join(named)):
        return None
    return True if named[0] == named[1] else several(*named)


def _both_equations(left: str, right: str) -> bool | None:
    one, other = left.split("="), right.split("=")
    if one[0] == other[0] and len(one[0]) == 1:  # y = f(x), both
        return single(one[1], other[1])
    first, second = (read(f"{begin}-({end})") for begin, end in (one, other))
    turned = read(f"{other[1]}-({other[0]})")
    if first is None or second is None or turned is None:
        return None
    if terms.compare(first, second) or terms.compare(first, turned):
        return True
    return False if terms.solutions_differ(first, second) else None
