"""journey derive: trees, problems or people's notes become thoughts, by one method or by shortcut and traversal."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from journey import interrupts
from journey.commands import flags
from journey.commands.output import check_run, failed_units, reading, say, say_empty, sheet, side_trip_lines, writing
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, paying, say_estimate, spent_data, spent_lines
from journey.errors import UsageError
from journey.pipeline import registry
from journey.pipeline.derive import counts_of
from journey.pipeline.derive_flags import BOTH, methods_of
from journey.pipeline.derive_options import derive_recipe, make_thoughts, reasons_without, refuse_other_settings
from journey.pipeline.holdings import side_trips
from journey.pipeline.labelled_run import labelled_run
from journey.pipeline.merge import cut, is_empty
from journey.pipeline.plans import with_pictures
from journey.pipeline.ray_cluster import RaySettings, check_installed
from journey.pipeline.ray_commands import derive_on_ray
from journey.pipeline.shard import read_shard
from journey.thoughts.distill import END_MARK
from journey.thoughts.draft import chosen
from journey.thoughts.methods import METHODS, needs_trees
from journey.thoughts.star import is_hinted
from journey.types import Thought


def derive(
    run: flags.RunFolder,
    method: Annotated[
        str,
        typer.Option(
            help="shortcut (right paths alone), traverse (with side trips), both, or another.", metavar="METHOD"
        ),
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
    model: flags.Model = None,
    strong: flags.Strong = None,
    explain: Annotated[
        bool | None, typer.Option("--explain/--no-explain", help="The strong model says why wrong steps are wrong.")
    ] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="The strong model smooths the drafts.")
    ] = None,
    language: flags.Language = None,
    notes: Annotated[Path | None, typer.Option(help="People's notes, for annotate.", metavar="FILE")] = None,
    prefer_labels: flags.PreferLabels = False,
    shard: flags.Shard = None,
    ray: flags.Ray = None,
    out: flags.Labelled = None,
    seed: Annotated[
        int | None, typer.Option(envvar="JOURNEY_SEED", help="Which side trips are drawn; 0.", metavar="N")
    ] = None,
    settings: flags.Set = None,
    json: flags.Json = False,
    dry_run: flags.DryRun = False,
    allow_code: flags.AllowCode = False,
    max_cost: flags.MaxCost = None,
    max_tokens: flags.MaxTokens = None,
    max_calls: flags.MaxCalls = None,
    prices: flags.Prices = None,
) -> int:
    """Make thoughts from trees, problems or notes.

    METHOD is shortcut, traverse, both, star or hybrid (from trees); propose, debate, distill, rewrite (from problems);
    annotate (from notes). What is not given is taken from the run's recipe, or from the paper (O1 Replication Journey)
    where it has none; more settings go by --set thoughts.NAME=VALUE.
    """
    flags_given = {
        "trials": trials, "start": start, "per_tree": per_tree, "neutral": neutral, "model": model, "strong": strong,
        "explain": explain, "refine": refine, "notes": notes and str(notes), "seed": seed, "language": language,
    }  # fmt: skip
    given = {name: value for name, value in flags_given.items() if value is not None}
    also = [*(settings or ()), *([] if ray is None else [f"ray.address={ray}"])]
    tracker = Allowance(max_cost, max_tokens, max_calls, prices).tracker()
    part = None if shard is None else read_shard(shard)
    if dry_run:
        with reading(run) as of:
            wanted = derive_recipe(of, method, given, settings or ())
            problems = [p for p in of.problems(split="train") if part is None or part.holds(p.id)]
            thoughts, kept = wanted.thoughts, wanted.thought_settings(wanted.first_seed)
            most = kept.estimate(thoughts.methods, thoughts.refine, problems, list(of.thoughts()))
        most = with_pictures(most, problems, wanted.servers)
        return say_estimate(run, len(problems), most, tracker.prices, wanted.servers, json)
    if part is not None and prefer_labels:
        raise UsageError("give --prefer-labels first, alone: it makes the run that --shard is then a part of")
    if out is not None and part is None and not prefer_labels:
        raise UsageError("--out names the run that --prefer-labels or --shard makes; give both, or neither")
    check_installed(RaySettings(address=ray))
    path, labelled = run, None
    if part is not None:
        check_run(run)
        path = cut(run, part, out)
        if is_empty(path, "trees" if needs_trees(methods_of(method)) else "problems"):
            return say_empty(path, part, json)
    if prefer_labels:
        path = out or run.with_name(f"{run.resolve().name}-labelled")
        labelled = labelled_run(run, path)
    with writing(path) as into, Bars(silent=json, note=lambda: note(tracker)) as bars:
        wanted = derive_recipe(into, method, given, also)
        methods, from_their_trees = wanted.thoughts.methods, needs_trees(wanted.thoughts.methods)
        reasons = reasons_without(into, wanted)
        refuse_other_settings(into, wanted)
        models, progress = registry.Models(into, tracker, wanted.servers, wanted.dtype), bars.of(into.path.name)
        if wanted.ray.address is None:
            work = make_thoughts(into, wanted, models, progress)
        else:
            work = derive_on_ray(into, wanted, tracker, progress)
        interrupts.run(paying(into, models, tracker, work))
        counted = {m: counts_of(into, m) for m in methods if METHODS[m].source != "trees" or METHODS[m].unsolved}
        for of in counted.values():
            reasons.update(of.no_thought)
        by_method = {m: list(into.thoughts(method=m)) for m in methods}
        target_language = wanted.target_language
        verbs = ("derive", "refine", f"translate {target_language}")
        failed = [f for m in methods for verb in verbs for f in into.failures(stage=f"{verb} {m}")]
    final = {method: chosen(of, target_language) for method, of in by_method.items()}

    def counted_of(wanted: Callable[[Thought], bool]) -> dict[str, int]:
        return {method: sum(map(wanted, of)) for method, of in final.items()}

    if from_their_trees and part is None and not any(final.values()):
        raise UsageError(_nothing(path, reasons))
    trees = len({t.tree for of in final.values() for t in of if t.tree is not None})
    data = {
        "run": str(path),
        "trees_with_thought": trees,
        "problems_with_thought": len({t.problem for of in final.values() for t in of}),
        "thoughts": {method: len(of) for method, of in final.items()},
        "side_trips": side_trips(t for of in by_method.values() for t in chosen(of)),
        "refined": counted_of(lambda t: t.refined_by is not None and t.language is None),
        "language": target_language,
        "retold": counted_of(lambda t: t.language is not None and t.refined_by is not None),
        "kept_in_own": counted_of(lambda t: t.language is not None and t.refined_by is None),
        "hinted": counted_of(is_hinted),
        "drafts_kept": counted_of(lambda t: t.note is not None and t.language is None and not is_hinted(t)),
        "refused": {method: dict(of.refused) for method, of in counted.items() if of.refused},
        "no_thought": dict(reasons.most_common()),
        "failed": len(failed),
        **spent_data(tracker),
        "labelled": labelled,
    }
    source = "trees" if from_their_trees else "problems"
    say(json, data, sheet(path, [*_lines(data, source), *spent_lines(tracker)]))
    return failed_units(failed)


def _lines(data: Mapping[str, Any], source: str) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = [(f"{source} with a thought", data[f"{source}_with_thought"])]
    for method, number in data["thoughts"].items():
        lines.append((f"  thoughts by {method}", number))
        lines += side_trip_lines(data["side_trips"], method, number)
        for what in ("refined", "hinted", "drafts_kept"):
            if data[what][method]:
                lines.append((f"    {what.replace('_', ' ')}", data[what][method]))
        if data["language"] is not None:
            lines.append((f"    retold in {data['language']}", data["retold"][method]))
            lines.append(("    kept in their own language", data["kept_in_own"][method]))
        refused = data["refused"].get(method, {})
        lines += [(f"    answers not kept: {why}", n) for why, n in refused.items() if why != END_MARK]
    if data["no_thought"]:
        lines.append((f"{source} that gave no thought", sum(data["no_thought"].values())))
        lines += [(f"  {reason}", number) for reason, number in data["no_thought"].items()]
    if labelled := data["labelled"]:
        lines.append(("trees that people's labels changed", labelled["changed"]))
        lines.append(("  steps turned to another verdict", labelled["turned"]))
        lines.append(("  steps where people are divided: the judge's stays", labelled["divided"]))
    return lines


def _nothing(path: Path, reasons: Counter[str]) -> str:
    why = f" ({'; '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""
    return (
        f"none of {reasons.total()} trees in {path} has a right leaf{why}, so there is nothing to make thoughts of; "
        "grow more or wider trees, or with a better model"
    )
