"""Judges at work: a run's trees judged again by another judge, and judges compared on labelled steps."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from journey.errors import check_settings
from journey.evals import judging as evals
from journey.evals.judging import JudgingSettings, judge_set, measure, to_json
from journey.judges import names
from journey.judges.base import Judge, JudgeWork
from journey.judges.kinds import default_settings
from journey.judges.rollout import RolloutJudge
from journey.models import weights
from journey.models.estimate import Estimate
from journey.pipeline import registry
from journey.pipeline.fan_out import Progress, each
from journey.pipeline.stages import refuse_retrained
from journey.store.run import Run
from journey.tasks.labelled import LabelledSet
from journey.tasks.table import TaskGrader, ask
from journey.trees import rejudge, values
from journey.trees.label import label
from journey.types import Problem, Tree, content_hash

STAGE = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejudgeSettings:
    """How trees are judged again: the settings of judges by kind, the model of a judge that names none (`strong`)."""

    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    strong: str = weights.TINY
    in_flight: int = 64

    def __post_init__(self) -> None:
        check_settings(self, in_flight=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalJudgesSettings(RejudgeSettings):
    """How judges are compared; `judging` says how judgements become figures."""

    judging: JudgingSettings = JudgingSettings()


async def rejudge_trees(
    run: Run,
    trees: Sequence[Tree],
    problems: Mapping[str, Problem],
    models: registry.Models,
    name: str,
    settings: RejudgeSettings,
    progress: Progress,
    *,
    as_values: bool = False,
) -> int:
    """Judges these trees, into the run; how many failed.

    `problems` by id. Rollouts share what they know of a tree's other steps. `as_values`: what the judge says becomes
    the steps' values, and their judgements stay.
    """
    judge = models.judge(name, settings.strong, settings.judge_settings)
    refuse_retrained(run, judge.name, registry.judge_weights(name, settings.strong))
    policy = names.read(name).model
    units = {unit_of(tree): tree for tree in trees}
    with closing(TaskGrader()) as grader:

        async def one(tree: Tree) -> list[Tree]:
            problem = problems[tree.problem]
            if isinstance(judge, RolloutJudge):
                by_rollouts = values.valued_by_rollouts if as_values else label
                return [await by_rollouts(problem, tree, models.model(policy), ask, grader, judge.settings)]
            return [await (values.valued_by_judge if as_values else rejudge.rejudge)(problem, tree, judge)]

        return await each(
            run, STAGE, units, one, "trees", in_flight=settings.in_flight, progress=progress,
            about=lambda tree: {"problem": tree.problem, "judge": judge.name},
        )  # fmt: skip


def unit_of(tree: Tree) -> str:
    """How a tree is listed where it could not be judged again."""
    return content_hash(STAGE, tree.id)


def unjudged(run: Run, trees: Sequence[Tree], *, as_values: bool) -> list[Tree]:
    """Those of the trees that the run does not hold as they are judged again."""
    keys = ("values",) if as_values else ("rollout", "judged_again")
    known = {t.settings.get(key, {}).get("of") for t in run.trees() for key in keys}
    return [tree for tree in trees if tree.id not in known]


def estimate_rejudging(
    trees: Sequence[Tree], problems: Mapping[str, Problem], name: str, settings: RejudgeSettings
) -> list[Estimate]:
    """What the judge's models are asked at most about all these trees; what is judged already is not taken off."""
    work = sum((rejudge.judge_work(problems[tree.problem], tree) for tree in trees), JudgeWork())
    return names.estimate(names.read(name), settings.judge_settings, work, settings.strong)


async def compare_judges(
    judges: Sequence[Judge], sets: Sequence[LabelledSet], settings: EvalJudgesSettings, progress: Progress
) -> list[dict[str, Any]]:
    """The figures of every judge on every set, one row each; `cost` is that of a judge that counts it, null else."""
    rows: list[dict[str, Any]] = []
    for labelled in sets:
        for judge in judges:
            before = _cost(judge)

            def show(done: int, total: int, judge: str = judge.name, name: str = labelled.name) -> None:
                progress(f"{judge} on {name}", done, total)

            judged = await judge_set(judge, labelled.items, in_flight=settings.in_flight, progress=show)
            cost = {name: value - before[name] for name, value in _cost(judge).items()}
            row = {"judge": judge.name, "set": labelled.name, **to_json(measure(labelled, judged, settings.judging))}
            rows.append(row | {"cost": cost or None, "failed": dict(judged.failed)})
    return rows


def estimate_comparison(
    judges: Sequence[str], sets: Sequence[LabelledSet], settings: EvalJudgesSettings
) -> list[Estimate]:
    """What the models of every judge are asked at most about all sets."""
    work = sum((evals.judge_work(item) for labelled in sets for item in labelled.items), JudgeWork())
    return [
        cost
        for name in judges
        for cost in names.estimate(names.read(name), settings.judge_settings, work, settings.strong)
    ]


def _cost(judge: Judge) -> dict[str, int]:
    """What the labels of a judge that counts it came to."""
    if not isinstance(judge, RolloutJudge):
        return {}
    return {name: getattr(judge.cost, name) for name in judge.cost.__slots__}
