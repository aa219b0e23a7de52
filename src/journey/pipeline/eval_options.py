"""What an evaluation is set with: which problems, which model, how answers are drawn, by which servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt_ids
from journey.evals.step_scores import RmSettings
from journey.evals.thinking_budget import Budget
from journey.judges.kinds import default_settings
from journey.models import weights
from journey.models.base import Model
from journey.models.server_settings import ServerSettings
from journey.pipeline import plain_settings, registry
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.stages import refuse_retrained
from journey.pipeline.trained_models import trained_words, weights_of
from journey.store.run import Run
from journey.types import Problem


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """How answers are drawn; null: as the run's recipe says, or greedy where it says nothing.

    `judge` (null: nobody) grades answers, scores their steps or leads a search. `settings` by name are those of the
    kinds of judges, "rm" for rm@k and "search" for a search; `servers` are those of model servers by name, `ray` says
    on which cluster.
    """

    decoding: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    samples: int = 1
    seed: int | None = None
    budget: Budget | None = None
    allow_code: bool = False
    judge: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    servers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ray: RaySettings = RaySettings()

    @property
    def rm(self) -> RmSettings:
        """How step scores are joined. Raises UsageError."""
        return plain_settings.typed(RmSettings, self.settings.get("rm", {}), "rm")

    def check_judge(self) -> None:
        """Raises UsageError for settings that mean nothing to a judge, or where there is none."""
        for key, value in self.settings.items():
            if self.judge is None or key not in (*default_settings(), "rm") or not isinstance(value, dict):
                raise UsageError(
                    f"--set {key} means nothing here; critic.KEY=VALUE, rollout.KEY=VALUE and rm.aggregate=KIND go "
                    "with --judge, search.KEY=VALUE with --search"
                )
        _ = self.rm


def eval_options(given: Sequence[str], ray: str | None = None, **flags: Any) -> EvalOptions:
    """The options of flags and --set: budget.KEY=VALUE, servers.NAME.KEY=VALUE and the settings. Raises UsageError."""
    settings = plain_settings.overridden(given)
    cluster = ray_settings(settings, ray)
    budget = plain_settings.typed(Budget, settings.pop("budget"), "the budget") if "budget" in settings else None
    return EvalOptions(**flags, budget=budget, servers=settings.pop("servers", {}), settings=settings, ray=cluster)


def ray_settings(given: dict[str, Any], address: str | None) -> RaySettings:
    """Takes ray.KEY=VALUE out of what --set gives, the address of --ray over it. Raises UsageError."""
    own = given.pop("ray", {})
    found = plain_settings.typed(RaySettings, own, "--set", "ray.")
    return found if address is None else replace(found, address=address)


def problems_of(of: Run, split: str, limit: int | None) -> list[Problem]:
    """The problems of a part, at most `limit`. Raises UsageError where there are none."""
    problems = list(of.problems(split=split))[:limit]
    if not problems:
        raise UsageError(f"{of.path} has no problems in the part {split!r}; import some with --split {split}")
    return problems


def servers_of(of: Run | None, given: Mapping[str, Any]) -> dict[str, ServerSettings]:
    """The servers of the run's recipe by name, those that are given over them. Raises UsageError."""
    kept: dict[str, Any] = {} if of is None else of.config.get("recipe", {}).get("servers", {})
    where = f"the settings of {of.path}" if of else "--set"
    return {
        name: plain_settings.typed(ServerSettings, data, where, f"servers.{name}.")
        for name, data in plain_settings.merged(kept, given).items()
    }


def model_of(of: Run, name: str, models: registry.Models) -> Model:
    """The model of that name: of the run, in a folder, or one that the registry knows. Raises UsageError."""
    if (folder := weights_of(of, name)) is not None:
        weights.check_weights(name)
        if Path(folder).is_dir():
            refuse_retrained(of, name, {folder: weights.folder_hash(Path(folder))})
        return weights.local(folder, name, models.dtype)
    if models.is_served(name):
        return models.model(name)  # what was paid for is remembered
    try:
        return registry.model(name)
    except UsageError as error:
        raise UsageError(f"{error}{trained_words(of, name)}") from None


def decoding_of(
    of: Run, model: str, problems: Sequence[Problem], options: EvalOptions, judge: str | None
) -> tuple[Decoding, int]:
    """How answers are drawn, and the seed.

    Attempts are told apart by the rule's name alone, so one that is not the run's main or greedy rule says in its name
    what is different, and who grades (`judge`, null where no model does). Raises UsageError for a greedy rule with a
    temperature or several samples.
    """
    kept = of.config.get("recipe", {}).get("evaluation", {})
    main = plain_settings.typed(Evaluation, kept, f"the settings of {of.path}")
    is_greedy = not options.temperature if options.decoding is None else options.decoding == "greedy"
    if is_greedy and (options.temperature or options.samples > 1 or options.top_p is not None):
        raise UsageError("greedy answers have no temperature, no top-p and one sample; say --decoding sampled")
    usual = main.greedy_rule() if is_greedy else main.main_rule()
    if options.budget is not None:
        usual = replace(usual, name=f"{usual.name} {options.budget.words}".strip())
    usual_seed = of.model_ref(model).seed or 0
    seed = usual_seed if options.seed is None else options.seed
    given: dict[str, Any] = {name: getattr(options, name) for name in ("temperature", "top_p", "max_tokens", "samples")}
    given = {name: value for name, value in given.items() if value is not None}
    rule = replace(usual, **given)
    others = {name: value for name, value in given.items() if name != "samples" and value != getattr(usual, name)}
    if seed != usual_seed:
        others["seed"] = seed
    rule = replace(rule, graded_by=judge)
    if _drawn_otherwise(of, model, problems, replace(rule, name=_named(rule.name, others)), seed):
        others["samples"] = options.samples
    return replace(rule, name=_named(rule.name, others)), seed


def _named(rule: str, others: Mapping[str, float]) -> str:
    return " ".join((rule, *(f"{name}={value:g}" for name, value in others.items())))


def _drawn_otherwise(of: Run, model: str, problems: Sequence[Problem], rule: Decoding, seed: int) -> bool:
    """Whether the run has attempts at these problems under the rule's name that the rule would not draw."""
    ours = {id for p in problems for id in attempt_ids(p.id, model, rule, seed)}
    wanted = {p.id for p in problems}
    others = (of.attempt(id) for id in of.ids("attempts", model=model, decoding=rule.shown) - ours)
    return any(a is not None and a.problem in wanted for a in others)
