"""What the runs of a sweep amount to: accuracy and FLOPs of every point, fits along every axis, return on compute."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from journey.judges import names
from journey.metrics.accuracy import mean_tokens, share_over_seeds
from journey.metrics.curves import PARAMETERS, Fit, Form, best_form, fit
from journey.metrics.flops import Compute, Shape, forward, points_per_flop, read_shape, training
from journey.models import weights
from journey.pipeline.arms import ARMS, policies
from journey.pipeline.outcome import Arm, outcome
from journey.pipeline.points import BASE, Point, compared_arms
from journey.pipeline.recipe import Axis, Recipe
from journey.store.entries import Training
from journey.store.run import Run
from journey.trees.mark import path_tokens

FORMS: tuple[Form, ...] = ("saturating", "power", "logarithmic", "flat")


@dataclass(frozen=True, slots=True)
class ArmAtPoint:
    """One arm of one run: rows by seed (problem -> right), number of thoughts and mean tokens, FLOPs of a seed."""

    rows: tuple[Mapping[str, float], ...]
    thoughts: float
    tokens: float
    trained_tokens: float
    compute: Compute


def figures(wanted: Recipe, found: Sequence[Point], out: Path) -> dict[str, Any]:
    """All figures of the sweep as plain data; shares in 0..1, FLOPs of one seed."""
    shape = read_shape(weights.model_path(found[0].recipe.model))
    runs: dict[str, dict[str, ArmAtPoint]] = {}
    for place in found:
        if place.folder not in runs:
            runs[place.folder] = measure(out / place.folder, place, shape)
    policy = str(found[0].recipe.policy_arm)
    reference = runs[BASE].get(policy)
    below = fmean(fmean(s.values()) for s in reference.rows) if reference else None
    axes = {
        name: _axis(axis, [p for p in found if p.axis == name], runs, wanted, below)
        for name, axis in wanted.axes.items()
    }
    return {
        "sweep": out.name,
        "model": found[0].recipe.model,
        "parameters": shape.parameters,
        "attention": shape.attention,
        "seeds": found[0].recipe.seeds,
        "problems": len(reference.rows[0]) if reference else 0,
        "policy": policy,
        policy: None if reference is None else _point(None, BASE, reference, None),
        "axes": axes,
    }


def measure(folder: Path, place: Point, shape: Shape) -> dict[str, ArmAtPoint]:
    """The arms of a run over the seeds that have them all; nothing where no seed does."""
    with Run.read(folder) as run:
        came = outcome(run)
        named, seeds = compared_arms(place), place.recipe.seed_numbers()
        whole = [s for s in seeds if all(_is_whole(came.by_arm.get((s, arm)), came.problems) for arm in named)]
        if not whole:
            return {}
        trained = {(entry.seed, entry.arm): entry.tokens or 0 for entry in run.entries(Training)}
        data = {seed: _data(run, seed) for seed in whole}
        return {
            arm: _measured(arm, [came.by_arm[seed, arm] for seed in whole], run, place, shape, trained, data)
            for arm in named
        }


def _is_whole(arm: Arm | None, problems: int) -> bool:
    """Whether every problem was tried, less those that failed."""
    return arm is not None and bool(arm.main) and len(arm.main) >= problems


def _measured(
    name: str, of: Sequence[Arm], run: Run, place: Point, shape: Shape,
    trained: Mapping[tuple[int | None, str | None], int], data: Mapping[int, tuple[int, float]],
) -> ArmAtPoint:  # fmt: skip
    """One arm over its seeds; what a seed cost is the mean."""
    recipe = place.recipe
    kind, policy = ARMS[name], str(recipe.policy_arm)
    epochs = getattr(kind.trainer(recipe.arms[name]), "epochs", 0)  # none where a model learns from its own answers
    thoughts = [0 if kind.method is None else run.count("thoughts", method=kind.method, seed=arm.seed) for arm in of]
    tokens = fmean(trained.get((arm.seed, name), 0) for arm in of)
    rows = fmean(thoughts) or recipe.problems.phase1
    length = tokens / (epochs * rows) if epochs and rows else 0.0
    first = fmean(trained.get((arm.seed, policy), 0) for arm in of)
    grown = fmean(data[arm.seed][0] for arm in of)
    path = fmean(data[arm.seed][1] for arm in of)
    drawn = [attempt for arm in of for attempt in arm.main]
    first_epochs = getattr(ARMS[policy].trainer(recipe.arms[policy]), "epochs", 0)
    return ArmAtPoint(
        rows=tuple({a.problem: float(a.correct is True) for a in arm.main} for arm in of),
        thoughts=fmean(thoughts),
        tokens=mean_tokens(drawn),
        trained_tokens=tokens,
        compute=Compute(
            phase1=training(shape, first, first / (first_epochs * max(1, recipe.problems.phase1))),
            growing=0.0 if kind.policy else forward(shape, grown, path),
            judging=0.0 if kind.policy or names.asks_nothing(names.read(recipe.judge)) else None,
            training=0.0 if kind.policy else training(shape, tokens, length),
            inference=fmean(forward(shape, a.tokens, a.tokens) for a in drawn),
        ),
    )


def _data(run: Run, seed: int) -> tuple[int, float]:
    """Tokens of the trees that a seed needs, up to the last one with a thought, and the mean tokens of a whole path.

    Trees grown beyond it are of no use to this point, but those before it without a thought were paid for.
    """
    with_thought = {t.tree for t in run.thoughts(seed=seed)}
    trees = [tree for policy in policies(seed) for tree in run.trees(policy=policy)]
    last = max((t.problem for t in trees if t.id in with_thought), default="")
    needed = [t for t in trees if t.problem <= last]
    tokens = sum(node.tokens for tree in needed for node in tree.nodes)
    lengths = [length for tree in needed for length in path_tokens(tree)]
    return tokens, fmean(lengths) if lengths else 0.0


def _axis(
    axis: Axis, of: Sequence[Point], runs: Mapping[str, Mapping[str, ArmAtPoint]], wanted: Recipe, below: float | None
) -> dict[str, Any]:
    arms: dict[str, Any] = {}
    for arm in (name for name in wanted.arms if ARMS[name].needs is not None):
        there = [(place, runs[place.folder][arm]) for place in of if arm in runs[place.folder]]
        amounts = {_amount(axis, place, measured): measured for place, measured in there}
        arms[arm] = {
            "points": [_point(_amount(axis, p, m), p.folder, m, below) for p, m in there],
            "between": _between(amounts) if axis.fit else [],
            "fits": _fits(amounts, wanted.redraws) if axis.fit else {},
        }
    return {"setting": axis.setting, "arms": arms}


def _amount(axis: Axis, place: Point, measured: ArmAtPoint) -> Any:
    """Where the point stands: the setting's value; of the number of trees, as many as gave a thought."""
    return measured.thoughts if axis.setting == "trees.count" else place.value


def _point(at: Any, folder: str, of: ArmAtPoint, below: float | None) -> dict[str, Any]:
    """One point; `gain` in points over phase 1, and what a point of it cost in data and training."""
    bounds = share_over_seeds(of.rows)
    gain = None if below is None else 100 * (bounds.value - below)
    cost = of.compute
    return {
        "at": at, "run": folder, "seeds": len(of.rows), "accuracy": bounds.value, "low": bounds.low,
        "high": bounds.high, "by_seed": [fmean(s.values()) for s in of.rows], "thoughts": of.thoughts,
        "tokens": of.tokens, "trained_tokens": of.trained_tokens, "flops": asdict(cost) | {"data": cost.data,
        "made": cost.made}, "gain": gain,
        "points_per_flop": None if gain is None else points_per_flop(gain, cost.made),
    }  # fmt: skip


def _between(amounts: Mapping[Any, ArmAtPoint]) -> list[dict[str, Any]]:
    """Points of accuracy per FLOP from each point to the next: of data and training, and of inference a problem."""
    rows: list[dict[str, Any]] = []
    for low, high in pairwise(sorted(amounts)):
        one, two = amounts[low], amounts[high]
        points = 100 * (fmean(fmean(s.values()) for s in two.rows) - fmean(fmean(s.values()) for s in one.rows))
        known = one.compute.made is not None and two.compute.made is not None
        made = two.compute.made - one.compute.made if known else None  # type: ignore[operator]
        difference = two.compute.inference - one.compute.inference
        rows.append({
            "from": low, "to": high, "points": points, "made": made, "inference": difference,
            "points_per_flop": points_per_flop(points, made),
            "points_per_answer_flop": points_per_flop(points, difference),
        })  # fmt: skip
    return rows


def _fits(amounts: Mapping[float, ArmAtPoint], rounds: int) -> dict[str, Any]:
    """Every form that has fewer parameters than there are points; the one that predicts left-out points best is named.

    The last amount asked for is twice the greatest: beyond what was measured.
    """
    rows = {float(n): of.rows for n, of in amounts.items() if n > 0}
    problems = {frozenset(seed) for of in rows.values() for seed in of}
    if len(problems) > 1 or len({len(of) for of in rows.values()}) > 1:
        return {}  # a failed attempt or an unfinished seed: the points cannot be redrawn together
    at = [*sorted(rows), 2 * max(rows, default=0)]
    forms: list[Form] = [form for form in FORMS if PARAMETERS[form] < len(rows)]
    found: dict[Form, Fit] = {form: fit(rows, form, at=at, rounds=rounds) for form in forms}
    if not found:
        return {}
    curves = {form: asdict(of) | {"at": [{"at": n, **asdict(i)} for n, i in of.at]} for form, of in found.items()}
    return {"best": best_form(found), "forms": curves}
