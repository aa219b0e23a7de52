"""Ctrl-C is the matter of the command's own process: what it starts must not hear of it, and it ends without noise."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any, TypeVar

Result = TypeVar("Result")


@contextmanager
def shielded() -> Iterator[None]:
    """Processes and threads that are started inside never get the terminal's interrupt, not even while they start.

    A terminal sends SIGINT to all processes of a command at once. A child that ignores it only once its own code runs
    would end with a traceback before. Here it inherits the blocked signal; the command ends its children itself.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # to start it inside would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run` that an interrupt ends silently even while the loop is being made or before the work begins."""
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(_heard(work))
    finally:
        work.close()  # where it never began; else it has ended already


async def _heard(work: Coroutine[Any, Any, Result]) -> Result:
    result = await work
    await asyncio.sleep(0)  # asyncio tells a task of an interrupt where it waits, and the end of the work never did
    return result


def _new_loop() -> asyncio.AbstractEventLoop:
    """A loop, whole or not at all: half a loop would be torn down with a traceback."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or current_thread() is not main_thread():
        return asyncio.new_event_loop()
    heard = False

    def hear(*_: object) -> None:
        nonlocal heard
        heard = True

    signal.signal(signal.SIGINT, hear)
    loop = asyncio.new_event_loop()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if heard:
        loop.close()
        raise KeyboardInterrupt
    return loop
