"""journey eval --suite: what training did to everything else, before against after."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from journey import interrupts
from journey.commands.output import failed_units, reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, paying, say_estimate, spent_data, spent_lines
from journey.errors import UsageError
from journey.pipeline import registry
from journey.pipeline.eval_options import EvalOptions, servers_of
from journey.pipeline.suite import failures, run_suite
from journey.pipeline.suite_plan import compared_models, plan_suite
from journey.report.build import build as build_report
from journey.report.document import Document
from journey.report.render import terminal
from journey.report.suite_tables import tables_of


def eval_suite(
    run: Path, suite: str, model: str | None, before: Sequence[str], data: Sequence[str], limit: int | None,
    options: EvalOptions, allowance: Allowance, *, dtype: str, dry_run: bool, json: bool,
) -> int:  # fmt: skip
    """Asks the suite's parts of the models before and after, and shows what they came to; the exit code."""
    options.check_judge()
    files = _files(data)
    tracker = allowance.tracker()
    with reading(run) if dry_run else writing(run) as of, Bars(silent=json, note=lambda: note(tracker)) as bars:
        plan = plan_suite(of, suite, compared_models(of, model, before), files, limit, options)
        number = sum(len(one.items) for one in plan.parts)
        if dry_run:
            servers = servers_of(of, options.servers)
            return say_estimate(run, number, plan.estimate(of), tracker.prices, servers, json)
        models = registry.Models(of, tracker, servers_of(of, options.servers), dtype)
        interrupts.run(paying(of, models, tracker, run_suite(of, plan, models, bars.of)))
        figures = build_report(of)
        failed = failures(of, plan)
    name = plan.parts[0].decoding.name
    found: Any = next(one for one in figures["suite"] if (one["suite"], one["decoding"]) == (suite, name))
    report = run / "report"
    tables = tables_of(found)
    notes = [one.note for one in tables if one.brief and one.note]
    document = Document(title=str(run), subtitle="", headline=[], parts=tables, notes=notes)
    spent = [sheet("", lines)] if (lines := spent_lines(tracker)) else []
    kept = f"all of it with the outcomes of the answers is in {report / 'report.html'}"
    say(json, {"run": str(run), **found, "failed": len(failed), "report": str(report), **spent_data(tracker)},
        terminal(document), *spent, kept)  # fmt: skip
    return failed_units(failed)


def _files(data: Sequence[str]) -> dict[str, Path]:
    """The users' files by part. Raises UsageError for what is no PART=FILE."""
    found: dict[str, Path] = {}
    for one in data:
        name, _, file = one.partition("=")
        if not (name and file):
            raise UsageError(f"--data {one} names no part or no file; write --data simpleqa=FILE, for example")
        found[name.casefold()] = Path(file)
    return found
