"""journey recipe: the recipes that ship with journey, to run by their names or to print and edit."""

from typing import Annotated

import typer

from journey.commands import flags
from journey.commands.output import say, sheet
from journey.pipeline import recipe_files


def recipe(
    name: Annotated[
        str | None, typer.Argument(help="Its name, such as countdown; all are listed if not given.", metavar="NAME")
    ] = None,
    json: flags.Json = False,
) -> int:
    """Print a recipe that ships with journey, or list them.

    journey run NAME runs one; journey recipe NAME > mine.yaml gives a copy to edit, journey run mine.yaml runs that.
    """
    if name is None:
        found = dict(recipe_files.summaries())
        say(json, found, sheet("recipes", found.items(), "left"))
        return 0
    text = recipe_files.find(name).read_text("utf-8")
    if json:
        say(json, {"name": name, "text": text})
    else:
        print(text, end="")
    return 0
