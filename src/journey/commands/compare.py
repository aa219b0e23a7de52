"""journey compare: two models on the problems that both attempted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from journey.commands.options import Json
from journey.commands.output import check_part, reading, say
from journey.errors import UsageError
from journey.metrics.accuracy import bootstrap
from journey.metrics.paired import compared, gains, shared
from journey.pipeline.outcome import seed_and_arm
from journey.types import label

Seeds = dict[int, dict[str, bool]]  # seed -> problem -> right
Found = dict[tuple[str, str], Seeds]  # (arm or model, decoding)


def compare(
    one: Annotated[Path, typer.Argument(help="The run to compare with.", metavar="RUN")],
    other: Annotated[Path, typer.Argument(help="The run that is compared.", metavar="RUN")],
    model: Annotated[str | None, typer.Option(help="This model or arm of the first run only.", metavar="NAME")] = None,
    other_model: Annotated[
        str | None, typer.Option(help="And this one of the second; the same if not given.", metavar="NAME")
    ] = None,
    split: Annotated[str, typer.Option(help="The part of the problems.", metavar="PART")] = "test",
    json: Json = False,
) -> int:
    """Compare the models of two runs.

    On the problems that both attempted: accuracy of each, the paired difference with its 95 % interval and exact
    McNemar p, how many problems were fixed, broken, or stayed the same. The same run twice, with two models, compares
    them within it.
    """

    return _compare(one, other, model, other_model, split, json)


def _compare(one: Path, other: Path, model: str | None, other_model: str | None, split: str, json: bool) -> int:
    """The first sample of every problem counts, as in the report; an arm's seeds are compared seed by seed."""
    check_part(split)
    first, second = (_attempts(path, name, split) for path, name in ((one, model), (other, other_model or model)))
    pairs = _pairs(first, second, chosen=bool(model or other_model))
    rows = [row for a, b in pairs if (row := _row(a, b, first[a], second[b])) is not None]
    if not rows:
        raise UsageError(
            f"{one} and {other} share no {split} problem that both attempted by the same decoding; compare runs on the "
            "same problems, and name models that differ with --model and --other-model"
        )
    names = {"first": str(one), "second": str(other), "split": split}
    # Without lines, so that all numbers stand whole in 80 columns; names give way.
    grid = Table(
        title=Text(f"{one} -> {other}, {split} problems"), title_justify="left", box=None, padding=(0, 1, 0, 0)
    )
    grid.add_column("model", overflow="fold")
    grid.add_column("decoding", overflow="fold")
    for name in ("problems", "first", "second", "points", "95 % interval", "p", "fixed", "broke", "same"):
        grid.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        grid.add_row(*map(Text, _cells(row)))
    say(json, {**names, "models": rows}, grid)
    return 0


def _attempts(path: Path, name: str | None, split: str) -> Found:
    found: Found = {}
    with reading(path) as of:
        for a in of.attempts(split=split):
            seed, _ = seed_and_arm(a.model)
            shown, arm = label(a.model), label(a.model, over_seeds=True)
            if a.sample == 0 and name in (None, arm, shown):
                seeds = found.setdefault((shown if name == shown else arm, a.decoding), {})
                seeds.setdefault(0 if name == shown else seed, {})[a.problem] = a.correct is True
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


def _row(a: tuple[str, str], b: tuple[str, str], first: Seeds, second: Seeds) -> dict[str, Any] | None:
    """The second against the first, over the seeds and problems that both have; null where they have none."""
    seeds = [(x, y) for _, x, y in shared(first, second)]
    if not seeds:
        return None
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
    }


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["model"],
        row["decoding"],
        str(row["problems"]),
        f"{100 * row['first']:.1f} %",
        f"{100 * row['second']:.1f} %",
        f"{row['points']:+.1f}",
        f"{row['low']:+.1f} to {row['high']:+.1f}",
        "" if row["p"] is None else f"{row['p']:.2g}",
        str(row["fixed"]),
        str(row["broke"]),
        str(row["same"]),
    )
