"""journey eval starts: which trained model reinforcement learning should start from."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from journey import interrupts
from journey.commands import flags
from journey.commands.output import check_part, say, writing
from journey.commands.progress import Bars
from journey.pipeline.start_gate import GateSettings, start_gate
from journey.report.wording import mean_of, percent


def eval_starts(
    run: flags.RunFolder,
    start: Annotated[
        list[str] | None, typer.Option(help="An arm, or base; may be given again; all if not given.", metavar="ARM")
    ] = None,
    samples: Annotated[int, typer.Option(min=2, help="Answers a problem.", metavar="N")] = 16,
    tokens: Annotated[
        float | None, typer.Option(help="Budget a problem; what all starts can use up if not given.", metavar="N")
    ] = None,
    split: Annotated[str, typer.Option(help="Which part of the run's problems.", metavar="PART")] = "validation",
    limit: flags.Limit = None,
    json: flags.Json = False,
) -> int:
    """Rank the starts of reinforcement learning by pass@k at one token budget.

    Every start (the base model and the arms trained on solutions or thoughts) answers the validation problems several
    times. Shown are pass@k with as many answers as the budget buys it, pass@1 and pass@k of all answers, each with its
    95 % interval, and what a start lacks to the best one. Only what is missing is drawn.
    """
    check_part(split)
    settings = GateSettings(samples, split, limit, tuple(start or ()), tokens)
    with writing(run) as into, Bars(silent=json) as bars:
        data = interrupts.run(start_gate(into, settings, bars.of("starts")))
    title = f"{run}: {data['problems']} {split} problems, {data['tokens']:.0f} tokens a problem"
    grid = Table(title=Text(title), title_justify="left", box=None, padding=(0, 1, 0, 0))
    grid.add_column("start", overflow="fold")
    for name in ("seeds", "tokens", "k", "pass@k at the budget", "points behind", "pass@1", f"pass@{samples}"):
        grid.add_column(name, justify="right")
    for row in data["starts"]:
        grid.add_row(*map(Text, _cells(row)))
    say(json, {"run": str(run), **data}, grid)
    return 0


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    behind = row["behind"]
    return (
        row["start"],
        str(row["seeds"]),
        f"{row['answer_tokens']:.0f}",
        f"{row['k']:.1f}{' (all)' if row['capped'] else ''}",
        mean_of(row["pass_k"], is_share=True),
        "" if behind is None else f"{behind['points']:.1f} ({behind['low']:+.1f} to {behind['high']:+.1f})",
        percent(row["pass_1"]["value"]),
        percent(row["pass_n"]["value"]),
    )
