"""journey derive: trees, problems or people's notes become thoughts, by one method or by shortcut and traversal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from journey import interrupts
from journey.commands.estimates import estimate_lines, priced, with_local
from journey.commands.fitting import BOTH, DeriveOptions, refuse_unfit
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
from journey.pipeline.arms import ARMS
from journey.pipeline.derive import Derivation, chosen, counts_of, has_own_thought
from journey.pipeline.kept_recipe import kept_recipe
from journey.pipeline.labelled_run import labelled_run
from journey.pipeline.moved_keys import refuse_moved
from journey.pipeline.plain_settings import flags, merged, override
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import recipe_of
from journey.store.entries import MethodSettings
from journey.store.run import Run
from journey.store.settings import differences, plain
from journey.tasks.table import shared_task, task
from journey.thoughts.methods import METHODS, from_trees, needs_trees
from journey.trees.mark import no_thought_reason


def derive(
    run: RunFolder,
    method: Annotated[
        str,
        typer.Option(help="Right paths alone, with side trips, or both; or another way.", metavar="METHOD"),
    ] = BOTH,
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
    by --set thoughts.NAME=VALUE.
    """

    asked = DeriveOptions(
        method, trials, start, per_tree, neutral, model, strong, explain, refine, notes, seed, settings or (),
        prefer_labels, out,
    )  # fmt: skip
    return _derive(run, asked, Allowance(max_cost, max_tokens, max_calls, prices), json, dry_run)


def _derive(path: Path, asked: DeriveOptions, allowance: Allowance, json: bool, dry_run: bool) -> int:
    """Makes the thoughts that are not there. Raises UsageError where others were made otherwise, or none can be."""
    tracker = allowance.tracker()
    if dry_run:
        return _plan(path, asked, tracker, json)
    path, labelled = _labelled(path, asked)
    with writing(path) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        wanted = _wanted(into, asked)
        methods, from_their_trees = wanted.thoughts.methods, needs_trees(wanted.thoughts.methods)
        reasons = _reasons(into, wanted)
        _refuse_other_settings(into, path, wanted)
        models = registry.Models(into, tracker, wanted.servers)
        interrupts.run(paying(into, models, tracker, _make(into, wanted, models, bars)))
        for method in () if from_their_trees else methods:
            reasons.update(counts_of(into, method).no_thought)
        told = {m: list(into.thoughts(method=m)) for m in methods}
        failed = [f for m in methods for verb in ("derive", "refine") for f in into.failures(f"{verb} {m}")]
    final = {method: chosen(of) for method, of in told.items()}
    if from_their_trees and not any(final.values()):
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
    source = "trees" if from_their_trees else "problems"
    say(json, data, sheet(path, [*_lines(data, source), *spent_lines(tracker)]))
    return failed_units(failed)


def _lines(data: Mapping[str, Any], source: str) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = [(f"{source} told", data[f"{source}_told"])]
    for method, number in data["thoughts"].items():
        lines.append((f"  thoughts by {method}", number))
        for what in ("refined", "drafts_kept"):
            if data[what][method]:
                lines.append((f"    {what.replace('_', ' ')}", data[what][method]))
    if data["no_thought"]:
        lines.append((f"{source} that gave no thought", sum(data["no_thought"].values())))
        lines += [(f"  {reason}", number) for reason, number in data["no_thought"].items()]
    if labelled := data["labelled"]:
        lines.append(("trees that people's labels changed", labelled["changed"]))
        lines.append(("  steps turned to another verdict", labelled["turned"]))
        lines.append(("  steps where people are divided: the judge's stays", labelled["divided"]))
    return lines


def _labelled(path: Path, asked: DeriveOptions) -> tuple[Path, dict[str, int] | None]:
    """The run to tell; with `prefer_labels` a run of its own beside that one, and what people's labels changed."""
    if not asked.prefer_labels:
        if asked.out is not None:
            raise UsageError("--out names the run that --prefer-labels makes; give both, or neither")
        return path, None
    out = asked.out or path.with_name(f"{path.resolve().name}-labelled")
    return out, labelled_run(path, out)


async def _make(into: Run, wanted: Recipe, models: registry.Models, bars: Bars) -> None:
    settings = wanted.thought_settings(wanted.first_seed)
    derivation = Derivation(into, settings, task(wanted.task), models, bars.of(into.path.name))
    try:
        for method in wanted.thoughts.methods:
            await derivation.make(method)
        await derivation.refine(wanted.thoughts.refine)
    finally:
        derivation.close()


def _kept(into: Run, methods: Sequence[str]) -> dict[str, Any]:
    """What the run's recipe says of these methods; of an experiment's recipe what means the same here."""
    kept = kept_recipe(into)
    thoughts: dict[str, Any] = kept.get("thoughts", {})
    if problems := all_problems(into):
        shared_task(problems)  # refuses problems whose steps are written differently
    if not thoughts or any(ARMS[name].policy for name in kept.get("arms", {}) if name in ARMS):
        thoughts = {key: value for key, value in thoughts.items() if key in ("traverse", "neutral")}
        kept = {"task": shared_task(all_problems(into)).name, "servers": kept.get("servers", {}), "first_seed": 0}
    refined = [method for method in thoughts.get("refine", ()) if method in methods]
    return kept | {"arms": {}, "seeds": 1, "thoughts": thoughts | {"methods": list(methods), "refine": refined}}


def _wanted(into: Run, asked: DeriveOptions) -> Recipe:
    """The run's recipe where it has one, the flags over it. Raises UsageError."""
    methods = asked.methods()
    settings = merged(_kept(into, methods), {} if asked.notes is None else {"thoughts": {"notes": str(asked.notes)}})
    for key, _, who in flags(asked.settings):
        refuse_moved(key, who)
    override(settings, asked.settings)
    wanted = recipe_of(settings, f"the settings of {into.path}")
    thoughts, own = wanted.thoughts, dict(wanted.thoughts.settings)
    changed: dict[str, Any] = {} if asked.start is None else {"start": asked.start}
    if asked.trials is not None:
        changed |= {"trials": asked.trials, "trials_by_depth": None, "vary": False}
    if changed:
        own["traverse"] = replace(thoughts.of("traverse"), **changed)
    refined = thoughts.refine if asked.refine is None else methods if asked.refine else ()
    thoughts = replace(
        thoughts,
        settings=own,
        per_tree=thoughts.per_tree if asked.per_tree is None else asked.per_tree,
        neutral=thoughts.neutral if asked.neutral is None else asked.neutral,
        explain=thoughts.explain if asked.explain is None else asked.explain,
        # A shortcut is what it is: refinement is for what a method made as a draft.
        refine=tuple(m for m in refined if m in methods and METHODS[m].refinable),
    )
    wanted = replace(
        wanted,
        thoughts=thoughts,
        model=asked.model or wanted.model,
        strong=asked.strong or wanted.strong,
        first_seed=wanted.first_seed if asked.seed is None else asked.seed,
    )
    refuse_unfit(asked, methods, helped=bool(thoughts.explain or thoughts.refine))
    registry.check_names(wanted.models(), "exact", wanted.servers)
    for name in wanted.models():
        check_weights(name)
    return wanted


def _refuse_other_settings(into: Run, path: Path, wanted: Recipe) -> None:
    """Both arms need one thought a tree from the same rule, so a run has thoughts of one kind only by each method."""
    if set(wanted.thoughts.methods) & set(from_trees()) and into.ids("thoughts") - into.ids("thoughts", seed=None):
        raise UsageError(
            f"the thoughts of {path} were told by journey run; to tell its trees otherwise take them into another run: "
            + _into_another(path)
        )
    before = {entry.method: entry.settings for entry in into.entries(MethodSettings)}
    kept = kept_recipe(into)
    if kept.get("thoughts") and not any(ARMS[name].policy for name in kept.get("arms", {}) if name in ARMS):
        before = _identities(recipe_of(kept, f"the settings of {path}")) | before
    for name, settings in _identities(wanted).items():
        changed = differences(plain(before.get(name, {})), plain(settings))
        method = name.removeprefix("refine ")
        there = list(into.thoughts(method=method)) if changed else []
        if name != method:
            there = [t for t in there if t.refined_by is not None or t.note is not None]
        if changed and not there:
            into.add(MethodSettings(name, plain(settings)))
        elif changed:
            raise UsageError(
                f"the thoughts by {name} in {path} were told with other settings ({'; '.join(changed)}); give the "
                f"old ones again, or take the trees into another run: {_into_another(path)}"
            )


def _identities(wanted: Recipe) -> dict[str, dict[str, Any]]:
    """What decides the thoughts of each method, and how drafts of each are refined."""
    settings, thoughts = wanted.thought_settings(wanted.first_seed), wanted.thoughts
    made = {method: settings.identity(method) for method in thoughts.methods}
    return made | {f"refine {method}": settings.refined_identity() for method in thoughts.refine}


def _into_another(path: Path) -> str:
    """The commands that take a run's problems and trees into another run."""
    other = path.with_name(f"{path.resolve().name}-again")
    tables = ("problems", "trees")
    files = {table: f"{other}-{table}.jsonl" for table in tables}
    said = [f"journey export {path} {table} --to {files[table]}" for table in tables]
    return " && ".join([*said, *(f"journey import {table} {files[table]} --out {other}" for table in tables)])


def _reasons(into: Run, wanted: Recipe) -> Counter[str]:
    """Why trees give no thought; empty where no method tells trees. Raises UsageError where there are no trees."""
    reasons: Counter[str] = Counter()
    if not needs_trees(wanted.thoughts.methods):
        from_notes = any(METHODS[method].source == "notes" for method in wanted.thoughts.methods)
        if not from_notes and not into.count("problems", split="train"):
            raise UsageError(
                f"{into.path} holds no problems to train on; import some with journey import problems FILE --out "
                f"{into.path}"
            )
        return reasons
    if not into.count("trees"):
        raise UsageError(f"{into.path} holds no trees; grow some with journey grow, or import some")
    for tree in into.trees():
        if not has_own_thought(tree) and (reason := no_thought_reason(tree, wanted.thoughts.neutral)) is not None:
            reasons[reason] += 1
    return reasons


def _nothing(path: Path, reasons: Counter[str]) -> str:
    why = f" ({'; '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""
    return (
        f"none of {reasons.total()} trees in {path} has a right leaf{why}, so there is nothing to tell; grow more "
        "or wider trees, or with a better model"
    )


def _plan(path: Path, asked: DeriveOptions, tracker: BudgetTracker, json: bool) -> int:
    """Says what would be asked at most, and does nothing."""
    with reading(path) as of:
        wanted = _wanted(of, asked)
        problems = list(of.problems(split="train"))
        drafts = list(of.thoughts())
    thoughts, settings = wanted.thoughts, wanted.thought_settings(wanted.first_seed)
    most = settings.estimate(thoughts.methods, thoughts.refine, problems, drafts)
    prices = with_local(tracker.prices, most, wanted.servers)
    data = {"run": str(path), "problems": len(problems), "asked_at_most": priced(most, prices)}
    say(json, data, sheet("what would be asked at most", estimate_lines(most, prices) or [("calls", 0)]))
    return 0
