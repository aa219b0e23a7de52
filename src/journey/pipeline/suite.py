"""A suite asked of models before and after training: its attempts, stored part by part as they come."""

from collections.abc import Callable, Mapping
from typing import Any

from journey.answers.grade import Grader
from journey.evals.graded_answers import FACTS, SAFETY, ModelGrader
from journey.evals.rule_graders import MatchGrader, RefusalGrader
from journey.models.base import Model, close
from journey.pipeline import registry
from journey.pipeline.eval_options import model_of
from journey.pipeline.evaluation import CRITIC
from journey.pipeline.fan_out import Progress, together
from journey.pipeline.run_judges import judge_settings
from journey.pipeline.stages import ANSWERS, evaluate
from journey.pipeline.suite_plan import JUDGED, PlannedPart, SuitePlan
from journey.store.entries import Failure, SuitePart
from journey.store.run import Run
from journey.tasks.table import TaskGrader


async def run_suite(run: Run, plan: SuitePlan, models: registry.Models, progress: Callable[[str], Progress]) -> None:
    """Asks what was not asked yet, model by model, the parts of a model side by side."""
    for one in plan.parts:
        run.put_all("problems", one.problems, split=plan.suite)
        run.add(_entry(run, plan, one))
    settings = judge_settings(run, plan.options.settings)[CRITIC]
    for name in plan.compared.names:
        found = model_of(run, name, models)
        model = found if found.name == name else registry.Called(found, name)  # scripted ones all have one name
        show = _Sum(progress(name))
        try:
            await together([
                _ask(run, plan, one, model, _graders(plan, one, models, settings), show.of(one.part.name))
                for one in plan.parts if one.items and name not in one.cannot
            ])  # fmt: skip
        finally:
            await close(found)


def failures(of: Run, plan: SuitePlan) -> list[Failure]:
    """What failed of the plan, now or before."""
    decodings = {one.decoding.shown for one in plan.parts}
    names = set(plan.compared.names)
    return [f for f in of.failures(stage=ANSWERS) if f.model in names and f.decoding in decodings]


async def _ask(
    run: Run, plan: SuitePlan, one: PlannedPart, model: Model, graders: Mapping[str, Grader], progress: Progress
) -> None:
    seed = plan.options.seed if plan.options.seed is not None else run.model_ref(model.name).seed or 0
    await evaluate(
        run, one.problems, model, one.decoding, split=plan.suite, seed=seed, grader=TaskGrader(graders),
        progress=progress, suite_part=one.part.name,
    )  # fmt: skip


class _Sum:
    """The progress of all parts as one, since they are asked side by side."""

    def __init__(self, show: Progress) -> None:
        self._show = show
        self._parts: dict[str, tuple[int, int]] = {}

    def of(self, part: str) -> Progress:
        """The progress of one part."""

        def report(stage: str, done: int, total: int) -> None:
            self._parts[part] = done, total
            self._show("answers", *map(sum, zip(*self._parts.values(), strict=True)))

        return report


def _graders(plan: SuitePlan, one: PlannedPart, models: registry.Models, settings: Any) -> Mapping[str, Grader]:
    """The graders of a part by the task that they stand for."""
    if one.part.grading not in JUDGED:
        return one.part.grader(plan.material)
    is_facts = one.part.grading == "facts"
    if plan.grader is None:
        return {"judged": MatchGrader() if is_facts else RefusalGrader()}
    return {"judged": ModelGrader(models.model(plan.grader), settings, FACTS if is_facts else SAFETY)}


def _entry(run: Run, plan: SuitePlan, one: PlannedPart) -> SuitePart:
    """What the run keeps of a part; models that were compared before stay."""
    key = {"suite": plan.suite, "part": one.part.name, "decoding": one.decoding.shown}
    old = next(iter(run.entries(SuitePart, **key)), None)
    before = [*(old.before if old else ()), *plan.compared.before]
    after = [*(old.after if old else ()), *plan.compared.after]
    return SuitePart(
        **key,
        rule=one.decoding.name,
        number=one.number,
        about=one.part.about,
        source=one.part.source,
        graded_by=one.graded_by,
        problems=[p.id for p in one.problems],
        twin=one.part.twin,
        twins={a.problem.id: a.twin for a in one.items if a.twin is not None},
        before=list(dict.fromkeys(before)),
        after=list(dict.fromkeys(after)),
        not_measured={**(old.not_measured if old else {}), **one.cannot},
        reason=one.reason,
    )
