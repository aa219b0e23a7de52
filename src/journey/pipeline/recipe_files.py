"""The recipes that ship with journey: inside the installed package, or in `recipes/` beside the source."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from journey.errors import UsageError

ENDING = ".yaml"
NO_RECIPES = ("prices",)  # a price table that lies among them, to be copied too


def folder() -> Path:
    """The folder with the recipes that ship with journey."""
    package = Path(str(files("journey")))
    return next((place for place in (package / "recipes", package.parents[1] / "recipes") if place.is_dir()), package)


def names() -> list[str]:
    """The names of the recipes that ship with journey."""
    return sorted(file.stem for file in folder().glob(f"*{ENDING}") if file.stem not in NO_RECIPES)


def find(named: str | Path) -> Path:
    """The file of a recipe: a path, or the name of one that ships with journey ("countdown"). Raises UsageError."""
    path = Path(named)
    if path.is_file():
        return path
    is_name = path.parent in (Path(), Path("recipes")) and path.suffix in ("", ENDING)
    shipped = folder() / f"{path.stem}{ENDING}"
    if is_name and shipped.is_file():
        return shipped
    raise UsageError(f"there is no recipe {named}; those that ship with journey are {', '.join(names())}")


def summaries() -> Iterator[tuple[str, str]]:
    """Each recipe's name, and the first sentence of the comment that it begins with."""
    for name in names():
        lines = find(name).read_text("utf-8").splitlines()
        comment: list[str] = []
        for line in lines:
            if not line.startswith("#"):
                break
            comment.append(line.removeprefix("#").strip())
        yield name, " ".join(comment).partition(". ")[0].rstrip(".")
