"""The start gate: which model reinforcement learning should start from, by pass@k at one budget of tokens for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Any

from journey.data.problems import part
from journey.errors import UsageError
from journey.evals.attempts import Decoding, attempt_ids
from journey.metrics.accuracy import over_seeds, share_over_seeds
from journey.metrics.at_k import by_problem
from journey.metrics.votes import Votes, pass_at_k, pass_at_tokens
from journey.models.base import close
from journey.models.weights import has_weights, local, model_path
from journey.pipeline.arm_rows import model_name
from journey.pipeline.arms import ARMS, in_order
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.fan_out import Progress
from journey.pipeline.plain_settings import typed
from journey.pipeline.stages import evaluate
from journey.store.run import Run
from journey.types import Attempt, Problem

BASE = "base"
Samples = dict[str, list[Attempt]]


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How starts are tried: `samples` answers to each problem of `split`, at most `limit` problems (null: all).

    `starts` are arms, and "base" for the base model; empty: the base model and every arm that was trained on thoughts
    or solutions. `tokens` is the budget a problem; null: the greatest that no start has too few samples for.
    """

    samples: int = 16
    split: str = "validation"
    limit: int | None = None
    starts: tuple[str, ...] = ()
    tokens: float | None = None

    def __post_init__(self) -> None:
        """Refuses what measures nothing (UsageError)."""
        if self.samples < 2:
            raise UsageError(f"pass@k of {self.samples} sample is its accuracy; give 2 samples or more")
        if self.tokens is not None and not 0 < self.tokens < inf:
            raise UsageError(f"a budget of {self.tokens:g} tokens a problem buys no answer; give a greater one")


async def start_gate(run: Run, settings: GateSettings, progress: Progress) -> dict[str, Any]:
    """Draws what is missing and gives {"split", "problems", "samples", "tokens", "starts": [one row each]}.

    A row has `start`, `seeds`, `answer_tokens`; `pass_1`, `pass_k` (at `k` answers, which cost `tokens`; `capped` where
    the samples were too few for that) and `pass_n` of all samples, each {"value", "low", "high"}; `behind`, in points
    with its interval paired by problem, is what it lacks to the best one, null of that itself. The best comes first.
    Raises UsageError.
    """
    problems = part(run, settings.split)[: settings.limit]
    if not problems:
        raise UsageError(
            f"{run.path} has no {settings.split} problems to try starts on; import some: journey import problems FILE "
            f"--split {settings.split} --out {run.path}"
        )
    rule = _rule(run, settings)
    found = {
        start: [await _drawn(run, name, folder, seed, problems, rule, settings.split, progress)
                for name, folder, seed in models]
        for start, models in _models(run, settings.starts).items()
    }  # fmt: skip
    each = {
        start: [fmean(a.tokens for of in samples.values() for a in of) for samples in seeds]
        for start, seeds in found.items()
    }
    budget = settings.tokens or settings.samples * min(tokens for seeds in each.values() for tokens in seeds)
    dearest = max(each, key=lambda start: max(each[start]))
    if budget < max(each[dearest]):
        raise UsageError(
            f"{budget:g} tokens do not buy one answer of {dearest}, which takes {max(each[dearest]):.0f}; raise "
            "--tokens, or leave it out"
        )
    passed = {start: [pass_at_tokens(samples, budget) for samples in seeds] for start, seeds in found.items()}
    ranked = sorted(found, key=lambda start: -fmean(fmean(v.accuracy.values()) for v in passed[start]))
    rows = [_row(start, found[start], fmean(each[start]), passed[start], passed[ranked[0]]) for start in ranked]
    return {
        "split": settings.split, "problems": len(problems), "samples": settings.samples, "tokens": budget,
        "starts": rows,
    }  # fmt: skip


def _rule(run: Run, settings: GateSettings) -> Decoding:
    kept = run.config.get("recipe", {}).get("evaluation", {})
    main = typed(Evaluation, kept, f"the settings of {run.path}").main_rule(settings.samples)
    return Decoding("gate", main.temperature, main.top_p, main.max_tokens, settings.samples)


def _models(run: Run, starts: Sequence[str]) -> dict[str, list[tuple[str, str | Path, int]]]:
    """The models of each start, one a seed: its name in the run, its folder and its seed."""
    recipe = run.config.get("recipe", {})
    first = recipe.get("first_seed", 1)
    seeds = range(first, first + recipe.get("seeds", 1))
    base = recipe.get("student") or recipe.get("model") or ""

    def of(start: str) -> list[tuple[str, str | Path, int]]:
        if start == BASE:
            return [(base, model_path(base), first)] if has_weights(base) else []
        names = {seed: model_name(seed, start) for seed in seeds}
        folders = {seed: run.path / "models" / name for seed, name in names.items()}
        return [(names[seed], folders[seed], seed) for seed in seeds if (folders[seed] / "config.json").is_file()]

    trained = [name for name in recipe.get("arms", {}) if name in ARMS and ARMS[name].training == "sft"]
    wanted = starts or (BASE, *in_order(trained))
    found = {start: models for start in wanted if (models := of(start))}
    if missing := [start for start in starts if start not in found]:
        known = [name for name in (BASE, *ARMS) if of(name)]
        raise UsageError(f"{run.path} has no model of {missing[0]!r}; known are {', '.join(known) or 'none yet'}")
    if not found:
        raise UsageError(f"{run.path} has no trained models; train them with journey run RECIPE --out {run.path}")
    return found


async def _drawn(
    run: Run, name: str, folder: str | Path, seed: int, problems: Sequence[Problem], rule: Decoding, split: str,
    progress: Progress,
) -> Samples:  # fmt: skip
    """The samples of a model by problem; what the run has already is not drawn again."""
    ids = {id for problem in problems for id in attempt_ids(problem.id, name, rule, seed)}
    if not ids <= run.ids("attempts", model=name, decoding=rule.shown):
        model = local(folder, name)
        try:
            failed = await evaluate(run, problems, model, rule, split=split, seed=seed, progress=progress)
        finally:
            await close(model)
        if failed:
            raise UsageError(f"{failed} of {len(problems)} problems failed for {name}; give the command again")
    return by_problem(a for a in run.attempts(model=name, decoding=rule.shown) if a.id in ids)


def _row(
    start: str, seeds: Sequence[Samples], each: float, passed: Sequence[Votes], best: Sequence[Votes]
) -> dict[str, Any]:
    def at(k: int) -> dict[str, float]:
        return _share([{p: pass_at_k(len(of), _right(of), k) for p, of in samples.items()} for samples in seeds])

    behind = None
    if passed is not best:
        pairs = [(best[i % len(best)], passed[i % len(passed)]) for i in range(max(len(best), len(passed)))]
        lacks = over_seeds([{p: one.accuracy[p] - of for p, of in two.accuracy.items()} for one, two in pairs])
        behind = {"points": 100 * lacks.value, "low": 100 * lacks.low, "high": 100 * lacks.high}
    return {
        "start": start, "seeds": len(seeds), "answer_tokens": each,
        "k": fmean(v.k for v in passed), "tokens": fmean(v.tokens for v in passed),
        "capped": any(v.capped for v in passed),
        "pass_1": at(1), "pass_k": _share([dict(v.accuracy) for v in passed]),
        "pass_n": at(min(len(of) for samples in seeds for of in samples.values())), "behind": behind,
    }  # fmt: skip


def _right(attempts: Sequence[Attempt]) -> int:
    return sum(a.correct is True for a in attempts)


def _share(seeds: Sequence[dict[str, float]]) -> dict[str, float]:
    interval = share_over_seeds(seeds)
    return {"value": interval.value, "low": interval.low, "high": interval.high}
