"""The figures of a run as one plain JSON object: `report.json`, which every other form of the report is drawn from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from journey.data.texts import set_of
from journey.evals.words import describe
from journey.metrics.accuracy import (
    Interval,
    accuracy,
    error_counts,
    finish_shares,
    finished,
    mean_tokens,
    over_seeds,
    share_over_seeds,
    unjudged,
    wilson,
)
from journey.metrics.paired import compared
from journey.metrics.votes import Votes, maj_at_tokens
from journey.pipeline.arms import ARMS, Gain, all_gains
from journey.pipeline.outcome import Arm, Outcome, outcome
from journey.pipeline.stages import served_by_server, spent_by_model
from journey.report.difficulty import difficulty_figures
from journey.report.rl import rl_figures
from journey.report.rounds import round_bounds, round_figures
from journey.report.samples import group_figures, vote_curve
from journey.report.searches import search_figures
from journey.report.suite import suite_figures
from journey.store.entries import Training
from journey.store.run import Run
from journey.thoughts.behaviour_figures import behaviour_figures
from journey.thoughts.star import is_hinted
from journey.thoughts.traverse import has_side_trip
from journey.types import Attempt

Json = dict[str, Any]


def figures(run: Run) -> Json:
    """The report's JSON object. Accuracies are in 0..1, gains in percentage points, low/high the 95 % interval.

    `arms` and the gains are over the finished seeds only; `left_out` says which seeds are not and why. A gain is null
    where one of its arms is missing.
    """
    found = outcome(run)
    arms = {name: _arm(found, name) for name in found.arms}
    gains: Json = {}
    for name, gain in all_gains():
        gains[gain.key] = None
        if found.has(name, gain.over):
            votes = _votes(found, name, gain.over) if gain.votes else []
            if gain.votes:
                arms[gain.votes] = _majority_arm(found, gain.over, votes)
            gains[gain.key] = _gain(found, name, gain, votes)
    return {
        "schema": 1,
        "run": run.path.name,
        "seeds": len(found.finished),
        "left_out": found.left_out,
        "split": found.split,
        "problems": found.problems,
        "trees": found.trees.used,
        "trees_by_seed": found.trees.by_seed,
        "decoding": found.main,
        "arms": arms,
        **gains,
        "rl": rl_figures(run),
        "rounds": round_figures(run),
        "round_bounds": round_bounds(run),
        "search": search_figures(run),
        "suite": suite_figures(run),
        "difficulty": difficulty_figures(run, found),
        "votes": {name: curve for name in found.arms if (curve := vote_curve(found.seeds_of(name), run))},
        "groups": group_figures(run, {name: found.seeds_of(name) for name in found.arms}),
        "curves": _curves(run),
        "behaviours": _behaviours(run, found),
        "words": _words(run, found),
        "thoughts": _thoughts(run),
        "spent": spent_by_model(run),
        "servers": served_by_server(run),
        "failures": dict(Counter(failure.stage for failure in run.failures())),
        "interval": "wider of Student's t over seeds and the bootstrap over seeds and problems"
        if len(found.finished) > 1
        else "Wilson for an accuracy, Newcombe's paired interval for a gain (one seed)",
        "shared_phase1": len(found.finished) > 1 and bool(run.config.get("recipe", {}).get("share_phase1")),
    }


def _rows(attempts: Sequence[Attempt]) -> dict[str, float]:
    return {a.problem: float(a.correct is True) for a in attempts}


def _bounds(interval: Interval) -> Json:
    return {"low": interval.low, "high": interval.high}


def _arm(found: Outcome, name: str) -> Json:
    """One arm: its main decoding over seeds, the greedy one beside it, and each seed alone."""
    seeds = found.seeds_of(name)
    figure = _decoded([a.main for a in seeds])
    greedy = [a.greedy for a in seeds if a.greedy]
    return figure | {
        "greedy": _decoded(greedy) if greedy else None,
        "trained_tokens": found.trained_tokens(name),
        "by_seed": [_seed(arm) for arm in seeds],
    }


def _decoded(seeds: Sequence[Sequence[Attempt]]) -> Json:
    everything = [a for attempts in seeds for a in attempts]
    if len(seeds) > 1:
        interval = share_over_seeds([_rows(attempts) for attempts in seeds])
    else:
        interval = wilson(sum(a.correct is True for a in everything), len(everything))
    total = len(everything)
    return {
        "accuracy": interval.value,
        **_bounds(interval),
        "tokens": mean_tokens(everything),
        "finished": finished(everything),
        "attempts": total,
        "unjudged": unjudged(everything),
        "finish": finish_shares(everything),
        "errors": {kind: n / total for kind, n in error_counts(everything).items()},
    }


def _seed(arm: Arm) -> Json:
    attempts, greedy = arm.main, arm.greedy
    right = sum(a.correct is True for a in attempts)
    return {
        "seed": arm.seed,
        "right": right,
        "attempts": len(attempts),
        "accuracy": accuracy(attempts),
        **_bounds(wilson(right, len(attempts))),
        "tokens": mean_tokens(attempts),
        "finished": finished(attempts),
        "unjudged": unjudged(attempts),
        "errors": error_counts(attempts),
        "greedy_accuracy": accuracy(greedy) if greedy else None,
    }


def _votes(found: Outcome, name: str, over: str) -> list[Votes]:
    """The other arm's votes at this one's mean output tokens, a seed each."""
    pairs = zip(found.seeds_of(over), found.seeds_of(name), strict=True)
    return [maj_at_tokens(other.samples, mean_tokens(arm.main)) for other, arm in pairs]


def _majority_arm(found: Outcome, over: str, votes: Sequence[Votes]) -> Json:
    rows = [v.accuracy for v in votes]
    drawn = [a for arm in found.seeds_of(over) for attempts in arm.samples.values() for a in attempts]
    interval = share_over_seeds(rows)
    return {
        "accuracy": interval.value,
        **_bounds(interval),
        "tokens": sum(v.tokens for v in votes) / len(votes),
        "finished": finished(drawn),
        "k": sum(v.k for v in votes) / len(votes),
        "capped": any(v.capped for v in votes),
        "by_seed": [
            {"seed": seed, "accuracy": sum(v.accuracy.values()) / len(v.accuracy), "k": v.k, "tokens": v.tokens}
            for seed, v in zip(found.finished, votes, strict=True)
        ],
    }


def _gain(found: Outcome, name: str, gain: Gain, votes: Sequence[Votes]) -> Json | None:
    """An arm's gain; the main one with each seed's own paired comparison (exact McNemar)."""
    first, second = (
        [_rows(arm.greedy if gain.greedy else arm.main) for arm in found.seeds_of(one)] for one in (name, gain.over)
    )
    if gain != ARMS[name].gains[0]:
        return _points(first, [dict(v.accuracy) for v in votes] if gain.votes else second)
    seeds: list[Json] = []
    for seed, one, two in zip(found.finished, first, second, strict=True):
        ours, others = ({p: v > 0.5 for p, v in arm.items()} for arm in (one, two))
        pair = compared([(others, ours)])
        points = {"points": pair.difference.value, "low": pair.difference.low, "high": pair.difference.high}
        changes = {f"only_{name}": pair.fixed, f"only_{gain.over}": pair.broke, "p": pair.p}
        seeds.append({"seed": seed, **{name: 100 * value for name, value in points.items()}, **changes})
    if len(seeds) == 1:
        return {key: seeds[0][key] for key in ("points", "low", "high")} | {"by_seed": seeds}
    return (_points(first, second) or {}) | {"by_seed": seeds}


def _points(first: Sequence[Mapping[str, float]], second: Sequence[Mapping[str, float]]) -> Json | None:
    """The paired difference of two arms in points over the problems that both tried; null where one is missing."""
    differences = [
        {p: one[p] - two[p] for p in one.keys() & two.keys()} for one, two in zip(first, second, strict=False)
    ]
    differences = [d for d in differences if d]
    if not differences:
        return None
    interval = over_seeds(differences).clipped(-1, 1)
    return {"points": 100 * interval.value, "low": 100 * interval.low, "high": 100 * interval.high}


def _curves(run: Run, most: int = 200) -> Json:
    """Each trained model's loss over its steps, thinned to `most` points, with the tokens and seconds it took."""
    curves: Json = {}
    kinds = {name: arm.training for name, arm in ARMS.items()}
    for trained in run.entries(Training):
        points = [[p["step"], p["loss"]] for p in trained.curve if "loss" in p]
        stride = max(1, -(-len(points) // most))
        curves[trained.model] = {
            "arm": trained.arm or trained.model, "kind": trained.kind or kinds.get(trained.arm or "", "sft"),
            "points": points[::stride], "tokens": trained.tokens, "seconds": trained.seconds,
        }  # fmt: skip
    return curves


def _behaviours(run: Run, found: Outcome) -> Json:
    """What each arm's answers (those that count) do on their way."""
    problems = {problem.id: problem for problem in run.problems()} if found.arms else {}
    return {name: behaviour_figures(problems, [arm.main for arm in found.seeds_of(name)]) for name in found.arms}


def _words(run: Run, found: Outcome) -> Json:
    """Words statistics of the thoughts by method and of each arm's answers (those that count)."""
    texts_of: dict[str, list[str]] = {}
    for thought in run.thoughts():
        texts_of.setdefault(set_of(thought), []).append(thought.text)
    answers = {name: [a for arm in found.seeds_of(name) for a in arm.main] for name in found.arms}
    return {
        "thoughts": {method: describe(texts) for method, texts in sorted(texts_of.items())},
        "answers": {
            name: describe([a.text for a in attempts], [a.tokens for a in attempts])
            for name, attempts in answers.items()
        },
    }


def _thoughts(run: Run) -> Json:
    """How many thoughts each method made, how many were refined, of how many the draft was kept instead; side trips.

    Where any were written with a hint, also how many those are.
    """
    counts: dict[str, dict[str, int]] = {}
    for thought in run.thoughts():
        if thought.language is not None:
            continue  # told again in another language
        of = counts.setdefault(thought.method, {"thoughts": 0, "refined": 0, "kept": 0})
        is_plain = thought.note is None or is_hinted(thought)
        kind = "refined" if thought.refined_by is not None else "thoughts" if is_plain else "kept"
        of[kind] += 1
        if is_hinted(thought):
            of["hinted"] = of.get("hinted", 0) + 1
        if thought.method == "traverse":
            of["side_trips"] = of.get("side_trips", 0) + has_side_trip(thought)
    return dict(sorted(counts.items()))
