"""The jinja2 templates of pages and drawings; every text that goes into them is escaped."""

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def templates() -> "Environment":
    """The templates of this room."""
    from jinja2 import Environment, PackageLoader

    loader = PackageLoader("journey.report", ".")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def drawing(name: str, *parts: Any) -> str:
    """A drawing of drawings.html as SVG."""
    return str(getattr(templates().get_template("drawings.html").module, name)(*parts)).strip()


def style() -> str:
    """The style sheet of the page and its drawings."""
    return files("journey.report").joinpath("page.css").read_text(encoding="utf-8")
