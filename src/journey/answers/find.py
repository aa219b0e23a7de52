"""Find the final answer of a text."""

import re
from typing import NamedTuple

from journey.answers.plain import number

_BRACES = re.compile(r"\\+(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_BOX_BEGINS = re.compile(r"\\boxed|\\fbox")
_BETWEEN = re.compile(r"(?:\s|\$|\\quad|\\[,;: ])*(?:,|and|,\s*and|\\text\{\s*and\s*\})(?:\s|\$|\\quad|\\[,;: ])*")
_BARE_BOX = re.compile(r"\\boxed\s+([^\s${}\\]+)")
_HEADING = re.compile(r"^#{1,2} Answer[ \t]*(?::|\n)\s*(?![#\s])(.+)", re.MULTILINE)
_STATED = re.compile(r"\b(?:answer is|answer:)[ \t]*:?", re.IGNORECASE)
_SENTENCE = re.compile(r"[ \t*]*((?:[^.\n]|\.(?!\s|$)){0,2000})")


def find_answer(text: str) -> str | None:
    r"""The final answer of a text, null where there is none.

    Explicit marks first, the last of them wins: `\boxed{...}` with balanced braces (an unclosed one is no answer) and
    PRM800K's heading "# Answer"; then GSM8K's and Abel's "####"; then what follows "[Final solution]" or "answer is".
    An empty answer is none.
    """
    for find in (marked, hashed, _stated):
        if answer := find(text):
            return answer
    return None


def marked(text: str) -> str | None:
    """What stands in the last explicit mark (a box, PRM800K's heading), null without one."""
    position, answer = _last_box(text)
    for heading in _HEADING.finditer(text, max(position, 0)):
        answer = bare(heading[1]) or answer
    return answer


def _last_box(text: str) -> tuple[int, str | None]:
    """Where the last box begins and what stands in it; boxes in a row ("\\boxed{1} and \\boxed{2}") are one list."""
    boxes = _boxes(text)
    if not boxes:
        loose = list(_BARE_BOX.finditer(text))
        return (loose[-1].start(), loose[-1][1]) if loose else (-1, None)
    row = [boxes.pop()]
    while boxes and boxes[-1].end <= row[-1].start and _BETWEEN.fullmatch(text, boxes[-1].end, row[-1].start):
        row.append(boxes.pop())
    # A box that only says the same again adds nothing.
    contents = dict.fromkeys(bare(text[box.inner : box.end - 1]) for box in reversed(row))
    return row[0].start, ", ".join(content for content in contents if content) or None


class _Box(NamedTuple):
    start: int
    inner: int
    end: int


def _boxes(text: str) -> list[_Box]:
    # The boxes that are closed and not empty; of nested ones the innermost. One pass with a stack: a text of a million
    # unclosed boxes must not cost the square of its length.
    found: list[_Box] = []
    opened: list[tuple[int, int]] = []
    begin = _BOX_BEGINS.search(text)
    for token in _BRACES.finditer(text, begin.start()) if begin else ():
        mark = token[0]
        if mark == "{":
            opened.append((-1, 0))
        elif mark == "}":
            start, inner = opened.pop() if opened else (-1, 0)
            if start >= 0 and not (found and found[-1].start > start) and text[inner : token.start()].strip(" \n\t$*."):
                found.append(_Box(start, inner, token.end()))
        elif len(mark) > 2:
            opened.append(token.span())
    return found


def hashed(text: str) -> str | None:
    """What stands after the last "####" that marks an answer, null without one."""
    # "####" is also a Markdown heading: it is an answer only on the text's last line or before a number.
    start = text.rfind("####")
    if start < 0:
        return None
    line, _, rest = text[start + 4 :].lstrip(" \t#").partition("\n")
    return bare(line) if not rest.strip() or number(bare(line) or "") is not None else None


def _stated(text: str) -> str | None:
    for place in reversed(list(_STATED.finditer(text))):
        sentence = _SENTENCE.match(text, place.end())
        if sentence and (answer := bare(sentence[1])):
            return answer
    start = text.rfind("[Final solution]")
    return None if start < 0 else bare(text[start + len("[Final solution]") :].strip().split("\n", 1)[0])


def bare(answer: str) -> str | None:
    """An answer without the dollars, bold marks and full stop around it; null when nothing is left."""
    for _ in range(4):  # layers: **$5$.**
        answer = answer.strip().removeprefix("**").removesuffix("**").strip()
        if answer.endswith(".") and not answer.endswith(r"\right."):
            answer = answer.rstrip(".")
        for left, right in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
            if answer.startswith(left) and answer.endswith(right) and len(answer) >= len(left) + len(right):
                inner = answer[len(left) : len(answer) - len(right)]
                # "$1$ and $2$" is not one formula.
                answer = answer if left in inner and inner.strip() else inner
    return answer.strip() or None
