"""Many units of work in flight at once in this process; each result is stored the moment it is done."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from journey.errors import BudgetReached
from journey.models.base import ModelError
from journey.store.entries import Failure
from journey.store.run import Run
from journey.types import Record

Unit = TypeVar("Unit")


class Progress(Protocol):
    """Is given how far a stage is: `done` of `total` units."""

    def __call__(self, stage: str, done: int, total: int, /) -> None: ...


def silent(stage: str, done: int, total: int) -> None:
    """The progress that nobody looks at."""


async def each(
    run: Run,
    stage: str,
    units: Mapping[str, Unit],
    work: Callable[[Unit], Awaitable[Sequence[Record]]],
    table: str,
    *,
    in_flight: int = 64,
    progress: Progress = silent,
    about: Callable[[Unit], Mapping[str, str | None]] = lambda unit: {},
    shown: str | None = None,
    **columns: str | None,
) -> int:
    """Works on every unit, at most `in_flight` at a time, and stores what each gives the moment it is done.

    A unit whose model fails for good (ModelError) is listed in the run under its name and the others go on; a unit
    that was listed before and succeeds now is taken off the list. Where the budget is reached no unit begins any more,
    those in flight go on as far as they need no further call, and BudgetReached is raised. Returns how many failed.

    `about` gives the problem, model, decoding and judge of a unit, for the list. `shown` is the stage in the progress.
    """
    waiting = iter(units.items())
    reached: list[BudgetReached] = []
    listed = {failure.unit for failure in run.failures(stage=stage)}
    shown = shown or stage
    done = failed = 0
    progress(shown, 0, len(units))

    async def worker() -> None:
        nonlocal done, failed
        for name, unit in waiting:
            if reached:
                return
            try:
                records = await work(unit)
            except BudgetReached as error:
                reached.append(error)
                return
            except ModelError as error:
                run.add(Failure(stage, name, str(error), **about(unit)))
                failed += 1
            else:
                await run.put(table, *records, **columns)
                if name in listed:
                    run.unfail(stage, name)
            done += 1
            progress(shown, done, len(units))

    await together([worker() for _ in range(min(in_flight, len(units)))])
    if reached:
        raise reached[0]
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
