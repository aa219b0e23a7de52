"""Whether a retold thought still says what its draft says: decided by rules alone, without a model.

O1 Replication Journey part 1, the section on deriving long thoughts: a refined draft keeps every step, mistake,
reflection and correction. So every segment must still be there, in order, with all its numbers and formulas (also the
wrong ones: a mistake must not be corrected in silence), enough of its words, and the same final answer at the end.

How numbers and formulas are compared: `formulas`.

What rules cannot see: a sentence that is denied or reversed with its words and numbers kept, and two parts with the
same formulas and nearly the same words that have changed places.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.answers.phrases import NUMBERS
from journey.thoughts.formulas import formulas, missing, numbers_of, tokens
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
            early = sorted(set(numbers_of(tokens(after.text))) - known)
            found += [f"part {place} is a mistake and now says {_list(early)}, not known there"] if early else []
    return found + _answer_flaws(draft, text)


def _known(text: str) -> set[str]:
    """The numbers that a text says, in digits or in words: who retells "three" may write 3."""
    spelled = {str(NUMBERS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in NUMBERS}
    return spelled | set(numbers_of(tokens(text)))


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
    if gone := sorted((Counter(numbers_of(given)) - Counter(numbers_of(left))).elements()):
        found.append(f"lacks the number{'s' * (len(gone) > 1)} {_list(gone)}")
    wanted = formulas(given)
    if lost := missing(wanted, left):
        found.append(f"lacks the formula{'s' * (len(lost) > 1)} {_list(lost)}")
    few = len(numbers_of(given)) + len(wanted) < rules.few
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
