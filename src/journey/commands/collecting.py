"""journey run and grow for a recipe whose goal is thoughts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from journey import interrupts, prompts
from journey.commands.asking import asked_lines, collecting, growing, priced, with_local
from journey.commands.loading import check_weights, paying
from journey.commands.output import failed_units, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.data import prm800k
from journey.pipeline import collect, registry
from journey.pipeline.collection import Collection
from journey.pipeline.derive import chosen, counts_of
from journey.pipeline.experiment import versions
from journey.pipeline.recipe import UNCOMPARED, saved
from journey.report.build import build as build_report
from journey.store.run import Run
from journey.store.settings import plain, refuse_changes
from journey.tasks.table import task
from journey.types import Problem, Thought


def run(
    wanted: Collection,
    out: Path,
    limit: int | None,
    seed: int | None,
    allowance: Allowance,
    json: bool,
    fresh: bool,
    dry_run: bool,
) -> int:
    """Problems or rated trees, thoughts, rows; and the student where one is wanted."""
    wanted = _checked(_with(wanted, limit, seed))
    tracker = allowance.tracker()
    if dry_run:
        return _plan(wanted, out, fresh, allowance, json, trees_only=False)
    with _opened(out, wanted, fresh) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        models = registry.Models(into, tracker, wanted.servers)
        interrupts.run(paying(into, models, tracker, collect.collect(into, wanted, models, bars.of("collect"))))
        written = collect.write_all_rows(into, wanted)
        taught = collect.teach(into, wanted, bars.of("student"))
        bars("report", "figures", 0, 1)
        build_report(into)
        counts = tree_counts(into.trees())
        told = {method: _told(into, method) for method in wanted.methods}
        counted = {method: counts_of(into, method) for method in wanted.methods}
        refused = {method: of["refused"] for method, of in counted.items() if of["refused"]}
        unyielding = {method: of["no_thought"] for method, of in counted.items() if of["no_thought"]}
        failed = into.failures()
    data: dict[str, Any] = {
        "run": str(out), "problems": len(_problems(out)), **counts, "thoughts": told, "refused": refused,
        "problems_without_thought": unyielding,
        "rows": written, "models": [str(path) for path in taught], "failed": len(failed), "spent": spent_rows(tracker),
    }  # fmt: skip
    lines: list[tuple[str, Any]] = [*tree_lines(counts)] if counts["trees"] else []
    for method, of in told.items():
        lines.append((f"thoughts by {method}", of["thoughts"]))
        lines += [(f"  {what}", of[what]) for what in ("refined", "draft kept") if of[what]]
        lines += [(f"  answers not kept: {reason}", number) for reason, number in refused.get(method, {}).items()]
        lines += [(f"  no thought: {reason}", number) for reason, number in unyielding.get(method, {}).items()]
    lines += [(f"rows in rows/{method}.jsonl", rows) for method, rows in written.items()]
    lines += [("trained", path) for path in data["models"]]
    say(json, data, sheet(out, [*lines, *spent_lines(tracker)]), f"report: {out}/report/report.html")
    return failed_units(failed)


def grow(
    wanted: Collection,
    out: Path,
    limit: int | None,
    seed: int | None,
    allowance: Allowance,
    json: bool,
    fresh: bool,
    dry_run: bool,
) -> int:
    """The trees alone."""
    wanted = _checked(_with(wanted, limit, seed))
    tracker = allowance.tracker()
    if dry_run:
        return _plan(wanted, out, fresh, allowance, json, trees_only=True)
    with _opened(out, wanted, fresh) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        models = registry.Models(into, tracker, wanted.servers)

        async def work() -> None:
            await collect.store_problems(into, wanted, bars.of("grow"))
            if not wanted.trees.prm800k:
                await collect.grow_wanted(into, wanted, models, bars.of("grow"))

        interrupts.run(paying(into, models, tracker, work()))
        counts = tree_counts(into.trees())
        failed = into.failures("trees")
    data = {"run": str(out), **counts, "failed": len(failed), "spent": spent_rows(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)


def config_of(wanted: Collection) -> dict[str, Any]:
    """The settings that a run keeps, with the hashes of the prompts that they may use."""
    judged = ("critic",) if wanted.judge != "exact" else ()
    helped = (*(("explain",) if wanted.telling.explain else ()), *(("refine",) if wanted.telling.refine else ()))
    of = task(wanted.task)
    used = (*of.prompts, of.rules, *judged, *helped, *wanted.methods)
    return {
        "recipe": saved(wanted, wanted.judge),
        "prompts": {name: prompts.hash(name) for name in prompts.names() if name.startswith(used)},
        "versions": versions(),
    }


def _with(wanted: Collection, limit: int | None, seed: int | None) -> Collection:
    if limit is not None:
        least = min(limit, wanted.problems.limit or limit)
        wanted = replace(wanted, problems=replace(wanted.problems, limit=least))
    return wanted if seed is None else replace(wanted, seed=seed)


def _checked(wanted: Collection) -> Collection:
    """The recipe, unless it names a model or judge that is not there."""
    registry.check_names(wanted.models(), wanted.judge, wanted.servers)
    for name in wanted.models():
        check_weights(name)
    if wanted.student is not None:
        registry.model_path(wanted.student)
        check_weights(wanted.student)
    return wanted


def _opened(out: Path, wanted: Collection, fresh: bool) -> Run:
    if fresh:  # before anything is removed
        collect.make_problems(wanted)
    return Run.open(out, config_of(wanted), fresh=fresh, ignore=UNCOMPARED)


def _problems(out: Path) -> list[Problem]:
    with Run.read(out) as of:
        return list(of.problems(split=collect.PART))


def _told(into: Run, method: str) -> dict[str, int]:
    """How many thoughts a method gave; how many were refined, and how many drafts were kept instead."""
    told = chosen(into.thoughts(method=method))
    return {
        "thoughts": len(told),
        "refined": sum(t.refined_by is not None for t in told),
        "draft kept": sum(t.note is not None for t in told),
    }


def _plan(wanted: Collection, out: Path, fresh: bool, allowance: Allowance, json: bool, *, trees_only: bool) -> int:
    """Says what would be asked at most, and does nothing. Raises UsageError for whatever would be refused."""
    prices = allowance.tracker().prices
    problems, dropped = collect.make_problems(wanted)
    drafts: list[Thought] = []
    if (out / "run.db").is_file() and not fresh:
        with Run.read(out) as before:
            refuse_changes(out, before.config, plain(config_of(wanted)), UNCOMPARED)
            problems = problems or list(before.problems())
            drafts = list(before.thoughts())
    if not problems and wanted.trees.prm800k:
        problems = prm800k.problems(wanted.trees.prm800k, wanted.problems.limit)
    if not trees_only:
        collect.check_student(wanted, problems)
    asked = growing(wanted, problems) if trees_only else collecting(wanted, problems, drafts)
    prices = with_local(prices, asked, wanted.servers)
    data = {
        "run": str(out), "problems": len(problems), "dropped": dropped, "asked_at_most": priced(asked, prices),
    }  # fmt: skip
    lines: list[tuple[str, Any]] = [("problems", len(problems))]
    lines += [(f"dropped: {reason}", number) for reason, number in dropped.items()]
    say(json, data, sheet("what would be asked at most", [*lines, *asked_lines(asked, prices)]))
    return 0
