"""journey judge: a run's trees judged again by another judge, into a new run."""

from pathlib import Path
from typing import Annotated

import typer

from journey import interrupts
from journey.commands import flags
from journey.commands.output import failed_units, reading, say, sheet, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, paying, say_estimate, spent_data, spent_lines
from journey.errors import UsageError
from journey.pipeline import judging, plain_settings, registry
from journey.pipeline.eval_options import ray_settings, servers_of
from journey.pipeline.holdings import tree_counts
from journey.pipeline.judging import RejudgeSettings
from journey.pipeline.parts import take_problems
from journey.pipeline.plans import with_pictures
from journey.pipeline.ray_cluster import check_installed
from journey.pipeline.ray_commands import judge_on_ray
from journey.pipeline.shard import KEY, read_shard
from journey.store.run import Run
from journey.trees.values import LEAVES, valued


def judge(
    run: flags.RunFolder,
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The new run's folder.", metavar="DIR")],
    judge: flags.JudgeName = None,
    values: flags.Values = None,
    limit: flags.Limit = None,
    shard: flags.Shard = None,
    ray: flags.Ray = None,
    settings: flags.Set = None,
    json: flags.Json = False,
    dtype: flags.Dtype = "auto",
    dry_run: flags.DryRun = False,
    allow_code: flags.AllowCode = False,
    max_cost: flags.MaxCost = None,
    max_tokens: flags.MaxTokens = None,
    max_calls: flags.MaxCalls = None,
    prices: flags.Prices = None,
) -> int:
    """Judge a run's trees again, or measure the values of their steps, into a new run.

    The steps and answers stay as they are, their judgements are new; with --values those stay, and each step gets its
    value: how likely a right end is from there. Settings: --set rollout.n=16, rollout.label=soft, critic.votes=3,
    servers.openai.url=..., ...
    """
    if (judge is None) == (values is None):
        raise UsageError("say who judges, as in --judge exact, or how values are measured, as in --values leaves")
    part = None if shard is None else read_shard(shard)
    given = plain_settings.overridden(settings or ())
    given_servers, cluster = given.pop("servers", {}), ray_settings(given, ray)
    chosen = plain_settings.typed(RejudgeSettings, given, "judge")
    if run.resolve() == out.resolve():
        raise UsageError(f"{out} holds the trees as they were judged; name another run with --out")
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    with reading(run) as of:
        servers = servers_of(of, given_servers)
        name = judge or values or ""
        if values != LEAVES:
            registry.check_names([], name, servers, chosen.strong)
        problems = {p.id: p for p in of.problems()}
        trees = [t for t in of.trees() if t.problem in problems][:limit]
        trees = [t for t in trees if part is None or part.holds(t.problem)]
    ids = {tree.problem for tree in trees}
    if not trees and part is None:
        raise UsageError(f"{run} holds no trees to judge; import or grow some first")
    if dry_run:
        most = [] if values == LEAVES else judging.estimate_rejudging(trees, problems, name, chosen)
        most = with_pictures(most, list(problems.values()), servers)
        return say_estimate(run, len(ids), most, tracker.prices, servers, json)
    check_installed(cluster)
    kept = {} if values == LEAVES else {"settings": plain_settings.saved(chosen, name)}
    config = {
        "judge" if judge else "values": name,
        **kept,
        "of": str(run),
        **({} if part is None else {KEY: str(part)}),
    }
    with (
        reading(run) as of,
        Run.open(out, config, ignore=("settings.in_flight",)) as into,
        Bars(silent=json, note=lambda: note(tracker)) as bars,
    ):
        take_problems(of, into, str(run), ids)
        if values == LEAVES:
            into.put_all("trees", map(valued, trees))
        else:
            models = registry.Models(into, tracker, servers, dtype)
            left = judging.unjudged(into, trees, as_values=judge is None)
            wanted = (into, left, problems)
            if cluster.address is None:
                work = judging.rejudge_trees(*wanted, models, name, chosen, bars.of(name), as_values=judge is None)
            else:
                work = judge_on_ray(
                    *wanted, name, chosen, servers, dtype, cluster, tracker, bars.of(name), as_values=judge is None
                )
            interrupts.run(paying(into, models, tracker, work))
        counts = tree_counts(into.trees())
        failed = into.failures(stage=judging.STAGE)
    data = {
        "run": str(out),
        "judge": judge,
        "values": values,
        **counts,
        "failed": len(failed),
        **spent_data(tracker),
    }
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)
