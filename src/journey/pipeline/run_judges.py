"""Judges of what a run holds: set by its recipe and by KIND.KEY=VALUE, with what they cost counted."""

from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar

from journey.errors import UsageError
from journey.judges import names
from journey.judges.base import Judge, JudgeRef
from journey.judges.exact import check_exact
from journey.judges.kinds import default_settings
from journey.models.base import Model
from journey.models.weights import token_counter
from journey.pipeline import plain_settings, registry
from journey.pipeline.stages import refuse_retrained
from journey.search.cost import MeteredJudge, MeteredModel
from journey.store.run import Run
from journey.tasks.table import task_of
from journey.types import Problem

Result = TypeVar("Result")
PLAIN = "critic"  # the kind whose settings stand in a judge's name without its own


class JudgeModels(registry.Models):
    """The models that judges ask, metered: what they generate is charged to the search that is judged for."""

    def model(self, name: str) -> Model:
        """The model of that name. Raises UsageError."""
        return MeteredModel(super().model(name))

    def judge(self, name: str | JudgeRef, strong: str, settings: Mapping[str, Any] = registry.NO_SETTINGS) -> Judge:
        """The judge of that name; one that reads instead of writing is charged for what it reads. Raises UsageError."""
        ref = names.read(name) if isinstance(name, str) else name
        made = super().judge(ref, strong, settings)
        weights = [] if ref.parts else names.weights_of(ref)  # parts are metered one by one
        if not weights:
            return made
        count = token_counter(weights[0])
        return MeteredJudge(made, lambda text: count({"completion": text}) - 1)  # it counts the closing token, too

    async def closing(self, work: Awaitable[Result]) -> Result:
        """What the work gives; the models are given back however it ended."""
        try:
            return await work
        finally:
            await self.close()


def settings_label(given: Mapping[str, Any]) -> str:
    """The settings of judges that the flags give, for the judge's name in attempts: "[votes=3,rollout.n=16]"."""
    words = [
        f"{'' if kind == PLAIN else f'{kind}.'}{key}={value}"
        for kind in default_settings()
        for key, value in given.get(kind, {}).items()
    ]
    return f"[{','.join(words)}]" if words else ""


def check_supported(judge: str, problems: Iterable[Problem]) -> None:
    """Raises UsageError where the judge, or each of those it combines, knows nothing of such problems."""
    if {one.kind for one in names.single(names.read(judge))} == {"exact"}:
        for problem in problems:
            check_exact(task_of(problem))


def judge_settings(of: Run, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """How judges of each kind are set: as the run's recipe says, what is given over it. Raises UsageError."""
    kept: Mapping[str, Any] = of.config.get("recipe", {})
    kept = {kind: kept[kind] for kind in default_settings() if kind in kept}
    return plain_settings.judge_settings(plain_settings.merged(kept, given), "the judge's settings")


def strong_of(of: Run, judge: str) -> str:
    """The model that the run's recipe calls strong, "" for none. Raises UsageError where `judge` needs one."""
    kept = of.config.get("recipe", {})
    strong = kept.get("strong") or kept.get("model") or ""
    if not strong and "" in names.models_of(names.read(judge)):
        raise UsageError("no recipe says which model judges; name it, as in --judge critic:openai/NAME")
    return strong


def judge_of(of: Run, judge: str, settings: Mapping[str, Any], models: registry.Models) -> Judge:
    """The judge of that name; what its models generate is charged to whom it judges for.

    Raises UsageError, also where the run keeps what it said with other weights.
    """
    strong = strong_of(of, judge)
    made = models.judge(judge, strong, judge_settings(of, settings))
    called = made.name + settings_label(settings)
    refuse_retrained(of, made.name, registry.judge_weights(judge, strong), called)
    return made
