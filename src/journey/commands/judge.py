"""journey judge: a run's trees judged again by another judge, into a new run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from journey import interrupts
from journey.commands.loading import paying
from journey.commands.options import Json, Limit, MaxCalls, MaxCost, MaxTokens, Prices, RunFolder, Set
from journey.commands.output import failed_units, reading, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.judges import names
from journey.judges.kinds import default_settings
from journey.judges.rollout import RolloutJudge
from journey.pipeline import recipe, registry
from journey.pipeline.eval_options import servers_of
from journey.pipeline.fan_out import each
from journey.pipeline.stages import refuse_retrained
from journey.store.excluded import exclude, excluded
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.trees.label import label
from journey.trees.rejudge import rejudge
from journey.types import Problem, Tree, content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What --set can set: how judges that ask models ask them."""

    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    strong: str = registry.TINY
    in_flight: int = 64


def judge(
    run: RunFolder,
    judge: Annotated[
        str,
        typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, recorded:FILE#MODEL, ...", metavar="NAME"),
    ],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The new run's folder.", metavar="DIR")],
    limit: Limit = None,
    settings: Set = None,
    json: Json = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Judge a run's trees again, into a new run.

    Another judge does; steps and answers stay as they are. Settings: --set rollout.n=16, rollout.label=soft,
    critic.votes=3, ...
    """

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return _judge(run, judge, out, limit, settings or (), allowance, json)


def _judge(
    source: Path,
    name: str,
    out: Path,
    limit: int | None,
    settings: Sequence[str],
    allowance: Allowance,
    json: bool,
) -> int:
    """Every tree of the run at `source`, with its problem, judged by that judge into the run at `out`."""
    chosen = recipe.typed(Settings, recipe.overridden(settings), "judge")
    if source.resolve() == out.resolve():
        raise UsageError(f"{out} holds the trees as they were judged; name another run with --out")
    tracker = allowance.tracker()
    with reading(source) as of:
        servers = servers_of(of)
        registry.check_names([], name, servers, chosen.strong)
        problems = {p.id: p for p in of.problems()}
        trees = [t for t in of.trees() if t.problem in problems][:limit]
        parts = {id: of.given("problems", id).get("split") for id in dict.fromkeys(tree.problem for tree in trees)}
        out_of_training = excluded(of)
    if not trees:
        raise UsageError(f"{source} holds no trees to judge; import or grow some first")
    config = {"judge": name, "settings": recipe.saved(chosen, name), "of": str(source)}
    with (
        Run.open(out, config, ignore=("settings.in_flight",)) as into,
        Bars(silent=json, note=lambda: note(tracker)) as bars,
    ):
        for part in dict.fromkeys(parts.values()):
            into.put_all("problems", (problems[id] for id, split in parts.items() if split == part), split=part)
        exclude(into, out_of_training, {"as in": str(source)})
        models = registry.Models(into, tracker, servers)
        work = _all(into, trees, problems, models, name, chosen, bars)
        interrupts.run(paying(into, models, tracker, work))
        counts = tree_counts(into.trees())
        failed = into.failures("judge")
    data = {"run": str(out), "judge": name, **counts, "failed": len(failed), "spent": spent_rows(tracker)}
    say(json, data, sheet(out, [*tree_lines(counts), *spent_lines(tracker)]))
    return failed_units(failed)


async def _all(
    into: Run,
    trees: Sequence[Tree],
    problems: dict[str, Problem],
    models: registry.Models,
    name: str,
    chosen: Settings,
    bars: Bars,
) -> int:
    """Judges what was not judged yet; how many failed. Rollouts share what they know of a tree's other steps."""
    judge = models.judge(name, chosen.strong, chosen.judge_settings)
    refuse_retrained(into, judge.name, registry.judge_weights(name, chosen.strong))
    ref = names.read(name)
    grader = TaskGrader()

    async def one(tree: Tree) -> list[Tree]:
        problem = problems[tree.problem]
        if isinstance(judge, RolloutJudge):
            return [await label(problem, tree, models.model(ref.model), ask, grader, judge.settings)]
        return [await rejudge(problem, tree, judge)]

    units = {content_hash("judge", tree.id): tree for tree in trees}
    known = {t.settings.get(key, {}).get("of") for t in into.trees()
             for key in ("rollout", "judged_again")}  # fmt: skip
    try:
        return await each(
            into, "judge", {unit: tree for unit, tree in units.items() if tree.id not in known}, one, "trees",
            in_flight=chosen.in_flight, progress=bars.of(name),
        )  # fmt: skip
    finally:
        grader.close()
