"""Grades for callers of any thread and any event loop: one thread of this process has the graders and their loop.

What checks answers holds processes and locks that belong to one loop; trainers call rewards from many.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from journey.answers.check import NO_PROCESS
from journey.answers.grade import Grade, Grader
from journey.errors import UsageError
from journey.models.gather import gather_or_cancel
from journey.tasks.table import TASKS, TaskGrader, check_gradable
from journey.types import Problem

Pair = tuple[Problem, str]


async def grades(pairs: Iterable[Pair], *, allow_code: bool = False) -> list[Grade]:
    """The grades of texts as answers to their problems, as `journey eval` grades them.

    Raises UsageError where answers of a task cannot be graded here, and where the processes that check them cannot be
    started, lest a whole training has no reward; programs only run with `allow_code`.
    """
    return await asyncio.wrap_future(submitted(pairs, allow_code=allow_code))


def submitted(pairs: Iterable[Pair], *, allow_code: bool = False) -> Future[list[Grade]]:
    """The same for callers without an event loop: `.result()` waits."""
    pairs = list(pairs)
    check_gradable((problem for problem, _ in pairs), code=allow_code)
    return asyncio.run_coroutine_threadsafe(_graders().grade(pairs, allow_code), _graders().loop)


@dataclass
class _Graders:
    pid: int = field(default_factory=os.getpid)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    by_code: dict[bool, TaskGrader] = field(default_factory=dict)

    def __post_init__(self) -> None:
        threading.Thread(target=self.loop.run_forever, name="journey-rewards", daemon=True).start()

    async def grade(self, pairs: list[Pair], allow_code: bool) -> list[Grade]:
        if allow_code not in self.by_code:
            coders = {name: task.code_grader for name, task in TASKS.items() if task.code_grader and allow_code}
            instead: dict[str, Grader] = {name: coder() for name, coder in coders.items()}
            self.by_code[allow_code] = TaskGrader(instead)
        grader = self.by_code[allow_code]
        found = await gather_or_cancel(grader.grade(problem, text) for problem, text in pairs)
        if any(grade.error and grade.error.endswith(NO_PROCESS) for grade in found):
            raise UsageError(f"rewards cannot be checked here: {NO_PROCESS}")
        return found

    def close(self) -> None:
        if self.pid == os.getpid():
            for grader in self.by_code.values():
                grader.close()
            self.loop.call_soon_threadsafe(self.loop.stop)


_lock = threading.Lock()
_current: _Graders | None = None


def _graders() -> _Graders:
    """Those of this process: a fork has neither the thread nor the checking processes of its parent."""
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Graders()
            atexit.register(_current.close)
        return _current
