r"""Whether a retold thought still says what its draft says: decided by rules alone, without a model.

O1 Replication Journey part 1, the section on deriving long thoughts: a refined draft keeps every step, mistake,
reflection and correction. So every segment must still be there, in order, with all its numbers and formulas (also the
wrong ones: a mistake must not be corrected in silence), enough of its words, and the same final answer at the end.

How writing is compared: spaces, dollars, \( \), \left, \right and thin spaces do not count, nor do the commas of
thousands (1,000 and 1000.0 are one number); \dfrac and \tfrac are \frac, and \cdot, \times and * are one sign. Nothing
is calculated: \frac{1}{2}, 1/2 and 0.5 are three things.

What rules cannot see: a sentence that is denied or reversed with its words and numbers kept, and two parts with the
same formulas and nearly the same words that have changed places.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.answers.phrases import NUMBERS
from journey.thoughts.numbers import NUMBER, plain, undecorated
from journey.types import Problem, Segment, Thought


@dataclass(frozen=True, slots=True)
class Rules:
    """How much must survive.

    `words` is the least share of a segment's content words that must survive where it has fewer than `few` numbers and
    formulas, half of it where it has more. With `additions` a mistake may say numbers that were not known at that
    point; without, such a number is a flaw, since it may tell the correction before its time.
    """

    words: float = 0.3
    few: int = 3
    additions: bool = False


def flaws(problem: Problem, draft: Thought, text: str, segments: Sequence[Segment], rules: Rules) -> list[str]:
    """What the retold text lacks of the draft, one sentence each; an empty list where it is faithful.

    `segments` are the retold ones with their spans in `text`; the draft's own ones are those of `draft` that are not
    blank. Parts are counted from 1.
    """
    wanted = [segment for segment in draft.segments if segment.text.strip()]
    if (broken := misplaced(text, segments)) is not None:
        return [broken]
    if [(s.kind, s.node) for s in wanted] != [(s.kind, s.node) for s in segments]:
        return ["the parts are not the draft's parts in the draft's order"]
    found: list[str] = []
    known = _known(problem.question)
    for place, (before, after) in enumerate(zip(wanted, segments, strict=True), 1):
        known |= _known(before.text)
        found += [f"part {place} {flaw}" for flaw in _lost(before.text, after.text, rules)]
        if before.kind == "mistake" and not rules.additions:
            early = sorted(set(_numbers(tokens(after.text))) - known)
            found += [f"part {place} is a mistake and now says {_list(early)}, not known there"] if early else []
    return found + _answer_flaws(draft, text)


def _known(text: str) -> set[str]:
    """The numbers that a text says, in digits or in words: who retells "three" may write 3."""
    spelled = {str(NUMBERS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in NUMBERS}
    return spelled | set(_numbers(tokens(text)))


def misplaced(text: str, segments: Sequence[Segment]) -> str | None:
    """What is wrong with the spans of segments in a text, null where they lie in order, not empty, and hold."""
    for segment in segments:
        if not segment.text.strip():
            return "a part is empty"
        if text[segment.start : segment.end] != segment.text:
            return "a part does not stand where its span says"
    return "parts overlap" if any(b.start < a.end for a, b in pairwise(segments)) else None


def _answer_flaws(draft: Thought, text: str) -> list[str]:
    wanted = find_answer(draft.draft)
    if wanted is None:
        return []
    answer = find_answer(text)
    if answer is None:
        return [f"the final answer {_short(wanted)} is no longer given in its form"]
    return [] if decide(wanted, answer) else [f"the final answer is {_short(answer)} and was {_short(wanted)}"]


# --- one segment ------------------------------------------------------------------------------------------------------


def _lost(before: str, after: str, rules: Rules) -> list[str]:
    given, left = tokens(before), tokens(after)
    if [token.text for token in given] == [token.text for token in left]:
        return []
    found: list[str] = []
    if missing := sorted((Counter(_numbers(given)) - Counter(_numbers(left))).elements()):
        found.append(f"lacks the number{'s' * (len(missing) > 1)} {_list(missing)}")
    wanted = formulas(given)
    if lost := _missing(wanted, left):
        found.append(f"lacks the formula{'s' * (len(lost) > 1)} {_list(lost)}")
    few = len(_numbers(given)) + len(wanted) < rules.few
    content = words(before)
    share = len(content & words(after)) / len(content) if content else 1.0
    if share < (rules.words if few else rules.words / 2):
        found.append("says something else: too few of its words are left")
    return found


def _list(items: Sequence[str]) -> str:
    shown = ", ".join(_short(item) for item in items[:4])
    return f"{shown} and {len(items) - 4} more" if len(items) > 4 else shown


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."


_COMMON = re.compile(
    r"also|been|being|does|doing|even|from|going|have|here|into|just|like|more|most|much|must|only|"
    r"over|some|such|than|that|their|them|then|there|therefore|these|they|this|those|thus|very|well|"
    r"were|what|when|where|which|while|will|with|would|your|hence|since"
)
_WORD = re.compile(r"[一-鿿]|[가-힣]{2,}|(?<![\\\w])[^\W\d_]{4,}")


def words(text: str) -> set[str]:
    """The content words of a text: of four letters or more, cut to five so that endings do not count.

    Han stand by themselves; Korean words are of two syllables or more, cut to two.
    """
    found = (word for word in _WORD.findall(text.casefold()) if not _COMMON.fullmatch(word))
    return {word[: 2 if "가" <= word[0] <= "힣" else 5] for word in found}


# --- numbers and formulas ---------------------------------------------------------------------------------------------

_SETTING = re.compile(r"\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;:! ]|\\\$|\*\*|~")
_SCRIPT = re.compile(r"([_^])\{(\w)\}")
_ONE_SIGN = {
    r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\cdot": "*", r"\times": "*", "×": "*", "·": "*", r"\div": "÷",
    r"\leq": r"\le", "≤": r"\le", r"\geq": r"\ge", "≥": r"\ge", r"\neq": r"\ne", "≠": r"\ne", r"\lt": "<", r"\gt": ">",
}  # fmt: skip
_TOKEN = re.compile(rf"\\[()\[\]]|\\[A-Za-z]+|\\.|{NUMBER}|[^\W\d_]+|\S", re.DOTALL)
_DELIMITERS = frozenset(("$", r"\(", r"\)", r"\[", r"\]"))
_SIGNS = frozenset("+-*/^=<>|!%_÷")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BINDS_BEFORE = frozenset("^_/-")
_BINDS_AFTER = frozenset("^_/!%")


class Token(NamedTuple):
    """A number (in one way of writing, with its sign), command, word or sign; `spaced`: there is a space before it.

    `begins` is true where a line or a formula's mark begins or ends right before it.
    """

    text: str
    spaced: bool
    begins: bool


def tokens(text: str) -> list[Token]:
    """A text as tokens, without what only sets it."""
    text = _SETTING.sub(" ", undecorated(text.replace("−", "-")))
    text = _SCRIPT.sub(r"\1\2", text)
    found: list[Token] = []
    begins, end = True, 0
    for match in _TOKEN.finditer(text):
        token, gap = match[0], text[end : match.start()]
        begins, end = begins or "\n" in gap, match.end()
        if token in _DELIMITERS:
            begins = True
            continue
        token = _ONE_SIGN.get(token, token)
        if token[-1].isdecimal() and token.isascii():
            token = plain(token.removeprefix("\\"))
            if found and _is_minus(found, gap):
                sign = found.pop()
                found.append(Token(f"-{token}", sign.spaced, sign.begins))
                begins = False
                continue
        found.append(Token(token, bool(gap), begins))
        begins = False
    return found


def _is_minus(found: Sequence[Token], gap: str) -> bool:
    """Whether the last token is the sign of the number that follows it: no space between, and no operand before."""
    if found[-1].text != "-" or gap:
        return False
    before = found[-2].text if len(found) > 1 and not found[-1].begins else ""
    return not (before[-1:].isalnum() or before in (")", "]", "}"))


def _numbers(given: Sequence[Token]) -> list[str]:
    return [token.text for token in given if _is_number(token.text)]


def _is_number(text: str) -> bool:
    return text[-1].isdecimal() and text.isascii() and not text.startswith("\\")


class Formula(NamedTuple):
    """The tokens of a formula and those right before and after it, "" where it begins or ends the text."""

    tokens: tuple[str, ...]
    before: str
    after: str


def formulas(given: Sequence[Token]) -> list[Formula]:
    """The runs of numbers, letters, commands and signs that say more than one number or letter does."""
    found: list[Formula] = []
    start = 0
    for place in range(len(given) + 1):
        if place == len(given) or _ends_run(given[place]) or given[place].begins:
            first, last = _trimmed(given, start, place)
            run = tuple(token.text for token in given[first:last])
            if len(run) > 1 and any(_is_number(t) or t.isalpha() for t in run):
                found.append(Formula(run, *_around(given, first, last)))
            start = place if place < len(given) and not _ends_run(given[place]) else place + 1
    return found


def _ends_run(token: Token) -> bool:
    text = token.text
    is_part = len(text) == 1 and text.isalpha() and text.isascii()
    return not (is_part or _is_number(text) or text[0] == "\\" or text in _SIGNS or text in "()[]{}")


def _trimmed(given: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """A run without signs that hang over, brackets that do not pair, and the words "a" and "I" of the sentence."""
    while start < end:
        first, last = given[start].text, given[end - 1].text
        inner = [token.text for token in given[start:end]]
        parted = start + 1 == end or given[start + 1].spaced
        if (
            (first in _SIGNS and first not in "|-")
            or (first in "-|aAI" and parted)
            or _is_unpaired(inner, opening=True)
        ):
            start += 1
        elif last in "+-*/^=<>_÷" or (last in "aAI|" and given[end - 1].spaced) or _is_unpaired(inner, opening=False):
            end -= 1
        else:
            break
    return start, end


def _is_unpaired(run: Sequence[str], *, opening: bool) -> bool:
    """Whether the first (else the last) token of the run is a bracket whose partner is not in it."""
    edge = run[0] if opening else run[-1]
    left, right = (edge, {v: k for k, v in _PAIRS.items()}.get(edge)) if opening else (_PAIRS.get(edge), edge)
    if left is None or right is None:
        return edge in "()[]{}"
    depth = 0
    for token in run if opening else reversed(run):
        depth += (token == left) - (token == right)
        if depth == 0:
            return False
    return True


def _around(given: Sequence[Token], first: int, last: int) -> tuple[str, str]:
    # A bullet's dash is apart from what follows it; a sign is not.
    before = given[first - 1].text if first > 0 and not given[first].spaced else ""
    return before, given[last].text if last < len(given) else ""


def _missing(wanted: Sequence[Formula], left: Sequence[Token]) -> list[str]:
    """The formulas that are not in the tokens, each use of one counted, the longest looked for first."""
    texts: list[str | None] = [token.text for token in left]
    lost: list[str] = []
    for formula in sorted(wanted, key=lambda formula: -len(formula.tokens)):
        place = next((i for i in range(len(texts)) if _stands(formula, texts, left, i)), None)
        if place is None:
            lost.append(" ".join(formula.tokens))
        else:
            size = len(formula.tokens)
            texts[place : place + size] = [None] * size
    return lost


def _stands(formula: Formula, texts: Sequence[str | None], left: Sequence[Token], place: int) -> bool:
    end = place + len(formula.tokens)
    if tuple(texts[place:end]) != formula.tokens:
        return False
    before, after = _around(left, place, end)
    return (before not in _BINDS_BEFORE or before == formula.before) and (
        after not in _BINDS_AFTER or after == formula.after
    )
