"""Reinforcement learning in the report: how arms do on the validation problems, by the tokens that they generated."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from journey.metrics.accuracy import Interval, t_interval, wilson
from journey.metrics.at_k import by_problem
from journey.metrics.votes import pass_at_k
from journey.pipeline.arm_rows import model_name
from journey.pipeline.arms import ARMS, in_order, source_of
from journey.report.charts import Band, Chart, Line
from journey.report.document import Column, Table, table
from journey.report.wording import interval, label, number, percent, short, tone
from journey.store.entries import Training
from journey.store.run import Run
from journey.types import Attempt

Json = dict[str, Any]

FIGURES = {
    "answer_tokens": "answer_tokens", "backtracks": "backtracks", "recovery": "recoveries", "cut_off": "cut_off",
}  # fmt: skip
"""Names of figures in report.json, and in a check of the training's curve."""

SAMPLES = 16


def rl_figures(run: Run) -> dict[str, list[Json]]:
    """The checks of every arm trained by reinforcement learning, means over its seeds, from its start to its end.

    `tokens` were generated before, `accuracy` is that of sampled answers with its 95 % interval (one seed: Wilson's;
    more: the wider of Student's and Wilson's over the problems), `recovery` the share of answers that go wrong and end
    right. `pass16` stands at the start and the end where 16 answers a problem of these models are in the run, else it
    is null. A model outside an experiment stands under its own name.
    """
    found: dict[str, list[list[Mapping[str, Any]]]] = {}
    ends: dict[str, list[tuple[float | None, float | None]]] = {}
    for trained in run.entries(Training):
        if checks := [point for point in trained.curve if "check" in point]:
            found.setdefault(trained.arm or trained.model, []).append(checks)
            passed = _passed(run, _start(run, trained)), _passed(run, trained.model)
            ends.setdefault(trained.arm or trained.model, []).append(passed)
    curves = {arm: [_point(at) for at in _side_by_side(found[arm])] for arm in in_order(found)}
    for arm, points in curves.items():
        for place, of in zip((0, -1), zip(*ends[arm], strict=True), strict=True):
            known = [value for value in of if value is not None]
            points[place]["pass16"] = fmean(known) if len(known) == len(of) else None
    return curves


def _start(run: Run, trained: Training) -> str:
    """The name of the model that an arm's reinforcement learning started from, "" where nobody can say."""
    recipe: Any = run.config.get("recipe", {})
    if trained.arm not in ARMS or trained.seed is None or not isinstance(recipe, Mapping):
        return ""
    needs = source_of(trained.arm, list(recipe.get("arms", ())))
    base = str(recipe.get("student") or recipe.get("model") or "")
    return base if needs is None else model_name(trained.seed, needs)


def _passed(run: Run, model: str) -> float | None:
    """pass@16 of a model on validation problems, else on others, by its way of decoding with so many samples."""
    for where in ({"split": "validation"}, {}):
        drawn: dict[str, list[Attempt]] = {}
        for one in run.attempts(model=model, **where) if model else ():
            drawn.setdefault(one.decoding, []).append(one)
        for of in drawn.values():
            enough = [samples for samples in by_problem(of).values() if len(samples) >= SAMPLES]
            if enough:
                return fmean(pass_at_k(len(s), sum(a.correct is True for a in s), SAMPLES) for s in enough)
    return None


def _side_by_side(seeds: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[Mapping[str, Any]]]:
    """The seeds' checks by their number; the last ones of all stand together."""
    shortest = min(map(len, seeds)) - 1
    return [*([one[i] for one in seeds] for i in range(shortest)), [one[-1] for one in seeds]]


def _point(at: Sequence[Mapping[str, Any]]) -> Json:
    checks = [point["check"] for point in at]
    share = _share([check["right"] for check in checks], [check["problems"] for check in checks])
    greedy = fmean(check["greedy_right"] / check["problems"] for check in checks)
    figures = {name: fmean(check[key] for check in checks) for name, key in FIGURES.items()}
    bounds = {"accuracy": share.value, "low": share.low, "high": share.high}
    tokens = fmean(point["tokens"] for point in at)
    return {"tokens": tokens, **bounds, "greedy": greedy, **figures, "pass16": None, "seeds": len(at)}


def _share(right: Sequence[int], of: Sequence[int]) -> Interval:
    if len(right) == 1:
        return wilson(right[0], of[0])
    rates = [one / problems for one, problems in zip(right, of, strict=True)]
    return t_interval(rates).wider(wilson(round(fmean(right)), round(fmean(of)))).clipped(0, 1)


def rl_chart(figures: Mapping[str, Any]) -> Chart | None:
    """Validation accuracy against generated tokens, a line an arm with its 95 % interval as a band."""
    bands = [
        Band([(point["tokens"], point["low"], point["high"]) for point in points], tone(arm))
        for arm, points in figures.get("rl", {}).items()
    ]
    lines = [
        Line(short(arm), [(point["tokens"], point["accuracy"]) for point in points], tone(arm))
        for arm, points in figures.get("rl", {}).items()
    ]
    title = "Validation accuracy against generated tokens of RL"
    return Chart("rl", title, "generated tokens", "accuracy", lines, bands=bands, percent=True) if lines else None


def rl_table(figures: Mapping[str, Any]) -> Table:
    """Every arm at the start and the end of its reinforcement learning."""
    columns: list[Column] = [
        ("on validation problems", lambda row: label(row[0])),
        ("generated tokens", lambda row: number(row[1]["tokens"])),
        ("accuracy", lambda row: percent(row[1]["accuracy"])),
        ("95 % interval", lambda row: interval(row[1]["low"], row[1]["high"])),
        ("greedy", lambda row: percent(row[1]["greedy"])),
        ("pass@16", lambda row: "" if row[1]["pass16"] is None else percent(row[1]["pass16"])),
        ("answer tokens", lambda row: number(row[1]["answer_tokens"])),
        ("cut off", lambda row: percent(row[1]["cut_off"])),
        ("backtracks", lambda row: number(row[1]["backtracks"], 2)),
        ("recovery", lambda row: percent(row[1]["recovery"])),
    ]
    rows = [(arm, points[end]) for arm, points in figures.get("rl", {}).items() for end in (0, -1)]
    note = "The first row of an arm is its start, the second its end. Recovery: answers that go wrong and end right."
    return table("Reinforcement learning", columns, rows, note=note if rows else "")
