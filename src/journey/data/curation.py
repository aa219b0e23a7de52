"""Which problems are fit to be distilled (O1 Replication Journey part 2, the section on data curation).

Kept are problems without images, with a labelled answer, that are no proofs, with a numeric answer, each once.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from journey.answers.formula import Node
from journey.answers.read import read
from journey.data.choosing import question_key
from journey.errors import UsageError
from journey.types import Problem


@dataclass(frozen=True, slots=True)
class Curation:
    r"""Which rules hold. `images`, `proofs` and `repeated` false: such problems are dropped.

    `answers` "numeric": one real number in closed form, that is whole numbers, decimals, fractions, radicals and \pi
    joined by + - * / and powers, with or without a unit, a percent or degree sign or a money sign. "rational": without
    radicals and \pi. "any": whatever stands there, intervals, lists, formulas with letters and words too.
    """

    images: bool = False
    proofs: bool = False
    repeated: bool = False
    answers: Literal["numeric", "rational", "any"] = "numeric"

    def __post_init__(self) -> None:
        if self.answers not in ("numeric", "rational", "any"):
            raise UsageError(f'answers is {self.answers!r}; write "numeric", "rational" or "any"')


@dataclass(frozen=True, slots=True)
class Curated:
    """The problems kept, in order, and the ids of those dropped by the first reason that held."""

    kept: list[Problem]
    dropped: dict[str, list[str]]


NO_ANSWER = "no labelled answer"
IMAGE = "image"
PROOF = "proof"
NOT_NUMERIC = "answer not numeric"
REPEATED = "repeated"


def curate(problems: Iterable[Problem], rules: Curation = Curation()) -> Curated:
    """The problems that the rules keep. Of several with the same question the first one is kept."""
    kept: list[Problem] = []
    dropped: dict[str, list[str]] = {}
    seen: set[str] = set()
    for problem in problems:
        reason = why_not(problem, rules)
        if reason is None and not rules.repeated:
            key = question_key(problem)
            reason = REPEATED if key in seen else None
            seen.add(key)
        if reason is None:
            kept.append(problem)
        else:
            dropped.setdefault(reason, []).append(problem.id)
    return Curated(kept, dropped)


def why_not(problem: Problem, rules: Curation = Curation()) -> str | None:
    """Why one problem by itself is dropped; null where it is kept."""
    if not has_answer(problem.answer):
        return NO_ANSWER
    if not rules.images and (problem.images or needs_image(problem.question)):
        return IMAGE
    if not rules.proofs and is_proof(problem.question):
        return PROOF
    fits: Callable[[str], bool] = {"numeric": is_numeric, "rational": is_rational, "any": has_answer}[rules.answers]
    return None if fits(problem.answer) else NOT_NUMERIC


# --- the rules --------------------------------------------------------------------------------------------------------

_NO_ANSWER = re.compile(r"|n/?a|none|null|-+|\?+|see (?:the )?solution.*|proof.*|omitted|not[ _-]?found", re.IGNORECASE)
_IMAGE = re.compile(
    r"\[/?asy\]|\\includegraphics|\\begin\{(?:tikzpicture|asy|figure|picture|pspicture)\}|<img\b|!\[[^\]]*\]\("
    r"|\.(?:png|jpe?g|gif|svg)\b",
    re.IGNORECASE,
)
_PICTURE = r"(?:figure|diagram|picture|illustration|sketch|drawing|graph|chart|plot|histogram|image)s?"
_WHERE = r"(?:in \w+ )?(?:below|above|here|(?:at|to|on) (?:the |its )?(?:right|left))"
# Words that can be meant only of a picture, and words that may as well point at a table or formula of the text.
_SEEN = re.compile(
    r"\b(?:in|from|see|consider|refer to) (?:the|this) (?:\w+ )?(?:figure|diagram|illustration)s?\b(?! (?:of|that))"
    rf"|\b(?:accompanying|adjoining|attached|adjacent) {_PICTURE}\b|\(see (?:figure|diagram)\b|\bpictured {_WHERE}"
    rf"|\b(?:shown|pictured|depicted|illustrated) in the (?:\w+ )?{_PICTURE}\b",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    rf"\b(?:shown|drawn|depicted|illustrated) {_WHERE}"
    r"|\bas (?:shown|pictured|depicted|illustrated)\b(?! (?:in|by|that)\b)"
    rf"|\b(?:the|this) {_PICTURE} (?:shows|indicates|depicts)\b|\bfollowing {_PICTURE}\b"
    r"|\b(?:on|in) this (?:figure|diagram|picture|chart|plot)\b"
    rf"|\b{_PICTURE} (?:\w+ )?(?:is |are )?(?:shown|given|drawn)?\b ?{_WHERE}(?![ -](?:the|of)\b)"
    rf"|\b{_PICTURE}\b[^.?]{{0,80}} (?:is|are) shown\b"
    rf"|\b(?:{_PICTURE}|data|grid|lattice|pattern|lines|\w+gon|triangle|square|rectangle|circle) shown\b",
    re.IGNORECASE,
)
_WRITTEN = re.compile(r"\\begin\{|\|\s*:?-+|\\\[|\$\$|\\quad|\\underline|\\ldots|\\cdots|\.\.\.|(?:\b\d+, ?){4}")

_CLAUSE = r"(?:^|[.;:,!?)\n$]|\bthen\b|\band\b|\bor\b|\bto\b)\s*"
_PROVES = re.compile(rf"{_CLAUSE}(?:please )?(?:prove|show|demonstrate|disprove|justify) ", re.IGNORECASE)
_ASKS = re.compile(
    rf"{_CLAUSE}(?:find|determine|compute|calculate|evaluate|solve|simplify|express|give|estimate|count|what|which|how)\b|\?",
    re.IGNORECASE,
)


def has_answer(answer: str) -> bool:
    """Whether an answer is labelled at all."""
    return _NO_ANSWER.fullmatch(answer.strip()) is None


def needs_image(question: str) -> bool:
    """Whether the question holds a drawing, or speaks of one that must be seen."""
    if _IMAGE.search(question) or _SEEN.search(question):
        return True
    return _SHOWN.search(question) is not None and _WRITTEN.search(question) is None


def is_proof(question: str) -> bool:
    """Whether the question wants something proved and asks for nothing else."""
    return _PROVES.search(question) is not None and _ASKS.search(question) is None


_RATIONAL = {"number", "+", "*", "/"}
_NAMES = {"", "%", *(f"base {base}" for base in range(2, 37))}
_CLOSED = _RATIONAL | {"^", "root", "π"}
_BEGINS = re.compile(r"[-+\d.√π\\({]")  # a number that is told in words ("four", "October 30") is none here


def is_rational(answer: str) -> bool:
    """Whether the answer is one whole number (in any base), decimal, fraction or mixed number, unit or not."""
    return _parts_of(answer) <= _RATIONAL


def is_numeric(answer: str) -> bool:
    r"""Whether the answer is one real number in closed form: rational, or of radicals, \pi and powers; unit or not."""
    return _parts_of(answer) <= _CLOSED


def _parts_of(answer: str) -> set[str]:
    """The operations, names and numbers of the one formula that an answer is; "other" where it is none."""
    value = read(answer)
    is_number = value.kind == "number" and value.name in _NAMES and _BEGINS.match(value.text)
    return _parts(value.formula.trees[0]) if is_number and value.formula else {"other"}


def _parts(tree: Node) -> set[str]:
    if tree[0] in ("number", "name"):
        return {"number" if tree[0] == "number" else tree[1]}
    return {tree[0]}.union(*map(_parts, tree[1:]))
