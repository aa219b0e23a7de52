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
    """Judge a run's trees again, into a new run.

    Another judge does; steps and answers stay as they are. Settings: --set rollout.n=16, rollout.label=soft,
    critic.votes=3, ...
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
    """Judge the judges on labelled steps.

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
    """Compare the models of two runs.

    On the problems that both attempted: accuracy of each, the paired difference with its 95 % interval and exact
    McNemar p, how many problems were fixed, broken, or stayed the same. The same run twice, with two models, compares
    them within it.
    """
    from journey.commands import comparing

    return comparing.compare(one, other, model, other_model, split, json)


def decontaminate(
    run: RunFolder,
    against: Annotated[
        list[str] | None,
        typer.Option(help="A benchmark, NAME=FILE, a file or a run; may be given again.", metavar="SET"),
    ] = None,
    ngram: Annotated[int, typer.Option(min=5, help="So many words in a row touch.", metavar="N")] = 13,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="And cover so much of the question; 0 to 1.", metavar="X")
    ] = 0.0,
    drop: Annotated[
        bool | None, typer.Option("--drop/--restore", help="Train no more on what touches; or on all of it again.")
    ] = None,
    json: Json = False,
) -> int:
    """Say whether a run trains on what it is tested on.

    Compared are questions, worked solutions, thoughts, trees and training attempts with the run's test and validation
    problems, or with what --against names: the same question, the whole question inside a text, or --ngram words of it
    in a row. A paraphrase is not found. The exit code is 1 while anything touches. --drop marks the problems that do,
    so that no training rows are made of them; nothing is deleted.
    """
    from journey.commands import decontaminating
    from journey.data.contamination import Rule

    return decontaminating.decontaminate(run, against or (), Rule(ngram, share), drop, json)
