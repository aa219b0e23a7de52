"""A model's attempts at a part of a run's problems: checked, graded or scored by a judge, and what they add up to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from journey.answers.grade import Grader
from journey.answers.thinking import visible
from journey.errors import UsageError
from journey.evals import attempts, graded_answers, step_scores
from journey.evals.attempts import Decoding, attempt_ids
from journey.evals.graded_answers import ModelGrader
from journey.evals.step_scores import NOTHING, ScoredAttempts, judge_attempts, kept
from journey.judges import names
from journey.judges.base import JudgeRef
from journey.metrics.accuracy import accuracy, error_counts, finished, mean_tokens, unjudged, wilson
from journey.metrics.at_k import at_k, by_problem
from journey.metrics.breakdown import breakdown
from journey.models.base import Model
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.models.estimate import Estimate
from journey.pipeline import registry
from journey.pipeline.eval_options import EvalOptions, decoding_of, model_of, servers_of
from journey.pipeline.fan_out import Progress, each
from journey.pipeline.run_judges import (
    JudgeModels,
    check_supported,
    judge_of,
    judge_settings,
    settings_label,
    strong_of,
)
from journey.pipeline.stages import ANSWERS
from journey.pipeline.stages import evaluate as evaluate_problems
from journey.pipeline.trained_models import weights_of
from journey.search.candidate import SearchContext
from journey.store.entries import Failure, StepScores
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, check_gradable, shared_task, task_of, tasks_of
from journey.types import Attempt, Problem

Loaded = tuple[Model, registry.Models, JudgeModels]
CRITIC = "critic"  # the kind of judge whose settings grading has, too
IN_FLIGHT = 64
STAGE = "rm"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn and who judges it.

    `grader` is the model that grades answers and `graded_by` its name in attempts; both null where none does. A judge
    that does not grade scores the steps of the attempts (`scores_steps`).
    """

    problems: Sequence[Problem]
    options: EvalOptions
    decoding: Decoding
    seed: int
    grader: str | None = None
    graded_by: str | None = None

    @property
    def scores_steps(self) -> bool:
        """Whether a judge scores the steps of the attempts."""
        return self.options.judge is not None and self.grader is None

    def estimate(self, of: Run, model: str) -> list[Estimate]:
        """What the models are asked at most: the one that answers, and those that grade or score."""
        problems, decoding, settings = self.problems, self.decoding, judge_settings(of, self.options.settings)
        most = [attempts.estimate(problems, model, ask, decoding, self.options.budget)]
        if self.grader is not None:
            graded = _graded(problems)
            most.append(
                graded_answers.estimate(graded, self.grader, decoding.samples, decoding.max_tokens, settings[CRITIC])
            )
        elif self.options.judge is not None:
            work = step_scores.work_at_most(problems, decoding.samples, decoding.max_tokens)
            most += names.estimate(names.read(self.options.judge), settings, work, strong_of(of, self.options.judge))
        return most


def plan_of(of: Run, model: str, problems: Sequence[Problem], options: EvalOptions) -> Plan:
    """What is drawn and who judges it. Raises UsageError for whatever does not go together."""
    options.check_judge()
    judge_settings(of, options.settings)
    check_gradable(problems, code=options.allow_code, model=options.judge is not None)
    if options.budget is not None and options.budget.boxes and _has_programs(problems):
        raise UsageError(
            "budget.max asks for an answer in a box, and a program stands in none; give the words before a program, as "
            "in --set budget.answer='The program:'"
        )
    shared_task(problems)
    if options.judge is None or not _graded(problems):
        if options.judge is not None:
            _check_scoring(of, problems, options.judge, options)
        return Plan(problems, options, *decoding_of(of, model, problems, options, None))
    grader = grading_model(of, options.judge, options)
    graded_by = f"{CRITIC}:{grader}{settings_label(options.settings)}"
    return Plan(problems, options, *decoding_of(of, model, problems, options, graded_by), grader, graded_by)


def loaded(into: Run, name: str, tracker: BudgetTracker, options: EvalOptions, dtype: str) -> Loaded:
    """The model that answers, those that grade, and those of judges, which may draw rollouts from the same weights."""
    servers = servers_of(into, options.servers)
    models, judging = registry.Models(into, tracker, servers, dtype), JudgeModels(into, tracker, servers, dtype)
    model = model_of(into, name, models)
    if (weights := weights_of(into, name)) is not None:
        judging.register_loaded(weights, model)
    return model, models, judging


async def evaluate(run: Run, plan: Plan, by: Loaded, split: str, progress: Progress) -> str | None:
    """Makes the attempts, and has the judge score their steps where it does; its name then, null else."""
    model, models, scoring = by
    used = tasks_of(plan.problems)
    graders: dict[str, Grader] = {}
    if plan.options.allow_code:
        graders |= {task.name: task.code_grader() for task in used if task.code_grader is not None}
    if plan.grader is not None:
        settings = judge_settings(run, plan.options.settings)[CRITIC]
        by_model = ModelGrader(models.model(plan.grader), settings)
        graders |= {task.name: by_model for task in used if task.model_graded}
        # Another judge asks the model nothing again.
        model = model if isinstance(model, Cached) else Cached(model, run)
    await evaluate_problems(
        run, plan.problems, model, plan.decoding, split=split, seed=plan.seed, budget=plan.options.budget,
        grader=TaskGrader(graders), progress=progress,
    )  # fmt: skip
    return await _score(run, plan, model, scoring, progress) if plan.scores_steps else None


def made(run: Run, plan: Plan, model: str) -> list[Attempt]:
    """The attempts of the plan that the run holds."""
    ids = {id for p in plan.problems for id in attempt_ids(p.id, model, plan.decoding, plan.seed)}
    return [a for a in run.attempts(model=model) if a.id in ids]


def scored(run: Run, plan: Plan, found: Sequence[Attempt], judge: str) -> ScoredAttempts:
    """What the run keeps of a judge's scores of these attempts, joined as the plan says from now on."""
    aggregate, now = plan.options.rm.aggregate, kept(run, found).get(judge, NOTHING)
    if now.steps and now.aggregate != aggregate:
        run.add(StepScores(judge, aggregate, {}))
    return ScoredAttempts(judge, replace(now, aggregate=aggregate), found)


def failures(of: Run, plan: Plan, model: str, scored: ScoredAttempts | None) -> list[Failure]:
    """What failed of the plan, now or before."""
    problems = {p.id for p in plan.problems}
    found = of.failures(stage=ANSWERS, model=model, decoding=plan.decoding.shown)
    found += of.failures(stage=STAGE, model=model, judge=scored.judge) if scored else []
    return [f for f in found if f.problem in problems]


def figures(
    plan: Plan, model: str, split: str, found: Sequence[Attempt], scored: ScoredAttempts | None
) -> dict[str, Any]:
    """All that the attempts add up to."""
    right = sum(a.correct is True for a in found)
    bounds = wilson(right, len(found))
    scores = scored.scores if scored else None
    data = {
        "model": model, "decoding": plan.decoding.shown, "split": split, "problems": len(plan.problems),
        "attempts": len(found), "right": right, "accuracy": accuracy(found), "low": bounds.low, "high": bounds.high,
        "tokens": mean_tokens(found), "finished": finished(found), "unjudged": unjudged(found),
        "in_thinking": sum(a.answer is not None and not visible(a.text) for a in found),
        "errors": error_counts(found), "at_k": [at.to_json() for at in at_k([by_problem(found)], scores)],
        "groups": breakdown(plan.problems, found),
    }  # fmt: skip
    if plan.graded_by is not None:
        ids = {p.id for p in _graded(plan.problems)}
        graded = [a for a in found if a.problem in ids]
        data["judged"] = graded_answers.figures(graded, plan.graded_by, forced=plan.options.budget is not None)
    return data | ({"rm": scored.to_json()} if scored else {})


def _graded(problems: Sequence[Problem]) -> list[Problem]:
    """The problems whose answers a model must grade."""
    return [p for p in problems if task_of(p).model_graded]


def _has_programs(problems: Sequence[Problem]) -> bool:
    return any(task.code_grader is not None for task in tasks_of(problems))


def grading_model(of: Run, judge: str, options: EvalOptions) -> str:
    """The model that a judge's name means: critic:MODEL, critic (the recipe's strong one) or MODEL. Raises UsageError.

    Judges of steps cannot grade answers.
    """
    try:
        ref = names.read(judge)
    except UsageError:
        ref = JudgeRef(CRITIC, judge)  # a model by its name alone
    name = (ref.model or strong_of(of, judge)) if ref.kind == CRITIC else judge
    try:
        registry.check_names([name], "exact", servers_of(of, options.servers))
    except UsageError:
        raise UsageError(
            f"{judge} cannot grade answers; name a model that does, as in --judge critic:openai/NAME "
            f"(known are {registry.MODEL_NAMES})"
        ) from None
    return name


def _check_scoring(of: Run, problems: Sequence[Problem], judge: str, options: EvalOptions) -> None:
    """Raises UsageError where a judge of steps has nothing to choose from, or knows nothing of such problems."""
    registry.check_names([], judge, servers_of(of, options.servers))
    if _has_programs(problems):
        raise UsageError("judges score steps of reasoning, and code has none; leave --judge away")
    if options.samples == 1:
        raise UsageError(
            "with one answer a problem there is nothing for a judge to choose; say --decoding sampled --samples 8 for "
            "rm@k, or name a search, as in --search best_of_n"
        )
    check_supported(judge, problems)
    strong_of(of, judge)


async def _score(run: Run, plan: Plan, model: Model, models: JudgeModels, progress: Progress) -> str:
    """Has the judge score what it has not scored yet, each problem kept the moment it is done; its name."""
    options, found = plan.options, made(run, plan, model.name)
    judge = judge_of(run, str(options.judge), options.settings, models)
    grader = TaskGrader()
    name = judge.name + settings_label(options.settings)
    context = SearchContext(model, grader, ask, shared_task(plan.problems).steps, judge, name)
    problems = {p.id: p for p in plan.problems}
    before = kept(run, found).get(name, NOTHING)
    new = {
        f"{name}/{model.name}/{problem}": (problems[problem], missing)
        for problem, tried in by_problem(found).items()
        if (missing := [a for a in tried if a.answer is not None and a.id not in before.steps])
    }

    async def one(unit: tuple[Problem, Sequence[Attempt]]) -> list[Attempt]:
        run.add(await judge_attempts(*unit, context, options.rm))
        return []

    try:
        await each(
            run, STAGE, new, one, "attempts", in_flight=IN_FLIGHT, progress=progress,
            about=lambda unit: {"problem": unit[0].id, "model": model.name, "judge": name}, shown="score steps",
        )  # fmt: skip
    finally:
        grader.close()
        scored(run, plan, found, name)
    return name
