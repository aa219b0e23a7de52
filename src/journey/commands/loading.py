"""What the commands that ask models share: are the weights there, and giving the models back whatever happens."""

from collections.abc import Awaitable
from typing import TypeVar

from journey.commands.spending import spent_rows
from journey.errors import BudgetReached
from journey.models.base import Model
from journey.models.budget import BudgetTracker
from journey.pipeline import registry
from journey.pipeline.stages import keep_spent
from journey.store.run import Run

Result = TypeVar("Result")
check_weights = registry.check_weights


async def closing(model: Model, work: Awaitable[Result]) -> Result:
    """What the work gives; the model is given back however it ended."""
    try:
        return await work
    finally:
        await registry.close(model)


async def paying(run: Run | None, models: registry.Models, tracker: BudgetTracker, work: Awaitable[Result]) -> Result:
    """The same of many models; what was spent is kept in the run's log, if there is a run, however it ended."""
    try:
        return await noting_spent(tracker, work)
    finally:
        if run is not None:
            keep_spent(run, tracker)
        await models.close()


async def noting_spent(tracker: BudgetTracker, work: Awaitable[Result]) -> Result:
    """What the work gives; a reached budget says what was spent until then."""
    try:
        return await work
    except BudgetReached as reached:
        reached.spent = spent_rows(tracker)
        raise
