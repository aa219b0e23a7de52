"""The figures of rounds: how each arm does from round to round, what it was trained on, what its guards measured."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from journey.metrics.accuracy import Interval, share_over_seeds, t_interval, wilson
from journey.metrics.paired import Rights, compared
from journey.pipeline.arms import in_order
from journey.pipeline.outcome import GREEDY, SAMPLED, compared_on
from journey.store.entries import Round
from journey.store.run import Run

Json = dict[str, Any]

BOUNDS = {"cut_off": "cut_off", "repeats": "repeats", "new_ways": "new"}
"""Figures that a guard bounds by one number, and the guard."""


def round_figures(run: Run) -> list[Json]:
    """A row an arm and round, means over the seeds that came so far; empty in a run without rounds.

    `accuracy` with its 95 % interval is that of the round's models on the problems that arms are compared on (`split`),
    on the validation problems where those were not read yet. `fixed` and `broke` count problems against the last good
    model before. `kept`: the round's model became the last good one in every seed; `why` names the guards that ended
    the rounds, null where none did. `pass16` is null where another number of samples was drawn (`k`).
    """
    entries = run.entries(Round)
    rights = _rights(run, {entry.model for entry in entries if entry.model is not None})
    k = _settings(run, "guards").get("samples", 16)
    found: dict[tuple[str, int], list[Round]] = {}
    for entry in entries:
        found.setdefault((entry.arm, entry.round), []).append(entry)
    before = {(e.seed, e.arm, e.round + 1): e.good for e in entries}
    arms = in_order({arm for arm, _ in found})
    return [
        _row(run, sorted(found[key], key=lambda e: e.seed), rights, before, k)
        for key in sorted(found, key=lambda key: (arms.index(key[0]), key[1]))
    ]


def _rights(run: Run, models: set[str]) -> dict[str, Rights]:
    """By model and problem, whether the first answer that was drawn is right; the greedy one where none was drawn."""
    drawn: dict[str, dict[str, dict[str, bool]]] = {}
    for one in run.attempts(split=compared_on(run)) if models else ():
        if one.model.name in models and one.sample == 0 and one.model.search is None:
            by_way = drawn.setdefault(one.model.name, {})
            by_way.setdefault(one.decoding, {})[one.problem] = one.correct is True
    return {model: of.get(SAMPLED) or of.get(GREEDY) or next(iter(of.values())) for model, of in drawn.items()}


def _row(
    run: Run, entries: Sequence[Round], rights: Mapping[str, Rights], before: Mapping[tuple[int, str, int], str], k: int
) -> Json:
    first, made = entries[0], [e for e in entries if e.model is not None]
    tested = [found for e in made if (found := rights.get(e.model or ""))]
    is_tested = bool(tested) and len(tested) == len(made)
    measured = {name: _mean([e.measured.get(name) for e in entries]) for e in entries for name in e.measured}
    accuracy = _tested(tested) if is_tested else _validated(entries)
    pairs = [
        (old, new)
        for e in made
        if (old := rights.get(before.get((e.seed, e.arm, e.round), ""))) and (new := rights.get(e.model or ""))
    ]
    change = compared(pairs) if is_tested and len(pairs) == len(made) else None
    stops = [(e.seed, e.stopped) for e in entries if e.stopped is not None]
    return {
        "arm": first.arm, "round": first.round, "seeds": len(entries),
        "accuracy": accuracy and accuracy.value, "low": accuracy and accuracy.low, "high": accuracy and accuracy.high,
        "split": compared_on(run) if is_tested else "validation",
        "pass16": measured.get("pass_at") if k == 16 else None, "k": k,
        "diversity": measured.get("right_ways"), "given_share": _given(entries),
        "kept": all(e.model is not None and e.good == e.model for e in entries),
        "why": " ".join(why if len(entries) == 1 else f"Seed {seed}: {why}" for seed, why in stops) or None,
        "fixed": change.fixed if change else _sum([e.measured.get("newly_solved") for e in entries]),
        "broke": change.broke if change else _sum([e.measured.get("newly_lost") for e in entries]),
        "mix": _mix(entries), "measured": measured,
        "by_seed": [_seed(e) for e in entries],
    }  # fmt: skip


def _seed(entry: Round) -> Json:
    names = ("seed", "policy", "start", "model", "good", "stopped")
    return {name: getattr(entry, name) for name in names} | {
        "accuracy": entry.measured.get("accuracy"), "mix": dict(entry.mix), "settings": dict(entry.settings),
    }  # fmt: skip


def _tested(rights: Sequence[Rights]) -> Interval:
    if len(rights) == 1:
        return wilson(sum(rights[0].values()), len(rights[0]))
    return share_over_seeds([{p: float(right) for p, right in one.items()} for one in rights])


def _validated(entries: Sequence[Round]) -> Interval | None:
    """The accuracy on validation problems over seeds, no narrower than a seed's own on the average."""
    found = [
        (value, e.measured.get("low"), e.measured.get("high"))
        for e in entries if (value := e.measured.get("accuracy")) is not None
    ]  # fmt: skip
    if not found:
        return None
    values = [value for value, _, _ in found]
    lows, highs = ([v for one in found if (v := one[i]) is not None] for i in (1, 2))
    value = fmean(values)
    own = Interval(value, fmean(lows) if lows else value, fmean(highs) if highs else value)
    return own if len(values) == 1 else t_interval(values).wider(own).clipped(0, 1)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _sum(values: Sequence[float | None]) -> int | None:
    return None if any(value is None for value in values) else round(sum(value or 0 for value in values))


def _mix(entries: Sequence[Round]) -> dict[str, float]:
    """The rows by where they came from, means over the seeds, in the order of the entries."""
    return {
        name: fmean(e.mix.get(name, 0) for e in entries) for name in dict.fromkeys(n for e in entries for n in e.mix)
    }


def _given(entries: Sequence[Round]) -> float | None:
    """The share of rows that people or worked solutions gave: as the round measured it, else as its mix counts it."""
    if (given := _mean([e.measured.get("given") for e in entries])) is not None:
        return given
    mix = _mix(entries)
    return sum(n for name, n in mix.items() if not is_own(name)) / sum(mix.values()) if sum(mix.values()) else None


def round_bounds(run: Run) -> dict[str, float]:
    """The bounds of guards that are one number, by the figure's name, as the run's recipe has them."""
    settings, guards = _settings(run), _settings(run, "guards")
    found = {name: guards.get(guard) for name, guard in BOUNDS.items()} | {"given": settings.get("given")}
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def _settings(run: Run, *names: str) -> Mapping[str, Any]:
    """The run's settings of rounds, or those under a name in them; none where it has none."""
    found: Any = run.config
    for name in ("recipe", "rounds", *names):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def is_own(name: str) -> bool:
    """Whether rows of that name in a mix are the model's own thoughts."""
    return name.startswith("round ")
