"""journey pretrain: the tiny base model from scratch, with its model card."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from journey import interrupts
from journey.commands.card import measure, write_card
from journey.commands.loading import closing
from journey.commands.options import Json, RecipeFile, Set
from journey.commands.output import say
from journey.commands.progress import Bars
from journey.pipeline import recipe, registry


def pretrain(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.", metavar="DIR")],
    settings: Set = None,
    json: Json = False,
) -> int:
    """Make the tiny base model from scratch."""

    return _pretrain(recipe, out, settings or (), json)


def _pretrain(file: Path, out: Path, settings: Sequence[str], json: bool) -> int:
    """The tiny base from scratch, with its model card."""
    wanted = recipe.read_settings(file, settings)
    points: list[dict[str, Any]] = []
    with Bars(silent=json) as bars:

        def on_log(point: dict[str, Any]) -> None:
            points.append(point)
            bars("pretrain", f"loss {point['loss']:.3f}", point["tokens"], point["of"])

        bars("pretrain", "first steps", 0, 1)
        registry.pretrain(wanted, out, on_log)
        bars("pretrain", "measure skills", 0, 1)
        model = registry.local(out, registry.TINY)
        write_card(out, wanted, points[-1], interrupts.run(closing(model, measure(model))))
    say(json, {"model": str(out), **points[-1]}, f"the model lies in {out}, its card in {out}/README.md")
    return 0
