r"""Answers in words, as BIG-Bench Hard asks for them: exact match after a clean-up (Suzgun et al., arXiv 2210.09261).

The problem's own answer says what an answer looks like: an option's letter, one of two words (yes or no, True or False,
valid or invalid), brackets, a number, the question's words in an order, or other words. What is found in a text counts
as an answer only where it reads as one of these; else it is null, never wrong.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from journey.answers.find import bare, hashed, marked, without_copula
from journey.answers.grade import Grade, could_not_check
from journey.answers.phrases import NUMBERS
from journey.answers.read import exact
from journey.answers.thinking import visible
from journey.types import Problem

PAIRS = (
    ("yes", "no"), ("true", "false"), ("valid", "invalid"), ("ja", "nein"), ("wahr", "falsch"), ("是", "否"),
    ("예", "아니요"),
)  # fmt: skip
LONGEST = 20_000  # characters at the end of a text where an answer is looked for that has no explicit mark
MOST = 32  # places in it
LIST = 4_000  # characters of a list

_OPTION = re.compile(r"^\(([A-Z])\)[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_BRACKETS = re.compile(r"[()\[\]{}<>\s]+")
_BRACKET_BOX = re.compile(r"\\boxed[ \t]*\{([^\n]*)\}")
_STATED = re.compile(
    r"\b(?:answer|option|choice|list|order|sequence|sorted)\b[ \t*_]*"
    r"(?:(?:is|are|would be|must be|should be)\b[ \t]*:?|:|=)[ \t*_]*\n{0,2}"
    r"|(?:答案|选项)[ \t*_]*(?:应该是|应为|就是|是|为|选|[:=])+[ \t*_]*|(?:故|应)选[ \t]*:?[ \t*_]*|^[ \t*]*答:[ \t*_]*"
    r"|(?<![가-힣])(?:정답|해답|답)[ \t*_]*(?:은|[:=])[ \t]*:?[ \t*_]*"
    r"|\bantwort[ \t*_]*(?:(?:ist|lautet|wäre)\b[ \t]*:?|[:=])[ \t*_]*",
    re.IGNORECASE | re.MULTILINE,
)
_NAMED = re.compile(
    r"(\([A-Z]\))[^.\n()]{0,80}? is (?:the )?(?:correct|right|best|answer)"
    r"|\b(?:pick|choose|select|chose|picked|go with|opt for) (?:option )?(\([A-Z]\)|[A-Z]\b)"
)
_VERDICT = re.compile(r"\b(?:argument|statement|sentence|expression|result|it) is ((?:\w+ ){0,2}\w+)", re.IGNORECASE)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3002: ". "}
_SENTENCE = re.compile(r"[ \t*]*((?:[^.\n]|\.(?!\s|$)){0,2000})")
_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_SET = re.compile(r"\\(?:text|textbf|textit|texttt|mathrm|mathbf|mathtt|mbox)\{([^{}]*)\}")
_BRACKET_SET = re.compile(r"^\s*\\(?:text|texttt|mathrm|mathtt|mbox)\{(.*)\}\s*$")
_FILLERS = {"that", "the", "a", "an", "argument", "statement", "is", "it", "deductively", "clearly", "option", "simply"}
_HEDGES = {"or", "and", "/"}
_ITEM = re.compile(r"^\W*\d{1,3}[.)]\s+|^\s*[-*\u2022]\s+", re.MULTILINE)
_COUNT = re.compile(r"\d{1,3}[.)]")
_BETWEEN = re.compile(r"[\s,;|]+|->|\u2192|<|>")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")

Found = TypeVar("Found")
MeteredJudge = Callable[[str, bool], str | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What answers to a problem look like: `name` in words, and what reads one in its normal form.

    The reader gets a text and whether nothing else may stand in it; null where it reads no answer.
    """

    name: str
    read: MeteredJudge


class TextGrader:
    """Grades answers in words by exact match of their normal forms. Nothing is asked, run or waited for."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the final answer found in `text`; null where nothing in it reads as an answer."""
        shape, text = shape_of(problem), visible(text).translate(_WIDE)
        wanted = shape.read(problem.answer, True) or _words(problem.answer)
        first: str | None = None
        for stated, is_sure in _candidates(text, shape):
            if (answer := shape.read(stated, not is_sure)) is not None:
                return Grade(answer, answer == wanted, None if answer == wanted else "wrong answer")
            first = first or (_cleaned(stated) if is_sure else None)
        if first is None:
            return Grade(None, None, "no answer")
        return could_not_check(first, f"it is not {shape.name}")


def shape_of(problem: Problem) -> Shape:
    """What answers to the problem look like, by its own answer and question."""
    wanted = problem.answer.strip()
    options = {letter: _words(text) for letter, text in _OPTION.findall(problem.question)}
    if re.fullmatch(r"\([A-Z]\)", wanted) or _words(wanted) in options.values():
        return Shape("one of the options", lambda stated, alone: _choice(stated, alone, options))
    for pair in PAIRS:
        if wanted.casefold() in pair:
            return Shape(" or ".join(pair), lambda stated, alone, pair=pair: _one_of(stated, alone, pair))
    if wanted and _BRACKETS.fullmatch(wanted):
        return Shape("brackets", _brackets)
    if exact(wanted) is not None:
        return Shape("a number", _number)
    known = set(_listed(problem.question))
    if not options and len(wanted.split()) > 1 and set(_listed(wanted)) <= known:
        return Shape("a list of the question's words", lambda stated, alone: _order(stated, alone, known))
    return Shape("words", lambda stated, alone: None if alone else _words(stated) or None)


# --- finding ----------------------------------------------------------------------------------------------------------


def _candidates(text: str, shape: Shape) -> Iterator[tuple[str, bool]]:
    """What may be the final answer, the likeliest first, with whether the text says that it is its answer."""
    if shape.name == "brackets":
        # A bracket that is the answer also closes the box, so that its end is the line's last one.
        yield from ((box, True) for box in _last(_BRACKET_BOX.findall(text[-LONGEST:])))
    for find in (marked, hashed):
        if stated := find(text):
            yield stated, True
    text = text[-LONGEST:].strip()
    for stated in _last(list(_STATED.finditer(text))):
        if shape.name.startswith("a list"):
            yield text[stated.end() : stated.end() + LIST].lstrip().partition("\n\n")[0], False
        if (sentence := _SENTENCE.match(text, stated.end())) and sentence[1].strip(" *_\"'`"):
            yield sentence[1], True
    if shape.name == "one of the options":
        yield from ((one or other, True) for one, other in _last(_NAMED.findall(text)))
    yield from ((bold, False) for bold in _last(_BOLD.findall(text)))
    if shape.name.startswith("a list"):
        yield text.rpartition("\n\n")[2][-LIST:], False
    yield text.rpartition("\n")[2][-LIST:], False
    if " or " in shape.name:
        yield from ((given, True) for given in _last(_VERDICT.findall(text)))


def _last(found: Sequence[Found]) -> Sequence[Found]:
    """The last ones, the very last first."""
    return found[: -MOST - 1 : -1]


def _cleaned(stated: str) -> str:
    """A text without the marks around it: dollars, bold, quotes, LaTeX's fonts, a full stop."""
    stated = _SET.sub(r"\1", bare(without_copula(stated)) or "")
    return (bare(stated.strip(" \t\n*_\"'`\u201c\u201d\u2018\u2019")) or "").strip(" *_\"'`\u201c\u201d\u2018\u2019")


# --- reading ----------------------------------------------------------------------------------------------------------


def _words(stated: str) -> str:
    """Words in their normal form: no capitals, one space between, no marks around."""
    return " ".join(_cleaned(stated).casefold().split())


def _choice(stated: str, alone: bool, options: dict[str, str]) -> str | None:
    """An option's letter: "(B)", "B", "B) Paris", "option B", or an option's own words."""
    text = re.sub(r"^not\b.*?\b(?:it is|it's|but|rather)\s+", "", _cleaned(stated), flags=re.IGNORECASE)
    text = re.sub(r"^(?:option|choice|answer:?)\s+", "", text, flags=re.IGNORECASE)
    if (same := [letter for letter, words in options.items() if words == _words(text)]) and len(same) == 1:
        return f"({same[0]})"
    match = re.match(
        r"\(([A-Za-z])\)|([A-Za-z])(?:[).:]|$|(?=[一-鿿가-힣]))|([A-Z])(?=\s*[,/;]|\s+(?:or|and|because|since|as|for|is)\b|\s+[-\u2013(])",
        text,
    )
    if match is None:
        led = re.match(r"([A-Z])\s+(.+)", text, re.DOTALL)
        return f"({led[1]})" if led and options.get(led[1]) == _words(led[2]) else None
    letter, rest = (match[1] or match[2] or match[3]).upper(), text[match.end() :]
    if also := re.match(r"\s*(?:,|/|or|and|,\s*(?:or|and))\s*(\([A-Za-z]\)|[A-Z]\b)", rest):
        return f"({letter}) {also[1].upper()}"
    is_option = not rest.strip() or _words(rest) == options.get(letter)
    return f"({letter})" if is_option or not alone else None


def _one_of(stated: str, alone: bool, pair: tuple[str, str]) -> str | None:
    """One of two words, at the beginning of a text; "not" before it turns it round."""
    words = re.findall(r"\w+|/", _cleaned(stated).casefold())
    if alone:
        return words[0] if len(words) == 1 and words[0] in pair else None
    while words and words[0] in _FILLERS:
        words = words[1:]
    turned = words[:1] == ["not"]
    words = words[1:] if turned else words
    if not words or words[0] not in pair:
        return None
    if len(words) > 2 and words[1] in _HEDGES and words[2] in pair:
        return " ".join(words[:3])
    return pair[1 - pair.index(words[0])] if turned else words[0]


def _brackets(stated: str, alone: bool) -> str | None:
    """Brackets with one space between them."""
    text = _BRACKET_SET.sub(r"\1", stated).replace(r"\rangle", ">").replace(r"\langle", "<")
    found = re.sub(r"[\s,;.$*_\"'`\\]", "", text)
    return " ".join(found) if found and _BRACKETS.fullmatch(found) else None


def _number(stated: str, alone: bool) -> str | None:
    """A number as digits; in a longer text the only one in it, or the one after the last "="."""
    text = _cleaned(stated).rpartition("=")[2].strip() if not alone else _cleaned(stated)
    if (value := exact(text)) is None:
        found = [] if alone else [n for n in map(exact, _NUMBER.findall(text)) if n is not None]
        numbers = [Fraction(NUMBERS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in NUMBERS]
        if alone:
            numbers = numbers if text.casefold() in NUMBERS else []
        different = set(found or numbers)
        if len(different) != 1:
            return None
        value = different.pop()
    return str(value)


def _listed(text: str) -> list[str]:
    """The words of a list, numbered, with commas, or with arrows between them."""
    words = _BETWEEN.split(_ITEM.sub(" ", text).casefold())
    bare_words = (word.strip("\"'`*_.:()[]\u201c\u201d") for word in words if not _COUNT.fullmatch(word))
    return [word for word in bare_words if word]


def _order(stated: str, alone: bool, known: set[str]) -> str | None:
    """A list with the question's words in it: all of it where nothing else may stand there, else half of it."""
    words = _listed(_cleaned(stated))
    there = sum(word in known for word in words)
    return " ".join(words) if len(words) > 1 and there >= (len(words) if alone else len(words) / 2) else None
