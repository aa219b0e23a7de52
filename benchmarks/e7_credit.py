"""E7: ways of crediting an answer's pieces, from the journey's start at equal generated tokens (rollouts counted).

From a finished run of recipes/rl.yaml (`--run`, or one of recipes/maze.yaml with problems.rl) comes the journey's model
of each seed. Each way of credit learns from it with the recipe's settings, but at the journey's own rate: at the one
that E5 has for all starts it falls (docs/LOG.md). The judge's ways also with 10 and 30 % of the verdicts flipped; "x4":
four times the tokens. Shown are accuracy, tokens, backtracks, recoveries and kinds of errors before and after, and the
generated tokens at which a way first reaches the accuracy that outcome credit ends with on the validation problems.

Each (way, seed) is one small JSON in benchmarks/results; the table combines those of the same base and sizes.
"""

import tempfile
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import RESULTS, Result, flag, numbers, percent, run, table
from e5_rl import QUICK, reached, settings_of, share
from rl_runs import SHOWN, RlRuns, Sizes, gain, mean, shares

from journey.metrics.accuracy import holm, over_seeds, t_interval
from journey.store.run import Run

START, OUTCOME = "journey", "outcome"
RATE = 1e-4  # of 1e-4, 2.5e-4 and 5e-4 the best on validation puzzles from a pilot seed's journey
SMALL = 0.15  # the weight of credit by pieces beside outcome, at which it was stable in a first trial
FLIPS = (0.1, 0.3)
LONGER = " x4"


@dataclass(frozen=True)
class Way:
    """The weights of each kind of credit, the share of verdicts that is flipped, and how many budgets it has."""

    weights: Mapping[str, float]
    flip: float = 0.0
    times: int = 1


def ways() -> dict[str, Way]:
    """All ways, by their names in the tables."""
    found = {OUTCOME: Way({OUTCOME: 1.0})}
    for line in ("judge-step", "judge-sum", "judge-min"):
        for flip in (0.0, *FLIPS):
            found[f"{line}{f' flip {flip:g}' if flip else ''}"] = Way({line: SMALL}, flip)
    for line in ("value-exact", "value-rollout", "tree"):
        found[line] = Way({OUTCOME: 1.0, line: SMALL})
    for line in (OUTCOME, "tree"):
        found[f"{line}{LONGER}"] = replace(found[line], times=4)
    return found


def credit(options: Namespace) -> Result:
    """Measures the ways and seeds that are asked for and shows all that are there."""
    sizes = Sizes() if options.long else QUICK
    with tempfile.TemporaryDirectory() as folder, Run.read(options.run) as of:
        here = RlRuns("e7", of, sizes, options.work or Path(folder), RESULTS if options.long else Path(folder))
        for seed in options.seeds:
            for way in options.ways:
                how, settings = ways()[way], settings_of(START, is_long=options.long)
                settings = replace(
                    settings, learning_rate=RATE, seed=seed, credit=how.weights,
                    tokens=(settings.tokens or 0) * how.times,
                    crediting=replace(settings.crediting, flip=how.flip),
                )  # fmt: skip
                here.measure(seed, way, START, settings)
        found, work = here.found(), here.work
    shown_ways = [way for way in ways() if way in found]
    arms = {way: summary(found[way], sizes) for way in (f"start {START}", *shown_ways) if way in found}
    gains: dict[str, dict[str, Any]] = {}
    for way in shown_ways:
        for other in (f"start {START}", OUTCOME):
            of_both = [
                {s: shares(f["right"], sizes.samples) for s, f in found.get(w, {}).items()} for w in (way, other)
            ]
            if other != way and (d := gain(*of_both)) is not None:
                gains[f"{way} over {other}"] = d
    corrected = holm({name: d["p"] for name, d in gains.items()})
    gains = {name: d | {"holm": corrected[name]} for name, d in gains.items()}
    equal = [way for way in shown_ways if way != OUTCOME and not way.endswith(LONGER)]
    ratios = {way: ratio(found[way], found.get(OUTCOME, {})) for way in equal}
    errors = {way: of for way in arms if (of := kinds_of_errors(found[way]))}
    kinds = sorted({kind for of in errors.values() for kind in of})
    shown = [
        table("credit", ("", "seeds", "right", "low", "high", "greedy", *SHOWN, "generated"), [
            (way, a["seeds"], *map(percent, (a["accuracy"], a["low"], a["high"], a["greedy"])), a["tokens"],
             percent(a["cut_off"]), a["backtracks"], percent(a["recovery"]), a["generated"]) for way, a in arms.items()
        ]),
        table("differences, points", ("", "seeds", "points", "low", "high", "p (Holm)"), [
            (name, d["seeds"], d["points"], d["low"], d["high"], f"{d['holm']:.3g}") for name, d in gains.items()
        ]),
        table("tokens to the validation accuracy that outcome ends with, as a share of outcome's", ("", "seeds",
              "share", "low", "high", "reached"), [
            (way, r["seeds"], r["share"], r["low"], r["high"], r["reached"]) for way, r in ratios.items() if r
        ]),
        table("what is not right, % of the answers", ("", *kinds), [
            (way, *(percent(of.get(kind, 0.0)) for kind in kinds)) for way, of in errors.items()
        ]),
    ]  # fmt: skip
    is_whole = (
        options.long and len(shown_ways) == len(ways()) and all(arms[way]["seeds"] >= 3 for way in (OUTCOME, *equal))
    )
    kept = {"work": work, "arms": arms, "differences": gains, "ratios": ratios, "errors": errors}
    return Result(kept, True if is_whole else None, "" if is_whole else "the row wants --long and three seeds", shown)


def summary(seeds: Mapping[int, Any], sizes: Sizes) -> dict[str, Any]:
    """A way's figures over its seeds."""
    figures = list(seeds.values())
    spread = over_seeds([shares(f["right"], sizes.samples) for f in figures])
    return {
        "seeds": len(figures), "accuracy": spread.value, "low": spread.low, "high": spread.high,
        "greedy": over_seeds([shares(f["greedy"], 1) for f in figures]).value,
        "generated": fmean(f.get("generated", 0) for f in figures), **{name: mean(figures, name) for name in SHOWN},
    }  # fmt: skip


def kinds_of_errors(seeds: Mapping[int, Any]) -> dict[str, float]:
    """The share of answers with each kind of error, the mean over the seeds that counted them."""
    counted = [figures["errors"] for figures in seeds.values() if "errors" in figures]
    return {kind: fmean(of.get(kind, 0.0) for of in counted) for kind in sorted({k for of in counted for k in of})}


def ratio(way: Mapping[int, Any], outcome: Mapping[int, Any]) -> dict[str, Any] | None:
    """When a way first reaches what outcome ends with; a seed that never does counts with all its tokens."""
    both = sorted(way.keys() & outcome.keys())
    if not both:
        return None
    ends = {seed: share(outcome[seed]["curve"][-1]) for seed in both}
    places = [reached(way[seed]["curve"], ends[seed]) for seed in both]
    most = [outcome[seed]["generated"] for seed in both]
    found = [(all_of if at is None else at) / all_of for at, all_of in zip(places, most, strict=True)]
    spread = t_interval(found) if len(found) > 1 else None
    return {
        "seeds": len(both), "share": fmean(found), "low": None if spread is None else max(0.0, spread.low),
        "high": None if spread is None else spread.high, "reached": sum(at is not None for at in places),
    }  # fmt: skip


if __name__ == "__main__":
    run(
        "E7",
        __doc__,
        credit,
        flag("--run", type=Path, default=Path("runs/rl"), help="a run of recipes/rl.yaml"),
        flag("--seeds", type=numbers, default=[1], help="such as 1,2,3"),
        flag("--ways", type=lambda text: text.split(","), default=list(ways()), help="such as outcome,judge-step"),
        flag("--work", type=Path, help="folder to keep the trained models in"),
    )
