"""The processes that ask math-verify: a lane for ordinary answers, and one for those that take long.

An ordinary answer has a short time; what needs longer begins again in the other lane, before all that were expected to
be hard: those have all but one of its processes. So answers that mean harm wait for each other, and nobody for them.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver

from pebble import ProcessExpired, ProcessPool

from journey.answers import worker
from journey.interrupts import shielded

BRIEF = 0.25  # seconds of an ordinary answer before it is taken for a hard one


class TookLong(Exception):
    """The answer was not read in its time."""


class Closed(Exception):
    """The processes were ended before the answer was read."""


class Died(Exception):
    """The process that had the answer came to an end."""


class Lanes:
    """Two pools of processes, each started by the first answer that needs it; usable from any thread."""

    def __init__(self, seconds: float, workers: int) -> None:
        self.seconds = seconds
        self._workers = workers
        self._lock = threading.Lock()
        self._pools: dict[bool, Future[ProcessPool]] = {}
        self._hard = 0  # that are worked on; those that wait:
        self._waiting = deque[tuple[Future[bool | str], str, str]]()

    def submit(self, gold: str, answer: str, *, hard: bool) -> "Future[bool | str]":
        """What math-verify says, or in words why it cannot; raises TookLong, Closed, Died or what the worker raised."""
        answered_by: Future[bool | str] = Future()
        answered_by.set_running_or_notify_cancel()  # who waits and is cancelled must not cancel it: others may wait
        if hard:
            self._waiting.append((answered_by, gold, answer))
            self._work_on(0)
        else:
            self._run(answered_by, gold, answer, False, min(BRIEF, self.seconds))
        return answered_by

    def _work_on(self, done: int) -> None:
        """Begins with the next hard one where there is room, after so many that are done."""
        with self._lock:
            self._hard -= done
            if self._hard >= max(1, self._workers - 1) or not self._waiting:
                return
            self._hard += 1
            answered_by, gold, answer = self._waiting.popleft()
        answered_by.add_done_callback(lambda _: self._work_on(1))
        self._run(answered_by, gold, answer, True, self.seconds)

    def _run(self, answered_by: "Future[bool | str]", gold: str, answer: str, hard: bool, seconds: float) -> None:
        def ask(started: Future[ProcessPool]) -> None:
            try:
                task = started.result().schedule(worker.compare, args=(gold, answer), timeout=seconds)
            except BrokenProcessPool as error:
                answered_by.set_exception(error)
            except RuntimeError:
                answered_by.set_exception(Closed())
            except Exception as error:  # the processes could not be started: raised where the answer is waited for
                answered_by.set_exception(error)
            else:
                task.add_done_callback(answered)

        def answered(task: "Future[bool | str]") -> None:
            error = CancelledError() if task.cancelled() else task.exception()
            match error:
                case None:
                    answered_by.set_result(task.result())
                case TimeoutError() if not hard and seconds < self.seconds:
                    self._run(answered_by, gold, answer, True, self.seconds)
                case TimeoutError():
                    answered_by.set_exception(TookLong())
                case ProcessExpired():
                    answered_by.set_exception(Died())
                case CancelledError():
                    answered_by.set_exception(Closed())
                case _:
                    answered_by.set_exception(error)

        self._pool(hard).add_done_callback(ask)

    def _pool(self, hard: bool) -> "Future[ProcessPool]":
        """A lane's pool, as soon as its processes run. A daemon thread waits for them: an interrupt need not."""
        with self._lock:
            if (pool := self._pools.get(hard)) is None:
                pool = self._pools[hard] = Future()
                pool.set_running_or_notify_cancel()
                threading.Thread(target=_start, args=(pool, self._workers), daemon=True).start()
            return pool

    def close(self) -> None:
        """Ends the processes; the next answer would start new ones."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
            waiting, self._waiting = self._waiting, deque[tuple[Future[bool | str], str, str]]()
        for answered_by, _, _ in waiting:
            answered_by.set_exception(Closed())
        if any(not pool.done() for pool in pools):
            _end_fork_server()
            wait(pools, timeout=1.0)
        for pool in pools:
            pool.add_done_callback(_end)


def _start(started: "Future[ProcessPool]", workers: int) -> None:
    # Never a fork of this process: it may hold threads (torch's, say) whose locks a fork would copy. The fork server
    # imports math-verify once, so that a killed worker is replaced in milliseconds.
    method = "spawn" if sys.platform == "win32" else "forkserver"
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["math_verify", "journey.answers.preload"])
    try:
        with shielded():
            pool = ProcessPool(max_workers=workers, initializer=worker.start, context=context)
            first = pool.schedule(worker.compare, args=("1", "1"))
            while not wait([first], timeout=0.2).done:  # a pool that breaks as it starts may forget its first task
                if not pool.active:
                    raise BrokenProcessPool
            first.result()
    except Exception as error:  # raised again where the pool is waited for
        started.set_exception(error)
    else:
        started.set_result(pool)


def _end_fork_server() -> None:
    """Ends the process that is about to fork workers, so that none begins when this process is ending."""
    pid = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _end(started: "Future[ProcessPool]") -> None:
    if started.exception() is None:
        started.result().stop()
        started.result().join()
