"""The commands that compare: judges with labels and with each other, models with each other; part of `cli.py`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from journey.commands.options import (
    Json,
    Limit,
    MaxCalls,
    MaxCost,
    MaxTokens,
    Prices,
    RunFolder,
    Seed,
    Set,
)


class Commands(TyperGroup):
    """Commands, some of two words: `eval judges` is looked up before `eval`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first one or two words name."""
        if " ".join(args[:2]) in self.commands:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)


def judge(
    run: RunFolder,
    judge: Annotated[
        str,
        typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, recorded:FILE#MODEL, ...", metavar="NAME"),
    ],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The new run's folder.", metavar="DIR")],
    limit: Limit = None,
    settings: Set = None,
    json: Json = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Judge a run's trees again by another judge, into a new run.

    Steps and answers stay as they are. Settings: --set rollout.n=16, rollout.label=soft, critic.votes=3, ...
    """
    from journey.commands import rejudging
    from journey.commands.spending import Allowance

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return rejudging.judge(run, judge, out, limit, settings or (), allowance, json)


def eval_judges(
    judge: Annotated[
        list[str],
        typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, recorded:FILE#MODEL, ...", metavar="NAME"),
    ],
    on: Annotated[
        list[str],
        typer.Option("--on", help="A file of labelled steps, a folder of them, a run, or countdown.", metavar="SET"),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Keeps model calls, figures and pictures there.", metavar="DIR")
    ] = None,
    limit: Limit = None,
    seed: Seed = None,
    settings: Set = None,
    json: Json = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Judge the judges: what they say of labelled steps.

    For every judge on every set: step F1, accuracy of the first wrong step and its harmonic mean over right and wrong
    solutions, AUC, calibration, each with its 95 % interval. --judge and --on may be given again. Settings: --set
    judging.combine=product, rollout.n=16, critic.votes=3, ...
    """
    from journey.commands import judging
    from journey.commands.spending import Allowance

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return judging.judges(judge, on, out, limit, seed, settings or (), allowance, json)


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
    """Compare the models of two runs on the problems that both attempted.

    Accuracy of each, the paired difference with its 95 % interval and exact McNemar p, how many problems were fixed,
    broken, or stayed the same. The same run twice, with two models, compares them within it.
    """
    from journey.commands import comparing

    return comparing.compare(one, other, model, other_model, split, json)
