"""journey eval judges: what judges say of labelled steps, against the labels."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from journey import interrupts
from journey.commands import flags
from journey.commands.output import say
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, paying, say_estimate, spent_data, spent_lines
from journey.data.labelled_sets import WITH_SETS, labelled_sets
from journey.models.cached import MemoryCalls
from journey.pipeline import judging, plain_settings, registry
from journey.pipeline.eval_options import servers_of
from journey.pipeline.judging import EvalJudgesSettings
from journey.report.build import write
from journey.report.judges import document
from journey.report.render import terminal
from journey.store.run import Run


def eval_judges(
    judge: flags.JudgeNames,
    on: Annotated[
        list[str],
        typer.Option(
            "--on", help=f"A file of labelled steps, a folder of them, a run, {', '.join(WITH_SETS)}.", metavar="SET"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Keeps model calls, figures and pictures there.", metavar="DIR")
    ] = None,
    limit: flags.Limit = None,
    seed: flags.Seed = None,
    settings: flags.Set = None,
    json: flags.Json = False,
    dtype: flags.Dtype = "auto",
    dry_run: flags.DryRun = False,
    max_cost: flags.MaxCost = None,
    max_tokens: flags.MaxTokens = None,
    max_calls: flags.MaxCalls = None,
    prices: flags.Prices = None,
) -> int:
    """Judge the judges on labelled steps.

    For every judge on every set: step F1, accuracy of the first wrong step and its harmonic mean over right and wrong
    solutions, AUC, calibration, each with its 95 % interval. --judge and --on may be given again. Settings: --set
    judging.combine=product, rollout.n=16, critic.votes=3, servers.openai.url=..., ...
    """
    given = plain_settings.overridden(settings or ())
    servers = servers_of(None, given.pop("servers", {}))
    chosen = plain_settings.typed(EvalJudgesSettings, given, "eval judges")
    for name in judge:
        registry.check_names([], name, servers, chosen.strong)
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    with ExitStack() as stack:
        bars = stack.enter_context(Bars(silent=json, note=lambda: note(tracker)))
        sets = [one for name in on for one in labelled_sets(name, limit, seed or 0, _skip)]
        if dry_run:
            number = sum(len(one.items) for one in sets)
            most = judging.estimate_comparison(judge, sets, chosen)
            return say_estimate(", ".join(on), number, most, tracker.prices, servers, json)
        into = None if out is None else stack.enter_context(Run.open(out))
        models = registry.Models(into or MemoryCalls(), tracker, servers, dtype)
        judges = [models.judge(name, chosen.strong, chosen.judge_settings) for name in judge]
        work = judging.compare_judges(judges, sets, chosen, bars.of("judges"))
        results = interrupts.run(paying(into, models, tracker, work))
    data = {
        "judges": judge,
        "sets": [{"set": s.name, "solutions": len(s.items), "finds": s.bad, "skipped": dict(s.skipped)} for s in sets],
        "results": results,
        **spent_data(tracker),
    }
    lines = [f"{name}: {value}" for name, value in spent_lines(tracker)]
    if out is not None:
        (folder := out / "judges").mkdir(parents=True, exist_ok=True)
        write(folder, "judges", data, document(results))
        lines.insert(0, f"figures and pictures: {folder}")
    say(json, data, terminal(document(results), turned=True), *lines)
    return 1 if any(row["failed"] for row in results) else 0


def _skip(reason: str) -> None:
    print(f"left out: {reason}", file=sys.stderr)
