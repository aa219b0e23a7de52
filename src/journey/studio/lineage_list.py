"""Where a record comes from, as a list that leads on: its tree, the models behind it, what they were trained on."""

from pathlib import Path

from markupsafe import Markup

from journey.errors import UsageError
from journey.pipeline.lineage import Origin, lineage, words_of
from journey.studio.records import run_at
from journey.studio.templates import html, render

PAGES = ("thought", "tree", "attempt", "rollout")


def lineage_html(path: Path, run: str, id: str) -> Markup:
    """The links from a record of the run to the base model, folded."""
    try:
        found = lineage(run_at(path), id)
    except UsageError:  # not in the run any more
        return html("")
    listed = [(one, _place(one, run), words_of(one.about)) for one in found]
    return html(render("lineage", listed=listed))


def _place(one: Origin, run: str) -> dict[str, str]:
    """Where it is looked at: a record on its own page, a model in the list of its attempts."""
    if one.kind in PAGES:
        return {"page": one.kind, "run": run, "id": one.name}
    return {"page": "attempts", "run": run, "model": one.name}
