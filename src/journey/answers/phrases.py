"""Words around a number: units and what they measure, things, numbers in words, words that change a number."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NUMBERS = tuple(
    re.findall(
        r"\w+", "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty"
    )
)  # fmt: skip
_TENS = {
    word: 20 + 10 * i
    for i, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))
}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
          "eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100, "thousandth": 1000}  # fmt: skip
_NUMERALS = frozenset((*NUMBERS, *_TENS, *_SCALES, *_PARTS))
_CHANGES = _set(
    "and or if when whenever unless iff minus plus over not except mod modulo base doubled tripled halved squared "
    "cubed factorial root either between than versus vs otherwise choose divided multiplied power"
)
"""Words with which a number is not that number, or not alone."""
TURNING = _set(
    "not no never less more fewer least most between half twice double triple thrice root square sum product "
    "difference either neither divided times plus power mod modulo factorial percent log over under every odd even "
    "multiple prime multiples all any if when unless"
)
"""Words before a number with which it is another one."""
COUNTS = _set("first second none nothing neither both all every once twice pi dozen squared percent any") | {
    *NUMBERS, *_TENS, *_SCALES, *_PARTS}  # fmt: skip
"""Words that may stand for a number, or for what has none."""
_CUT = re.compile(
    r"\s*(?:[,;(.]|\s-)?\s*\b(?:so|because|since|as|which|thus|hence|therefore|where|for|in total|in all|altogether"
    r"|total|left|remaining|that is|i\.e|namely|not|after|before|by|from|respectively|too|now|overall|is the|are)\b.*"
    r"|\s*[,.;]\s+(?=[A-Za-z]{2}(?!\s*=)).*|\s*\([^()]*[A-Za-z=]{2}[^()]*\)$",
    re.IGNORECASE | re.DOTALL,
)
BOUNDS = tuple(
    (re.compile(pattern, re.IGNORECASE), sign)
    for sign, pattern in (
        ("<", r"\b(?:less|fewer|smaller|lower) than$|\b(?:below|under)$"),
        (">", r"\b(?:more|greater|larger|higher|bigger) than$|\b(?:above|over|exceeds)$"),
        ("≤", r"\b(?:at most|(?:no|not) more than|up to|less than or equal to)$"),
        ("≥", r"\b(?:at least|(?:no|not) less than|no fewer than|greater than or equal to)$"),
    )
)
WORDINGS = {
    form: wording
    for wording, forms in (
        ("no solution", "no real solution|there is no solution|there are no solution|empty set|no such number"),
        ("does not exist", "dne|doe not exist|doesn't exist"),
        ("undefined", "not defined"),
        ("infinitely many", "infinite|infinity|infinitely many solution|infinite number"),
        ("all real number", "all real|all real x|all real value|any real number|real number|all number"),
    )
    for form in forms.split("|")
}


# --- units ------------------------------------------------------------------------------------------------------------

_MEASURES = """length: mm millimeter 1|cm centimeter centimetre 10|m meter metre 1000|km kilometer kilometre 1000000
imperial length: in inch inche 1|ft foot feet 12|yd yard 36|mi mile 63360
time: ms millisecond 1|s sec second 1000|min minute 60000|h hr hour 3600000|day 86400000|week 604800000
long time: month 1|year yr 12
mass: mg milligram 1|g gram 1000|kg kilogram 1000000|t tonne ton 1000000000
imperial mass: oz ounce 1|lb pound 16
volume: ml mL milliliter millilitre 1|cl 10|dl 100|l L liter litre 1000
imperial volume: cup 1|pint pt 2|quart qt 4|gallon gal 16
money: cent ¢ 1|dollar USD buck 100
data: bit 1|byte 8
energy: J joule 1|kJ kilojoule 1000|MJ 1000000
power: W watt 1|kW kilowatt 1000|MW 1000000
frequency: Hz hertz 1|kHz 1000|MHz 1000000
force: N newton 1|kN 1000
pressure: Pa pascal 1|kPa 1000|MPa 1000000
voltage: mV 1|V volt 1000|kV 1000000
current: mA 1|A ampere amp 1000
resistance: Ω ohm Ohm 1|kΩ 1000
substance: mmol 1|mol mole 1000
angle: degree deg ° 1
radians: radian rad 1"""
_ALONE = (
    "K kelvin C F MB GB KB TB rpm acre ha hectare unit people person point lumen T eV atm EUR GBP RMB euro knot cal"
)
_KNOWN = {
    name: (measure, Fraction(size))
    for line in (*_MEASURES.splitlines(), *(f"{name}: {name} 1" for name in _ALONE.split()))
    for measure, _, table in [line.partition(": ")]
    for entry in table.split("|")
    for *names, size in [entry.split()]
    for name in names
}
_PLACES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_UNIT = re.compile(
    r"°\s*[CF]|(?P<name>[A-Za-zµΩ°¢'-]*[A-Za-zµΩ°¢]|[^\x00-\x7f\W\d_]+)"
    r"(?:\s*\^\s*\{?(-?[1-9])\}?|(?<=[a-z])([23])(?!\d))?|[/*]|\bper\b|\s+|[()]"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands behind a number: measures or things with their powers, how many smallest units one is, the words.

    `is_known`: every part of it is a unit, not a thing.
    """

    parts: frozenset[tuple[str, int]]
    size: Fraction = Fraction(1)
    words: frozenset[str] = frozenset()
    is_known: bool = False

    def others(self) -> set[Fraction]:
        """How many of this unit the other units of the same measure are."""
        what, power = next(iter(self.parts)) if len(self.parts) == 1 else ("", 1)
        return {size**power / self.size for measure, size in _KNOWN.values() if measure == what}


THING = Unit(frozenset({("item", 1)}), words=frozenset({"item"}))


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit | None:
    """The unit or thing that words are; null where they are more than that: other numbers, words that change one."""
    if re.match(r"\s*per ?cents?\b", text):
        return None
    text = re.sub(r"\bmph\b", "mile/h", re.sub(r"\bkmp?h\b|\bkph\b", "km/h", text.strip(" .,;")))
    text = re.sub(r"(?<=[A-Za-z])\.", "", text)
    text = text.strip("()") if text.startswith("(") and text.find(")") in (-1, len(text) - 1) else text
    text = re.sub(r"^(?:per|every|each)\s+|\s+per\s+", "/", re.sub(r"\s+an?\s+", " ", text))
    powers, words, size = dict[str, int](), set[str](), Fraction(1)
    at, sign, place, known = 0, 1, 1, True
    while at < len(text):
        if (found := _UNIT.match(text, at)) is None:
            return None
        at, name = found.end(), found["name"]
        word = (name or "").casefold()
        if name is None:
            sign = -1 if found[0] == "/" else sign
            if found[0].startswith("°"):
                powers[found[0][-1]] = 1
            continue
        if at > len(name) and word in ("of", "the", "with", "on", "at"):
            continue
        if word in _PLACES:
            place = _PLACES[word]
            continue
        measure = measured(name)
        is_odd = measure is None and name.isascii() and (len(name) < 3 or not re.search("[aeiouy]", word))
        if is_odd or word in _CHANGES or word.removesuffix("s") in _NUMERALS:
            return None
        what, one = measure or (_stem(word), Fraction(1))
        power = sign * place * int(found[2] or found[3] or 1)
        powers[what] = powers.get(what, 0) + power
        known, size, place = known and measure is not None, size * one**power, 1
        words.add(_stem(word))
    return Unit(frozenset(item for item in powers.items() if item[1]), size, frozenset(words), known) if at else None


def measured(name: str) -> tuple[str, Fraction] | None:
    """What a unit measures, and in how many of the smallest unit."""
    forms = (name, name.removesuffix("s"), name.casefold(), name.casefold().removesuffix("s"))
    return next((_KNOWN[form] for form in forms if form in _KNOWN and (len(form) > 1 or form == name)), None)


def _stem(word: str) -> str:
    return (
        word[: -2 if word.endswith(("ches", "xes", "shes")) else -1] if len(word) > 3 and word.endswith("s") else word
    )


# --- numbers in words -------------------------------------------------------------------------------------------------


def in_words(text: str) -> Fraction | None:
    """The number that words are: "forty-two", "three and a half", "two thirds"; null for others."""
    words = text.casefold().replace("-", " ").split()
    sign = -1 if words[:1] in (["minus"], ["negative"]) else 1
    words = words[sign < 0 :]
    total = current = Fraction(0)
    for i, word in enumerate(words):
        name = word.removesuffix("s")
        if word in NUMBERS or word in _TENS:
            current += NUMBERS.index(word) if word in NUMBERS else _TENS[word]
        elif name in _SCALES:
            current = (current or 1) * _SCALES[name]
            if _SCALES[name] > 100:
                total, current = total + current, Fraction(0)
        elif name in _PARTS and i and i == len(words) - 1:
            part = Fraction(1, _PARTS[name])
            return sign * (total + current + part if "and" in words else part * ((total + current) or 1))
        elif word not in ("and", "a", "an") or i == len(words) - 1 or (word == "and" and not i):
            return None
    return sign * (total + current) if words else None


def scaled(words: str) -> tuple[Fraction, Fraction, str] | None:
    """By what words behind a number multiply it, what they add, and the words behind: "million dollars", "and a half".

    Null where they change nothing.
    """
    first, _, rest = words.strip().partition(" ")
    name = first.casefold().rstrip(".,").removesuffix("s")
    if name in _SCALES or name == "dozen":
        return Fraction(_SCALES.get(name, 12)), Fraction(0), rest
    if name in _PARTS and first.casefold() not in ("second", "quarters", "quarter"):
        return Fraction(1, _PARTS[name]), Fraction(0), rest
    added = re.match(r"and (?:a|one) (half|third|quarter|fourth)\b\s*(.*)", words.strip(), re.IGNORECASE | re.DOTALL)
    return (Fraction(1), Fraction(1, _PARTS[added[1].casefold()]), added[2]) if added else None


def cut(words: str) -> str:
    """Words behind a number up to where the sentence goes on: ", in total, so ..." is nothing."""
    return _CUT.sub("", words, count=1)


def wording(text: str) -> str:
    """Words in their normal form: no capitals, articles, hyphens or plural; one form for what says the same."""
    words = re.sub(r"[^\w'=+*/^<>-]|(?<!\d)-(?!\d)", " ", text.casefold().replace("∞", "infinity")).split()
    joined = " ".join(_stem(word) for word in words if word not in ("the", "a", "an", "is"))
    return WORDINGS.get(joined, joined)
