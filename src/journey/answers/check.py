"""Check answers to mathematics against the problem's.

Plainly equal answers and plain numbers are decided here; all others go to math-verify in worker processes that are
killed when they take too long. Nothing in an answer is ever run as code.
"""

import asyncio
import threading
from concurrent.futures import Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from journey.answers.bounds import is_hard, refusal
from journey.answers.compare import decide, may_ask
from journey.answers.find import find_answer
from journey.answers.grade import Grade, could_not_check
from journey.answers.pool import Closed, Died, Lanes, TookLong
from journey.types import Problem

KEPT = 100_000
NO_PROCESS = "no checking process can be started; a script of your own wants if __name__ == '__main__'"
SECONDS = 2.0
"""of work on one answer, where nothing else is said"""


class MathGrader:
    """Checks answers plainly or with math-verify; usable from any thread and any event loop.

    Workers start with the first answer that needs one. Work on an answer ends after `seconds` (and the short time that
    all have first); it then grades "could not check", and the worker is replaced. Close the grader, or use it in a
    `with`. A script that uses it must be a file and do so under `if __name__ == "__main__"`, as for all of Python's
    worker processes.
    """

    def __init__(self, seconds: float | None = None, workers: int = 2) -> None:
        self.seconds = SECONDS if seconds is None else seconds
        self._lanes = Lanes(self.seconds, workers)
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
        if grade := self._without_worker(gold, answer):
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
        if grade := self._without_worker(gold, answer):
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

    def _without_worker(self, gold: str, answer: str) -> Grade | None:
        if grade := self._known.get((gold, answer)):
            return grade
        if (decided := decide(gold, answer)) is not None:
            return Grade(answer, decided)
        for what, text in (("reference", gold), ("answer", answer)):
            if not text.strip():
                return could_not_check(answer, f"the {what} is empty")
        if reason := refusal(gold) or refusal(answer):
            return could_not_check(answer, reason)
        if not may_ask(gold, answer):
            return could_not_check(answer, "words or units in it leave open what is meant")
        return None

    def _outcome(self, gold: str, answer: str, future: Future[bool | str]) -> Grade:
        match error := future.exception():
            case None:
                why = future.result()
                grade = Grade(answer, why) if isinstance(why, bool) else could_not_check(answer, why)
                # Samples of one problem give the same answers again and again. A timeout is not kept: another time
                # the machine may be less busy.
                if len(self._known) >= KEPT:
                    self._known.clear()
                return self._known.setdefault((gold, answer), grade)
            case TookLong():
                why = f"took longer than {self.seconds:g} s"
            case BrokenProcessPool():
                why = NO_PROCESS
            case Died():
                why = "the checking process died"
            case Closed():
                why = "the grader was closed"
            case _:
                why = type(error).__name__
        return could_not_check(answer, why)
