"""Jobs as data, a function that can be imported and its arguments, done in this process or in several.

Only the process that starts them writes the run: the others read it for themselves and hand every write over, each
through its own pipe. A job's result is what it wrote.
"""

import contextlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from journey.errors import BudgetReached, UsageError
from journey.interrupts import shielded
from journey.models.base import ModelError
from journey.store.database import connect_reading
from journey.store.faults import StoreError
from journey.store.run import Run
from journey.store.schema import Rows, Write

SENTENCES = (UsageError, BudgetReached, ModelError, StoreError, OSError)
"""Errors that are one sentence for the user; a worker hands them over. Any other ends it with its traceback."""

PATIENCE = 2.0  # seconds that a worker has to end by itself

Key = TypeVar("Key")
JobProgress = Callable[[str, str, int, int], None]


class Job(NamedTuple, Generic[Key]):
    """A function that can be imported, called with run, progress and `arguments` when all of `after` are done.

    `key` is a record that names it among others; as a text it is what the progress shows.
    """

    key: Key
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()
    after: tuple[Key, ...] = ()


class WorkerDied(StoreError):
    """A worker process ended without a word; what it had stored stays."""


def work_off(
    run: Run,
    jobs: Sequence[Job[Key]],
    workers: int,
    progress: JobProgress,
    on_done: Callable[[Key], None] = lambda key: None,
) -> None:
    """Does the jobs in `workers` processes, 0 in this one; the earliest one that may begin goes first.

    `progress` gets the job's key as a text, the stage, done and total; `on_done` each job's key when it is done. The
    first error of a job is raised here, after all workers ended.
    """
    if workers == 0:
        waiting, done = list(jobs), set[Key]()
        while waiting:
            job = next(job for job in waiting if done.issuperset(job.after))
            job.function(run, partial(progress, str(job.key)), *job.arguments)
            waiting.remove(job)
            done.add(job.key)
            on_done(job.key)
        return
    crew = [_started(run.path) for _ in range(min(workers, len(jobs)))]
    try:
        _direct(run, jobs, [end for _, end in crew], progress, on_done)
    finally:
        for _, end in crew:
            end.close()  # a worker ends when it next listens or speaks
        patient_until = time.monotonic() + PATIENCE
        for process, _ in crew:
            process.join(max(0.0, patient_until - time.monotonic()))
            process.terminate()
        for process, _ in crew:
            process.join()


def _started(path: Path) -> tuple[BaseProcess, "Connection[Any, Any]"]:
    """A worker and this end of its pipe. By "spawn": a forked one would hold copies of the others' pipes."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_take_jobs, args=(path, there), daemon=True)
    with shielded():
        process.start()
    there.close()
    return process, here


def _direct(
    run: Run,
    jobs: Sequence[Job[Key]],
    idle: "list[Connection[Any, Any]]",
    progress: JobProgress,
    on_done: Callable[[Key], None],
) -> None:
    """Gives out the jobs and does what the workers ask, until all are done.

    Writes that lie ready from all workers share one commit; each worker's are acknowledged in their order.
    """
    waiting, done = list(jobs), set[Key]()
    at_work: dict[Any, Key] = {}
    while waiting or at_work:
        for job in [job for job in waiting if done.issuperset(job.after)][: len(idle)]:
            end = idle.pop(0)
            with _named_if_dead(job.key):
                end.send(job)
            at_work[end] = job.key
            waiting.remove(job)
        writes: dict[Any, Sequence[Write]] = {}
        for end in wait(list(at_work)):
            key = at_work[end]
            with _named_if_dead(key):
                kind, value = end.recv()  # type: ignore[union-attr]  # all of them are pipes
            match kind:
                case "write":
                    writes[end] = value
                case "progress":
                    progress(str(key), *value)
                case "error":
                    raise value
                case _:
                    done.add(key)
                    idle.append(end)  # type: ignore[arg-type]
                    del at_work[end]
                    on_done(key)
        _store(run, writes, at_work)


def _store(run: Run, writes: dict[Any, Sequence[Write]], at_work: dict[Any, Any]) -> None:
    if not writes:
        return
    answer: StoreError | None = None
    try:
        run.apply([write for some in writes.values() for write in some])
    except StoreError as error:
        answer = error
    for end in writes:
        with _named_if_dead(at_work[end]):
            end.send(answer)


@contextlib.contextmanager
def _named_if_dead(key: Any) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise WorkerDied(f"the worker of {key} died (out of memory?); the same command goes on from there") from None


class _Writing:
    """A worker's end of its pipe: messages of several threads one at a time; a write waits for its acknowledgement."""

    def __init__(self, path: Path, end: "Connection[Any, Any]") -> None:
        self._path, self._end, self._lock = path, end, threading.Lock()

    def send(self, kind: str, value: Any = None) -> None:
        """Tells the writing process something."""
        with self._lock:
            self._end.send((kind, value))

    def write(self, writes: Iterable[Rows]) -> None:
        """Hands writes over; durable when it returns. Called one at a time."""
        try:
            self.send("write", [(name, list(rows)) for name, rows in writes])
            answer: StoreError | None = self._end.recv()
        except (EOFError, OSError) as error:
            raise StoreError(
                f"The process that writes the run {self._path} is gone: give its command again, it goes on where it "
                "stopped."
            ) from error
        if answer is not None:
            raise answer


def _take_jobs(path: Path, end: "Connection[Any, Any]") -> None:
    """A worker process: takes jobs until the other end is closed. Ctrl-C is the writing process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    writing = _Writing(path, end)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job: Job[Any] = end.recv()
            try:
                with Run(path, connect_reading(path), writing.write, patient=True) as run:
                    job.function(run, lambda *stage: writing.send("progress", stage), *job.arguments)
            except SENTENCES as error:
                writing.send("error", error)
            else:
                writing.send("done")
