"""journey eval --search: a model's problems attempted by searches, each attempt with its whole cost."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from journey import interrupts
from journey.commands.asking import asked_lines, priced, with_local
from journey.commands.drawing import Asked, asked_problems, model_of, servers_of, weights_of
from journey.commands.judges import JudgeModels, check_knows, chosen_words, judge_of
from journey.commands.loading import closing, paying
from journey.commands.output import check_part, failed_units, reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.judges.kinds import default_settings
from journey.metrics.compute import measured
from journey.models.base import Model
from journey.models.budget import BudgetTracker, Usage
from journey.models.cached import Cached
from journey.models.estimate import INSTRUCTIONS, Estimate, tokens_of
from journey.pipeline import recipe, registry
from journey.pipeline.fan_out import Progress, each
from journey.pipeline.outcome import seed_and_arm
from journey.pipeline.stages import close
from journey.report.build import build as build_report
from journey.search.candidate import SearchContext, attempt_id, searched_name
from journey.search.methods import SEARCHES, Search, Settings, search
from journey.search.settings import StepSettings
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, check_gradable, shared_task
from journey.types import Attempt, Problem

ALL = "all"
IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Searched:
    """What the flags ask: searches by name ("all": every one), a judge's name, settings as KEY=VALUE, the seed."""

    names: Sequence[str]
    judge: str | None
    settings: Sequence[str]
    seed: int | None


def asked_for(plain: Asked, names: Sequence[str], judge: str | None, settings: Sequence[str]) -> Searched:
    """What the flags ask of searches. Raises UsageError for flags that only answers without a search know."""
    if plain != Asked(seed=plain.seed):
        raise UsageError(
            "with --search the sampling is set by --set search.temperature=0.8, search.top_p, search.n, "
            "search.max_tokens or search.max_step_tokens; leave --decoding, --temperature, --top-p, --samples, "
            "--answer-tokens, --allow-code and --set budget away"
        )
    return Searched(tuple(names), judge, tuple(settings), plain.seed)


def evaluate(
    path: Path, name: str, split: str, asked: Searched, limit: int | None, allowance: Allowance, json: bool, dry: bool
) -> int:
    """A model's attempts at a part of the run's problems by each search that is asked for, one after the other."""
    check_part(split)
    tracker = allowance.tracker()
    if dry:
        return _plan(path, name, split, asked, limit, tracker, json)
    with writing(path) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        problems = asked_problems(into, split, limit)
        chosen = _chosen(name, problems, asked)
        bars(name, "load", 0, 1)
        models, judging = (kind(into, tracker, servers_of(into)) for kind in (registry.Models, JudgeModels))
        made = model_of(into, name, models)
        model = made if isinstance(made, Cached) else Cached(made, into)
        if (weights := weights_of(into, name)) is not None:
            judging.register_loaded(weights, made)  # a judge may roll out from the same weights
        work = _all(into, problems, model, judging, chosen, asked, split, bars.of(name))
        rows = interrupts.run(closing(model.model, paying(into, judging, tracker, work)))
        names = {f"{row['model']}/" for row in rows}
        build_report(into)
        failed = [f for f in into.failures() if any(f.unit.startswith(name) for name in names)]
    data = {"model": model.name, "split": split, "problems": len(problems), "searches": rows,
            "failed": len(failed), "spent": spent_rows(tracker), "report": str(path / "report")}  # fmt: skip
    lines = spent_lines(tracker)
    drawn = f"accuracy against tokens spent is drawn in {path / 'report' / 'report.html'}"
    say(json, data, _grid(path, rows), *([sheet("", lines)] if lines else []), drawn)
    return failed_units(failed)


async def _all(
    run: Run,
    problems: Sequence[Problem],
    model: Model,
    judging: registry.Models,
    chosen: Sequence[tuple[Search, Settings]],
    asked: Searched,
    split: str,
    progress: Progress,
) -> list[dict[str, Any]]:
    steps = shared_task(problems).steps
    grader = TaskGrader()
    rows: list[dict[str, Any]] = []
    try:
        for method, settings in chosen:
            context = SearchContext(model, grader, ask, steps)
            if method.judged:
                # Each search has a judge of its own: what one remembers would make the next one look cheap.
                assert asked.judge is not None
                judge = judge_of(run, asked.judge, asked.settings, judging)
                context = replace(context, judge=judge, called=judge.name + chosen_words(asked.settings))
            await search_all(run, problems, context, method, settings, split=split, progress=progress)
            rows.append(_row(run, problems, context, method, settings))
    finally:
        close(grader)
    return rows


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
    called = searched_name(context.model.name, method.name, settings, context.judge_name)
    have = run.ids("attempts", model=called)
    names = {p: attempt_id(p.id, context.model.name, method.name, settings, context.judge_name) for p in problems}
    units = {f"{called}/{p.id}": p for p, id in names.items() if id not in have}

    async def one(problem: Problem) -> list[Attempt]:
        return [await method.run(problem, context, settings)]

    return await each(run, f"search {called}", units, one, "attempts",
                      in_flight=IN_FLIGHT, progress=progress, split=split)  # fmt: skip


def _chosen(model: str, problems: Sequence[Problem], asked: Searched) -> list[tuple[Search, Settings]]:
    """The searches that are asked for. Raises UsageError, also where the judge cannot judge such problems."""
    check_gradable(problems)
    if asked.judge is not None:
        check_knows(asked.judge, problems)
    return searches(model, asked)


def searches(model: str, asked: Searched) -> list[tuple[Search, Settings]]:
    """The searches that are asked for with their settings, one for every n where several are given. Raises UsageError.

    The seed is the flag's, else that of a model named seed-N/ARM, else 0. Of several searches each takes the settings
    that it has. Without a judge "all" leaves out those that need one.
    """
    given = recipe.overridden(asked.settings)
    for key, value in given.items():
        if key not in ("search", *default_settings()) or not isinstance(value, dict):
            raise UsageError(f"--set {key} means nothing to a search; write --set search.n=8, for example")
    wish: dict[str, Any] = dict(given.get("search", {}))
    sizes = wish.pop("n", None)
    seed = asked.seed if asked.seed is not None else seed_and_arm(model)[0] if model.startswith("seed-") else 0
    methods = _named(asked)
    known = {f.name for method in methods for f in fields(method.settings)}
    found: list[tuple[Search, Settings]] = []
    for method in methods:
        others = known - {f.name for f in fields(method.settings)}
        mine = {"seed": seed} | {key: value for key, value in wish.items() if key not in others}
        for n in list(dict.fromkeys(sizes)) if isinstance(sizes, list) and sizes else [sizes]:
            settings = mine if n is None else mine | {"n": n}
            found.append((method, recipe.typed(method.settings, settings, f"search {method.name}")))
    return found


def _named(asked: Searched) -> list[Search]:
    """The searches by their names, each once. Raises UsageError for one that needs a judge where none is named."""
    if ALL in asked.names:
        return [method for method in SEARCHES.values() if asked.judge is not None or not method.judged]
    methods = [search(name) for name in dict.fromkeys(asked.names)]
    for method in methods:
        if method.judged and asked.judge is None:
            raise UsageError(f"the search {method.name} needs a judge of steps; give --judge exact, for example")
    return methods


def _row(
    run: Run, problems: Sequence[Problem], context: SearchContext, method: Search, settings: Settings
) -> dict[str, Any]:
    """What a search came to on these problems."""
    model, judge = context.model.name, context.judge_name
    ids = [attempt_id(p.id, model, method.name, settings, judge) for p in problems]
    found = [a for a in map(run.attempt, ids) if a is not None]
    row = {"model": searched_name(model, method.name, settings, judge), "search": method.name,
           "settings": asdict(settings), "judge": judge, "attempts": len(found)}  # fmt: skip
    if not found:
        return row
    came_to = measured([found])
    bounds = came_to.accuracy
    return row | {
        "right": sum(a.correct is True for a in found), "accuracy": bounds.value, "low": bounds.low,
        "high": bounds.high, "model_tokens": came_to.model_tokens, "judge_tokens": came_to.judge_tokens,
        "tokens_spent": came_to.tokens, "calls": came_to.calls, "answered": came_to.answered,
    }  # fmt: skip


def _grid(path: Path, rows: Sequence[Mapping[str, Any]]) -> Table:
    grid = Table("search", title=Text(str(path)), title_justify="left")
    for name in ("accuracy", "95 % interval", "model tokens", "judge tokens", "calls", "answered"):
        grid.add_column(name, justify="right")
    for row in rows:
        cells = [row["model"]]
        if row["attempts"]:
            cells += [f"{100 * row['accuracy']:.1f} %", f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"]
            cells += [f"{row[key]:.0f}" for key in ("model_tokens", "judge_tokens")]
            cells += [f"{row['calls']:.1f}", f"{100 * row['answered']:.0f} %"]
        grid.add_row(*map(Text, cells))
    return grid


def _plan(
    path: Path, name: str, split: str, asked: Searched, limit: int | None, tracker: BudgetTracker, json: bool
) -> int:
    """Says what the model would be asked at most, and does nothing. What a judge is asked comes on top."""
    with reading(path) as of:
        problems = asked_problems(of, split, limit)
        chosen, servers = _chosen(name, problems, asked), servers_of(of)
    most: list[Estimate] = []
    for method, settings in chosen:
        calls, tokens = settings.at_most()
        longest = settings.depth * settings.max_step_tokens if isinstance(settings, StepSettings) else 0
        read = sum(calls * (tokens_of(p.question) + INSTRUCTIONS + longest) for p in problems)
        called = f"{method.name} n={settings.n}"
        most.append(Estimate(name, called, Usage(calls * len(problems), read, tokens * len(problems))))
    prices = with_local(tracker.prices, most, servers)
    data = {"run": str(path), "problems": len(problems), "asked_at_most": priced(most, prices)}
    say(json, data, sheet("what would be asked at most, the judge not counted", asked_lines(most, prices)))
    return 0
