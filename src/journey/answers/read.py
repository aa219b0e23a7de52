r"""Read an answer into a value with its kind: the one reading of a text for every comparison.

Kinds: "number" (formulas, per cents, numbers in a base, and numbers with a unit or thing), "time", "list" (sets too),
"tuple" (points, matrices, ratios, chains of relations), "region" (intervals, inequalities and unions), "equation",
"choice", "words", "changed" (a number and words that change it), and "unread" for all else.
"""

import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from journey.answers import phrases, regions, values
from journey.answers.clean import clean
from journey.answers.formula import FUNCTIONS, LONGEST, Formula, number, parse
from journey.answers.kinds import (
    EVERYTHING,
    NOTHING,
    Value,
    based,
    depths,
    percent,
    plain,
    ratio,
    region_of,
    split,
    time,
)  # fmt: skip
from journey.answers.phrases import THING, Unit
from journey.answers.regions import Region

_DEEPEST = 4


@lru_cache(maxsize=8192)
def read(answer: str) -> Value:
    """The value that an answer is."""
    text = clean(answer)
    return Value("unread", text) if len(text) > LONGEST else _choice(text) or _read(text)


def exact(answer: str) -> Fraction | None:
    """The exact value of a number as it is written: whole, decimal, a fraction, mixed; null for all else."""
    text = clean(answer)
    formula = parse(text) if len(text) <= LONGEST and _NUMBER.fullmatch(text) else None
    return None if formula is None else values.exact(formula.trees[0])


_NUMBER = re.compile(
    r"[-+]?\s*(?:[\d.,eE+-]+|\d*\s*\\frac\s*(?:\{[-+]?\d+\}|\d)\s*(?:\{[-+]?\d+\}|\d)|(?:\d+ )?\d+/\d+"
    r"|\d*\.\d*\\(?:overline|bar|dot)\s*(?:\{\d+\}|\d))"
)
_CHOICE = re.compile(r"(?:[Oo]ption|[Cc]hoice|[Aa]nswer)?\s*(\([A-Z]\)|[A-Z])")
_CHOICE_TEXT = re.compile(
    r"(?:[Oo]ption |[Cc]hoice )?\s*(?:(\([A-Z]\))(?!\s*[-+*/=^_≤≥<>])|([A-Z])(?:\.(?!\d)|:(?=\s)|\))(?!\s*[-+*/=^_])"
    r"|([A-Z]) (?=[A-Z][a-z]+))\s*(.+)",
    re.DOTALL,
)
_MORE_CHOICES = re.compile(r"\W*(?:(?:or|and)\b.*|\(?[A-E]\b(?!\w).*|[,)].*)|.*\bor\s*\(?[A-Z]\).*", re.DOTALL)


def _choice(text: str) -> Value | None:
    if match := _CHOICE.fullmatch(text):
        return Value("choice", text, name=match[1].strip("()"), brackets="()" if len(text) > 1 else "")
    if match := _CHOICE_TEXT.fullmatch(text):
        if _MORE_CHOICES.fullmatch(match[4]):
            return Value("words", text, name="several choices")
        letter = (match[1] or match[2] or match[3]).strip("()")
        return Value("choice", text, name=letter, brackets="()", parts=(_read(match[4].strip()),))
    return None


# --- words ------------------------------------------------------------------------------------------------------------

_WORD = re.compile(  # not a product of letters, not a function's name
    rf"(?<![\\A-Za-z_{{])(?!(?:{FUNCTIONS})(?![A-Za-z]))(?:[A-Za-zÀ-ɏ]{{4,}}|(?<![^\s(,])[A-Za-zÀ-ɏ]{{2,3}}(?![^\s),.;:=]))"
    r"(?!\()|[^\x00-\u03ff\W\d_ℝℤℕℚℂ]"
)
_UNIT_AT_END = re.compile(r"(?<=[\d)}π])(\s*)((?:/ ?)?(?:[A-Za-zΩµ¢]|°\s*[CF])[\w\s^/*°()Ω.{}-]*)$")
_THINGS = re.compile(r"(?<=[\d)}π])(\s*)((?:/ ?|\()?[^\W\d_].*)$", re.DOTALL)
_LEAD = re.compile(r".*?(?=[-+]?\s*[\d√π\\(|«⟦\[.]|$)", re.DOTALL)
_COMPOUND = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d_]+|°|''|')[\s,]*(?:and\s+)?")
_ORDINAL = re.compile(r"(\d+)\s*\^?\s*\{?\s*(?:st|nd|rd|th)\s*\}?(?:\s+[A-Za-z ]+)?")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp])?\.?(?:\s*[Mm]\.?)?")
_SENTENCE = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ,.'-])*")
_AND = re.compile(r"\s*,?\s*\b(?:and|or)\b\s*")


def _read(text: str, depth: int = 0) -> Value:
    if depth > _DEEPEST or not text:
        return Value("unread", text)
    if (ordinal := _ORDINAL.fullmatch(text)) is not None:
        return Value("number", text, parse(ordinal[1]), unit=THING)
    if (timed := _TIME.fullmatch(text)) is not None:
        return time(text, timed)
    if (found := _with_unit(text) or ("'" in text and _compound(text)) or None) is not None:
        return found
    return _structured(text, depth) if _WORD.search(text) is None else _with_words(text, depth)


def _with_unit(text: str) -> Value | None:
    r"""A number with a unit in letters: 24 m/s^2, 5 m, 25km/h; of "5m" nobody knows."""
    if (match := _UNIT_AT_END.search(text)) is None or (unit := phrases.unit(match[2])) is None or not unit.is_known:
        return None
    formula, whole = parse(text[: match.start()].strip()), parse(text)
    if formula is None or formula.names:
        return None
    if whole and not match[1] and len(match[2].strip()) == 1:
        return Value("number", text, whole, maybe=(formula,))
    return Value("number", text, formula, (whole,) if whole else (), unit=unit)


def _with_words(text: str, depth: int) -> Value:
    plain_words = phrases.wording(text)
    if plain_words in ("all real number", "no solution"):
        return EVERYTHING if plain_words.startswith("all") else replace(NOTHING, text=plain_words)
    if (in_words := phrases.in_words(text)) is not None:
        return Value("number", text, Formula((number(in_words),)))
    if (found := _assigned(text, depth)) is not None:
        return found
    if re.search(r"[-+*/^]", text) and (formula := parse(text)):
        return Value("number", text, formula)
    for way in (_listed_in_words, _listed, _compound, _quantity):
        if (found := way(text, depth)) is not None:
            return found
    first, _, rest = text.partition(" ")
    count = phrases.in_words(first)
    if count is not None and (unit := phrases.unit(phrases.cut(" " + rest).strip()) or THING):
        return Value("number", text, Formula((number(count),)), unit=unit)
    return Value("words" if _SENTENCE.fullmatch(text) else "unread", text, None if " " in text else parse(text))


def _assigned(text: str, depth: int) -> Value | None:
    """Total = 42: a name in words and what it is."""
    name, _, rest = text.partition("=")
    if not rest or depths(text, ",;") or not _LEFT_SIDE.fullmatch(name.strip()):
        return None
    found = _read(rest.rpartition("=")[2].strip(), depth + 1)
    return None if found.kind in ("unread", "words") else replace(found, name=name.strip())


def _listed_in_words(text: str, depth: int) -> Value | None:
    """3, 5 and 7; x = 1 or x = 2; x < -8 or x > 8; either 3 or 4."""
    parts = _AND.split(re.sub(r"^(?:either|both) ", "", text))
    if len(parts) < 2 or not all(parts) or _compound(text):
        return None
    found = [_read(part, depth + 1) for part in parts]
    if len(found) == 2 and all(one.kind == "region" for one in found):
        joined = regions.both(found[0].region, found[1].region) if " and " in text else None
        return Value("region", text, region=joined or found[0].region + found[1].region)
    if any(one.kind in ("unread", "words", "changed") for one in found):
        return None
    return Value("list", text, parts=tuple(m for one in found for m in (one.parts if one.kind == "list" else (one,))))


def _listed(text: str, depth: int) -> Value | None:
    """A list with words in it: of things that begin as formulas do, or of a few words each; a phrase is none."""
    items = split(text, ",;")
    if len(items) < 2 or not all(items) or re.match(r"-?\d{1,3},\d{3}\b", text):
        return None
    is_phrase = any(phrases.cut(f"1, {item}") == "1" for item in items[1:])
    are_formulas = all(re.match(r"[-+\d(\\√π«[]|[^\W\d_]{1,2}\s*=", item) for item in items)
    if is_phrase or not (are_formulas or all(_SENTENCE.fullmatch(item) and len(item.split()) < 4 for item in items)):
        return None
    found = _items(text, depth)
    return found if found.kind == "list" else None


def _compound(text: str, depth: int = 0) -> Value | None:
    """1 hour 30 minutes, 5 feet 6 inches, 74° 30'."""
    found = list(_COMPOUND.finditer(text))
    if len(found) < 2 or sum(len(one[0]) for one in found) != len(text):
        return None
    small = {"'": ("angle", Fraction(1, 60)), "''": ("angle", Fraction(1, 3600))}
    measures = [small.get(one[2]) or phrases.measured(one[2]) or ("", Fraction(0)) for one in found]
    sizes = [size for _, size in measures]
    if len({what for what, _ in measures}) > 1 or not all(a > b > 0 for a, b in pairwise(sizes)):
        return None
    total = sum((Fraction(one[1]) * size for one, size in zip(found, sizes, strict=True)), Fraction(0)) / sizes[0]
    unit = Unit(frozenset({(measures[0][0], 1)}), sizes[0], is_known=True)
    return Value("number", text, Formula((number(total),)), unit=unit)


def _quantity(text: str, depth: int) -> Value | None:
    """Words, one number or formula, words: "Sara has 11 pencils left"; null where words before it change it."""
    lead = _LEAD.match(text)
    start = lead[0] if lead else ""
    before, body = start.strip(" :,=("), text[len(start) :].strip()
    if not body or "\\" in before or "∈" in before:
        return None
    if (ordinal := _ORDINAL.fullmatch(body)) is not None:
        return Value("number", text, parse(ordinal[1]), unit=THING)
    for pattern, sign in phrases.BOUNDS:
        if pattern.search(before):
            bounded = _structured(f"x{sign}{body}", depth)
            return replace(bounded, name="") if bounded.kind == "region" else None
    words = re.findall(r"[^\W\d_]+", before.casefold())
    is_letter = len(words) == 1 and len(words[0]) == 1 and words[0] not in "aso" and not start.rstrip().endswith("=")
    if is_letter or set(words) & phrases.TURNING:
        return None
    body = f"-{body}" if words[-1:] in (["minus"], ["negative"]) else body
    if _WORD.search(body) is None and (whole := _structured(body, depth)).kind != "unread":
        return whole
    match = _THINGS.search(body)
    while match is not None:
        head = _structured(body[: match.start()].strip(), depth + 1)
        if head.kind not in ("unread", "words"):
            return _with_things(text, body, head, body[match.start() :])
        match = _THINGS.search(body, match.end(1) + 1)
    rest = phrases.cut(body)
    return _read(rest, depth + 1) if rest.strip() and len(rest) < len(body) else None


def _with_things(text: str, body: str, head: Value, words: str) -> Value | None:
    """A number and the words behind it: a unit or thing, per cent, million; or words that make it another number."""
    head = head.parts[-1] if head.kind == "equation" else head
    rest = phrases.cut(words)
    if not rest.strip():
        return head
    if head.kind != "number" or head.formula is None:
        return None
    formula, maybe, rest = head.formula, tuple[Formula, ...](), rest.strip(" .,;()")
    if re.match(r"per ?cents?\b", rest):
        return percent(text, formula)
    if scale := phrases.scaled(rest):
        if (known := values.exact(formula.trees[0])) is None:
            return None
        maybe = (formula,) if scale[0] == 12 else ()  # dozens may have been asked for
        formula = Formula((number(known * scale[0] + scale[1]),))
        rest = phrases.cut(" " + scale[2]).strip().removeprefix("of ").strip() or "item"
    unit = phrases.unit(re.sub(r"^(?:of (?:the|a|an|his|her|their)|more|other|different|such)\s+", "", rest))
    if unit is None:
        return Value("changed", text, head.formula)
    whole = parse(body) if not scale else None
    return Value("number", text, formula, (whole,) if whole else (), maybe, unit)


# --- structure --------------------------------------------------------------------------------------------------------

_SPLIT = re.compile(r"[,;=∪∩<>≤≥≠:«∈±∓⟦%_\[|]|^\(|\\setminus")
_MATRIX = re.compile(r"[(\[{]*\s*⟦([^⟦⟧]*)⟧\s*[)\]}]*", re.DOTALL)
_BASE = re.compile(r"(-?[0-9A-Fa-f]+)_\{?(\d{1,2})\}?")
_NAME = re.compile(
    r"[A-Za-zα-ωΓΔΘΣΦΨΩ](?:_(?:\{[^{}]*\}|\w))?'*(?:\([^()]*\))?|\\frac\s*\{d[a-z]*\}\s*\{d[a-z]\}|[A-Z]{2,4}"
    r"|\([a-z](?:,\s*[a-z])+\)|[A-Z]+(?:_\{[A-Z]+\})?\s*[:/]\s*[A-Z]+(?:_\{[A-Z]+\})?|\\frac\s*\{[A-Z]+\}\s*\{[A-Z]+\}"
)
_LEFT_SIDE = re.compile(
    r"\\?[A-Za-zα-ωΓΔΘΣΦΨΩ]+(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*'*\s*(?:\([^()=]*\))?|[A-Za-z][\w '-]*|\|[A-Z]+\|"
    r"|\\(?:angle|overline|triangle|vec|hat)\s*\{?\s*[A-Z]\w*\s*\}?"
)


def _structured(text: str, depth: int) -> Value:
    """The value of a text without words."""
    text = text.strip()
    if depth > _DEEPEST or not text:
        return Value("unread", text)
    if _SPLIT.search(text) is None:
        return plain(text)
    if "⟦" in text:
        return _matrix(text, depth)
    if (base := _BASE.fullmatch(text)) is not None:
        return based(text, base[1], int(base[2]))
    if (point := re.fullmatch(r"([A-Z])\s*(\([^()]*,[^()]*\))", text)) is not None:
        return replace(_structured(point[2], depth + 1), name=point[1], formula=parse(text))
    if text.endswith("%") and (formula := parse(text[:-1].rstrip("% "))):
        return percent(text, formula)
    if depths(text, "∪"):
        found = [_structured(one, depth + 1) for one in split(text.rpartition("∈")[2], "∪")]
        every = [region_of(one) for one in found]
        return (
            Value("region", text, region=tuple(p for some in every for p in some))
            if all(every)
            else Value("unread", text)
        )
    if depths(text, "∈"):
        name, _, rest = text.partition("∈")
        return replace(_structured(rest, depth + 1), name=name.strip()) if _is_name(name) else Value("unread", text)
    if depths(text, ",;"):
        text = re.sub(r"^([-+]?0),(?=\d+$)", r"\1.", text)  # a comma for the point
        is_one = re.fullmatch(r"[-+]?(?:0\.\d+|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?)", text)
        return plain(text) if is_one else _items(text, depth)
    if depths(text, regions.RELATIONS):
        return _relation(text, depth)
    if depths(text, "="):
        return _equation(text, depth)
    if text[0] in "([«{" and text[-1] in ")]»}":
        return _bracketed(text, depth)
    if len(colon := split(text, ":")) > 1:
        return ratio(text, colon)
    return _items(text, depth) if "±" in text or "∓" in text else plain(text)


def _items(text: str, depth: int) -> Value:
    """A list without brackets; 1 ± 2 is two of it."""
    items = split(text, ",;")
    if len(items) == 1 and ("±" in text or "∓" in text):
        name, sign, rest = text.partition("=")
        if sign:
            return replace(_items(rest.strip(), depth), name=name.strip()) if _is_name(name) else Value("unread", text)
        texts = (text.replace("±", "+").replace("∓", "-").lstrip("+ "), text.replace("±", "-").replace("∓", "+"))
        both = tuple(_structured(one, depth + 1) for one in texts)
        return Value("list", text, parts=both) if all(one.kind == "number" for one in both) else Value("unread", text)
    parts: list[Value] = []
    for item in items:
        one = _read(item, depth + 1)
        if one.kind == "unread":
            return Value("unread", text)
        parts += one.parts if one.kind == "list" and not one.name and not one.brackets else (one,)
    if len(parts) < 2:
        return Value("unread", text)
    name = ""
    if parts[0].name and not any(part.name for part in parts[1:]):  # n = 2, 3, 4
        name, parts[0] = parts[0].name, replace(parts[0], name="")
    digits = parse(text.replace(" ", "")) if re.fullmatch(r"-?\d{1,3}(?:, ?\d{3})+", text) else None
    point = parse(text.replace(",", ".")) if re.fullmatch(r"-?\d+,\d+", text) else None
    return Value("list", text, digits, maybe=(point,) if point else (), parts=tuple(parts), name=name)


def _bracketed(text: str, depth: int) -> Value:
    inside, brackets = text[1:-1].strip(), text[0] + text[-1]
    if not depths(inside.replace("|", "") + ",", ",") or (not inside and brackets != "«»"):
        return plain(text)  # the outer brackets are not a pair
    if brackets == "«»":
        if condition := re.match(r"\s*([A-Za-z](?:\s*∈\s*[ℝℤℕℚ])?)\s*[|:]\s*(.*)", inside):
            found = _read(condition[2], depth + 1)
            return found if found.kind == "region" else Value("unread", text)
        parts = _items(inside, depth) if depths(inside, ",;") or "±" in inside else _structured(inside, depth + 1)
        if parts.kind == "unread":
            return parts if inside else NOTHING
        return Value("list", text, parts=parts.parts if parts.kind == "list" else (parts,), brackets=brackets)
    if not depths(inside, ",;"):
        inner = _structured(inside, depth + 1)
        return plain(text) if inner.kind in ("list", "unread") else inner
    found = _items(inside, depth)
    if found.kind == "unread" or brackets == "{}":
        return replace(found, formula=None)
    ends = [
        regions.end(part.text, part.formula, mark in "[]") for part, mark in zip(found.parts, brackets, strict=False)
    ]
    region: Region = ()
    if len(found.parts) == 2 and ends[0] and ends[1] and regions.is_increasing(ends[0], ends[1]):
        region = ((ends[0], ends[1]),)
        if brackets in ("(]", "[)") or ends[0].formula is None or ends[1].formula is None:
            return Value("region", text, region=region)
    return Value("tuple", text, parts=found.parts, brackets=brackets, region=region)


def _matrix(text: str, depth: int) -> Value:
    if (match := _MATRIX.fullmatch(text)) is None:
        return Value("unread", text)
    rows = [row.split("&") for row in match[1].split("\\\\") if row.strip()]
    cells = tuple(_read(cell.strip(), depth + 1) for row in rows for cell in row)
    if not cells or len({len(row) for row in rows}) > 1 or any(cell.kind == "unread" for cell in cells):
        return Value("unread", text)
    return Value("tuple", text, parts=cells, brackets=f"{len(rows)}x{len(rows[0])}")


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text.strip()) is not None


def _equation(text: str, depth: int) -> Value:
    """x = 3 is 3, said to be x; 2x = 6 is an equation."""
    sides = split(text, "=")
    is_named = _is_name(sides[0]) or (_LEFT_SIDE.fullmatch(sides[0]) and (len(sides) > 2 or not parse(sides[0])))
    found = [_read(side, depth + 1) for side in sides]
    if not all(sides) or found[-1].kind == "unread":
        return Value("unread", text)
    if is_named and (len(sides) == 2 or found[-1].formula is not None):
        return replace(found[-1], name=sides[0])
    if len(sides) == 2 and _is_name(sides[1]):
        return replace(found[0], name=sides[1])
    is_read = all(one.kind not in ("unread", "words") or one.formula for one in found)
    return Value("equation", text, parts=tuple(found)) if is_read else Value("unread", text)


def _relation(text: str, depth: int) -> Value:
    sides, signs = split(text, regions.RELATIONS), [text[at] for at in depths(text, regions.RELATIONS)]
    if signs[0] in ">≥":
        sides, signs = sides[::-1], [{">": "<", "≥": "≤"}.get(sign, sign) for sign in reversed(signs)]
    if "=" in text or not all(sides) or any(sign in ">≥" for sign in signs):
        return Value("unread", text)
    if found := regions.inequality(text, sides, signs):
        return Value("region", text, region=found[0], name=found[1])
    parts = tuple(Value("number", side, parse(side)) for side in sides)
    return (
        Value("tuple", text, parts=parts, brackets="".join(signs))
        if all(p.formula for p in parts)
        else Value("unread", text)
    )
