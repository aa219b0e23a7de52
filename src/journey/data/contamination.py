"""Whether a text that is trained on holds a question that is tested on: the same, the whole of it, or n-grams of it.

After GPT-3 (Brown et al. 2020, appendix C): texts overlap where they share a run of n words, case and punctuation
aside. It used 13 words for what was trained on; s1 (Muennighoff et al. 2025) and Open-R1 use 8, which among problems of
mathematics also meets their common phrases. A paraphrase shares no such run and is not found.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from journey.data.choosing import normalised
from journey.errors import UsageError

How = Literal["same", "whole", "ngram", "picture"]
HOW: tuple[How, ...] = ("same", "whole", "ngram", "picture")

SHORTEST = 5  # words; a shorter question ("What is 2 + 3?") stands inside many texts that have nothing of it
SHOWN = 40  # words of a shared run that are kept
MANY = 10_000  # places at which one text shares a question's words; a text that goes round in circles may have more


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts as touching.

    `ngram` words in a row are shared. With `share` above 0 they must cover that part of the tested question's words. An
    n-gram that stands in more than `common` tested questions is their common wording and does not count.
    """

    ngram: int = 13
    share: float = 0.0
    common: int = 10

    def __post_init__(self) -> None:
        if self.ngram < SHORTEST:
            raise UsageError(f"n-grams of {self.ngram} words stand in any text; give {SHORTEST} or more")
        if not 0 <= self.share <= 1:
            raise UsageError(f"the share of a question's words is from 0 to 1, not {self.share}")
        if self.common < 1:
            raise UsageError(f"an n-gram stands in 1 question or more, so common cannot be {self.common}")


@dataclass(frozen=True, slots=True)
class Touch:
    """One text touching one tested question, the `question`-th of the index.

    `how` is "same" (both are questions, and equal), "whole" (it stands inside the text), "ngram", or "picture" (both
    are questions about one picture). `share` is the part of its words that the text shares in runs of n words, `shared`
    the longest such run, or the picture's name.
    """

    question: int
    how: How
    share: float
    shared: str


class QuestionIndex:
    """Tested questions, each once, indexed so that a text is compared with all of them in one pass over its words.

    All are compared with other questions. `by_words` says how many are also compared by their n-grams, `by_whole` how
    many, having fewer than n words or only common ones, as a whole with every run of the text's words, and
    `by_question` how many are too short for either.
    """

    def __init__(self, questions: Iterable[str], rule: Rule = Rule()) -> None:
        self.rule = rule
        self._numbers: dict[str, int] = {}
        self.questions: list[str] = []
        for question in questions:
            if self._numbers.setdefault(normalised(question), len(self.questions)) == len(self.questions):
                self.questions.append(question)
        self._words = [words(question) for question in self.questions]
        self._seed = min(rule.ngram, max((rule.ngram + 1) // 2, min(rule.ngram - 1, 7)))
        self._step = rule.ngram - self._seed + 1
        self._ngrams = self._indexed_ngrams()
        with_ngrams = {q for places in self._ngrams.values() for q, _ in places}
        self._seeds = {
            _key(self._words[q], at + p, self._seed)
            for places in self._ngrams.values()
            for q, at in places
            for p in range(self._step)
        }
        others = [q for q, of in enumerate(self._words) if q not in with_ngrams and len(of) >= SHORTEST]
        self._wholes = self._indexed_wholes(others)
        self.by_words, self.by_whole = len(with_ngrams), len(others)
        self.by_question = len(self.questions) - len(with_ngrams) - len(others)

    def number(self, question: str) -> int | None:
        """Which of the tested questions is this one; null where none is."""
        return self._numbers.get(normalised(question))

    def touches(self, text: str, *, is_question: bool = False) -> list[Touch]:
        """The tested questions that the text touches, closest first."""
        text_words = words(text)
        found = {touch.question: touch for touch in (*self._shared(text_words), *self._whole(text_words, text))}
        if is_question and (same := self.number(text)) is not None:
            found[same] = Touch(same, "same", 1.0, " ".join(self._words[same][:SHOWN]))
        return sorted(found.values(), key=closeness)

    # Every n-gram of a text holds a shorter one, the seed, that begins at a multiple of the step; where none of those
    # is known no n-gram is. So most of a text is passed over in strides.

    def _shared(self, text_words: Sequence[str]) -> Iterable[Touch]:
        n, seed = self.rule.ngram, self._seed
        places: dict[int, list[tuple[int, int]]] = {}
        unseen = 0
        for i in range(0, len(text_words) - seed + 1, self._step):
            if _key(text_words, i, seed) not in self._seeds:
                continue
            for at in range(max(i - self._step + 1, unseen), min(i, len(text_words) - n) + 1):
                for q, there in self._ngrams.get(_key(text_words, at, n), ()):
                    if len(shared := places.setdefault(q, [])) < MANY:
                        shared.append((there, at))
            unseen = i + 1
        for q, pairs in places.items():
            question_words = self._words[q]
            covered = {there + k for there, _ in pairs for k in range(n)}
            share = len(covered) / len(question_words)
            begin, length = _longest(pairs, n)
            # Common n-grams are not indexed, so that the words themselves say whether the whole question stands there.
            how = "whole" if any(_stands(question_words, text_words, at - there) for there, at in pairs) else "ngram"
            if how == "whole" or share >= self.rule.share:
                shown = " ".join(text_words[begin : begin + min(length, SHOWN)])
                yield Touch(q, how, 1.0 if how == "whole" else share, shown)

    def _whole(self, text_words: Sequence[str], text: str) -> Iterable[Touch]:
        candidates: set[int] = set()
        if self._wholes:
            for i in range(0, len(text_words) - SHORTEST + 2, 2):
                for q, there in self._wholes.get(_key(text_words, i, SHORTEST - 1), ()):
                    if q not in candidates and _stands(self._words[q], text_words, i - there):
                        candidates.add(q)
        if candidates:
            # With so few words the signs between them matter: 2 + 3 * 4 is another question than 2 * 3 - 4.
            exact = _bounded(signs(text))
            for q in candidates:
                if _bounded(signs(self.questions[q])) in exact:
                    yield Touch(q, "whole", 1.0, " ".join(self._words[q][:SHOWN]))

    def _indexed_ngrams(self) -> dict[str, list[tuple[int, int]]]:
        n = self.rule.ngram
        found: dict[str, list[tuple[int, int]]] = {}
        for q, question_words in enumerate(self._words):
            for at in range(len(question_words) - n + 1):
                found.setdefault(_key(question_words, at, n), []).append((q, at))
        few = self.rule.common
        return {key: at for key, at in found.items() if len(at) <= few or len({q for q, _ in at}) <= few}

    def _indexed_wholes(self, questions: Sequence[int]) -> dict[str, list[tuple[int, int]]]:
        """The rarest two neighbouring runs of words of each question: a stride of two meets one of them."""
        size = SHORTEST - 1
        often = Counter(
            _key(self._words[q], at, size) for q in questions for at in range(len(self._words[q]) - size + 1)
        )
        found: dict[str, list[tuple[int, int]]] = {}
        for q in questions:
            question_words = self._words[q]
            counts = [often[_key(question_words, at, size)] for at in range(len(question_words) - size + 1)]
            rarest = min(range(len(counts) - 1), key=lambda at: counts[at] + counts[at + 1])
            for at in (rarest, rarest + 1):
                found.setdefault(_key(question_words, at, size), []).append((q, at))
        return found


def closeness(touch: Touch) -> tuple[int, float, int]:
    """Sorts the closest first: same questions, whole ones, then the largest share."""
    return HOW.index(touch.how), -touch.share, touch.question


# --- a text as words --------------------------------------------------------------------------------------------------

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # written without spaces: each character is a word
_WORD = rf"[{_CJK}]|\d+|[^\W\d_{_CJK}]+"
_WORDS = re.compile(_WORD)
_ASCII_WORDS = re.compile(r"[a-z]+|[0-9]+")  # the same in plain ASCII, in two thirds of the time
_SIGNS = re.compile(rf"{_WORD}|[-+*/=<>]")
# What only sets a formula otherwise; and \dfrac, \tfrac as \frac.
_TYPESETTING = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|text|textbf|mathrm|mathbf|mbox|q?quad|boldsymbol)(?![a-z])"
    r"|\\[dt](?=frac|binom)|\*\*"
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # soft hyphens and the like, inside words
_TIMES = re.compile(r"\\(?:cdot|times)(?![a-z])")


def words(text: str) -> list[str]:
    """The words of a text: letters or digits in a row, without case, punctuation, operators and LaTeX's spacing."""
    plain = _plain(text)
    return (_ASCII_WORDS if plain.isascii() else _WORDS).findall(plain)


def signs(text: str) -> list[str]:
    """The words with the operators between them."""
    return _SIGNS.findall(_TIMES.sub("*", _plain(text)).replace("\u2212", "-"))


def _plain(text: str) -> str:
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    text = text.casefold()
    return _TYPESETTING.sub(" ", text) if "\\" in text or "**" in text else text


def _key(of: Sequence[str], at: int, length: int) -> str:
    return " ".join(of[at : at + length])


def _bounded(of: Sequence[str]) -> str:
    return f" {' '.join(of)} "


def _stands(question_words: Sequence[str], text_words: Sequence[str], at: int) -> bool:
    """Whether the question's words stand in the text from there on."""
    return at >= 0 and text_words[at : at + len(question_words)] == question_words


def _longest(pairs: Iterable[tuple[int, int]], n: int) -> tuple[int, int]:
    """Where in the text the longest shared run begins, and its words; pairs are of places in question and text."""
    ends: dict[tuple[int, int], tuple[int, int]] = {}  # the n-gram before -> its run's beginning and length
    best = (0, 0)
    for there, at in sorted(pairs, key=lambda pair: pair[1]):
        begin, length = ends.pop((there - 1, at - 1), (at, n - 1))
        ends[there, at] = run = (begin, length + 1)
        best = max(best, run, key=lambda found: found[1])
    return best
