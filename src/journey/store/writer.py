"""Group commit: what is awaited in one tick of an event loop, or while a commit is under way, shares the next one.

Writes that can wait a little share one with those that come meanwhile.
"""

import asyncio
import time
from asyncio import AbstractEventLoop, Handle
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from journey.store.schema import Rows, Write

Commit = Callable[[Iterable[Rows]], None]

QUICK = 0.001  # seconds; a commit below this may be done on the event loop


@dataclass(slots=True)
class _Waiting:
    """What the coroutines of one event loop wait for; `due` is when it is begun, on the loop's clock."""

    writes: list[Write] = field(default_factory=list[Write])
    futures: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])
    due: float = 0.0
    timer: Handle | None = None

    def end(self, error: BaseException | None) -> None:
        """Tells them that it is done, or why not."""
        for future in self.futures:
            if future.done():  # its coroutine was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(type(error)(*error.args))


class Writer:
    """Does the commits of one run, one after the other, from any thread and any event loop.

    `patient` commits (those that wait for another process) are always done in a thread of the writer's own. Others
    are done on the event loop while the disk is quick, because waking a thread costs more than such a commit; on a slow
    disk they go to the thread, so that the loop is not held up.
    """

    def __init__(self, commit: Commit, *, patient: bool = False) -> None:
        self._commit = commit
        self._patient = patient
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journey-store")
        self._pace = 0.0  # seconds that a commit takes of late
        self._waiting: dict[AbstractEventLoop, _Waiting] = {}
        self._busy: set[AbstractEventLoop] = set()

    async def write(self, writes: Sequence[Write], patience: float = 0.0) -> None:
        """Returns when the writes are durable; raises what kept them from it, for every put that shared the commit.

        They may wait `patience` seconds for others to share it. When this is cancelled they are written all the same.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        waiting = self._waiting.setdefault(loop, _Waiting())
        waiting.writes.extend(writes)
        waiting.futures.append(future)
        if loop not in self._busy:
            self._set(loop, waiting, patience)
        await future

    def write_now(self, writes: Iterable[Rows]) -> None:
        """The same, blocking until it is done."""
        with self._lock:
            self._timed(writes)

    def close(self) -> None:
        """Finishes what was begun, and what nobody waits for any more."""
        try:
            for waiting in self._waiting.values():
                if all(future.done() for future in waiting.futures):
                    self.write_now(waiting.writes)
        finally:
            self._thread.shutdown(wait=True)

    def _set(self, loop: AbstractEventLoop, waiting: _Waiting, patience: float) -> None:
        """Begins once the first of those who wait has no more patience."""
        due = loop.time() + patience
        if waiting.timer is not None and waiting.due <= due:
            return
        if waiting.timer is not None:
            waiting.timer.cancel()
        waiting.due = due
        waiting.timer = loop.call_at(due, self._begin, loop) if patience else loop.call_soon(self._begin, loop)

    def _timed(self, writes: Iterable[Rows]) -> None:
        started = time.perf_counter()
        self._commit(writes)
        self._pace = 0.8 * self._pace + 0.2 * (time.perf_counter() - started)

    def _begin(self, loop: AbstractEventLoop) -> None:
        waiting = self._waiting.pop(loop)
        if not self._patient and self._pace < QUICK and self._lock.acquire(blocking=False):
            try:
                self._timed(waiting.writes)
            except Exception as error:  # whatever it is, it belongs to those who wait
                waiting.end(error)
            else:
                waiting.end(None)
            finally:
                self._lock.release()
            return
        self._busy.add(loop)
        work = self._thread.submit(self.write_now, waiting.writes)
        work.add_done_callback(partial(self._tell, loop, waiting))

    def _tell(self, loop: AbstractEventLoop, waiting: _Waiting, work: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(self._end, loop, waiting, work.exception())

    def _end(self, loop: AbstractEventLoop, waiting: _Waiting, error: BaseException | None) -> None:
        waiting.end(error)
        self._busy.discard(loop)
        if loop in self._waiting:
            self._begin(loop)
