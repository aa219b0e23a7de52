"""Calls side by side, for whoever asks models: one that fails ends the others, so that nothing is asked in vain."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from journey.models.base import ModelError

Result = TypeVar("Result")


async def gather_or_cancel(calls: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """The results of calls that run side by side, in order. A failure ends the others and is raised as it is.

    Of several that fail together the one goes first that is more than a model's failure: a reached budget stops a run.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except ExceptionGroup as failed:
        raise min(failed.exceptions, key=lambda error: isinstance(error, ModelError)) from None
    return [task.result() for task in tasks]
