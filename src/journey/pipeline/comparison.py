"""Two models compared on the problems that both attempted, seed by seed where they are arms of experiments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.metrics.accuracy import bootstrap
from journey.metrics.paired import compared, gains, shared
from journey.pipeline.outcome import seed_and_arm
from journey.store.run import Run
from journey.thoughts.behaviour_figures import behaviour_figures
from journey.types import Attempt, Problem, label

Seeds = dict[int, dict[str, Attempt]]  # seed -> problem -> its answer
Found = dict[tuple[str, str], Seeds]  # (arm or model, decoding)


def compare_runs(
    one: Path, other: Path, model: str | None, other_model: str | None, split: str
) -> list[dict[str, Any]]:
    """One row a model and decoding: accuracies, their paired difference in points with its 95 % interval, McNemar's p.

    The first sample of every problem counts, as in the report. `behaviours` are those of both, each mean with its
    interval. `model` and `other_model` are the models (or arms) as
    they are shown, null for all. Raises UsageError where there is nothing to compare.
    """
    problems: dict[str, Problem] = {}
    sides = ((one, model), (other, other_model or model))
    first, second = (_attempts(path, name, split, problems) for path, name in sides)
    pairs = _pairs(first, second, chosen=bool(model or other_model))
    rows = [row for a, b in pairs if (row := _row(a, b, first[a], second[b], problems)) is not None]
    if not rows:
        raise UsageError(
            f"{one} and {other} share no {split} problem that both attempted by the same decoding; compare runs on the "
            "same problems, and name models that differ with --model and --other-model"
        )
    return rows


def _attempts(path: Path, name: str | None, split: str, problems: dict[str, Problem]) -> Found:
    """The answers that count; their problems are put into `problems`."""
    found: Found = {}
    with Run.read(path) as of:
        problems |= {problem.id: problem for problem in of.problems(split=split)}
        for a in of.attempts(split=split):
            seed, _ = seed_and_arm(a.model)
            shown, arm = label(a.model), label(a.model, over_seeds=True)
            if a.sample == 0 and name in (None, arm, shown):
                seeds = found.setdefault((shown if name == shown else arm, a.decoding), {})
                seeds.setdefault(0 if name == shown else seed, {})[a.problem] = a
    if not found:
        whose = "" if name is None else f" of {name}"
        raise UsageError(f"{path} holds no attempts{whose} at {split} problems; draw some with journey eval {path}")
    return found


def _pairs(first: Found, second: Found, *, chosen: bool) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """What is compared with what: the same names, or the only or chosen model of each where the names differ."""
    same = [(key, key) for key in sorted(first.keys() & second.keys())]
    models = [{name for name, _ in found} for found in (first, second)]
    if same and not (chosen and models[0] != models[1]):
        return same
    if all(len(names) == 1 for names in models):
        return [(a, b) for a in sorted(first) for b in sorted(second) if a[1] == b[1]]
    return []


def _row(
    a: tuple[str, str], b: tuple[str, str], first: Seeds, second: Seeds, problems: Mapping[str, Problem]
) -> dict[str, Any] | None:
    """The second against the first, over the seeds and problems that both have; null where they have none."""
    both = [(x, y) for _, x, y in shared(first, second)]
    if not both:
        return None
    seeds = [(_rights(x), _rights(y)) for x, y in both]
    common = [(x, y, x.keys() & y.keys()) for x, y in both]
    found = compared(seeds)
    redrawn = bootstrap(gains(seeds))
    return {
        "model": a[0] if a[0] == b[0] else f"{a[0]} -> {b[0]}",
        "decoding": a[1],
        "seeds": found.seeds,
        "problems": found.pairs,
        "first": found.first,
        "second": found.second,
        "points": 100 * found.difference.value,
        "low": 100 * found.difference.low,
        "high": 100 * found.difference.high,
        "bootstrap_low": 100 * redrawn.low,
        "bootstrap_high": 100 * redrawn.high,
        "p": found.p,
        "fixed": found.fixed,
        "broke": found.broke,
        "same": found.same,
        "behaviours": {
            "first": behaviour_figures(problems, [[x[p] for p in sorted(of)] for x, _, of in common]),
            "second": behaviour_figures(problems, [[y[p] for p in sorted(of)] for _, y, of in common]),
        },
    }


def _rights(answers: Mapping[str, Attempt]) -> dict[str, bool]:
    return {problem: answer.correct is True for problem, answer in answers.items()}
