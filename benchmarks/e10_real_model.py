"""E10: shortcut against journey on a pretrained language model, SmolLM2-135M-Instruct, which learns Countdown in words.

The settings are those of `recipes/smollm2.yaml`: one first phase teaches the skills and serves all seeds, so that the
intervals are of the second phase alone; the trees are the tiny model's (with `--own` the student's own after phase 1).
`--long` runs the recipe into `--work` (it goes on where it was stopped), then every finished (arm, seed) is stored as
one small JSON in benchmarks/results, and the table combines all that are there. Without `--long` it only does the
latter. `--skills` measures what phase 1 taught, on validation puzzles: legal steps, verdicts, returns.
"""

import asyncio
import json
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, ROOT, Result, by_seed, flag, journey, percent, rights_of, run, table

from journey.data.problems import part
from journey.metrics.accuracy import mean_tokens, no_difference, over_seeds, share_over_seeds
from journey.metrics.paired import compared, gains
from journey.metrics.votes import maj_at_tokens
from journey.models.base import Prompt
from journey.models.local import Local
from journey.pipeline.arm_rows import model_name
from journey.pipeline.outcome import outcome
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import load, plain_recipe
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.countdown.plain import explore_prompt, in_puzzle_words
from journey.tasks.skills import skills
from journey.tasks.table import task
from journey.types import Attempt, Problem, content_hash

RECIPE = ROOT / "recipes" / "smollm2.yaml"
PAIRS = (("shortcut", "journey"), ("shortcut_tokens", "journey"), ("phase1", "shortcut"), ("phase1", "journey"))
OTHERWISE = ("seeds", "workers", "in_flight", "servers")  # settings that change no result
LATER = (("problems", "language"), ("thoughts", "language"), ("thoughts", "translating"))
"""Settings that are younger than the results and are not used."""
VOTES = "shortcut_majk"
SHOWN = ("steps", "verdicts", "returns")


def real_model(options: Namespace) -> Result:
    """Runs what is asked for, stores what is finished and shows all that is stored."""
    chosen = ["trees.model=null"] if options.own else []
    recipe = load(RECIPE, [*chosen, f"seeds={options.seeds}"], {})
    out = options.work or ROOT / "runs" / ("smollm2-own" if options.own else "smollm2")
    if options.long:
        settings = [part for one in (*chosen, f"seeds={options.seeds}") for part in ("--set", one)]
        journey("run", RECIPE, "--out", out, *settings)
    work, figures = name_of(recipe), dict[str, Any]()
    if (out / "run.db").is_file():
        with Run.read(out) as there:
            store(there, recipe, work)
    if options.skills:
        figures["skills"] = asyncio.run(measured(out, recipe, work))
    found = by_seed(RESULTS.glob(f"{work}-seed-*.json"))
    figures |= {
        "work": work,
        "trees_by": recipe.grown_by or "phase 1",
        "arms": arms(found),
        "gains": differences_of(found),
    }
    wanted = 1 if options.own else 3
    fewest = min((len(found.get(arm, ())) for arm in recipe.arms), default=0)
    why = "" if fewest >= wanted else f"some arms have fewer than {wanted} seeds"
    return Result(figures, None if why else True, why, shown(figures))


def name_of(recipe: Recipe) -> str:
    """The beginning of the names of results made by these settings."""
    settings = {key: inner for key, inner in plain_recipe(recipe).items() if key not in OTHERWISE}
    del settings["evaluation"]["votes"]
    for room, name in LATER:
        settings[room].pop(name)
    return f"e10-{content_hash(settings)[:8]}"


def store(there: Run, recipe: Recipe, work: str) -> None:
    """Writes the figures of every (arm, seed) that has answered all test problems by every rule."""
    problems = [problem.id for problem in part(there, recipe.evaluation.split)]
    rules = [rule.name for rule in recipe.evaluation.rules()]
    trained = {entry.model: entry for entry in there.entries(Training)}
    for name, entry in trained.items():
        drawn = {rule: there.attempts(model=name, decoding=rule) for rule in rules}
        answers = {rule: {a.problem: a for a in found if a.sample == 0} for rule, found in drawn.items()}
        file = RESULTS / f"{work}-seed-{entry.seed}-{entry.arm}.json"
        if file.is_file() or any(found.keys() < {*problems} for found in answers.values()):
            continue
        thoughts = sum(1 for _ in there.thoughts(seed=entry.seed)) // len(recipe.thoughts.methods)
        figures = {"seed": entry.seed, "arm": entry.arm, "trained_tokens": entry.tokens, "thoughts": thoughts}
        figures |= {rule: of_answers([found[id] for id in problems]) for rule, found in answers.items()}
        file.write_text(json.dumps(figures) + "\n", "utf-8")
    came = outcome(there)
    for (seed, arm), shortcut in came.by_arm.items():
        file, long = RESULTS / f"{work}-seed-{seed}-{VOTES}.json", came.by_arm.get((seed, "journey"))
        if arm != "shortcut" or long is None or file.is_file() or len(long.main) < len(problems):
            continue
        if min(map(len, shortcut.samples.values())) > 1 and len(shortcut.samples) == len(problems):
            votes = maj_at_tokens(shortcut.samples, mean_tokens(long.main))
            share = [round(votes.accuracy[id], 4) for id in problems]
            kept = {"seed": seed, "arm": VOTES, "k": votes.k, "tokens": votes.tokens, "share": share}
            file.write_text(json.dumps(kept) + "\n", "utf-8")


def of_answers(answers: list[Attempt]) -> dict[str, Any]:
    """What the answers of one arm by one rule come to; `returned`: the answers that go back at least once."""
    returned = [a for a in answers if "Back to" in a.text]
    return {
        "right": "".join("1" if a.correct is True else "0" for a in answers),
        "tokens": fmean(a.tokens for a in answers),
        "cut_off": fmean(a.finish == "length" for a in answers),
        "errors": dict(sorted(Counter(a.error or "other" for a in answers if a.correct is not True).items())),
        "returned": len(returned),
        "returned_right": sum(a.correct is True for a in returned),
    }


async def measured(out: Path, recipe: Recipe, work: str) -> dict[str, Any]:
    """The skills of phase 1 on validation puzzles, sampled as the arms are asked; kept beside the results."""
    file = RESULTS / f"{work}-skills.json"
    if file.is_file():
        return json.loads(file.read_text("utf-8"))
    of, folder = task(recipe.task), out / "models" / model_name(recipe.first_seed, "phase1")
    model = Local(folder, "phase1")
    with Run.read(out) as there:
        problems = part(there, "validation")[:60]

    def ask(problem: Problem, prefix: Any) -> Prompt:
        return Prompt(explore_prompt(problem.question), "")

    assert of.ground is not None
    found = await skills(model, problems, ask, of.ground, max_tokens=500, read=in_puzzle_words)
    await model.close()
    kept = {name: asdict(found[name]) for name in SHOWN}
    file.write_text(json.dumps(kept) + "\n", "utf-8")
    return kept


def arms(found: Mapping[str, Mapping[int, Any]]) -> dict[str, Any]:
    """Every arm over its seeds, by rule."""
    table: dict[str, Any] = {}
    for arm, seeds in found.items():
        if arm == VOTES:
            continue
        table[arm] = {"seeds": len(seeds), "trained_tokens": fmean(f["trained_tokens"] for f in seeds.values())}
        for rule in [name for name, value in next(iter(seeds.values())).items() if isinstance(value, dict)]:
            of = [figures[rule] for figures in seeds.values()]
            spread = share_over_seeds([{k: float(v) for k, v in rights_of(one).items()} for one in of])
            wrong = sum((Counter(one["errors"]) for one in of), Counter[str]())
            table[arm][rule] = {
                "accuracy": spread.value, "low": spread.low, "high": spread.high,
                **{key: fmean(one[key] for one in of) for key in ("tokens", "cut_off", "returned", "returned_right")},
                "errors": dict(wrong),
            }  # fmt: skip
    return table


def differences_of(found: Mapping[str, Mapping[int, Any]]) -> dict[str, Any]:
    """The second arm's accuracy minus the first's in points, paired by problem, over the seeds that both have."""
    table: dict[str, Any] = {}
    if both := sorted(found.get(VOTES, {}).keys() & found.get("journey", {}).keys()):
        right = {s: rights_of(found["journey"][s]["sampled"]) for s in both}
        lead = [{p: one - found[VOTES][s]["share"][int(p)] for p, one in right[s].items()} for s in both]
        spread, k = over_seeds(lead), fmean(found[VOTES][s]["k"] for s in both)
        votes = fmean(fmean(found[VOTES][s]["share"]) for s in both)
        points = {key: 100 * getattr(spread, key) for key in ("value", "low", "high")}
        name = f"journey over shortcut's maj@{k:.1f} ({percent(votes)})"
        table[name] = {"seeds": len(both), **points, "p": no_difference(lead)}
    for less, more in PAIRS:
        seeds = sorted(found.get(less, {}).keys() & found.get(more, {}).keys())
        for rule in ("sampled", "greedy"):
            pairs = [
                (rights_of(found[less][s][rule]), rights_of(found[more][s][rule]))
                for s in seeds
                if rule in found[less][s]
            ]
            if not pairs:
                continue
            of = compared(pairs)
            p = of.p if len(pairs) == 1 else no_difference(gains(pairs))
            points = {key: 100 * getattr(of.difference, key) for key in ("value", "low", "high")}
            table[f"{more} over {less}, {rule}"] = {"seeds": len(pairs), **points, "p": p}
    return table


def shown(figures: Mapping[str, Any]) -> list[Any]:
    columns = (
        "arm",
        "seeds",
        "trained tokens",
        "right",
        "low",
        "high",
        "tokens",
        "cut off",
        "go back",
        "of them right",
    )
    parts: list[Any] = []
    for rule in [rule for rule in ("sampled", "greedy") if any(rule in a for a in figures["arms"].values())]:
        rows = [
            (arm, a["seeds"], round(a["trained_tokens"]), *map(percent, (of["accuracy"], of["low"], of["high"])),
             of["tokens"], percent(of["cut_off"]), of["returned"], of["returned_right"])
            for arm, a in figures["arms"].items() if (of := a.get(rule))
        ]  # fmt: skip
        parts.append(table(f"{rule} answers, trees by {figures['trees_by']}", columns, rows))
    lines = [(k, d["seeds"], d["value"], d["low"], d["high"], f"{d['p']:.3g}") for k, d in figures["gains"].items()]
    parts.append(table("differences, points", ("", "seeds", "points", "low", "high", "p"), lines))
    if "skills" in figures:
        rows = [(name, percent(s["right"]), s["count"]) for name, s in figures["skills"].items()]
        parts.append(table("skills after phase 1", ("", "right", "lines"), rows))
    return parts


if __name__ == "__main__":
    run(
        "E10",
        __doc__,
        real_model,
        flag("--seeds", type=int, default=3, help="how many seeds, from the recipe's first one on"),
        flag("--own", action="store_true", help="trees of the student's own after phase 1"),
        flag("--skills", action="store_true", help="measure the skills that phase 1 taught"),
        flag("--work", type=Path, help="the run's folder; the default is runs/smollm2"),
    )
