"""A run's problems attempted by searches, each attempt with its whole cost."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, fields, replace
from typing import Any

from journey.errors import UsageError
from journey.judges import names as judge_names
from journey.judges.kinds import default_settings
from journey.metrics.compute import accuracy_at_cost
from journey.models.base import Model
from journey.models.estimate import Estimate
from journey.pipeline import plain_settings, registry
from journey.pipeline.eval_options import EvalOptions
from journey.pipeline.fan_out import Progress, each
from journey.pipeline.run_judges import check_supported, judge_of, judge_settings, settings_label, strong_of
from journey.search.candidate import SearchContext, attempt_id, searched_by
from journey.search.methods import SEARCHES, Search, Settings, estimate_search, search
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, check_gradable, shared_task
from journey.types import Attempt, ModelRef, Problem, label

ALL = "all"
STAGE = "search"
IN_FLIGHT = 64


def chosen_searches(
    model: ModelRef, problems: Sequence[Problem], search_names: Sequence[str], options: EvalOptions
) -> list[tuple[Search, Settings]]:
    """The searches of these names ("all": every one) with their settings, one for every n where several are given.

    The seed is the flag's, else that of the model, else 0. Of several searches each takes the settings
    that it has. Without a judge "all" leaves out those that need one. Raises UsageError, also for flags that only
    answers without a search know, and where the judge cannot judge such problems.
    """
    if options != EvalOptions(
        seed=options.seed, judge=options.judge, settings=options.settings, servers=options.servers,
        allow_code=options.allow_code, ray=options.ray,
    ):  # fmt: skip
        raise UsageError(
            "with --search the sampling is set by --set search.temperature=0.8, search.top_p, search.n, "
            "search.max_tokens or search.max_step_tokens; leave --decoding, --temperature, --top-p, --samples, "
            "--answer-tokens and --set budget away"
        )
    check_gradable(problems, code=options.allow_code)
    if options.judge is not None:
        check_supported(options.judge, problems)
    for key, value in options.settings.items():
        if key not in ("search", *default_settings()) or not isinstance(value, dict):
            raise UsageError(f"--set {key} means nothing to a search; write --set search.n=8, for example")
    given_settings: dict[str, Any] = dict(options.settings.get("search", {}))
    sizes = given_settings.pop("n", None)
    seed = options.seed if options.seed is not None else model.seed or 0
    methods = _named(search_names, options.judge)
    known = {f.name for method in methods for f in fields(method.settings)}
    found: list[tuple[Search, Settings]] = []
    for method in methods:
        others = known - {f.name for f in fields(method.settings)}
        mine = {"seed": seed} | {key: value for key, value in given_settings.items() if key not in others}
        for n in list(dict.fromkeys(sizes)) if isinstance(sizes, list) and sizes else [sizes]:
            settings = mine if n is None else mine | {"n": n}
            found.append((method, plain_settings.typed(method.settings, settings, f"search {method.name}")))
    return found


async def run_searches(
    run: Run,
    problems: Sequence[Problem],
    model: Model,
    judging: registry.Models,
    chosen: Sequence[tuple[Search, Settings]],
    options: EvalOptions,
    split: str,
    progress: Progress,
) -> str | None:
    """Each search over all problems, one after the other; the judge's name in attempts, null where none judged."""
    steps = shared_task(problems).steps
    called: str | None = None
    with closing(TaskGrader()) as grader:
        for method, settings in chosen:
            context = SearchContext(model, grader, ask, steps, ref=run.model_ref(model.name))
            if method.judged:
                # Each search has a judge of its own: what one remembers would make the next one look cheap.
                assert options.judge is not None
                judge = judge_of(run, options.judge, options.settings, judging)
                called = judge.name + settings_label(options.settings)
                context = replace(context, judge=judge, called=called)
            await search_all(run, problems, context, method, settings, split=split, progress=progress)
    return called


async def search_all(
    run: Run,
    problems: Sequence[Problem],
    context: SearchContext,
    method: Search,
    settings: Settings,
    *,
    split: str,
    progress: Progress,
) -> int:
    """Searches every problem that was not searched yet in this way; how many failed."""
    ref = context.ref or ModelRef(context.model.name)
    called = label(searched_by(ref, context.judge_name, method.name, settings))
    have = run.ids("attempts", model=called)
    names = {p: attempt_id(p.id, context.model.name, method.name, settings, context.judge_name) for p in problems}
    units = {f"{called}/{p.id}": p for p, id in names.items() if id not in have}

    async def one(problem: Problem) -> list[Attempt]:
        return [await method.run(problem, context, settings)]

    return await each(
        run, STAGE, units, one, "attempts", in_flight=IN_FLIGHT, progress=progress, split=split,
        about=lambda p: {"problem": p.id, "model": called, "judge": context.judge_name},
        shown=f"{STAGE} {method.name} n={settings.n}",
    )  # fmt: skip


def _named(names: Sequence[str], judge: str | None) -> list[Search]:
    """The searches by their names, each once. Raises UsageError for one that needs a judge where none is named."""
    if ALL in names:
        return [method for method in SEARCHES.values() if judge is not None or not method.judged]
    methods = [search(name) for name in dict.fromkeys(names)]
    for method in methods:
        if method.judged and judge is None:
            raise UsageError(f"the search {method.name} needs a judge of steps; give --judge exact, for example")
    return methods


def row(
    run: Run, problems: Sequence[Problem], model: str, judge: str | None, method: Search, settings: Settings
) -> dict[str, Any]:
    """What a search by a model and a judge (by their names) came to on these problems."""
    judge = judge if method.judged else None
    ids = [attempt_id(p.id, model, method.name, settings, judge) for p in problems]
    found = [a for a in map(run.attempt, ids) if a is not None]
    called = label(searched_by(run.model_ref(model), judge, method.name, settings))
    row = {"model": called, "search": method.name, "settings": asdict(settings), "judge": judge,
           "attempts": len(found)}  # fmt: skip
    if not found:
        return row
    came_to = accuracy_at_cost([found])
    bounds = came_to.accuracy
    return row | {
        "right": sum(a.correct is True for a in found), "accuracy": bounds.value, "low": bounds.low,
        "high": bounds.high, "model_tokens": came_to.model_tokens, "judge_tokens": came_to.judge_tokens,
        "tokens_spent": came_to.tokens, "calls": came_to.calls, "answered": came_to.answered,
    }  # fmt: skip


def estimate(
    of: Run, model: str, problems: Sequence[Problem], chosen: Sequence[tuple[Search, Settings]], options: EvalOptions
) -> list[Estimate]:
    """What the model and the judge's models are asked at most."""
    most: list[Estimate] = []
    for method, settings in chosen:
        cost, work = estimate_search(method, settings, problems, model)
        most.append(cost)
        if method.judged and options.judge is not None:
            ref, strong = judge_names.read(options.judge), strong_of(of, options.judge)
            most += judge_names.estimate(ref, judge_settings(of, options.settings), work, strong)
    return most
