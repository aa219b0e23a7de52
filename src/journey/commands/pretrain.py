"""journey pretrain: the tiny base model from scratch, with its model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from journey import interrupts
from journey.commands import flags
from journey.commands.card import measure, write_card
from journey.commands.output import say
from journey.commands.progress import Bars
from journey.commands.spending import closing
from journey.models import weights
from journey.pipeline import plain_settings, registry

BRIEF = 40  # walks a task while training goes on


def pretrain(
    recipe: flags.RecipeFile,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.", metavar="DIR")],
    settings: flags.Set = None,
    json: flags.Json = False,
) -> int:
    """Make the tiny base model from scratch.

    The same command goes on from its last checkpoint.
    """
    wanted = plain_settings.read_settings(recipe, settings or ())
    points: list[dict[str, Any]] = []
    with Bars(silent=json) as bars:

        def on_log(point: dict[str, Any]) -> None:
            if "loss" in point:
                points.append(point)
                pace = f"loss {point['loss']:.3f}, {point['tokens_per_second']:,.0f} tokens/s"
                bars("pretrain", pace, point["tokens"], point["of"])
            else:
                line = f"{point['tokens']:,} tokens: {_in_words(point['skills'])}"
                bars.print(line, Console(stderr=True, quiet=json, highlight=False))

        def measured(folder: Path) -> dict[str, dict[str, float | None]]:
            model = weights.local(folder, weights.TINY)
            found = interrupts.run(closing(model, measure(model, BRIEF)))
            return {task: {name: skill.right for name, skill in by_name.items()} for task, by_name in found.items()}

        bars("pretrain", "first steps", 0, 1)
        registry.pretrain(wanted, out, on_log, measured)
        bars("pretrain", "measure skills", 0, 1)
        model = weights.local(out, weights.TINY)
        write_card(out, wanted, points[-1], interrupts.run(closing(model, measure(model))))
    say(json, {"model": str(out), **points[-1]}, f"the model lies in {out}, its card in {out}/README.md")
    return 0


def _in_words(skills: Mapping[str, Mapping[str, float | None]]) -> str:
    return "; ".join(
        f"{task} " + ", ".join(f"{name} {100 * share:.1f} %" for name, share in by_name.items() if share is not None)
        for task, by_name in skills.items()
    )
