"""The stages of an experiment, each a function over a run: what it reads and writes lies in the run, nothing else.

Every stage does only what is missing, so that the same command goes on where it was stopped.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt, attempt_ids, attempt_unit
from journey.evals.thinking_budget import Budget
from journey.judges.base import Judge
from journey.models.base import Model
from journey.models.budget import BudgetTracker, Usage, cost_of
from journey.pipeline.fan_out import Progress, each, silent
from journey.pipeline.rollouts import RunBook
from journey.store.entries import JudgeWeights, Served, Spending, StepScores, Training
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.table import TaskGrader, ask
from journey.training.kinds import kind_of
from journey.training.launching import Launch, train_launched
from journey.training.rl_settings import RlSettings, TrainingJudge
from journey.training.rows import Row
from journey.training.settings import Optimising
from journey.trees.growers import GROWERS
from journey.trees.mark import right_leaves, wrong_branches
from journey.types import Attempt, ModelRef, Problem, Tree

ANSWERS = "answers"
ALONE = Launch()


def keep_spent(run: Run, tracker: BudgetTracker) -> None:
    """Writes what models were paid for into the run, an entry a model; a cost that is unknown is null."""
    for model, used in sorted(tracker.spent().items()):
        cost = cost_of({model: used}, tracker.prices)
        run.add(Spending(model, used.calls, used.prompt_tokens, used.tokens, cost))
    for one in served_of(tracker):
        run.add(one)


def served_of(tracker: BudgetTracker) -> list[Served]:
    """How the servers of lists fared that were asked."""
    now = time.monotonic()
    return [
        Served(one.model, one.url, one.answers, one.tokens, one.failures, one.late, one.drained, one.seconds(now))
        for one in tracker.servers
        if one.began is not None
    ]


def served_by_server(run: Run) -> list[dict[str, Any]]:
    """The same of all commands together, a row a server."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in map(asdict, run.entries(Served)):
        before = rows.setdefault((one["model"], one["url"]), one)
        if before is not one:
            before |= {name: before[name] + one[name] for name in one if name not in ("model", "url")}
    return [rows[key] for key in sorted(rows)]


def spent(run: Run, since: int = 0, model: str | None = None) -> tuple[Usage, float | None]:
    """What was used and what it cost, from the run's entry `since` on; of one model or (null) of all."""
    rows = [row for row in run.entries(Spending)[since:] if model in (None, row.model)]
    used = sum((Usage(row.calls, row.prompt_tokens, row.tokens) for row in rows), Usage())
    costs = [row.cost for row in rows if row.cost is not None]
    return used, sum(costs) if len(costs) == len(rows) else None


def spent_by_model(run: Run, since: int = 0) -> list[dict[str, Any]]:
    """What every model behind a server was asked and cost in all commands, or from the entry `since` on.

    A cost is null if any part of it is unknown.
    """
    models = sorted({row.model for row in run.entries(Spending)[since:]})
    rows = {model: spent(run, since, model) for model in models}
    return [{"model": model, **asdict(used), "cost": cost} for model, (used, cost) in rows.items()]


def refuse_retrained(run: Run, name: str, weights: Mapping[str, str], called: str | None = None) -> None:
    """Raises UsageError where the run keeps what this judge or model said before it was trained anew in its place.

    Records know it by its name, so the old one's would pass for those of the new one. `weights` by their paths, as
    `registry.judge_weights` gives them, are kept in the run, with the names that it has in records: `called` is one
    with settings of its own (null: it is called as it is). The same weights may have moved to another place.
    """
    found = run.entries(JudgeWeights, judge=name)
    before = found[0] if found else JudgeWeights(name, {})
    if not (weights or before.weights):
        return
    moved = sorted(before.weights.values()) == sorted(weights.values())
    if found and not moved and _is_kept(run, {name, *before.called}):
        raise UsageError(
            f"{run.path} holds what {name} said with other weights than it has now; write to another --out, start this "
            "one over with --fresh, or put the weights that were into their place again"
        )
    now = JudgeWeights(name, dict(weights), sorted({*before.called, called or name}))
    if now != before:
        run.add(now)


def _is_kept(run: Run, names: set[str]) -> bool:
    """Whether the run holds trees, scores or attempts by a judge, or attempts by a model, of one of these names."""
    return (
        any(run.ids("trees", judge=name) or run.ids("attempts", name=name) for name in names)
        or any(scores.judge in names for scores in run.entries(StepScores))
        or any(a.model.judge in names for a in run.attempts())
    )


async def grow_trees(
    run: Run,
    problems: Sequence[Problem],
    policy: Model,
    judge: Judge,
    task: Task,
    settings: Any,
    *,
    grower: str = "grow",
    in_flight: int = 64,
    progress: Progress = silent,
) -> int:
    """Grows the tree of every problem that has none yet, by a grower of the table; how many failed.

    What the policy and the judge were asked is remembered only where they are `Cached`, as the makers of models do it.
    """
    have = run.ids("trees", policy=policy.name)
    way = GROWERS[grower]
    names = {way.identity(p, policy.name, judge.name, settings): p for p in problems}
    with closing(TaskGrader()) as answers:

        async def one(problem: Problem) -> list[Tree]:
            return [await way.grow(problem, policy, judge, answers, ask, task.steps, settings)]

        return await each(
            run, "trees", {n: p for n, p in names.items() if n not in have}, one, "trees",
            in_flight=in_flight, progress=progress, about=lambda p: {"problem": p.id, "model": policy.name},
        )  # fmt: skip


def branched_trees(
    run: Run, problems: Iterable[Problem], policy: str, count: int | None, seed: int | None = None
) -> list[Tree]:
    """The policy's first `count` trees, in the order of the problems, with a right leaf and a wrong branch.

    `seed`: those grown with it, null: with any.
    """
    by_problem = {t.problem: t for t in run.trees(policy=policy) if seed is None or t.settings.get("seed") == seed}
    found: list[Tree] = []
    for problem in problems:
        if count is not None and len(found) == count:
            break
        tree = by_problem.get(problem.id)
        if tree is not None and right_leaves(tree) and wrong_branches(tree):
            found.append(tree)
    return found


def trees_for_thoughts(
    run: Run, problems: Sequence[Problem], policy: str, count: int | None, seed: int | None = None
) -> tuple[list[str], list[str]]:
    """The ids of `branched_trees`, and of the trees without a right leaf that the policy grew on the way to them."""
    found = branched_trees(run, problems, policy, count, seed)
    tried = {problem.id for problem in problems}
    if count is not None and len(found) == count:
        names = [problem.id for problem in problems]
        tried = set(names[: names.index(found[-1].problem)])
    failed = [
        tree.id
        for tree in run.trees(policy=policy)
        if tree.problem in tried and (seed is None or tree.settings.get("seed") == seed) and not right_leaves(tree)
    ]
    return [tree.id for tree in found], failed


def is_any_solved(run: Run, problems: Iterable[Problem], policy: str, seed: int | None = None) -> bool:
    """Whether any tree that the policy grew of the problems has a right leaf, with wrong branches beside it or not."""
    names = {problem.id for problem in problems}
    trees = (tree for tree in run.trees(policy=policy) if seed is None or tree.settings.get("seed") == seed)
    return any(tree.problem in names and right_leaves(tree) for tree in trees)


def train(
    run: Run, model: ModelRef, base: str | Path, rows: Sequence[Row], settings: Optimising,
    progress: Progress = silent, judge: TrainingJudge | None = None, launch: Launch = ALONE,
) -> Path:  # fmt: skip
    """Trains the model from `base` into its folder in the run and keeps its curve; the folder of the model.

    `judge` is the one that settings of reinforcement learning name. `launch` may start processes of their own for it.
    """
    name = model.name
    try:
        from journey.training.launch import TRAINERS
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training needs {error.name}; install it with pip install 'journey-learning[train]'"
        ) from None
    out = run.path / "models" / name
    began = time.perf_counter()

    def on_log(point: dict[str, Any]) -> None:
        progress(point.get("shown", "train"), point["done"] if "done" in point else point["step"], point["steps"])

    extra = {"book": RunBook(run, name), "ref": model, "judge": judge} if isinstance(settings, RlSettings) else {}
    if launch.is_needed:
        curve = train_launched(base, rows, out, settings, on_log, launch)
    else:
        curve = TRAINERS[type(settings)](base, rows, out, settings, on_log, **extra)
    if not run.entries(Training, model=name):
        seconds = round(time.perf_counter() - began, 1)
        run.add(
            Training(name, curve, curve[-1]["tokens"], seconds, model.seed, model.round, model.arm, kind_of(settings))
        )
    return out


async def evaluate(
    run: Run,
    problems: Sequence[Problem],
    model: Model,
    decoding: Decoding,
    *,
    split: str,
    seed: int,
    budget: Budget | None = None,
    grader: TaskGrader | None = None,
    in_flight: int = 256,
    progress: Progress = silent,
    suite_part: str | None = None,
) -> int:
    """Attempts every problem that was not attempted yet; how many failed. The run knows the model by its name.

    `grader` null: answers are graded as the task of each problem does. It is closed at the end. `suite_part`: the
    part of a suite that the problems are of.
    """
    ref = run.model_ref(model.name)
    have = run.ids("attempts", model=model.name, decoding=decoding.shown)
    units = {attempt_unit(model.name, decoding.shown, p.id): p for p in problems
             if not have.issuperset(attempt_ids(p.id, model.name, decoding, seed))}  # fmt: skip
    with closing(TaskGrader() if grader is None else grader) as checker:

        async def one(problem: Problem) -> list[Attempt]:
            return await attempt(
                problem, model, checker, ask, decoding, split=split, seed=seed, budget=budget, ref=ref,
                suite_part=suite_part,
            )  # fmt: skip

        return await each(
            run, ANSWERS, units, one, "attempts", in_flight=in_flight, progress=progress, split=split,
            about=lambda p: {"problem": p.id, "model": model.name, "decoding": decoding.shown},
            shown=f"{decoding.shown} {ANSWERS}",
        )  # fmt: skip
