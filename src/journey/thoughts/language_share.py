"""How much of a text is in a language: by the scripts of its letters, and by a detector where two share a script.

Formulas, numbers, code, names of variables and points, and (beside other scripts) units are in no language. The
detector is py3langid, which comes with the extra `languages`; it only decides between the language and those that the
text may else be in. Without it a text in a shared script is *could not say* (null).
"""

import copy
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any

from journey.answers.phrases import measured
from journey.prompts.languages import ENGLISH, known, language_of

LEAST = 0.7
"""The share of a part from which on it is in the language."""
_LATIN = "LATIN"
_SURE = 12  # letters of a sentence from which on the detector is asked
_FORMULAS = re.compile(
    r"```.{0,9999}?(?:```|\Z)|`[^`\n]{0,999}`|\[asy\].{0,9999}?\[/asy\]|\$\$.{0,2999}?\$\$|\$[^$\n]{0,999}\$"
    r"|\\\(.{0,999}?\\\)|\\\[.{0,2999}?\\\]|\\[A-Za-z]+|https?://\S{1,999}",
    re.DOTALL,
)
_WORDS = re.compile(r"[A-Za-z]{2}")
_SENTENCE = re.compile(r"[.!?。！？\n]+")
_FUNCTIONS = frozenset(
    ("sin", "cos", "tan", "cot", "sec", "log", "ln", "exp", "lim", "max", "min", "mod", "gcd", "lcm", "det", "sqrt")
)
_POINTS = 4  # capitals in a row that are names of points, not words


def share(text: str, language: str, others: Iterable[str] = ()) -> float | None:
    """The share of a text that is in a language, in [0, 1]; null where it says nothing in any, or nobody can tell.

    `language` and `others` (those that it may else be in) are codes. Letters count as much as they say: one of Chinese
    as many as the language needs fewer of than English.
    """
    if not (scripts := _scripts(language)):
        return None
    if language == ENGLISH and text.isascii():
        return 1.0 if _WORDS.search(_FORMULAS.sub(" ", text)) else None  # the usual case, and quick
    weight = 1 / language_of(language).length
    rivals = sorted({of for of in others if of != language and _scripts(of) & scripts})
    own = other = 0.0
    for words in _sentences(text, is_latin=_LATIN in scripts):
        inside = [word for script, word in words if script in scripts]
        letters = sum(map(len, inside))
        size = letters * weight
        if rivals and inside:
            if letters < _SURE:
                size = 0.0
            elif (found := detected(" ".join(inside), sorted((language, *rivals)))) is None:
                return None
            elif found != language:
                other, size = other + size, 0.0
        own += size
        other += sum(len(word) for script, word in words if script not in scripts)
    return own / (own + other) if own + other else None


def can_tell(language: str, other: str) -> bool:
    """Whether a text in one language can be told from one in the other here: by their scripts, or by the detector."""
    return not _scripts(language) & _scripts(other) or _detector(tuple(sorted((language, other)))) is not None


def strays(parts: Iterable[str], language: str, others: Iterable[str] = ()) -> list[int]:
    """The numbers, from 1, of the parts of a text that are in another language."""
    found = (share(part, language, others) for part in parts)
    return [number for number, value in enumerate(found, 1) if value is not None and value < LEAST]


@cache
def script(letter: str) -> str:
    """The script of a letter by its Unicode name: LATIN, CJK, HANGUL; "" for what is no letter of a script."""
    name = unicodedata.name(letter, "") if letter.isalpha() else ""
    words = name.removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").split(" ")
    return "" if words[0] in ("MATHEMATICAL", "DOUBLE-STRUCK", "MICRO", "SCRIPT", "BLACK-LETTER") else words[0]


def detected(text: str, languages: Sequence[str]) -> str | None:
    """Which of the languages a text is in; null without the detector, and for languages that it does not know."""
    detector = _detector(tuple(languages))
    return None if detector is None else str(detector.classify(text)[0])


def _sentences(text: str, *, is_latin: bool) -> Iterator[list[tuple[str, str]]]:
    """The words of each sentence with their scripts, as far as they are in a language."""
    for sentence in _SENTENCE.split(_FORMULAS.sub(" ", text)):
        runs = ((name, "".join(letters)) for name, letters in groupby(sentence, script) if name)
        yield [(name, word) for name, word in runs if not _is_sign(name, word, is_latin)]


def _is_sign(name: str, word: str, is_latin: bool) -> bool:
    """Whether letters are a variable, a point, a function, or (in a text of another script) a unit."""
    if name not in (_LATIN, "GREEK"):
        return False
    is_name = len(word) == 1 or (word.isupper() and len(word) <= _POINTS)
    return is_name or word in _FUNCTIONS or (not is_latin and measured(word) is not None)


def _scripts(language: str) -> frozenset[str]:
    return frozenset(language_of(language).scripts) if language in (ENGLISH, *known()) else frozenset()


@cache
def _detector(languages: tuple[str, ...]) -> Any:
    whole = _whole_detector()
    if whole is None or not set(languages) <= set(whole.labels):
        return None
    narrowed = copy.copy(whole)  # the tables are shared
    narrowed.set_languages(list(languages))
    return narrowed


@cache
def _whole_detector() -> Any:
    try:
        langid: Any = import_module("py3langid.langid")
    except ModuleNotFoundError:
        return None
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
