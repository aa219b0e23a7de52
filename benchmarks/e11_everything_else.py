"""E11: the general suite before and after, shortcut and journey: what training on one puzzle did to everything else.

A finished run (`journey run recipes/countdown.yaml`) gives base, phase 1, shortcut and journey of each seed. Each is
asked the suite's parts with one decoding and one length limit (`journey eval RUN --suite general`): other numbers and
lengths, puzzles without a solution, other puzzles, hints and claims. The attempts stay in the run, so that the same
command goes on where it stopped; each seed is one small JSON in benchmarks/results. Without `--run` the table is made
of those results.
"""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, flag, numbers, percent, run, table

from journey import interrupts
from journey.errors import UsageError
from journey.metrics.accuracy import holm, no_difference, share_over_seeds
from journey.metrics.paired import compared, gains
from journey.models.budget import BudgetTracker
from journey.models.weights import folder_hash, model_path
from journey.pipeline import registry
from journey.pipeline.arm_rows import model_name
from journey.pipeline.eval_options import EvalOptions
from journey.pipeline.suite import run_suite
from journey.pipeline.suite_plan import Compared, SuitePlan, plan_suite
from journey.report.suite import OUTCOMES, REPLIES, outcome_of
from journey.store.run import Run
from journey.tasks.remarks import reply
from journey.types import Attempt, Problem, content_hash

SEEDS = 5  # that the row wants
BEFORE, AFTER = ("base", "phase1"), ("shortcut", "journey")
TOKENS = 600
LETTERS: dict[str, str] = dict(zip(OUTCOMES, "rwfnc?", strict=True))


def measure(folder: Path, seed: int, limit: int) -> dict[str, Any]:
    """The suite's answers of one seed of a run: drawn as far as they are missing, then as one letter each."""
    with Run.open(folder) as of:
        recipe = of.config["recipe"]
        base = str(recipe["student"] or recipe["model"])
        names = {arm: base if arm == "base" else model_name(seed, arm) for arm in (*BEFORE, *AFTER)}
        if lacking := [name for name in names.values() if name != base and not (folder / "models" / name).is_dir()]:
            raise UsageError(f"{folder} has no model {lacking[0]}; finish the run, or leave seed {seed} out")
        models = Compared([names[arm] for arm in BEFORE], [names[arm] for arm in AFTER])
        plan = plan_suite(of, "general", models, {}, limit, EvalOptions(max_tokens=TOKENS))
        show = registry.Models(of, BudgetTracker())
        interrupts.run(run_suite(of, plan, show, lambda name: lambda stage, done, total: None))
        return {
            "seed": seed,
            "task": plan.material.task.name,
            "base": folder_hash(Path(model_path(base))),
            "recipe": content_hash({key: recipe[key] for key in ("problems", "trees", "thoughts", "arms")}),
            "decoding": plan.parts[0].decoding.name,
            "limit": limit,
            "parts": _parts(of, plan, names),
        }


def _parts(of: Run, plan: SuitePlan, names: Mapping[str, str]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for one in plan.parts:
        if not one.items:
            continue
        twins = [item.twin for item in one.items]
        parts[one.part.name] = {
            "about": one.part.about,
            "problems": [p.id for p in one.problems],
            "twin": one.part.twin,
            "twins": twins if any(twins) else None,
            "models": {arm: _answers(of, one.problems, name, one.decoding.shown)
                       for arm, name in names.items() if name not in one.cannot},
        }  # fmt: skip
    return parts


def _answers(of: Run, problems: Sequence[Problem], name: str, decoding: str) -> dict[str, Any]:
    found: dict[str, Attempt] = {a.problem: a for a in of.attempts(model=name, decoding=decoding)}
    tried = [(p, found[p.id]) for p in problems]
    replies = [r for p, a in tried if (r := reply(p, a.text)) is not None]
    return {
        "outcomes": "".join(LETTERS[outcome_of(a)] for _, a in tried),
        "tokens": round(fmean(a.tokens for _, a in tried), 1),
        "replies": {name: replies.count(name) / len(replies) for name in REPLIES} if replies else None,
    }


def file_of(found: Mapping[str, Any]) -> Path:
    """Where the results of a seed are kept."""
    work = content_hash(*(found[key] for key in ("base", "recipe", "decoding", "limit")))
    return RESULTS / f"e11-{found['task']}-{work[:8]}-seed-{found['seed']}.json"


def rights(seed: Mapping[str, Any], part: str, arm: str, *, by_twin: bool = False) -> dict[str, bool]:
    """Whether each answer is right, by its problem's id or that of its twin."""
    of = seed["parts"][part]
    ids = of["twins"] if by_twin else of["problems"]
    return {id: letter == "r" for id, letter in zip(ids, of["models"][arm]["outcomes"], strict=True)}


def false_claims(seed: Mapping[str, Any], arm: str) -> dict[str, bool]:
    """Whether each answer to a puzzle without a solution claims one."""
    of = seed["parts"]["unsolvable"]
    return {id: letter == "w" for id, letter in zip(of["problems"], of["models"][arm]["outcomes"], strict=True)}


def difference(pairs: Sequence[tuple[Mapping[str, bool], Mapping[str, bool]]]) -> dict[str, Any]:
    """The second minus the first in points, over seeds, paired by problem; "p" not yet corrected."""
    both = compared(pairs)
    d, p = both.difference, both.p if both.p is not None else no_difference(gains(pairs))
    return {"points": 100 * d.value, "low": 100 * d.low, "high": 100 * d.high, "p": p}


def corrected(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = holm({name: row["p"] for name, row in rows.items()})
    return {name: row | {"holm": found[name]} for name, row in rows.items()}


def figures_of(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The table: accuracies, what training did over base and phase 1, journey over shortcut, and what remarks do."""
    arms: dict[str, Any] = {}
    did: dict[str, dict[str, Any]] = {}
    remarks: dict[str, dict[str, Any]] = {}
    for part, of in seeds[0]["parts"].items():
        for arm in of["models"]:
            each = [{id: float(r) for id, r in rights(s, part, arm).items()} for s in seeds]
            letters = "".join(s["parts"][part]["models"][arm]["outcomes"] for s in seeds)
            spread = share_over_seeds(each[:1] if arm == "base" else each)
            said = [s["parts"][part]["models"][arm]["replies"] for s in seeds]
            arms[f"{part}: {arm}"] = {
                "accuracy": spread.value, "low": spread.low, "high": spread.high,
                "outcomes": {name: letters.count(letter) / len(letters) for name, letter in LETTERS.items()},
                "tokens": fmean(s["parts"][part]["models"][arm]["tokens"] for s in seeds),
                "replies": {name: fmean(r[name] for r in said) for name in REPLIES} if said[0] else None,
            }  # fmt: skip
            if of["twins"]:
                twin = of["twin"]
                pairs = [(rights(s, twin, arm), rights(s, part, arm, by_twin=True)) for s in seeds]
                remarks[f"{part}: {arm}"] = difference(pairs[:1] if arm == "base" else pairs)
        for after in AFTER:
            for before in (*BEFORE, *(["shortcut"] if after == "journey" else [])):
                pairs = [(rights(s, part, before), rights(s, part, after)) for s in seeds]
                did[f"{part}: {after} over {before}"] = difference(pairs)
    claims: dict[str, dict[str, Any]] = {}
    for after in AFTER:
        for before in (*BEFORE, *(["shortcut"] if after == "journey" else [])):
            pairs = [(false_claims(s, before), false_claims(s, after)) for s in seeds]
            claims[f"claims a solution: {after} over {before}"] = difference(pairs)
    return {
        "seeds": [s["seed"] for s in seeds], "decoding": seeds[0]["decoding"], "problems_a_part": seeds[0]["limit"],
        "arms": arms, "differences": corrected(did), "false_claims": corrected(claims), "remarks": corrected(remarks),
    }  # fmt: skip


def shown(figures: Mapping[str, Any]) -> list[Any]:
    def points(row: Mapping[str, Any] | None) -> str:
        star = " *" if row and row["holm"] < 0.05 else ""
        return "" if row is None else f"{row['points']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f}){star}"

    names = list(dict.fromkeys(key.partition(": ")[0] for key in figures["arms"]))
    arms = (*BEFORE, *AFTER)
    did, remarks = figures["differences"], figures["remarks"]
    return [
        table("right", ("part", *arms), [
            (part, *(f"{percent(a['accuracy'])} ({100 * a['low']:.0f} to {100 * a['high']:.0f})"
                     for arm in arms if (a := figures["arms"][f"{part}: {arm}"]))) for part in names]),
        table("points, * p < 0.05 after Holm", ("part", "shortcut over phase 1", "journey over phase 1",
                                                "journey over base", "journey over shortcut"), [
            (part, *(points(did[f"{part}: {key}"]) for key in (
                "shortcut over phase1", "journey over phase1", "journey over base", "journey over shortcut")))
            for part in names]),
        table("a puzzle without a solution, points (right is to say so; fewer claims are better)", ("", "difference"), [
            (key, points(row)) for key, row in figures["false_claims"].items()]),
        table("not right because", ("part", "arm", *OUTCOMES[1:], "tokens"), [
            (*key.split(": "), *(percent(a["outcomes"][name]) for name in OUTCOMES[1:]), a["tokens"])
            for key, a in figures["arms"].items()]),
        table("with a remark against without, points", ("part: arm", "difference", *REPLIES), [
            (key, points(row), *(percent((figures["arms"][key]["replies"] or {}).get(name)) for name in REPLIES))
            for key, row in remarks.items()]),
    ]  # fmt: skip


def everything_else(options: Namespace) -> Result:
    """Measures the seeds that are asked for and shows all that belong together."""
    if options.run is not None:
        for seed in options.seeds:
            found = measure(options.run, seed, options.limit)
            RESULTS.mkdir(exist_ok=True)
            file_of(found).write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")
    groups: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(RESULTS.glob(f"e11-{options.task}-*.json")):
        groups.setdefault(file.name.split("-seed-")[0], []).append(json.loads(file.read_text("utf-8")))
    base = folder_hash(Path(model_path("tiny")))
    ours = {work: seeds for work, seeds in groups.items() if seeds[0]["base"] == base}
    if not ours:
        return Result({}, None, "no results of this base; give a finished run, as in --run runs/countdown --seeds 1")
    work = max(ours, key=lambda name: len(ours[name]))
    figures = {"from": "benchmarks/results", "work": work} | figures_of(ours[work])
    is_whole = len(ours[work]) >= SEEDS
    return Result(figures, True if is_whole else None, "" if is_whole else f"{SEEDS} seeds are wanted", shown(figures))


if __name__ == "__main__":
    run(
        "E11",
        __doc__,
        everything_else,
        flag("--run", type=Path, help="folder of a finished run; its answers are kept in it"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2"),
        flag("--limit", type=int, default=100, help="problems a part"),
        flag("--task", default="countdown", help="whose results are shown"),
    )
