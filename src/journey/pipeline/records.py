"""The records of a run by their kinds."""

from collections.abc import Iterator

from journey.store.run import Run
from journey.types import Attempt, Thought


def attempts(run: Run, **where: str | None) -> Iterator[Attempt]:
    """The attempts whose columns have these values."""
    return (record for record in run.all("attempts", **where) if isinstance(record, Attempt))


def thoughts(run: Run, **where: str | None) -> Iterator[Thought]:
    """The thoughts whose columns have these values."""
    return (record for record in run.all("thoughts", **where) if isinstance(record, Thought))
