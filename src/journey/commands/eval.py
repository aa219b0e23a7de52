"""journey eval: a model's attempts at a run's problems, checked, and what they add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from journey import interrupts
from journey.answers.grade import Grader
from journey.commands import grading, ranking, searching
from journey.commands.asking import asked_lines, priced, with_local
from journey.commands.drawing import Asked, asked_problems, budget_of, model_of, rule_of, servers_of
from journey.commands.judges import JudgeModels, judge_settings, strong_of
from journey.commands.loading import closing, paying
from journey.commands.options import (
    AllowCode,
    DryRun,
    Json,
    Limit,
    MaxCalls,
    MaxCost,
    MaxTokens,
    Prices,
    RunFolder,
    Seed,
    Set,
    StepJudge,
)
from journey.commands.output import check_part, failed_units, reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt_ids
from journey.evals.step_scores import RmSettings
from journey.judges.kinds import default_settings
from journey.metrics.accuracy import accuracy, error_counts, finished, mean_tokens, unjudged, wilson
from journey.metrics.at_k import at_k, by_problem
from journey.metrics.breakdown import breakdown
from journey.models.base import Model
from journey.models.budget import BudgetTracker, Usage
from journey.models.cached import Cached
from journey.models.estimate import Estimate, tokens_of
from journey.pipeline import recipe, registry
from journey.pipeline.fan_out import Progress
from journey.pipeline.stages import evaluate as evaluate_station
from journey.store.run import Run
from journey.store.schema import Failure
from journey.tasks.code.grader import CodeGrader
from journey.tasks.table import TaskGrader, ask, check_gradable, shared_task, task_of
from journey.types import Attempt, Problem


@dataclass(frozen=True, slots=True)
class Judging:
    """Who judges, by name (null: nobody), and settings as KIND.KEY=VALUE for the judge, rm.KEY=VALUE for rm@k."""

    name: str | None = None
    settings: Sequence[str] = ()

    def check(self) -> None:
        """Raises UsageError for settings that mean nothing to a judge, or where there is none."""
        for key, value in recipe.overridden(self.settings).items():
            if self.name is None or key not in (*default_settings(), "rm") or not isinstance(value, dict):
                raise UsageError(
                    f"--set {key} means nothing here; critic.KEY=VALUE, rollout.KEY=VALUE and rm.aggregate=KIND go "
                    "with --judge, search.KEY=VALUE with --search"
                )
        _ = self.rm

    @property
    def rm(self) -> RmSettings:
        """How step scores are joined. Raises UsageError."""
        return recipe.typed(RmSettings, recipe.overridden(self.settings).get("rm", {}), "rm")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked: the problems, how answers are drawn, and what the judge does.

    `grading` is the model that grades answers and `graded_by` its name in attempts; both null where none does. A judge
    that does not grade scores the steps of the attempts (`ranks`).
    """

    problems: Sequence[Problem]
    rule: Decoding
    seed: int
    grading: str | None
    graded_by: str | None
    ranks: bool


def eval(
    run: RunFolder,
    model: Annotated[
        str, typer.Option(envvar="JOURNEY_MODEL", help="tiny, hf/ID, scripted/FILE, a folder, or a model of the run.")
    ],
    split: Annotated[str, typer.Option(help="Which part of the run's problems.", metavar="PART")] = "test",
    decoding: Annotated[
        Literal["greedy", "sampled"] | None, typer.Option(help="How answers are drawn; greedy if not given.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(min=0.0, help="Above 0 means sampled.", metavar="T")] = None,
    top_p: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Nucleus of sampling.", metavar="P")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer.", metavar="N")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers a problem (sampled).", metavar="N")] = 1,
    search: Annotated[
        list[str] | None,
        typer.Option(help="vote, best_of_n, beam, dvts, lookahead, mcts or all; may be given again.", metavar="NAME"),
    ] = None,
    judge: StepJudge = None,
    allow_code: AllowCode = False,
    settings: Set = None,
    seed: Seed = None,
    limit: Limit = None,
    json: Json = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    prices: Prices = None,
) -> int:
    """Let a model answer the run's problems.

    Answers are checked as their benchmark checks them. With --search they are chosen from many, set by --set search.n=8
    and the like; --set search.n=[1,4,16] draws accuracy against the tokens spent. --set budget.max=500 ends the
    thinking there and asks for the answer, --set budget.waits=2 makes the model think on where it would end. With
    --judge and several samples the judge scores their steps (rm@k, joined by --set rm.aggregate=min); answers to
    SimpleQA are graded by it.
    """

    budget, others = budget_of(settings or ())
    asked = Asked(decoding, temperature, top_p, answer_tokens, samples, seed, budget, allow_code)
    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    if search:
        wish = searching.asked_for(asked, search, judge, others)
        return searching.evaluate(run, model, split, wish, limit, allowance, json, dry_run)

    judging = Judging(judge, tuple(others))
    return evaluate(run, model, split, asked, judging, limit, allowance, json, dry_run)


def plan_of(of: Run, model: str, problems: Sequence[Problem], asked: Asked, judging: Judging) -> Plan:
    """What is asked. Raises UsageError for whatever does not go together."""
    judging.check()
    judge_settings(of, judging.settings)
    allowed = [*(["code"] if asked.allow_code else []), *(["judged"] if judging.name else [])]
    check_gradable(problems, *allowed)
    if asked.budget is not None and asked.budget.boxes and any(task_of(p).name == "code" for p in problems):
        raise UsageError(
            "budget.max asks for an answer in a box, and a program stands in none; give the words before a program, as "
            "in --set budget.answer='The program:'"
        )
    shared_task(problems)
    if judging.name is None or not grading.is_judged(problems):
        if judging.name is not None:
            ranking.check(of, problems, judging.name, asked.samples)
        rule, seed = rule_of(of, model, problems, asked, None)
        return Plan(problems, rule, seed, None, None, judging.name is not None)
    name = grading.grading_model(of, judging.name, servers_of(of))
    called = grading.grading_name(name, judging.settings)
    rule, seed = rule_of(of, model, problems, asked, called)
    return Plan(problems, rule, seed, name, called, ranks=False)


def evaluate(
    path: Path, name: str, split: str, asked: Asked, judging: Judging, limit: int | None, allowance: Allowance,
    json: bool, dry_run: bool,
) -> int:  # fmt: skip
    """A model's checked attempts at a part of the run's problems, graded or scored by the judge where one is named."""
    check_part(split)
    tracker = allowance.tracker()
    if dry_run:
        return _say_plan(path, name, split, asked, judging, limit, tracker, json)
    with writing(path) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        problems = asked_problems(into, split, limit)
        plan = plan_of(into, name, problems, asked, judging)
        bars(name, "load", 0, 1)
        models, scoring = registry.Models(into, tracker, servers_of(into)), JudgeModels(into, tracker, servers_of(into))
        model = model_of(into, name, models)
        plan = plan_of(into, model.name, problems, asked, judging)
        work = _work(into, plan, model, models, scoring, asked, judging, split, bars.of(name))
        found, ranked = interrupts.run(closing(model, paying(into, models, tracker, scoring.closing(work))))
        tried = _failed(into, plan, model.name, ranked)
    data = _figures(plan, model.name, split, found, ranked, asked) | {
        "failed": len(tried),
        "spent": spent_rows(tracker),
    }
    more = [*(grading.lines(data["judged"]) if plan.graded_by else []), *(ranking.lines(ranked) if ranked else [])]
    say(json, data, sheet(path, [*_lines(data), *more, *spent_lines(tracker)]))
    return failed_units(tried)


async def _work(
    run: Run, plan: Plan, model: Model, models: registry.Models, scoring: JudgeModels, asked: Asked, judging: Judging,
    split: str, progress: Progress,
) -> tuple[list[Attempt], ranking.Ranked | None]:  # fmt: skip
    """The attempts, and what the judge says of their steps where it is asked to."""
    judge = None
    if plan.grading is not None:
        judge = grading.grader_of(run, plan.grading, judging.settings, models)
        # Another judge asks the model nothing again.
        model = model if isinstance(model, Cached) else Cached(model, run)

    has_code = asked.allow_code and any(task_of(p).name == "code" for p in plan.problems)
    instead: dict[str, Grader] = {"code": CodeGrader()} if has_code else {}
    if judge is not None:
        instead["judged"] = judge
    await evaluate_station(
        run, plan.problems, model, plan.rule, split=split, seed=plan.seed, budget=asked.budget,
        grader=TaskGrader(instead), progress=progress,
    )  # fmt: skip
    ids = {id for p in plan.problems for id in attempt_ids(p.id, model.name, plan.rule, plan.seed)}
    found = [a for a in run.attempts(model=model.name) if a.id in ids]
    if not plan.ranks or judging.name is None:
        return found, None
    ranked = await ranking.rank(
        run, plan.problems, found, model, judging.name, judging.settings, judging.rm, scoring, progress
    )
    return found, ranked


def _failed(of: Run, plan: Plan, model: str, ranked: ranking.Ranked | None) -> list[Failure]:
    begins = [f"{model}/{plan.rule.name}/", *([f"{ranked.judge}/{model}/"] if ranked else [])]
    return [f for f in of.failures() if f.unit.startswith(tuple(begins))]


def _figures(
    plan: Plan, model: str, split: str, found: Sequence[Attempt], ranked: ranking.Ranked | None, asked: Asked
) -> dict[str, Any]:
    """All that the attempts add up to."""
    right = sum(a.correct is True for a in found)
    bounds = wilson(right, len(found))
    scores = ranked.scores if ranked else None
    data = {
        "model": model, "decoding": plan.rule.name, "split": split, "problems": len(plan.problems),
        "attempts": len(found), "right": right, "accuracy": accuracy(found), "low": bounds.low, "high": bounds.high,
        "tokens": mean_tokens(found), "finished": finished(found), "unjudged": unjudged(found),
        "errors": error_counts(found), "at_k": [at.to_json() for at in at_k([by_problem(found)], scores)],
        "groups": breakdown(plan.problems, found),
    }  # fmt: skip
    if plan.graded_by is not None:
        judged = {p.id for p in plan.problems if grading.is_judged([p])}
        graded = [a for a in found if a.problem in judged]
        data["judged"] = grading.figures(graded, plan.graded_by, forced=asked.budget is not None)
    return data | ({"rm": ranked.to_json()} if ranked else {})


def _say_plan(
    path: Path,
    name: str,
    split: str,
    asked: Asked,
    judging: Judging,
    limit: int | None,
    tracker: BudgetTracker,
    json: bool,
) -> int:
    """Says what would be asked at most, and does nothing."""
    with reading(path) as of:
        problems = asked_problems(of, split, limit)
        plan = plan_of(of, name, problems, asked, judging)
        chosen, servers = judge_settings(of, judging.settings), servers_of(of)
        judges = list[Estimate]()
        if plan.grading is not None:
            judges = [grading.at_most(problems, plan.grading, plan.rule, chosen["critic"])]
        elif judging.name is not None:
            judges = ranking.at_most(problems, judging.name, strong_of(of, judging.name), plan.rule, chosen)
    rule = plan.rule
    read = sum(tokens_of(ask(problem, ()).text) for problem in problems)
    number = len(problems)
    drawn = number * rule.samples
    usage = Usage(number, read, drawn * rule.max_tokens)
    if asked.budget is not None:
        calls, tokens = asked.budget.at_most(rule.max_tokens)
        usage = Usage(number + drawn * (calls - 1), drawn * calls * (read // number + tokens), drawn * tokens)
    most = [Estimate(name, "answers", usage), *judges]
    prices = with_local(tracker.prices, most, servers)
    data = {"run": str(path), "problems": number, "asked_at_most": priced(most, prices)}
    say(json, data, sheet("what would be asked at most", asked_lines(most, prices)))
    return 0


def _lines(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("model", data["model"]),
        ("decoding", data["decoding"]),
        (f"attempts at {data['split']} problems", data["attempts"]),
        ("accuracy", f"{100 * data['accuracy']:.1f} %"),
        ("95 % interval", f"{100 * data['low']:.1f} to {100 * data['high']:.1f}"),
        ("output tokens", f"{data['tokens']:.0f}"),
        ("finished", f"{100 * data['finished']:.1f} %"),
        ("could not be checked", data["unjudged"]),
        *((f"not right: {kind}", number) for kind, number in data["errors"].items()),
        *(
            (f"{what}@{at['k']}", _figure(at[what]))
            for what in ("pass", "maj", "rm")
            for at in data["at_k"]
            if what in at
        ),
        *(
            (
                f"{row['by']} {row['group'] or 'not given'}, {row['problems']} problems",
                _figure(row | {"value": row["accuracy"]}),
            )
            for row in data["groups"]
        ),
    ]


def _figure(of: Mapping[str, Any]) -> str:
    """A share with its interval, and what it would be if all that nobody could check were right."""
    said = f"{100 * of['value']:.1f} % ({100 * of['low']:.1f} to {100 * of['high']:.1f})"
    most = of.get("most", of["value"])
    return said if most == of["value"] else f"{said}; {100 * most:.1f} % if all unchecked answers were right"
