"""The judge of steps that a training asks, made from its name, with what it costs kept in the run."""

from collections.abc import Mapping, Sequence

from journey.judges.base import judge_solution
from journey.models.budget import BudgetTracker
from journey.models.server_settings import ServerSettings
from journey.pipeline import registry
from journey.pipeline.stages import keep_spent, refuse_retrained
from journey.store.run import Run
from journey.training.rl_settings import RlSettings
from journey.training.settings import Optimising
from journey.types import Judgement, Problem, content_hash


class MadeJudge:
    """A judge with the models that it asks (`training.rl_batches.TrainingJudge`).

    What was asked is remembered in the run, so that a killed training asks and pays nothing twice.
    """

    def __init__(
        self, run: Run, name: str, servers: Mapping[str, ServerSettings] = registry.NO_SERVERS,
        dtype: str = registry.AUTO,
    ) -> None:  # fmt: skip
        weights = registry.judge_weights(name, "")
        self._run, self._tracker = run, BudgetTracker()
        self._models = registry.Models(run, self._tracker, servers, dtype)
        self._judge = self._models.judge(name, "")
        self.name, self.identity = self._judge.name, content_hash(name, weights)
        refuse_retrained(run, self.name, weights)

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """As the judge does."""
        return await self._judge.judge(problem, prefix, candidates)

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """As the judge does."""
        return await judge_solution(self._judge, problem, steps)

    async def close(self) -> None:
        """Gives back the models, and keeps what they cost."""
        await self._models.close()
        keep_spent(self._run, self._tracker)


def training_judge(
    run: Run, settings: Optimising, servers: Mapping[str, ServerSettings] = registry.NO_SERVERS,
    dtype: str = registry.AUTO,
) -> MadeJudge | None:  # fmt: skip
    """The judge that the settings name, null where they name none. Raises UsageError."""
    named = settings.judge if isinstance(settings, RlSettings) else None
    return None if named is None else MadeJudge(run, named, servers, dtype)
