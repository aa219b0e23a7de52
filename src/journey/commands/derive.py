"""journey derive: trees, problems or people's notes become thoughts, by one method or by shortcut and traversal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from journey import interrupts
from journey.commands.asking import asked_lines, collecting, priced, with_local
from journey.commands.fitting import REFINED, Asked, refuse_unfit
from journey.commands.labelling import labelled_run
from journey.commands.loading import check_weights, paying
from journey.commands.options import (
    DryRun,
    Json,
    Labelled,
    MaxCalls,
    MaxCost,
    MaxTokens,
    Model,
    PreferLabels,
    Prices,
    RunFolder,
    Set,
    Strong,
)
from journey.commands.output import all_problems, failed_units, reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.errors import UsageError
from journey.models.budget import BudgetTracker
from journey.pipeline import registry
from journey.pipeline.collection import FROM_TREES, Collection, Method
from journey.pipeline.derive import Methods, chosen, counts_of, refining_of, settings_of, tells_itself
from journey.pipeline.recipe import merged, overridden, typed
from journey.store.run import Run
from journey.store.settings import differences, plain
from journey.tasks.table import shared_task, task
from journey.trees.mark import no_thought_reason

STATION = "derive"


def derive(
    run: RunFolder,
    method: Annotated[
        Literal["shortcut", "traverse", "both", "propose", "debate", "distill", "rewrite", "annotate"],
        typer.Option(help="Right paths alone, with side trips, or both; or another way.", metavar="METHOD"),
    ] = "both",
    trials: Annotated[
        int | None, typer.Option(min=1, help="K: trials at a node, the right one included; 2.", metavar="K")
    ] = None,
    start: Annotated[
        Literal["path", "root"] | None, typer.Option(help="Side trips at every node of the path, or the question only.")
    ] = None,
    per_tree: Annotated[
        int | None, typer.Option(min=1, help="Thoughts a tree, shortest path first; 1.", metavar="N")
    ] = None,
    neutral: Annotated[
        bool | None, typer.Option("--neutral/--no-neutral", help="Whether right paths may have neutral steps; yes.")
    ] = None,
    model: Model = None,
    strong: Strong = None,
    explain: Annotated[
        bool | None, typer.Option("--explain/--no-explain", help="The strong model says why wrong steps are wrong.")
    ] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="The strong model smooths the drafts.")
    ] = None,
    notes: Annotated[Path | None, typer.Option(help="People's notes, for annotate.", metavar="FILE")] = None,
    prefer_labels: PreferLabels = False,
    out: Labelled = None,
    seed: Annotated[
        int | None, typer.Option(envvar="JOURNEY_SEED", help="Which side trips are drawn; 0.", metavar="N")
    ] = None,
    settings: Set = None,
    json: Json = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Make thoughts from trees, problems or notes.

    METHOD is shortcut, traverse or both (from trees); propose, debate, distill, rewrite (from problems); annotate (from
    notes). What is not given is taken from the run's recipe, or from the report where it has none; more settings go
    by --set telling.NAME=VALUE.
    """

    asked = Asked(
        method, trials, start, per_tree, neutral, model, strong, explain, refine, notes, seed, settings or (),
        prefer_labels, out,
    )  # fmt: skip
    return _derive(run, asked, Allowance(max_cost, max_tokens, max_calls, prices), json, dry_run)


def _derive(path: Path, asked: Asked, allowance: Allowance, json: bool, dry_run: bool) -> int:
    """Tells what is not told yet. Raises UsageError where the run was told with other settings, or nothing can be."""
    tracker = allowance.tracker()
    if dry_run:
        return _plan(path, asked, tracker, json)
    path, labelled = _labelled(path, asked)
    with writing(path) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        wanted = _wanted(into, asked)
        reasons = _reasons(into, wanted)
        _refuse_other_settings(into, path, wanted)
        models = registry.Models(into, tracker, wanted.servers)
        interrupts.run(paying(into, models, tracker, _make(into, wanted, models, bars)))
        for method in () if wanted.tells_trees else wanted.methods:
            reasons.update(counts_of(into, method)["no_thought"])
        told = {m: list(into.thoughts(method=m)) for m in wanted.methods}
        failed = [f for m in wanted.methods for verb in ("derive", "refine") for f in into.failures(f"{verb} {m}")]
    final = {method: chosen(of) for method, of in told.items()}
    if wanted.tells_trees and not any(final.values()):
        raise UsageError(_nothing(path, reasons))
    trees = len({t.tree for of in final.values() for t in of if t.tree is not None})
    data = {
        "run": str(path),
        "trees_told": trees,
        "problems_told": len({t.problem for of in final.values() for t in of}),
        "thoughts": {method: len(of) for method, of in final.items()},
        "refined": {method: sum(t.refined_by is not None for t in of) for method, of in final.items()},
        "drafts_kept": {method: sum(t.note is not None for t in of) for method, of in final.items()},
        "no_thought": dict(reasons.most_common()),
        "failed": len(failed),
        "spent": spent_rows(tracker),
        "labelled": labelled,
    }
    told_of = "trees" if wanted.tells_trees else "problems"
    say(json, data, sheet(path, [*_lines(data, told_of), *spent_lines(tracker)]))
    return failed_units(failed)


def _lines(data: Mapping[str, Any], told_of: str) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = [(f"{told_of} told", data[f"{told_of}_told"])]
    for method, number in data["thoughts"].items():
        lines.append((f"  thoughts by {method}", number))
        for what in ("refined", "drafts_kept"):
            if data[what][method]:
                lines.append((f"    {what.replace('_', ' ')}", data[what][method]))
    if data["no_thought"]:
        lines.append((f"{told_of} that gave no thought", sum(data["no_thought"].values())))
        lines += [(f"  {reason}", number) for reason, number in data["no_thought"].items()]
    if labelled := data["labelled"]:
        lines.append(("trees that people's labels changed", labelled["changed"]))
        lines.append(("  steps turned to another verdict", labelled["turned"]))
        lines.append(("  steps where people are divided: the judge's stays", labelled["divided"]))
    return lines


def _labelled(path: Path, asked: Asked) -> tuple[Path, dict[str, int] | None]:
    """The run to tell; with `prefer_labels` a run of its own beside that one, and what people's labels changed."""
    if not asked.prefer_labels:
        if asked.out is not None:
            raise UsageError("--out names the run that --prefer-labels makes; give both, or neither")
        return path, None
    out = asked.out or path.with_name(f"{path.resolve().name}-labelled")
    return out, labelled_run(path, out)


async def _make(into: Run, wanted: Collection, models: registry.Models, bars: Bars) -> None:
    methods = Methods(into, wanted, task(wanted.task), models, bars.of(into.path.name))
    try:
        for method in wanted.methods:
            await methods.make(method)
        await methods.refine(wanted.telling.refine)
    finally:
        methods.close()


def _kept(into: Run, methods: Sequence[Method]) -> dict[str, Any]:
    """What the run's recipe says of these methods; of a comparison's recipe what means the same here."""
    kept: dict[str, Any] = into.config.get("recipe", {})
    telling: dict[str, Any] = kept.get("telling", {})
    if kept.get("goal") != "thoughts":
        telling = {key: value for key, value in telling.items() if key in ("traverse", "neutral")}
        kept = {"task": shared_task(all_problems(into)).name, "servers": kept.get("servers", {})}
    return kept | {"telling": telling | {"refine": [m for m in telling.get("refine", ()) if m in methods]}}


def _wanted(into: Run, asked: Asked) -> Collection:
    """The run's recipe where it has one, the flags over it. Raises UsageError."""
    methods = asked.methods()
    kept = _kept(into, methods)
    notes = {} if asked.notes is None else {"telling": {"notes": str(asked.notes)}}
    settings = merged(kept, {"goal": "thoughts", "methods": list(methods), "phases": []}, notes)
    wanted = typed(Collection, merged(settings, overridden(asked.settings)), f"the settings of {into.path}")
    telling, way = wanted.telling, wanted.telling.traverse
    if asked.trials is not None:
        way = replace(way, trials=asked.trials, trials_by_depth=None, vary=False)
    if asked.start is not None:
        way = replace(way, start=asked.start)
    refined = telling.refine if asked.refine is None else methods if asked.refine else ()
    telling = replace(
        telling,
        traverse=way,
        per_tree=telling.per_tree if asked.per_tree is None else asked.per_tree,
        neutral=telling.neutral if asked.neutral is None else asked.neutral,
        explain=telling.explain if asked.explain is None else asked.explain,
        # A shortcut is what it is: refinement is for what was told by its method as a draft.
        refine=tuple(m for m in refined if m in methods and m in REFINED),
    )
    wanted = replace(
        wanted,
        telling=telling,
        model=asked.model or wanted.model,
        strong=asked.strong or wanted.strong,
        seed=wanted.seed if asked.seed is None else asked.seed,
    )
    refuse_unfit(asked, methods, helped=bool(telling.explain or telling.refine))
    registry.check_names(wanted.models(), "exact", wanted.servers)
    for name in wanted.models():
        check_weights(name)
    return wanted


def _refuse_other_settings(into: Run, path: Path, wanted: Collection) -> None:
    """Both arms need one thought a tree from the same rule, so a run is told in one way only by each method."""
    of_trees = set(wanted.methods) & set(FROM_TREES)
    if of_trees and into.ids("thoughts") - into.ids("thoughts", arm=None):
        raise UsageError(
            f"the thoughts of {path} were told by journey run; to tell its trees otherwise take them into another run: "
            + _into_another(path)
        )
    before = {entry["method"]: entry["settings"] for entry in into.logged(STATION)}
    kept = into.config.get("recipe", {})
    if kept.get("goal") == "thoughts":
        own = typed(Collection, kept, f"the settings of {path}")
        before = {m: settings_of(own, m) for m in own.methods} | before
        before = {f"refine {m}": refining_of(own) for m in own.telling.refine} | before
    now = {method: settings_of(wanted, method) for method in wanted.methods}
    now |= {f"refine {method}": refining_of(wanted) for method in wanted.telling.refine}
    for name, settings in now.items():
        changed = differences(plain(before.get(name, {})), plain(settings))
        method = name.removeprefix("refine ")
        there = list(into.thoughts(method=method)) if changed else []
        if name != method:
            there = [t for t in there if t.refined_by is not None or t.note is not None]
        if changed and not there:
            into.log(STATION, {"method": name, "settings": plain(settings)})
        elif changed:
            raise UsageError(
                f"the thoughts by {name} in {path} were told with other settings ({'; '.join(changed)}); give the "
                f"old ones again, or take the trees into another run: {_into_another(path)}"
            )


def _into_another(path: Path) -> str:
    """The commands that take a run's problems and trees into another run."""
    other = path.with_name(f"{path.resolve().name}-again")
    tables = ("problems", "trees")
    files = {table: f"{other}-{table}.jsonl" for table in tables}
    said = [f"journey export {path} {table} --to {files[table]}" for table in tables]
    return " && ".join([*said, *(f"journey import {table} {files[table]} --out {other}" for table in tables)])


def _reasons(into: Run, wanted: Collection) -> Counter[str]:
    """Why trees give no thought; empty where no method tells trees. Raises UsageError where there are no trees."""
    reasons: Counter[str] = Counter()
    if not wanted.tells_trees:
        if "annotate" not in wanted.methods and not into.count("problems", split="train"):
            raise UsageError(
                f"{into.path} holds no problems to train on; import some with journey import problems FILE --out "
                f"{into.path}"
            )
        return reasons
    if not into.count("trees"):
        raise UsageError(f"{into.path} holds no trees; grow some with journey grow, or import some")
    for tree in into.trees():
        if not tells_itself(tree) and (reason := no_thought_reason(tree, wanted.telling.neutral)) is not None:
            reasons[reason] += 1
    return reasons


def _nothing(path: Path, reasons: Counter[str]) -> str:
    why = f" ({'; '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""
    return (
        f"none of {reasons.total()} trees in {path} has a right leaf{why}, so there is nothing to tell; grow more "
        "or wider trees, or with a better model"
    )


def _plan(path: Path, asked: Asked, tracker: BudgetTracker, json: bool) -> int:
    """Says what would be asked at most, and does nothing."""
    with reading(path) as of:
        wanted = _wanted(of, asked)
        problems = list(of.problems(split="train"))
        drafts = list(of.thoughts())
    most = collecting(wanted, problems, drafts, trees=False)
    prices = with_local(tracker.prices, most, wanted.servers)
    data = {"run": str(path), "problems": len(problems), "asked_at_most": priced(most, prices)}
    say(json, data, sheet("what would be asked at most", asked_lines(most, prices) or [("calls", 0)]))
    return 0
