"""E5: outcome RL from six starts at equal generated tokens: does the journey's lead survive it?

From a finished run of recipes/rl.yaml (`--run`; its arms before reinforcement learning are enough) come the starts:
the base itself, phase 1, the shortcut, the journey, the journey of wrong answers and the emptied journey. Each learns
from its own answers to the same other puzzles, with the settings of the recipe, which were chosen on validation puzzles
and a seed that is not reported. The test is read once, before and after.

Each (start, seed) is one small JSON in benchmarks/results; the table combines those of the same base and sizes.
"""

import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, ROOT, Result, flag, numbers, percent, run, table
from rl_runs import BASE, SHOWN, RlRuns, Sizes, gain, mean, passing, shares

from journey.metrics.accuracy import holm, over_seeds, t_interval
from journey.pipeline.recipe_reading import load
from journey.store.entries import Training
from journey.store.run import Run
from journey.training.rl_settings import RlSettings

STARTS = (BASE, "phase1", "shortcut", "journey", "journey_wrong", "journey_empty")
PAIRS = (
    ("journey", "shortcut"), ("journey", "journey_wrong"), ("journey", "journey_empty"), ("journey", "phase1"),
    ("journey", BASE),
)  # fmt: skip
QUICK = Sizes(test=8, samples=2, tried=4, passes=2)


def settings_of(start: str, *, is_long: bool) -> RlSettings:
    """The recipe's settings of a start."""
    found: RlSettings = load(ROOT / "recipes" / "rl.yaml").arms[f"rl_{start}"]
    return found if is_long else replace(found, tokens=2000, problems=2, samples=4, micro_batch=8, validation=4)


def after_rl(options: Namespace) -> Result:
    """Measures the starts and seeds that are asked for and shows all that are there."""
    sizes = Sizes() if options.long else QUICK
    with tempfile.TemporaryDirectory() as folder, Run.read(options.run) as of:
        here = RlRuns("e5", of, sizes, options.work or Path(folder), RESULTS if options.long else Path(folder))
        for seed in options.seeds:
            for start in options.starts:
                settings = replace(settings_of(start, is_long=options.long), seed=seed)
                here.measure(seed, f"rl {start}", start, settings)
        found, work = here.found(), here.work
    starts = [start for start in STARTS if f"rl {start}" in found]
    arms = {start: summary(found[f"start {start}"], found[f"rl {start}"], sizes) for start in starts}
    equal = {s: answers_at(arms.get("journey"), a) for s, a in arms.items()}
    with Run.read(options.run) as of:
        for start, a in arms.items():
            a["grown"], a["trained"] = paid_before(of, start, sorted(found[f"rl {start}"]))
    gains: dict[str, dict[str, Any]] = {}
    for more, less in PAIRS:
        for when, prefix in (("before", "start"), ("after", "rl")):
            one, two = found.get(f"{prefix} {more}", {}), found.get(f"{prefix} {less}", {})
            for kind, samples in (("right", sizes.samples), ("greedy", 1)):
                of_kind = [{s: shares(f[kind], samples) for s, f in arm.items()} for arm in (one, two)]
                if (d := gain(*of_kind)) is not None:
                    gains[f"{more} over {less}, {kind}, {when}"] = d
    corrected = holm({name: d["p"] for name, d in gains.items()})
    gains = {name: d | {"holm": corrected[name]} for name, d in gains.items()}
    worth = worth_of_start(found)
    shown = [
        table("starts, before and after RL", ("start", "seeds", "right", "after", "low", "high", "greedy", "after",
              "pass", "after", "finished", "after", "right of those", "after"), [
            (s, a["seeds"], *(percent(a[n]) for n in ("before", "accuracy", "low", "high", "greedy_before", "greedy",
             "pass_before", "pass", "finished_before", "finished", "right_finished_before", "right_finished")))
            for s, a in arms.items()
        ]),
        table("how they think", ("start", *(f"{n}{w}" for n in SHOWN for w in ("", " after")), "generated"), [
            (s, *(x for n in SHOWN for x in (a[f"{n}_before"], a[n])), a["generated"]) for s, a in arms.items()
        ]),
        table("where the gain comes from, points; answers at the journey's tokens; tokens paid before RL", ("start",
              "more ends", "more right ends", "answers", "after", "grown in trees", "trained on"), [
            (s, a["from_ends"], a["from_right_ends"], *(equal[s] or (None, None)), a["grown"], a["trained"])
            for s, a in arms.items()
        ]),
        table("differences, points", ("", "seeds", "points", "low", "high", "p (Holm)"), [
            (name, d["seeds"], d["points"], d["low"], d["high"], f"{d['holm']:.3g}") for name, d in gains.items()
        ]),
        table("tokens of RL that the journey's start is worth", ("from", "seeds", "tokens", "low", "high", "reached"), [
            (s, w["seeds"], w["tokens"], w["low"], w["high"], w["reached"]) for s, w in worth.items()
        ]),
    ]  # fmt: skip
    is_whole = options.long and len(arms) == len(STARTS) and all(a["seeds"] >= 3 for a in arms.values())
    kept = {"work": work, "arms": arms, "differences": gains, "worth": worth, "curves": curves(found, starts)}
    return Result(kept, True if is_whole else None, "" if is_whole else "the row wants --long and three seeds", shown)


def summary(before: Mapping[int, Any], after: Mapping[int, Any], sizes: Sizes) -> dict[str, Any]:
    """A start's figures before and after: means over the seeds, accuracy with its interval."""
    seeds = [before[seed] for seed in after], list(after.values())
    found: dict[str, Any] = {"seeds": len(after), "generated": fmean(f["generated"] for f in after.values())}
    for suffix, figures in (("_before", seeds[0]), ("", seeds[1])):
        spread = over_seeds([shares(f["right"], sizes.samples) for f in figures])
        ends = fmean(sum(map(int, f["ended_by_itself"])) / len(f["right"]) / sizes.samples for f in figures)
        of = {"accuracy": spread.value, "low": spread.low, "high": spread.high, "finished": ends,
              "greedy": over_seeds([shares(f["greedy"], 1) for f in figures]).value,
              "pass": over_seeds([passing(f) for f in figures]).value,
              "right_finished": spread.value / ends if ends else None,
              **{name: mean(figures, name) for name in SHOWN}}  # fmt: skip
        found |= {f"{name}{suffix}": value for name, value in of.items()}
    found["before"] = found["accuracy_before"]
    ends, right = ([found[f"{name}{when}"] for when in ("_before", "")] for name in ("finished", "right_finished"))
    found["from_ends"] = 100 * (ends[1] - ends[0]) * fmean(right)
    found["from_right_ends"] = 100 * (right[1] - right[0]) * fmean(ends)
    return found


def answers_at(journey: Mapping[str, Any] | None, other: Mapping[str, Any]) -> tuple[float, float] | None:
    """How many answers of a start cost as many tokens as one of the journey's, before and after; below 2 no vote."""
    if journey is None:
        return None
    return journey["tokens_before"] / other["tokens_before"], journey["tokens"] / other["tokens"]


def paid_before(of: Run, start: str, seeds: list[int]) -> tuple[float, float]:
    """The tokens generated for a start's trees, and those that it was trained on, a seed on average."""
    grows = start not in (BASE, "phase1")
    trees = {seed: list(of.trees(policy=f"seed-{seed}/phase1")) if grows else [] for seed in seeds}
    grown = fmean(sum(node.tokens for tree in trees[seed] for node in tree.nodes) for seed in seeds)
    phases = {BASE: (), "phase1": ("phase1",)}.get(start, ("phase1", start))
    read = {(t.seed, t.arm): t.tokens or 0 for t in of.entries(Training)}
    return grown, fmean(sum(read.get((seed, arm), 0) for arm in phases) for seed in seeds)


def worth_of_start(found: Mapping[str, Mapping[int, Any]]) -> dict[str, dict[str, Any]]:
    """After how many tokens of RL another start's validation accuracy reaches the journey's before any.

    A seed that never reaches it counts with all its tokens, so that the figure is a lower bound.
    """
    worth: dict[str, dict[str, Any]] = {}
    journey = found.get("rl journey", {})
    for start in STARTS:
        other = found.get(f"rl {start}", {})
        both = sorted(journey.keys() & other.keys())
        if start == "journey" or not both:
            continue
        places = [reached(other[seed]["curve"], share(journey[seed]["curve"][0])) for seed in both]
        tokens = [
            float(at if at is not None else other[seed]["generated"]) for at, seed in zip(places, both, strict=True)
        ]
        spread = t_interval(tokens) if len(tokens) > 1 else None
        worth[start] = {
            "seeds": len(both), "tokens": fmean(tokens), "low": None if spread is None else max(0.0, spread.low),
            "high": None if spread is None else spread.high, "reached": sum(at is not None for at in places),
        }  # fmt: skip
    return worth


def share(check: Mapping[str, Any]) -> float:
    return check["right"] / check["problems"]


def reached(curve: list[dict[str, Any]], wanted: float) -> float | None:
    """The tokens at which the accuracy is first there, between two checks by a straight line; null: never."""
    if share(curve[0]) >= wanted:
        return 0.0
    for one, two in pairwise(curve):
        low, high = share(one), share(two)
        if high >= wanted:
            return one["tokens"] + (two["tokens"] - one["tokens"]) * (wanted - low) / (high - low)
    return None


def curves(found: Mapping[str, Mapping[int, Any]], starts: list[str]) -> dict[str, list[dict[str, float]]]:
    """Each start's validation accuracy against generated tokens, the mean over the seeds at every check."""
    drawn: dict[str, list[dict[str, float]]] = {}
    for start in starts:
        each = [figures["curve"] for figures in found[f"rl {start}"].values()]
        drawn[start] = [
            {"tokens": fmean(c["tokens"] for c in at), "accuracy": fmean(map(share, at)),
             "answer_tokens": fmean(c["answer_tokens"] for c in at), "backtracks": fmean(c["backtracks"] for c in at)}
            for at in zip(*each, strict=False)
        ]  # fmt: skip
    return drawn


if __name__ == "__main__":
    run(
        "E5",
        __doc__,
        after_rl,
        flag("--run", type=Path, default=Path("runs/rl"), help="a run of recipes/rl.yaml"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2,3"),
        flag("--starts", type=lambda text: text.split(","), default=list(STARTS), help="such as journey,shortcut"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )
