"""The studio's templates. Whatever text stands in one goes through `safe.html`, without the template asking for it."""

from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from journey.report.drawing import state
from journey.report.example import pieces
from journey.studio import fragments, place, safe
from journey.trees.mark import children, path
from journey.types import label

if TYPE_CHECKING:
    from jinja2 import Environment


def render(name: str, **given: Any) -> str:
    """The template of that name filled with what is given. Only what `html` marks or a template wrote is HTML."""
    return str(_environment().get_template(f"{name}.html").render(given))


def html(text: str) -> Markup:
    """HTML that was made here, to be given to a template as it is."""
    return Markup(text)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("journey.studio", "templates"), autoescape=True, finalize=_safely, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    found.filters |= {
        "n": _number,
        "line": safe.line,
        "tex": lambda text: Markup(safe.answer(text)),
        "plain": lambda text: Markup(safe.html(text, math=False)),
    }
    found.globals |= {
        "attempt_outcome": fragments.attempt_outcome, "children": children, "level_text": fragments.level_text,
        "link": _link, "model_name": label, "outcomes": fragments.OUTCOMES, "path": path,
        "picture_address": place.picture_address, "pieces": pieces,
        "segment_kinds": fragments.KINDS, "state": state, "strays": fragments.strays,
        "thought_facts": fragments.thought_facts, "thought_place": fragments.thought_place,
        "tree_box": Markup(fragments.TREE_BOX), "verdicts": fragments.VERDICTS,
    }  # fmt: skip
    return found


def _number(number: float | None, digits: int = 0) -> str:
    """A number with thousands apart, nothing for null."""
    return "" if number is None else f"{number:,.{digits}f}"


def _safely(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(safe.html(str(value)))


def _link(inside: str, kind: str = "", **where: Any) -> Markup:
    return Markup(place.link(_safely(inside), kind, **where))
