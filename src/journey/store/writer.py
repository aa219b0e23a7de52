"""Group commit: what is awaited in one tick of an event loop, or while a commit is under way, shares the next one."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from journey.store.schema import Write

Commit = Callable[[Sequence[Write]], None]


@dataclass(slots=True)
class _Waiting:
    """What the coroutines of one event loop wait for."""

    writes: list[Write] = field(default_factory=list[Write])
    futures: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])


class Writer:
    """Does commits in one thread of its own, so that neither the disk nor a pipe ever holds up an event loop."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journey-store")
        self._waiting: dict[AbstractEventLoop, _Waiting] = {}
        self._busy: set[AbstractEventLoop] = set()

    async def write(self, writes: Sequence[Write]) -> None:
        """Returns when the writes are durable; raises what kept them from it, for every put that shared the commit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if loop not in self._waiting:
            self._waiting[loop] = _Waiting()
            if loop not in self._busy:
                loop.call_soon(self._begin, loop)
        waiting = self._waiting[loop]
        waiting.writes.extend(writes)
        waiting.futures.append(future)
        await future

    def write_now(self, writes: Sequence[Write]) -> None:
        """The same, blocking until it is done."""
        self._thread.submit(self._commit, writes).result()

    def close(self) -> None:
        """Finishes what was begun."""
        self._thread.shutdown(wait=True)

    def _begin(self, loop: AbstractEventLoop) -> None:
        waiting = self._waiting.pop(loop)
        self._busy.add(loop)
        work = self._thread.submit(self._commit, waiting.writes)
        work.add_done_callback(partial(self._tell, loop, waiting))

    def _tell(self, loop: AbstractEventLoop, waiting: _Waiting, work: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(self._end, loop, waiting, work.exception())

    def _end(self, loop: AbstractEventLoop, waiting: _Waiting, error: BaseException | None) -> None:
        for future in waiting.futures:
            if future.done():  # its coroutine was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(type(error)(*error.args))
        self._busy.discard(loop)
        if loop in self._waiting:
            self._begin(loop)
