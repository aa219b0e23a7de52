"""Models of one run or several side by side, problem by problem; the same for sets of thoughts."""

from pathlib import Path

from journey.studio.compare_models import models_html
from journey.studio.compare_place import Where
from journey.studio.compare_sides import parts, sides_of_thoughts
from journey.studio.compare_thoughts import thoughts_html
from journey.studio.opened import opened
from journey.studio.place import link
from journey.studio.view import view

KEPT = ("page", "run", "what", "part", "model", "decoding", "run2", "model2", "decoding2", "show")


def compare_page(path: Path, run: str, where: Where) -> None:
    """`model` and `decoding` of `run` against `model2` and `decoding2` of `run2`; with `problem` both texts of it."""
    runs = opened()
    where = {**where, "page": "compare", "run": run}
    what = where.get("what") if where.get("what") in ("models", "thoughts") else None
    all_parts = parts(runs)
    what = what or ("models" if all_parts or not sides_of_thoughts(runs) else "thoughts")
    here = {name: where[name] for name in KEPT if name in where} | {"what": what}
    tabs = "".join(
        link(name.capitalize(), "here" if name == what else "", page="compare", run=run, what=name)
        for name in ("models", "thoughts")
    )
    head = f'<h1 class="title">Compare</h1><div class="tabs compare">{tabs}</div>'
    body = models_html(runs, here, where, all_parts) if what == "models" else thoughts_html(runs, here, where)
    view(head + body, "body")
