"""How good a thought is, by rules alone: Q = (consistency * completeness * relevance) / redundancy.

The formula was proposed after O1 Replication Journey part 1, which leaves the four measures open; these are ours,
and docs/quality.md says how far each of them can be trusted. No model is asked. What cannot be said is null, and a Q of
which a part is null is null.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import fsum, log
from typing import Any

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.answers.thinking import split_thinking
from journey.evals.equalities import equalities
from journey.evals.structure import is_known, is_wrong
from journey.evals.words import count_tokens
from journey.thoughts.faithful import words
from journey.thoughts.numbers import numbers
from journey.thoughts.paragraphs import paragraphs
from journey.trees.mark import path
from journey.types import Thought, Tree

MEASURES = ("consistency", "completeness", "relevance", "redundancy", "q")


@dataclass(frozen=True, slots=True)
class Quality:
    """The four measures of one thought and their Q; null where nothing can be said.

    `consistency`, `completeness` and `relevance` are in [0, 1], more is better; `redundancy` is 1 or more,
    less is better.
    """

    consistency: float | None
    completeness: float | None
    relevance: float | None
    redundancy: float | None

    @property
    def q(self) -> float | None:
        """The product of the first three over the last, in [0, 1]; null where one of them is null."""
        parts = (self.consistency, self.completeness, self.relevance, self.redundancy)
        if any(part is None for part in parts):
            return None
        consistent, complete, relevant, redundant = (part or 0.0 for part in parts)
        return consistent * complete * relevant / redundant

    def to_json(self) -> dict[str, float | None]:
        """The plain form for a report."""
        return asdict(self) | {"q": self.q}


def of_text(text: str, question: str = "") -> Quality:
    """The quality of a plain text as an answer to a question, "" where that is unknown."""
    return Quality(
        consistency=_share(consistent_claims([text], None)),
        completeness=completeness(text, question),
        relevance=relevance(text, question),
        redundancy=redundancy(text, question),
    )


def of_thought(thought: Thought, question: str = "", tree: Tree | None = None) -> Quality:
    """The quality of a thought; its known mistakes claim nothing, its tree says which steps it must show."""
    texts = [thought.text]
    if is_known(thought.segments):
        texts = [segment.text for segment in thought.segments if not is_wrong(segment, tree)]
    return Quality(
        consistency=_share(consistent_claims(texts, thought.answer or None)),
        completeness=completeness(thought.text, question, thought, tree),
        relevance=relevance(thought.text, question),
        redundancy=redundancy(thought.text, question),
    )


def consistent_claims(texts: Sequence[str], answer: str | None) -> list[bool]:
    """What a thought claims that can be checked within it, and whether it agrees.

    Claims are the equalities between numbers, each earlier final answer beside the last one, and the last one beside
    the `answer` that the thought was kept for, where it is known. Answers that cannot be compared make no claim.
    """
    claims = [equality.holds for text in texts for equality in equalities(text)]
    given = [found for text in texts for found in _answers(text)]
    if given:
        beside = [*given[:-1], *([answer] if answer is not None else [])]
        claims += [same for other in beside if (same := decide(other, given[-1])) is not None]
    return claims


def completeness(
    text: str, question: str = "", thought: Thought | None = None, tree: Tree | None = None
) -> float | None:
    """The mean of what can be said of: an answer is reached, the given numbers are used, new numbers are derived, the
    steps of the path are in the text. In [0, 1]; null for a text without words.

    A number of two digits or more is derived if the question, a sentence before, or the result of an equality in its
    own sentence has it; smaller ones stand for too many things. The path leads to the leaf of the answer.
    """
    if not text.strip():
        return None
    given, known = set(numbers(question)), set(numbers(text))
    parts = [
        float(_reaches(text, thought)),
        len(given & known) / len(given) if given else None,
        _share(_derived(text, given)),
        None if thought is None or tree is None else _share(_path_kept(thought, tree)),
    ]
    known = [part for part in parts if part is not None]
    return fsum(known) / len(known)


def relevance(text: str, question: str = "") -> float | None:
    """How far each sentence is tied to the question or to sentences that are: in [0, 1], null without any sentence.

    The mean over sentences of the share of its content words, numbers and variables that are known from there; a
    sentence makes its own known to later ones if it is tied by a third at least. Without a question the first sentence
    stands for it.
    """
    pieces = [found for sentence in sentences(text) if (found := content(sentence))]
    known = content(question)
    if not known and pieces:
        known = set(pieces.pop(0))
    tied: list[float] = []
    for piece in pieces:
        tied.append(len(piece & known) / len(piece))
        if 3 * len(piece & known) >= len(piece):
            known |= piece
    return fsum(tied) / len(tied) if tied else None


def redundancy(text: str, question: str = "") -> float | None:
    """1 + ln(tokens a piece of news): 1 where each token brings something new; null for an empty text.

    News are, in a sentence with mathematics, its numbers and pairs of neighbouring signs, and in one without its
    content words, as far as neither the question nor a sentence before has them. The logarithm keeps length, which
    every text's news grow more slowly than, from drowning the other measures in Q.
    """
    known = mathematics(question) | content(question)
    news = tokens = 0
    for sentence in sentences(text):
        formulas, rest = mathematics(sentence), content(sentence)
        news += len((formulas or rest) - known)
        known |= formulas | rest
        tokens += count_tokens(sentence)
    return 1.0 + log(max(1.0, tokens / max(news, 1))) if tokens else None


# --- what a sentence holds --------------------------------------------------------------------------------------------

_BETWEEN = re.compile(r"\n+|(?<=[.!?;。！？])\s+")
_VARIABLE = re.compile(r"(?<![A-Za-z\\])[B-HJ-Zb-hj-z](?![A-Za-z])")
_SIGN = re.compile(r"\\[A-Za-z]+|[0-9]+(?:\.[0-9]+)?|(?<![A-Za-z])[B-HJ-Zb-hj-z](?![A-Za-z])|[-+*/^=<>_]")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text: lines, cut after each full stop, question mark, exclamation mark or semicolon."""
    return (stripped for piece in _BETWEEN.split(text) if (stripped := piece.strip()))


def content(sentence: str) -> set[str]:
    """Content words, numbers and variables; A, a and I are taken for words."""
    return words(sentence) | set(numbers(sentence)) | {f"${name}" for name in _VARIABLE.findall(sentence)}


def mathematics(sentence: str) -> set[tuple[str, ...]]:
    """The numbers of a sentence, and the pairs of neighbouring numbers, variables, signs and LaTeX commands."""
    signs = _SIGN.findall(sentence)
    return {(sign,) for sign in signs if sign[0].isdigit()} | set(pairwise(signs))


# --- parts of the measures --------------------------------------------------------------------------------------------


def _share(claims: Iterable[bool]) -> float | None:
    values = list(claims)
    return sum(values) / len(values) if values else None


def _answers(text: str) -> Iterator[str]:
    """The final answers that a text gives, in order: one a paragraph, and the last one in whatever form it has."""
    found = [answer for start, end in paragraphs(text) if (answer := find_answer(text[start:end])) is not None]
    last = find_answer(text)
    yield from found
    if last is not None and (not found or found[-1] != last):
        yield last


def _reaches(text: str, thought: Thought | None) -> bool:
    if thought is not None and any(segment.kind == "answer" for segment in thought.segments):
        return True
    if find_answer(text) is not None:
        return True
    parts = split_thinking(text)
    return parts is not None and bool(parts.thought and parts.answer)


def _derived(text: str, given: set[str]) -> Iterator[bool]:
    known = set(given)
    for sentence in sentences(text):
        found = numbers(sentence)
        results = {number for equality in equalities(sentence) for number in numbers(equality.right)}
        yield from (number in known or number in results for number in found if len(number) > 1)
        known.update(found)


def _path_kept(thought: Thought, tree: Tree) -> Iterator[bool]:
    ends = [s.node for s in thought.segments if s.kind == "answer" and s.node is not None]
    if ends and 0 <= ends[-1] < len(tree.nodes):
        kept = {segment.node for segment in thought.segments if segment.kind in ("step", "answer")}
        yield from (node in kept for node in path(tree, ends[-1]) if tree.nodes[node].text)


def summed(qualities: Iterable[Quality]) -> dict[str, Any]:
    """The mean of each measure over the thoughts of which it can be said, null where of none; and of how many."""
    found = list(qualities)
    known = {name: [value for one in found if (value := getattr(one, name)) is not None] for name in MEASURES}
    means = {name: fsum(values) / len(values) if values else None for name, values in known.items()}
    return {"thoughts": len(found), **means, "said": {name: len(values) for name, values in known.items()}}
