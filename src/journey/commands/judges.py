"""The judges that journey eval names: what they cost is counted; critic.KEY=VALUE and rollout.KEY=VALUE set them."""

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, TypeVar

from journey.errors import UsageError
from journey.judges.base import Judge
from journey.judges.classifier_settings import named
from journey.judges.combine import parts
from journey.judges.critic import CriticSettings
from journey.judges.exact import check_exact
from journey.judges.rollout import RolloutSettings
from journey.models.base import Model
from journey.pipeline import recipe, registry
from journey.pipeline.stages import refuse_retrained
from journey.search.cost import MeteredJudge, MeteredModel
from journey.store.run import Run
from journey.tasks.table import task_of
from journey.types import Problem

Result = TypeVar("Result")


class JudgeModels(registry.Models):
    """The models that judges ask, metered: what they generate is charged to the search that is judged for."""

    def model(self, name: str) -> Model:
        """The model of that name. Raises UsageError."""
        return MeteredModel(super().model(name))

    def judge(self, name: str, *settings: Any) -> Judge:
        """The judge of that name; one that reads instead of writing is charged for what it reads. Raises UsageError."""
        made = super().judge(name, *settings)
        if not name.startswith("prm:"):
            return made
        count = registry.token_counter(named(name)[0])
        return MeteredJudge(made, lambda text: count({"completion": text}) - 1)  # it counts the closing token, too

    async def closing(self, work: Awaitable[Result]) -> Result:
        """What the work gives; the models are given back however it ended."""
        try:
            return await work
        finally:
            await self.close()


def chosen_words(settings: Sequence[str]) -> str:
    """The settings of judges that the flags give, for the judge's name in attempts: "[votes=3,rollout.n=16]"."""
    given = recipe.overridden(settings)
    said = [f"{key}={value}" for key, value in given.get("critic", {}).items()]
    said += [f"rollout.{key}={value}" for key, value in given.get("rollout", {}).items()]
    return f"[{','.join(said)}]" if said else ""


def single(judge: str) -> list[str]:
    """The judges that a name joins; itself where it joins none. Raises UsageError."""
    joined = parts(judge)
    return [judge] if joined is None else [one for name in joined[1] for one in single(name)]


def check_knows(judge: str, problems: Iterable[Problem]) -> None:
    """Raises UsageError where the judge, or each of those it joins, has nothing to say of such problems."""
    if set(single(judge)) == {"exact"}:
        for problem in problems:
            check_exact(task_of(problem))


def critic_settings(of: Run, settings: Sequence[str]) -> CriticSettings:
    """How a model is asked that judges: as the run's recipe says, the flags over it. Raises UsageError."""
    given = recipe.overridden(settings).get("critic", {})
    kept = of.config.get("recipe", {}).get("critic", {})
    return recipe.typed(CriticSettings, recipe.merged(kept, given), "the critic's settings")


def strong_of(of: Run, judge: str) -> str:
    """The model that the run's recipe calls strong, "" for none. Raises UsageError where `judge` needs one."""
    kept = of.config.get("recipe", {})
    strong = kept.get("strong") or kept.get("model") or ""
    if "critic" in single(judge) and not strong:
        raise UsageError("no recipe says which model judges; name it, as in --judge critic:openai/NAME")
    return strong


def rollout_settings(of: Run, settings: Sequence[str]) -> RolloutSettings:
    """How a judge draws rollouts: as the run's recipe says, the flags over it. Raises UsageError."""
    given = recipe.overridden(settings).get("rollout", {})
    kept = of.config.get("recipe", {}).get("rollout", {})
    return recipe.typed(RolloutSettings, recipe.merged(kept, given), "the rollouts' settings")


def judge_of(of: Run, judge: str, settings: Sequence[str], models: registry.Models) -> Judge:
    """The judge of that name; what its models generate is charged to whom it judges for.

    Raises UsageError, also where the run keeps what it said with other weights.
    """
    strong = strong_of(of, judge)
    made = models.judge(judge, strong, critic_settings(of, settings), rollout_settings(of, settings))
    refuse_retrained(of, made.name, registry.judge_weights(judge, strong))
    return made
