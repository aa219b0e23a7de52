"""Find the final answer of a text and check it against the problem's.

Plainly equal answers and plain numbers are decided here; all others go to math-verify in worker processes that are
killed when they take too long. Nothing in an answer is ever run as code.
"""

import asyncio
import re
import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from journey.answer_bounds import is_hard, refusal
from journey.answer_pool import Closed, Died, Lanes, TookLong
from journey.plain import decide, number
from journey.types import Problem


@dataclass(frozen=True, slots=True)
class Grade:
    """What checking a text gave.

    `answer` null: no final answer was found (`correct` is then null too). `correct` null with an answer: the checker
    could not say, `error` tells why. `error` is the kind of error of what is not correct, null where nobody said.
    `tokens` and `calls` are what a model that was asked about it generated, 0 where none was.
    """

    answer: str | None
    correct: bool | None
    error: str | None = None
    tokens: int = 0
    calls: int = 0


class Grader(Protocol):
    """Whoever checks answers."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole answer text, or of the joined steps of a path."""
        ...


# --- finding ---------------------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\\+(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_BOX_BEGINS = re.compile(r"\\boxed|\\fbox")
_BETWEEN = re.compile(r"(?:\s|\$|\\quad|\\[,;: ])*(?:,|and|,\s*and|\\text\{\s*and\s*\})(?:\s|\$|\\quad|\\[,;: ])*")
_BARE_BOX = re.compile(r"\\boxed\s+([^\s${}\\]+)")
_HEADING = re.compile(r"^#{1,2} Answer[ \t]*(?::|\n)\s*(?![#\s])(.+)", re.MULTILINE)
_SAID = re.compile(r"\b(?:answer is|answer:)[ \t]*:?", re.IGNORECASE)
_SENTENCE = re.compile(r"[ \t*]*((?:[^.\n]|\.(?!\s|$)){0,2000})")


def find_answer(text: str) -> str | None:
    r"""The final answer of a text, null where there is none.

    Explicit marks first, the last of them wins: `\boxed{...}` with balanced braces (an unclosed one is no answer) and
    PRM800K's heading "# Answer"; then GSM8K's and Abel's "####"; then what follows "[Final solution]" or "answer is".
    An empty answer is none.
    """
    for find in (marked, hashed, _said):
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


def _said(text: str) -> str | None:
    for said in reversed(list(_SAID.finditer(text))):
        sentence = _SENTENCE.match(text, said.end())
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


# --- checking ---------------------------------------------------------------------------------------------------------

KEPT = 100_000


class MathGrader:
    """Checks answers plainly or with math-verify; usable from any thread and any event loop.

    Workers start with the first answer that needs one. Work on an answer ends after `seconds` (and the short time that
    all have first); it then grades "could not check", and the worker is replaced. Close the grader, or use it in a
    `with`.
    """

    def __init__(self, seconds: float = 2.0, workers: int = 2) -> None:
        self.seconds = seconds
        self._lanes = Lanes(seconds, workers)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Grade] = {}
        self._pending: dict[tuple[str, str], Future[bool | str]] = {}

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the final answer found in `text`."""
        answer = find_answer(text)
        if answer is None:
            return Grade(None, None, "no answer")
        return await self.compare(problem.answer, answer)

    async def compare(self, gold: str, answer: str) -> Grade:
        """The grade of an answer against the reference."""
        if grade := self._at_once(gold, answer):
            return grade
        future = self._submit(gold, answer)
        # Waited for without raising: whatever sympy raised on hostile text is a grade here, never a crash. And without
        # cancelling: others may wait for the same pair.
        done = asyncio.wrap_future(future)
        done.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([done])
        return self._outcome(gold, answer, future)

    def check(self, gold: str, answer: str) -> Grade:
        """`compare` for callers without an event loop."""
        if grade := self._at_once(gold, answer):
            return grade
        future = self._submit(gold, answer)
        wait([future])
        return self._outcome(gold, answer, future)

    def close(self) -> None:
        """Ends the workers; the next answer that needs one would start new ones."""
        self._lanes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _submit(self, gold: str, answer: str) -> Future[bool | str]:
        pair = gold, answer
        with self._lock:
            if (pending := self._pending.get(pair)) is not None:
                return pending
            future = self._pending[pair] = self._lanes.submit(gold, answer, hard=is_hard(gold) or is_hard(answer))
        future.add_done_callback(lambda _: self._pending.pop(pair, None))
        return future

    def _at_once(self, gold: str, answer: str) -> Grade | None:
        if grade := self._known.get((gold, answer)):
            return grade
        if (decided := decide(gold, answer)) is not None:
            return Grade(answer, decided)
        for what, text in (("reference", gold), ("answer", answer)):
            if not text.strip():
                return could_not_check(answer, f"the {what} is empty")
        if reason := refusal(gold) or refusal(answer):
            return could_not_check(answer, reason)
        return None

    def _outcome(self, gold: str, answer: str, future: Future[bool | str]) -> Grade:
        match error := future.exception():
            case None:
                said = future.result()
                grade = Grade(answer, said) if isinstance(said, bool) else could_not_check(answer, said)
                # Samples of one problem give the same answers again and again. A timeout is not kept: another time
                # the machine may be less busy.
                if len(self._known) >= KEPT:
                    self._known.clear()
                return self._known.setdefault((gold, answer), grade)
            case TookLong():
                said = f"took longer than {self.seconds:g} s"
            case Died():
                said = "the checking process died"
            case Closed():
                said = "the grader was closed"
            case _:
                said = type(error).__name__
        return could_not_check(answer, said)


def could_not_check(answer: str, reason: str) -> Grade:
    """The grade of an answer that nobody could judge."""
    return Grade(answer, None, f"could not check: {reason}")
