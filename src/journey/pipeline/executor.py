"""Several processes that take jobs one after another; only the process that started them writes the run."""

import contextlib
import functools
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from journey.errors import BudgetReached, UsageError
from journey.interrupts import shielded
from journey.models.base import ModelError
from journey.store.faults import StoreError
from journey.store.remote import RemoteRun, serve
from journey.store.run import Run

SAID = (UsageError, BudgetReached, ModelError, StoreError, OSError)
"""Errors that are one sentence for the user; a worker hands them over. Any other ends it with its traceback."""

PATIENCE = 2.0  # seconds that a worker has to end by itself

JobProgress = Callable[[str, str, int, int], None]


class Job(NamedTuple):
    """A function that can be imported, called with run, progress and `arguments` when all of `after` are done."""

    name: str
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, ...] = ()


class WorkerDied(StoreError):
    """A worker process ended without a word; what it had stored stays."""


def work_off(
    run: Run,
    jobs: Sequence[Job],
    workers: int,
    progress: JobProgress,
    on_done: Callable[[str], None] = lambda name: None,
) -> None:
    """Does the jobs in `workers` processes, 0 in this one; the earliest one that may begin goes first.

    A job reads the run for itself and sends every write to this process. `progress` gets the job's name, the station,
    done and total; `on_done` each job's name when it is done. The first error of a job is raised here, after all
    workers ended.
    """
    if not workers:
        for job in jobs:
            job.function(run, functools.partial(progress, job.name), *job.arguments)
            on_done(job.name)
        return
    context = multiprocessing.get_context("spawn")
    crew: list[tuple[BaseProcess, Connection]] = []
    writes: list[Connection] = []
    for _ in range(min(workers, len(jobs))):
        here, there = context.Pipe()
        mine, theirs = context.Pipe()
        process = context.Process(target=_take_jobs, args=(run.path, theirs, there), daemon=True)
        with shielded():
            process.start()
        there.close()
        theirs.close()
        crew.append((process, here))
        writes.append(mine)
    writer = threading.Thread(target=serve, args=(run, writes), daemon=True)
    writer.start()
    try:
        _direct(jobs, [end for _, end in crew], progress, on_done)
    finally:
        for _, end in crew:
            end.close()  # a worker ends when it next listens or speaks
        patient_until = time.monotonic() + PATIENCE
        for process, _ in crew:
            process.join(max(0.0, patient_until - time.monotonic()))
            process.terminate()
        for process, _ in crew:
            process.join()
        writer.join()


def _direct(jobs: Sequence[Job], idle: list[Connection], progress: JobProgress, on_done: Callable[[str], None]) -> None:
    """Gives out the jobs until all are done."""
    waiting, done = list(jobs), set[str]()
    at_work: dict[Connection, str] = {}
    while waiting or at_work:
        for job in [job for job in waiting if done.issuperset(job.after)][: len(idle)]:
            end = idle.pop(0)
            with _said_if_dead(job.name):
                end.send(job)
            at_work[end] = job.name
            waiting.remove(job)
        for end in wait(list(at_work)):
            assert isinstance(end, Connection)
            name = at_work[end]
            if _heard(end, name, progress):
                done.add(name)
                idle.append(end)
                del at_work[end]
                on_done(name)


def _heard(end: Connection, name: str, progress: JobProgress) -> bool:
    """Takes one message of a worker; whether its job is done. Raises what the job raised, or WorkerDied."""
    with _said_if_dead(name):
        kind, value = end.recv()
    if kind == "progress":
        progress(name, *value)
    if kind == "error":
        raise value
    return kind == "done"


@contextlib.contextmanager
def _said_if_dead(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError):
        raise WorkerDied(f"the worker of {name} died (out of memory?); the same command goes on from there") from None


def _take_jobs(path: Path, writes: Connection, jobs: Connection) -> None:
    """A worker process: takes jobs until the other end is closed. Ctrl-C is the writing process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with RemoteRun(path, writes) as run, contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            job: Job = jobs.recv()
            try:
                job.function(run, lambda *said: jobs.send(("progress", said)), *job.arguments)
            except SAID as error:
                jobs.send(("error", error))
            else:
                jobs.send(("done", None))
