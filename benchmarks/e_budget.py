"""Row E, budget forcing: does a Countdown model gain when it is made to think on, or to stop (s1, arXiv 2501.19393)?

On validation problems, accuracy against average output tokens of the journey and the shortcut of a run, forced in the
ways of docs/evals.md: `waits N` puts "Wait" in place of the end up to N times, `max N` ends the thinking after N tokens
and asks for the answer. The puzzle's own steps have no words for that; the nearest is to begin a last time from a state
("Back to"). A side trip and its return take 40 tokens, so most caps fall behind a verdict, where these words may stand;
`max 100` falls into the middle of a line. All ways of a model begin from the same draws, so that `fixed` and `broke`
count what forcing did to single answers.

`unforced` is the same model at the same average tokens without forcing: cut off at fewer tokens where forcing spends
less, maj@k where it spends more (Journey part 2's curve). The mark compares: + forced is above, - below, where the 95 %
interval of the difference leaves out 0. Toy models: the figures say nothing of 7B models.
"""

import asyncio
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import Result, flag, journey, run, table
from e_search import Remembered, against
from rich.table import Table

from journey.evals.attempts import Decoding, attempt
from journey.evals.thinking_budget import Budget
from journey.metrics.accuracy import finished
from journey.metrics.compute import AccuracyAtCost, accuracy_at_cost, at_tokens
from journey.metrics.votes import maj_at_tokens
from journey.models.base import Model
from journey.models.local_threads import use_one_thread
from journey.pipeline import registry
from journey.store.run import Run
from journey.tasks.table import task
from journey.types import Attempt, Problem

TASK = task("countdown")
SMALL = (
    "seeds=1", "problems.train=260", "problems.validation=80", "problems.test=4", "trees.count=164",
    "arms=[phase1,shortcut,journey]", "evaluation.votes=1", "evaluation.max_tokens=100",
)  # fmt: skip
LIMIT = 600
CUTS = (29, 69, 100, 189, 389)
ANSWER = "\nBack to"
ANSWER_TOKENS = 40  # a state, two steps and a verdict
WAYS = {
    "waits 1": Budget(waits=1),
    "waits 2": Budget(waits=2),
    "waits 4": Budget(waits=4),
    "waits 4, min 100": Budget(waits=4, min=100),
    **{f"max {n}": Budget(max=n, answer=ANSWER, answer_tokens=ANSWER_TOKENS) for n in CUTS},
    "waits 2, max 189": Budget(waits=2, max=189, answer=ANSWER, answer_tokens=ANSWER_TOKENS),
}


@dataclass(frozen=True)
class Unforced:
    """A model left alone: cut off at each of `CUTS` and at `LIMIT`, and many samples a problem at `LIMIT`, by seed."""

    cuts: Sequence[AccuracyAtCost]
    plain: Sequence[Sequence[Attempt]]
    samples: Sequence[Mapping[str, Sequence[Attempt]]]

    def at(self, tokens: float) -> tuple[str, list[Mapping[str, float]]]:
        """What it is called, and the expected accuracy of each problem by seed, at so many tokens on average."""
        if tokens <= fmean(a.tokens for seed in self.plain for a in seed):
            found = at_tokens(self.cuts, tokens)
            return "cut off", [] if found is None else list(found.rows)
        votes = [maj_at_tokens(samples, tokens) for samples in self.samples]
        return f"maj@{fmean(v.k for v in votes):.1f}", [v.accuracy for v in votes]


async def ask(
    model: Model, problems: Sequence[Problem], rule: Decoding, seed: int, budget: Budget | None = None
) -> list[Attempt]:
    """One way of answering all problems. The rule's name stays, so that all ways begin from the same draws."""
    grader = TASK.grader()
    asked = (attempt(p, model, grader, TASK.ask, rule, split="validation", seed=seed, budget=budget) for p in problems)
    return [one for several in await asyncio.gather(*asked) for one in several]


async def measure(folder: Path, arm: str, asked: Namespace, temperature: float) -> dict[str, Any]:
    """One arm of the run at one temperature, over its seeds."""
    with Run.read(folder) as of:
        problems = list(of.problems(split="validation"))[: asked.problems]
    folders = sorted((folder / "models").glob(f"seed-*/{arm}"))[: asked.seeds]
    forced: dict[str, list[list[Attempt]]] = {way: [] for way in WAYS if asked.ways in way}
    cut: dict[int, list[list[Attempt]]] = {n: [] for n in (*CUTS, LIMIT)}
    samples: list[dict[str, list[Attempt]]] = []
    for weights in folders:
        name, seed = f"{weights.parent.name}/{arm}", int(weights.parent.name.removeprefix("seed-"))
        local = registry.local(weights, name)
        model = Remembered(local)  # ways share their beginnings
        for n, found in cut.items():
            found.append(await ask(model, problems, Decoding("budget", temperature, 1.0, n), seed))
        for way, found in forced.items():
            rule = Decoding("budget", temperature, 1.0, LIMIT)
            found.append(await ask(model, problems, rule, seed, WAYS[way]))
        drawn = await ask(model, problems, Decoding("votes", asked.temperature, 1.0, LIMIT, asked.votes), seed)
        samples.append({p.id: [a for a in drawn if a.problem == p.id] for p in problems})
        await registry.close(local)
    alone = Unforced([accuracy_at_cost(of) for of in cut.values()], cut[LIMIT], samples)
    rows = [row("unforced", cut[LIMIT], alone)] + [row(way, found, alone) for way, found in forced.items()]
    return {"arm": arm, "temperature": temperature, "seeds": len(folders), "problems": len(problems), "rows": rows}


def row(way: str, found: Sequence[Sequence[Attempt]], alone: Unforced) -> dict[str, Any]:
    """A way of forcing: what it comes to, what it did to single answers, and the unforced model at its tokens."""
    mine = accuracy_at_cost(found)
    pairs = [
        (one.correct is True, two.correct is True)
        for before, after in zip(alone.plain, found, strict=True)
        for one, two in zip(before, after, strict=True)
    ]
    bounds = mine.accuracy
    data: dict[str, Any] = {
        "way": way, "accuracy": bounds.value, "low": bounds.low, "high": bounds.high, "tokens": mine.tokens,
        "finished": fmean(finished(seed) for seed in found), "fixed": pairs.count((False, True)),
        "broke": pairs.count((True, False)), "answers": len(pairs),
    }  # fmt: skip
    if way == "unforced":
        return data
    name, theirs = alone.at(mine.tokens)
    if theirs:
        rival = {"by": name, "accuracy": fmean(fmean(seed.values()) for seed in theirs)}
        data["unforced"] = rival | against(mine.rows, theirs)
    return data


def shown(found: dict[str, Any]) -> Table:
    title = (
        f"{found['arm']}, T = {found['temperature']:g}: {found['seeds']} seed(s), {found['problems']} validation "
        f"problems, at most {LIMIT} tokens; per cent, 95 % intervals"
    )
    columns = ("way", "accuracy", "interval", "tokens", "ended", "fixed", "broke", "unforced at its tokens", "by",
               "difference", "interval", "")  # fmt: skip
    lines: list[tuple[object, ...]] = []
    for one in found["rows"]:
        rival = one.get("unforced")
        beside: tuple[object, ...] = ("",) * 5
        if rival:
            span = _span(rival["gain_low"], rival["gain_high"])
            beside = (f"{100 * rival['accuracy']:.1f}", rival["by"], f"{100 * rival['gain']:+.1f}", span, rival["mark"])
        lines.append((one["way"], f"{100 * one['accuracy']:.1f}", _span(one["low"], one["high"]), round(one["tokens"]),
                      f"{100 * one['finished']:.0f}", one["fixed"], one["broke"], *beside))  # fmt: skip
    return table(title, columns, lines)


def _span(low: float, high: float) -> str:
    return f"{100 * low:.1f}..{100 * high:.1f}"


def make(out: Path) -> Path:
    journey("run", "countdown", "--out", out, *(part for setting in SMALL for part in ("--set", setting)))
    return out


def forcing(options: Namespace) -> Result:
    use_one_thread()
    options.problems = options.problems or (200 if options.long else 60)
    options.seeds = options.seeds or (None if options.long else 1)
    began = time.perf_counter()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        of = options.run or make(Path(folder) / "run")
        for temperature in (options.temperature, 0.0) if options.long else (options.temperature,):
            found += [asyncio.run(measure(of, arm, options, temperature)) for arm in options.arms]
    figures = {"models": found, "limit": LIMIT, "votes": options.votes, "seconds": round(time.perf_counter() - began)}
    return Result(figures, None, "no row of the scorecard asks for it", [shown(one) for one in found])


if __name__ == "__main__":
    run(
        "E budget", __doc__, forcing,
        flag("--run", type=Path, help="a run of recipes/countdown.yaml; else a small one is made"),
        flag("--problems", type=int, help="how many validation problems; 60, with --long 200"),
        flag("--seeds", type=int, help="how many of the run's seeds; 1, with --long all"),
        flag("--arms", nargs="+", default=["journey", "shortcut"]),
        flag("--ways", default="", help="only the ways whose name holds this, such as max"),
        flag("--votes", type=int, default=8, help="samples a problem to vote with"),
        flag("--temperature", type=float, default=1.0),
    )  # fmt: skip
