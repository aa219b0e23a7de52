"""Many units of work at once: many problems in flight in one process, and several processes that each take a job."""

import asyncio
import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol, TypeVar

from journey.errors import BudgetReached, UsageError
from journey.models.base import ModelError
from journey.store.faults import StoreError
from journey.store.remote import RemoteRun, serve
from journey.store.run import Run
from journey.types import Record

Unit = TypeVar("Unit")

SAID = (UsageError, BudgetReached, ModelError, StoreError)
"""Errors that are one sentence for the user; a worker hands them over. Any other ends it with its traceback."""


class Progress(Protocol):
    """Told how far a station is: `done` of `total` units."""

    def __call__(self, station: str, done: int, total: int) -> None: ...


def silent(station: str, done: int, total: int) -> None:
    """The progress that nobody looks at."""


async def each(
    run: Run,
    station: str,
    units: Mapping[str, Unit],
    work: Callable[[Unit], Awaitable[Sequence[Record]]],
    table: str,
    *,
    in_flight: int = 64,
    progress: Progress = silent,
    **columns: str | None,
) -> int:
    """Works on every unit, at most `in_flight` at a time, and stores what each gives the moment it is done.

    A unit whose model fails for good (ModelError) is listed in the run under its name and the others go on; a unit
    that was listed before and succeeds now is taken off the list. Returns how many failed.
    """
    waiting = iter(units.items())
    listed = {failure.unit for failure in run.failures(station)}
    done = failed = 0
    progress(station, 0, len(units))

    async def worker() -> None:
        nonlocal done, failed
        for name, unit in waiting:
            try:
                records = await work(unit)
            except ModelError as error:
                run.fail(station, name, str(error))
                failed += 1
            else:
                await run.put(table, *records, **columns)
                if name in listed:
                    run.unfail(station, name)
            done += 1
            progress(station, done, len(units))

    await together([worker() for _ in range(min(in_flight, len(units)))])
    return failed


async def together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs all of them at once; the first error ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


class Job(NamedTuple):
    """A function that can be imported, and what it is called with after the run and the progress."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    name: str


def processes(
    run: Run,
    jobs: Iterable[Job],
    workers: int,
    progress: Callable[[str, str, int, int], None],
    on_result: Callable[[Any], None] = lambda result: None,
) -> list[Any]:
    """What each job gives, in the order of the jobs; `workers` processes take them one after another.

    A job reads the run for itself and sends every write to this process, the only one that writes. `progress` gets
    the job's name, the station, done and total, `on_result` what each job gave. The first error of a job is raised
    here, after all workers ended.
    """
    queue = list(jobs)
    results: list[Any] = [None] * len(queue)
    context = multiprocessing.get_context("spawn")
    ends: dict[Connection, int | None] = {}
    writes: list[Connection] = []
    started = []
    for _ in range(min(workers, len(queue))):
        here, there = context.Pipe()
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve_jobs, args=(run.path, theirs, there), daemon=True)
        process.start()
        there.close()
        theirs.close()
        ends[here] = None
        writes.append(mine)
        started.append(process)
    writer = threading.Thread(target=serve, args=(run, writes), daemon=True)
    writer.start()
    waiting = iter(enumerate(queue))
    try:
        for end in list(ends):
            _next(ends, end, waiting)
        while ends:
            for end in wait(list(ends)):
                _hear(ends, end, queue, results, waiting, progress, on_result)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()
        writer.join()
    return results


def _next(ends: dict[Connection, int | None], end: Connection, waiting: Any) -> None:
    index, job = next(waiting, (None, None))
    if job is None:
        end.close()
        del ends[end]
        return
    ends[end] = index
    end.send(job)


def _hear(
    ends: dict[Connection, int | None],
    end: Connection,
    queue: Sequence[Job],
    results: list[Any],
    waiting: Any,
    progress: Callable[[str, str, int, int], None],
    on_result: Callable[[Any], None],
) -> None:
    index = ends[end]
    assert index is not None
    try:
        kind, value = end.recv()
    except EOFError:
        raise WorkerDied(f"the worker of {queue[index].name} died (out of memory?); give the command again") from None
    match kind:
        case "progress":
            progress(queue[index].name, *value)
        case "result":
            results[index] = value
            on_result(value)
            _next(ends, end, waiting)
        case _:
            raise value


class WorkerDied(StoreError):
    """A worker process ended without a word; what it had stored stays."""


def _serve_jobs(path: Any, writes: Connection, jobs: Connection) -> None:
    """A worker process: takes jobs until the other end is closed. Ctrl-C is the writing process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with RemoteRun(path, writes) as run, contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            job: Job = jobs.recv()
            try:
                result = job.function(run, lambda *p: jobs.send(("progress", p)), *job.arguments)
            except SAID as error:
                jobs.send(("error", error))
            else:
                jobs.send(("result", result))
