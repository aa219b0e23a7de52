"""The commands that make something: run, grow, derive, train, eval, pretrain. Each gives the exit code."""

import asyncio
import json as jsons
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

from rich.console import Console

from journey import build, recipe, river
from journey.commands.card import measure, write_card
from journey.commands.said import (
    METHODS,
    all_problems,
    failed_units,
    say,
    task_of,
    training_rows,
    tree_counts,
    two_columns,
    writing,
)
from journey.errors import UsageError
from journey.evals.run import Decoding
from journey.models.base import Model
from journey.progress import Bars
from journey.recipe import Recipe, Telling
from journey.report.build import build as build_report
from journey.report.figures import figures
from journey.report.table import table
from journey.stations import all_thoughts, grow_trees
from journey.stations import evaluate as evaluate_station
from journey.stations import train as train_station
from journey.store.run import Run
from journey.thoughts.traverse import TraverseSettings
from journey.training.settings import settings_from_json
from journey.trees.mark import no_thought_reason
from journey.types import Tree

Result = TypeVar("Result")


def run(
    file: Path, out: Path | None, limit: int | None, seed: int | None, settings: Sequence[str], json: bool,
    fresh: bool, dry_run: bool,
) -> int:  # fmt: skip
    """The whole river."""
    wanted = _limited(recipe.load(file, settings), limit)
    wanted = wanted if seed is None else replace(wanted, first_seed=seed)
    out = out or Path("runs") / file.stem
    build.check_names(wanted.model, wanted.judge)
    if dry_run:
        return say(json, _plan(wanted, out), two_columns("would be done", _plan(wanted, out)))
    with Bars(silent=json) as bars:

        def on_seed(run: Run) -> None:
            if not json and wanted.seeds > 1 and (found := figures(run))["seeds"] == 1:
                bars.print(table(found))

        opened = river.run_recipe(wanted, out, fresh=fresh, progress=bars, on_seed=on_seed)
    with opened:
        found = build_report(opened)
        failed = opened.failures()
    if json:
        print(jsons.dumps(found, ensure_ascii=False))
    else:
        console = Console()
        console.print(table(found))
        console.print(f"report: {out}/report/report.html", highlight=False, soft_wrap=True)
    return failed_units(failed)


def grow(file: Path, out: Path | None, limit: int | None, settings: Sequence[str], json: bool) -> int:
    """Trees of the recipe's training problems."""
    wanted = _limited(recipe.load(file, settings), limit)
    out = out or Path("runs") / file.stem
    build.check_names(wanted.model, wanted.judge)
    with Run.open(out, river.config_of(wanted), ignore=recipe.UNCOMPARED) as into, Bars(silent=json) as bars:
        river.store_problems(into, wanted)
        policy = build.model(wanted.model)
        work = grow_trees(
            into, river.part(into, "train"), policy, build.judge(wanted.judge), build.task(wanted.task),
            wanted.trees.grow, in_flight=wanted.in_flight, progress=lambda *p: bars(wanted.model, *p),
        )  # fmt: skip
        asyncio.run(_closing(policy, work))
        trees = [t for t in into.all("trees") if isinstance(t, Tree)]
        said = {"trees": len(trees), **tree_counts(trees)}
        failed = into.failures("trees")
    return max(say(json, said, two_columns(str(out), said)), failed_units(failed))


def derive(
    path: Path, method: str, trials: int, start: str, per_tree: int, neutral: bool, seed: int, json: bool
) -> int:
    """Shortcut and long thought of every tree that has a right leaf."""
    if method not in ("both", *METHODS.values()):
        raise UsageError(f"there is no method {method!r}; known are shortcut, traverse and both")
    telling = Telling(traverse=TraverseSettings(trials=trials, start=cast(Any, start)), neutral=neutral)
    with writing(path) as into:
        asked = {p.id: p for p in all_problems(into)}
        task = task_of(asked.values())
        made: Counter[str] = Counter()
        none: Counter[str] = Counter()
        for tree in into.all("trees"):
            assert isinstance(tree, Tree)
            if (reason := no_thought_reason(tree, neutral)) is not None:
                none[reason] += 1
                continue
            thoughts = all_thoughts(tree, asked[tree.problem], task, telling, seed, per_tree)
            thoughts = [t for t in thoughts if method in ("both", t.method)]
            into.put_all("thoughts", thoughts)
            made.update(t.method for t in thoughts)
        if not made and not none:
            raise UsageError(f"{path} holds no trees; grow or import some first")
    said = {"shortcuts": made["shortcut"], "long thoughts": made["traverse"]}
    said |= {f"trees without a thought: {reason}": n for reason, n in none.most_common()}
    return say(json, said, two_columns(str(path), said))


def train(kind: str, path: Path, base: str, name: str, arm: str, settings: Sequence[str], json: bool) -> int:
    """A model from the run's thoughts or attempts."""
    if kind not in ("sft", "dpo"):
        raise UsageError(f"there is no training {kind!r}; known are sft and dpo")
    data = dict(_pair(text) for text in settings)
    chosen = settings_from_json(kind, data)
    with writing(path) as into, Bars(silent=json) as bars:
        rows = training_rows(into, kind, arm)
        out = train_station(into, name, _base(into, base), rows, chosen, lambda *p: bars(name, *p))
    said = {"model": str(out), "rows": len(rows)}
    return say(json, said, two_columns(str(path), said))


def evaluate(
    path: Path, name: str, split: str, temperature: float, top_p: float, max_tokens: int, samples: int, seed: int,
    limit: int | None, json: bool,
) -> int:  # fmt: skip
    """A model's checked attempts."""
    decoding = Decoding("greedy" if temperature == 0 else "sampled", temperature, top_p, max_tokens, samples)
    with writing(path) as into, Bars(silent=json) as bars:
        asked = river.part(into, split)[:limit]
        if not asked:
            raise UsageError(f"{path} has no problems in the part {split!r}; import some with --split {split}")
        model = _model(into, name)
        work = evaluate_station(
            into, asked, model, task_of(asked), decoding, split=split, seed=seed,
            progress=lambda *p: bars(name, *p),
        )  # fmt: skip
        asyncio.run(_closing(model, work))
        found = figures(into)
        failed = into.failures()
    if json:
        print(jsons.dumps(found, ensure_ascii=False))
    else:
        Console().print(table(found))
    return failed_units(failed)


def pretrain(file: Path, out: Path, settings: Sequence[str]) -> int:
    """The tiny base from scratch, with its model card."""
    data = recipe.read_settings(file, settings)
    points: list[dict[str, Any]] = []
    with Bars() as bars:

        def on_log(point: dict[str, Any]) -> None:
            points.append(point)
            bars("pretrain", f"loss {point['loss']:.3f}", point["tokens"], point["of"])

        build.pretrain(data, out, on_log)
    model = build.local(out, "tiny")
    write_card(out, data, points[-1], asyncio.run(_closing(model, measure(model))))
    Console().print(f"the model lies in {out}, its card in {out}/README.md", highlight=False, soft_wrap=True)
    return 0


def _limited(wanted: Recipe, limit: int | None) -> Recipe:
    if limit is None:
        return wanted
    parts = wanted.problems
    cut = replace(parts, **{n: min(limit, getattr(parts, n)) for n in river.PARTS})
    return replace(wanted, problems=cut)


def _plan(wanted: Recipe, out: Path) -> dict[str, Any]:
    rule, parts = wanted.evaluation, wanted.problems
    tests = getattr(parts, rule.split)
    return {
        "run": str(out),
        "model": wanted.model,
        "judge": wanted.judge,
        "seeds": wanted.seeds,
        "problems": sum(getattr(parts, name) for name in river.PARTS),
        "trees grown": wanted.seeds * parts.train,
        "trees told in both arms, at most": wanted.seeds * (wanted.trees.count or parts.train),
        "models trained": wanted.seeds * (3 + wanted.matched_tokens + bool(wanted.preferences.problems)),
        "attempts, at least": wanted.seeds
        * tests
        * 2
        * (3 + wanted.matched_tokens + bool(wanted.preferences.problems)),
        "answers drawn for DPO": wanted.seeds * wanted.preferences.problems * wanted.preferences.samples,
        "output tokens, at most per answer": rule.max_tokens,
    }


def _base(of: Run, name: str) -> str | Path:
    own = of.path / "models" / name
    return own if own.is_dir() else build.model_path(name)


def _model(of: Run, name: str) -> Model:
    own = of.path / "models" / name
    return build.local(own, name) if own.is_dir() else build.model(name)


async def _closing(model: Model, work: Awaitable[Result]) -> Result:
    try:
        return await work
    finally:
        await build.close(model)


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text} has no value; write it like --set {text}=1")
    return key, recipe.value(value)
