"""How texts read: their lengths, lines, key words and most frequent phrases (O1 Replication Journey part 1, Table 3).

`describe` is the short form for a report; `read` makes the rows of Table 3, one an example and one for the whole set.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from journey.prompts.languages import ENGLISH, language_of

KEY_WORDS = language_of(ENGLISH).key_words

LENGTHS = (1, 2, 3, 4)
LONGEST_WORD = 40  # letters; longer ones are no words
TOKENS_BY_RULE = "by rule, each word, digit and sign is one"

_TOKEN = re.compile(r"[\u3040-\u30ff一-鿿]|[^\W\d_\u3040-\u30ff一-鿿]+|\d|[^\w\s]|_")
_UNSPACED = re.compile(r"[\u3040-\u30ff一-鿿가-힣]")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_COMMON = frozenset(
    (
        "the", "a", "an", "of", "to", "is", "are", "and", "or", "in", "that", "this", "it", "be", "by", "for", "with",
        "we", "i", "as", "on", "at", "from", "have", "has", "can", "will", "which", "was", "s", "there", "its",
    )
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def describe(texts: Sequence[str], tokens: Sequence[int] | None = None, *, phrases: int = 10) -> dict[str, Any]:
    """What a set of texts looks like, for a report; lengths are means a text.

    `tokens` are their lengths, one a text, where they are known, else null. "words" are whatever stands between spaces,
    "words_a_line" counts non-empty lines. "key_words" says how often each occurs and in what share of the texts.
    "phrases" are the most frequent runs of two to four words within a line; numbers, signs and names of variables make
    none.
    """
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    words = sum(len(line.split()) for line in lines)
    return {
        "texts": len(texts),
        "tokens": fmean(tokens) if tokens else None,
        "words": words / len(texts) if texts else 0.0,
        "lines": len(lines) / len(texts) if texts else 0.0,
        "words_a_line": words / len(lines) if lines else 0.0,
        "key_words": key_words(texts),
        "phrases": top_phrases(lines, phrases),
    }


def key_words(texts: Sequence[str], language: str | None = None) -> dict[str, tuple[int, float]]:
    """How often each key word of a language occurs in all, and in what share of the texts, the most frequent first."""
    found: dict[str, tuple[int, float]] = {}
    lowered = [text.lower() for text in texts]
    for word in KEY_WORDS if language is None else language_of(language).key_words:
        edge = "" if _UNSPACED.search(word) else r"\b"
        pattern = re.compile(rf"{edge}{re.escape(word)}{edge}")
        hits = [len(pattern.findall(text)) for text in lowered]
        if any(hits):
            found[word] = (sum(hits), sum(h > 0 for h in hits) / len(texts))
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def top_phrases(lines: Iterable[str], most: int) -> list[tuple[str, int]]:
    """The most frequent runs of words within a line; one inside a longer run that is as frequent is left out."""
    counts = Counter[tuple[str, ...]]()
    for line in lines:
        words = _WORD.findall(line.lower())
        for n in (2, 3, 4):
            runs = (tuple(words[i : i + n]) for i in range(len(words) - n + 1))
            counts.update(run for run in runs if sum(len(word) > 1 for word in run) > 1)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], -len(item[0]), item[0]))
    chosen: list[tuple[tuple[str, ...], int]] = []
    for run, n in ranked[: 20 * most]:
        if len(chosen) == most:
            break
        if n > 1 and not any(n == m and f" {' '.join(run)} " in f" {' '.join(longer)} " for longer, m in chosen):
            chosen.append((run, n))
    return [(" ".join(run), n) for run, n in chosen]


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of Table 3: a single example, or a whole set (where lengths are means a text and counts are sums).

    `tokens` are counted by `count_tokens`; `words` are whatever stands between spaces, `lines`
    are those with something in them, `words_a_line` is null where there is none. `phrases` are the most frequent runs
    of n words by n, those of one word without the commonest of the language. `key_words` gives each that occurs
    its count and how often it occurs in 1,000 tokens; one inside another ("let me" in "let me compute") counts twice.
    """

    name: str
    texts: int
    tokens: float
    words: float
    lines: float
    words_a_line: float | None
    phrases: Mapping[int, Sequence[tuple[str, int]]]
    key_words: Mapping[str, tuple[int, float]]

    def to_json(self) -> dict[str, Any]:
        """The plain form for a report; the lengths of phrases are texts, as keys in JSON are."""
        return asdict(self) | {"phrases": {str(n): [list(p) for p in found] for n, found in self.phrases.items()}}


def count_tokens(text: str) -> int:
    """How many tokens a text has by rule: each word, each digit and each sign is one.

    So is each Chinese character. Digits are single as in the tokenizers of Llama 2 and Qwen; long words, which those
    cut, make the count too small.
    """
    return sum(1 for _ in _TOKEN.finditer(text))


def read(texts: Sequence[str], name: str, *, top: int = 3, language: str | None = None) -> Reading:
    """The row of one text or of a set, with the key words of a language (its code; null: English)."""
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    words = sum(len(line.split()) for line in lines)
    total, number = sum(map(count_tokens, texts)), max(len(texts), 1)
    return Reading(
        name=name,
        texts=len(texts),
        tokens=total / number,
        words=words / number,
        lines=len(lines) / number,
        words_a_line=words / len(lines) if lines else None,
        phrases={n: frequent(lines, n, top) for n in LENGTHS},
        key_words={word: (n, 1000 * n / total) for word, (n, _) in key_words(texts, language).items()} if total else {},
    )


def frequent(lines: Iterable[str], length: int, most: int) -> list[tuple[str, int]]:
    """The most frequent runs of so many words within a line, LaTeX commands left out; ties by the alphabet."""
    counts = Counter[str]()
    for line in lines:
        words = [word for word in _WORD.findall(_COMMAND.sub(" ", line).lower()) if len(word) <= LONGEST_WORD]
        if length == 1:
            counts.update(word for word in words if word not in _COMMON and len(word) > 1)
        else:
            runs = (words[i : i + length] for i in range(len(words) - length + 1))
            counts.update(" ".join(run) for run in runs if sum(len(word) > 1 for word in run) > 1)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
