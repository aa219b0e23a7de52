"""Find the final answer of a text and check it against the problem's.

Plainly equal answers and plain numbers are decided here; all others go to math-verify in worker processes that are
killed when they take too long. Nothing in an answer is ever run as code.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import re
import sys
import threading
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, Self

from pebble import ProcessExpired, ProcessPool

from journey.types import Problem


@dataclass(frozen=True, slots=True)
class Grade:
    """What checking a text gave.

    `answer` null: no final answer was found (`correct` is then null too). `correct` null with an answer: the checker
    could not say, `error` tells why. `error` is the kind of error of what is not correct, null where nobody said.
    """

    answer: str | None
    correct: bool | None
    error: str | None = None


class Grader(Protocol):
    """Whoever checks answers."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole answer text, or of the joined steps of a path."""
        ...


# --- finding ---------------------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\\boxed\s*\{|\\fbox\s*\{|\\.|[{}]", re.DOTALL)
_BARE_BOX = re.compile(r"\\boxed\s+([^\s${}\\]+)")
_HEADING = re.compile(r"^#{1,2} Answer[ \t]*:?[ \t]*$", re.MULTILINE)
_SAID = re.compile(r"\b(?:answer is|answer:)[ \t]*:?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n")


def find_answer(text: str) -> str | None:
    r"""The final answer of a text, null where there is none.

    Explicit marks first, the last of them wins: `\boxed{...}` with balanced braces (an unclosed one is no answer) and
    PRM800K's heading "# Answer"; then GSM8K's and Abel's "####"; then what follows "[Final solution]" or "answer is".
    An empty answer is none.
    """
    for find in (_marked, _hashed, _said):
        if answer := find(text):
            return answer
    return None


def _marked(text: str) -> str | None:
    position, answer = _last_box(text)
    for heading in _HEADING.finditer(text, max(position, 0)):
        rest = text[heading.end() :].strip()
        if line := _bare(rest.split("\n", 1)[0]):
            answer = line
    return answer


def _last_box(text: str) -> tuple[int, str | None]:
    # One pass with a stack: a text of a million unclosed boxes must not cost the square of its length.
    best: tuple[int, str | None] = (-1, None)
    opened: list[tuple[int, int, bool]] = []
    for token in _BRACES.finditer(text):
        if token[0].endswith("{") and token[0] != "\\{":
            opened.append((token.start(), token.end(), len(token[0]) > 1))
        elif token[0] == "}" and opened:
            start, inner, boxed = opened.pop()
            if boxed and start > best[0] and (content := _bare(text[inner : token.start()])):
                best = (start, content)
    for bare in _BARE_BOX.finditer(text, max(best[0], 0)):
        best = (bare.start(), bare[1])
    return best


def _hashed(text: str) -> str | None:
    # "####" is also a Markdown heading: it is an answer only on the text's last line or before a number.
    start = text.rfind("####")
    if start < 0:
        return None
    line, _, rest = text[start + 4 :].lstrip(" \t#").partition("\n")
    return _bare(line) if not rest.strip() or _number(_bare(line) or "") is not None else None


def _said(text: str) -> str | None:
    for said in reversed(list(_SAID.finditer(text))):
        if answer := _bare(_SENTENCE_END.split(text[said.end() :].lstrip(" \t*"), maxsplit=1)[0]):
            return answer
    start = text.rfind("[Final solution]")
    return None if start < 0 else _bare(text[start + len("[Final solution]") :].strip().split("\n", 1)[0])


def _bare(answer: str) -> str | None:
    # Without the dollars, bold marks and full stop around it; null when nothing is left.
    answer = answer.strip().strip("*").strip().rstrip(".").strip()
    for left, right in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        if answer.startswith(left) and answer.endswith(right) and len(answer) >= len(left) + len(right):
            answer = answer[len(left) : len(answer) - len(right)].strip()
    return answer.rstrip(".").strip() or None


# --- checking without a worker ----------------------------------------------------------------------------------------

_NOISE = re.compile(r"\\left(?![a-zA-Z])|\\right(?![a-zA-Z])|\\[!,;: ]|(?<![A-Za-z0-9])\s+|\s+(?![A-Za-z0-9])")
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d{1,30})(\.\d{1,30})?")
_FRACTION = re.compile(r"([+-]?)(?:\\[dt]?frac\{(\d{1,30})\}\{(\d{1,30})\}|(\d{1,30})/(\d{1,30}))")


def same_text(gold: str, answer: str) -> bool:
    """Whether two answers are the same but for spacing, sizes of brackets and fractions, and dollars around them."""
    return _plain(gold) == _plain(answer)


def _plain(answer: str) -> str:
    text = _NOISE.sub("", answer.strip())
    for left, right in ((r"\dfrac", r"\frac"), (r"\tfrac", r"\frac"), ("$", "")):
        text = text.replace(left, right)
    return text.strip()


def _number(answer: str) -> Fraction | None:
    text = _plain(answer)
    if match := _NUMBER.fullmatch(text):
        return Fraction(match[1] + match[2].replace(",", "") + (match[3] or ""))
    if match := _FRACTION.fullmatch(text):
        over, under = int(match[2] or match[4]), int(match[3] or match[5])
        return Fraction(-over if match[1] == "-" else over, under) if under else None
    return None


def _decide(gold: str, answer: str) -> bool | None:
    # True or False only where it cannot be otherwise; null means: ask math-verify.
    if same_text(gold, answer):
        return True
    left, right = _number(gold), _number(answer)
    if left is None or right is None:
        return None
    if left == right:
        return True
    # A decimal may stand for a rounded value, which math-verify knows how to treat.
    return None if "." in gold or "." in answer else False


# --- checking in a worker ---------------------------------------------------------------------------------------------

LONGEST = 2_000
MEMORY = 3 << 30


def _limit_worker() -> None:
    logging.disable(logging.CRITICAL)
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import math_verify  # noqa: F401  # the worker is ready only when this costly import is done


def _verify(gold: str, answer: str) -> bool | str:
    """True or False as math-verify says, or in words why it cannot say. Runs in a worker's main thread."""
    from math_verify import parse, verify

    # The pool's time limit kills this process; math-verify's own one would need signals.
    parsed = [parse(f"${text.replace('$', '')}$", parsing_timeout=None) for text in (gold, answer)]  # type: ignore[arg-type]
    for what, found in zip(("reference", "answer"), parsed, strict=True):
        if not found:
            return f"the {what} cannot be read as mathematics"
    return verify(parsed[0], parsed[1], timeout_seconds=None)


class MathGrader:
    """Checks answers with math-verify; usable from any thread and any event loop.

    Workers start with the first answer that needs one. A worker is killed `seconds` after it began with an answer,
    which then grades "could not check", and is replaced. Close the grader, or use it in a `with`.
    """

    def __init__(self, seconds: float = 2.0, workers: int = 2) -> None:
        self.seconds = seconds
        self._workers = workers
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the final answer found in `text`."""
        answer = find_answer(text)
        if answer is None:
            return Grade(None, None, "no answer")
        return await self.compare(problem.answer, answer)

    async def compare(self, gold: str, answer: str) -> Grade:
        """The grade of an answer against the reference."""
        if grade := _at_once(gold, answer):
            return grade
        # Starting the pool waits for its processes, so it never happens in the event loop.
        pool = self._pool or await asyncio.to_thread(self._start)
        future = pool.schedule(_verify, args=(gold, answer), timeout=self.seconds)
        # Waited for without raising: whatever sympy raised on hostile text is a grade here, never a crash.
        await asyncio.gather(asyncio.wrap_future(future), return_exceptions=True)
        return self._outcome(answer, future)

    def check(self, gold: str, answer: str) -> Grade:
        """`compare` for callers without an event loop."""
        if grade := _at_once(gold, answer):
            return grade
        future = self._start().schedule(_verify, args=(gold, answer), timeout=self.seconds)
        wait([future])
        return self._outcome(answer, future)

    def close(self) -> None:
        """Ends the workers; the next answer that needs one would start new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                # Never a fork of this process: it may hold threads (torch's, say) whose locks a fork would copy.
                # The fork server imports math-verify once, so that a killed worker is replaced in milliseconds.
                method = "spawn" if sys.platform == "win32" else "forkserver"
                context = multiprocessing.get_context(method)
                context.set_forkserver_preload(["math_verify", __name__])
                self._pool = ProcessPool(max_workers=self._workers, initializer=_limit_worker, context=context)
                self._pool.schedule(_verify, args=("1", "1")).result()
            return self._pool

    def _outcome(self, answer: str, future: Future[bool | str]) -> Grade:
        error = CancelledError() if future.cancelled() else future.exception()
        match error:
            case None:
                said = future.result()
                if isinstance(said, bool):
                    return Grade(answer, said)
            case TimeoutError():
                said = f"took longer than {self.seconds:g} s"
            case ProcessExpired():
                said = "the checking process died"
            case CancelledError():
                said = "the grader was closed"
            case _:
                said = type(error).__name__
        return Grade(answer, None, f"could not check: {said}")


def _at_once(gold: str, answer: str) -> Grade | None:
    if (decided := _decide(gold, answer)) is not None:
        return Grade(answer, decided)
    if max(len(gold), len(answer)) > LONGEST:
        return Grade(answer, None, f"could not check: longer than {LONGEST} characters")
    return None
