"""E2's curve further on, to 5,000 thoughts, with what the thoughts and the answers are like at each point.

The fear is that quality falls as numbers grow. So each point has, beside its accuracy, of its thoughts: Q and its parts
(docs/quality.md), the share of distinct 4-grams and the likeness within groups of 40 (groups, since both fall with
the number of texts alone), the share of lines that a text holds before; and of its model's answers the same, pass@k,
right ways a problem and the share cut off. Accuracy within fewer output tokens is that of the same answers, those that
are longer being lost: it gives the best split of one compute budget between thoughts and output tokens.

Points are those of a sweep over `recipes/scaling.yaml` in --out, made as far as --at names them: give the command again
for the next ones, and again where it was killed. Each (seed, point) is one small JSON in benchmarks/results; tables
show all that are there.
"""

import asyncio
import json
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, flag, journey, numbers, percent, run, table

from journey.data.problems import part
from journey.evals.attempts import Decoding, attempt
from journey.evals.guards import measured
from journey.evals.quality import MEASURES, of_thought, summed
from journey.metrics.accuracy import over_seeds, share_over_seeds
from journey.metrics.diversity import distinct_grams, likeness, lines_again, mean
from journey.models.local import Local
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask
from journey.types import Attempt, Problem, content_hash

ARM, METHOD = "journey", "traverse"
GROUP, RATED, DRAWN, SAMPLES = 40, 400, 60, 8  # texts a group, thoughts rated, validation problems, answers to each
LIMITS = (50, 75, 100, 150, 200, 300, 400, 600)
ANSWERS = 100_000  # that a model gives in its life, for the split of one budget
LONG = {"seeds": 1, "problems.train": 7700, "problems.validation": 200, "problems.test": 300,
        "training.save_every": 50}  # fmt: skip
QUICK = {"seeds": 1, "problems.train": 40, "problems.validation": 8, "problems.test": 8, "problems.phase1": 200,
         "evaluation.max_tokens": 200}  # fmt: skip
SHOWN = ("q", "consistency", "completeness", "relevance", "redundancy", "ngrams", "likeness", "repeats")


def quality(options: Namespace) -> Result:
    """Makes the points that are asked for and shows all that are there."""
    at = options.at or ([41, 164] if options.long else [8, 16])
    settings: dict[str, Any] = {**(LONG if options.long else QUICK), "first_seed": options.seed}
    with tempfile.TemporaryDirectory() as folder:
        results = RESULTS if options.long else Path(folder)
        out = options.out or Path(folder) / "sweep"
        work = content_hash({k: v for k, v in settings.items() if k != "first_seed"}, ARM, METHOD, SAMPLES)[:8]
        for count in at:
            file = results / f"e2-quality-{work}-seed-{options.seed}-{count}.json"
            if not file.is_file():
                file.parent.mkdir(exist_ok=True)
                file.write_text(json.dumps(point(out, settings, count, options.seed)) + "\n", "utf-8")
        found = [json.loads(file.read_text("utf-8")) for file in sorted(results.glob(f"e2-quality-{work}-seed-*.json"))]
    rows = [of_point(count, [f for f in found if f["asked"] == count]) for count in sorted({f["asked"] for f in found})]
    whole = options.long and rows[-1]["thoughts"] >= 5000 and min(row["seeds"] for row in rows) >= 3
    kept = {"work": work, "points": rows, "split": split(found)}
    return Result(kept, True if whole else None, "" if whole else "wanted: 5,000 thoughts, three seeds", shown(kept))


def point(out: Path, settings: Mapping[str, Any], count: int, seed: int) -> dict[str, Any]:
    """One point: its run is made (or gone on with) and measured."""
    wanted = {**settings, "arms": f"[phase1, {ARM}]", "axes.thoughts.values": f"[{count}]"}
    most = settings.get("evaluation.max_tokens", 600)  # as the base has it, so that no run is made for the axis
    given = [part for name, value in wanted.items() for part in ("--set", f"{name}={value}")]
    given += ["--set", "axes.trials.values=[6]", "--set", f"axes.output.values=[{most}]"]
    journey("run", "scaling", "--out", out, *given)
    axes = json.loads((out / "scaling.json").read_text("utf-8"))["axes"]
    [cost] = axes["thoughts"]["arms"][ARM]["points"]
    with Run.read(out / cost["run"]) as of:
        problems = {problem.id: problem for problem in of.problems()}
        thoughts = sorted(of.thoughts(method=METHOD, seed=seed), key=lambda one: one.id)
        trees = {tree.id: tree for tree in of.trees()}
        rated = Random(seed).sample(thoughts, min(RATED, len(thoughts)))
        found = [of_thought(t, problems[t.problem].question, trees.get(t.tree or "")) for t in rated]
        name = f"seed-{seed}/{ARM}"
        answers = [a for a in of.attempts(model=name, decoding="sampled", split="test") if a.sample == 0]
        drawn = asyncio.run(drawn_answers(of.path / "models" / name, part(of, "validation")[:DRAWN], seed))
    return {
        "asked": count, "seed": seed, "thoughts": len(thoughts), "made": cost["flops"]["made"],
        "inference": cost["flops"]["inference"] / cost["tokens"], "trained_tokens": cost["trained_tokens"],
        "of_thoughts": summed(found) | texts([one.text for one in thoughts], seed),
        "of_answers": texts([one.text for one in answers], seed),
        "of_draws": measured(problems, drawn, k=SAMPLES),
        "right": [one.tokens if one.correct is True else 0 for one in answers],  # tokens of the right answers
        "tokens": [one.tokens for one in answers],
    }  # fmt: skip


async def drawn_answers(weights: Path, problems: Sequence[Problem], seed: int) -> dict[str, list[Attempt]]:
    """Several answers to each validation problem."""
    model, grader = Local(weights, weights.name), TaskGrader()
    rule = Decoding("drawn", 1.0, 1.0, 600, SAMPLES)
    every = (attempt(one, model, grader, ask, rule, split="validation", seed=seed) for one in problems)
    found = await asyncio.gather(*every)
    await model.close()
    return {answers[0].problem: answers for answers in found}


def texts(found: Sequence[str], seed: int) -> dict[str, float | None]:
    """Distinct 4-grams and likeness, means over groups of texts drawn at random, and lines said before."""
    drawn = Random(seed).sample(found, len(found))
    groups = [drawn[i : i + GROUP] for i in range(0, max(1, len(drawn) - GROUP + 1), GROUP)][:10]
    return {"ngrams": mean(map(distinct_grams, groups)), "likeness": mean(map(likeness, groups)),
            "repeats": mean(map(lines_again, found))}  # fmt: skip


def of_point(count: int, seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A point's figures over its seeds."""
    rights = [{str(i): float(n > 0) for i, n in enumerate(f["right"])} for f in seeds]
    spread = share_over_seeds(rights)
    row: dict[str, Any] = {
        "asked": count, "seeds": len(seeds), "thoughts": fmean(f["thoughts"] for f in seeds),
        "accuracy": spread.value, "low": spread.low, "high": spread.high,
    }  # fmt: skip
    for name in SHOWN:
        row[name] = mean(f["of_thoughts"][name] for f in seeds)
    known = [f["of_thoughts"]["q"] for f in seeds]
    if all(q is not None for q in known):
        row["q_low"], row["q_high"] = (interval := over_seeds([{"q": q} for q in known])).low, interval.high
    row |= {f"answers {name}": mean(f["of_answers"][name] for f in seeds) for name in ("ngrams", "likeness", "repeats")}
    of_draws = ("pass_at", "right_ways", "first_steps", "entropy", "cut_off", "tokens")
    return row | {f"draws {name}": mean(f["of_draws"][name] for f in seeds) for name in of_draws}


def split(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The best numbers of thoughts and output tokens for each total of FLOPs: data, training and `ANSWERS` answers."""
    cells: list[dict[str, Any]] = []
    for count in sorted({f["asked"] for f in found}):
        of = [f for f in found if f["asked"] == count and f["made"] is not None]
        for limit in LIMITS if of else ():
            spent = fmean(fmean(min(n, limit) for n in f["tokens"]) * f["inference"] * ANSWERS for f in of)
            right = fmean(fmean(0 < n <= limit for n in f["right"]) for f in of)
            total = fmean(f["made"] for f in of) + spent
            cells.append(
                {"thoughts": count, "limit": limit, "flops": total, "training": total - spent, "accuracy": right}
            )
    budgets = sorted({float(f"{cell['flops']:.1e}") for cell in cells})
    best: list[dict[str, Any]] = []
    for budget in budgets:
        within = [cell for cell in cells if cell["flops"] <= budget]
        if within and (top := max(within, key=lambda cell: cell["accuracy"])) not in [b["cell"] for b in best]:
            best.append({"budget": budget, "cell": top})
    return [{"budget": one["budget"], **one["cell"]} for one in best]


def shown(kept: Mapping[str, Any]) -> list[Any]:
    """The tables."""
    rows = kept["points"]
    draws = [name for name in (rows[0] if rows else {}) if name.startswith(("answers ", "draws "))]
    return [
        table("thoughts", ("thoughts", "seeds", "right", "low", "high", *SHOWN), [
            (f"{row['thoughts']:.0f}", row["seeds"], *map(percent, (row["accuracy"], row["low"], row["high"])),
             *(row[name] for name in SHOWN)) for row in rows
        ]),
        table("answers", ("thoughts", *draws), [(f"{r['thoughts']:.0f}", *(r[n] for n in draws)) for r in rows]),
        table(f"one budget, {ANSWERS:,} answers in a model's life", ("FLOPs", "thoughts", "output tokens", "right"), [
            (f"{one['budget']:.1e}", one["thoughts"], one["limit"], percent(one["accuracy"])) for one in kept["split"]
        ]),
    ]  # fmt: skip


if __name__ == "__main__":
    assert set(MEASURES) <= set(SHOWN)
    run(
        "E2 quality",
        __doc__,
        quality,
        flag("--out", type=Path, help="where the sweep goes, and from where it goes on"),
        flag("--at", type=numbers, help="such as 41,327: thoughts"),
        flag("--seed", type=int, default=1),
    )
