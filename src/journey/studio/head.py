"""What stands at the top of every page: where one can go, and which run is looked at."""

from collections.abc import Mapping, Sequence

from journey.studio import safe
from journey.studio.place import link

# Name of the page in the address, and what it is called; pages of single items light the list they belong to.
PAGES = {
    "overview": "Overview",
    "problems": "Problems",
    "trees": "Trees",
    "thoughts": "Thoughts",
    "attempts": "Attempts",
    "compare": "Compare",
    "label": "Label",
}
BELONGS = {"tree": "trees", "problem": "problems", "thought": "thoughts", "attempt": "attempts"}


def head_html(page: str, run: str, runs: Sequence[str]) -> str:
    """The bar of links."""
    lit = BELONGS.get(page, page)
    links = [link(name, "here" if key == lit else "", page=key, run=run) for key, name in PAGES.items()]
    if len(runs) > 1:
        listed = "".join(
            link(safe.html(name), "here" if name == run else "", page="overview", run=name) for name in runs
        )
    else:
        listed = f'<span class="quiet">{safe.html(run)}</span>'
    brand = link("journey", "brand", page="overview", run=run)
    return f'<nav class="bar" aria-label="Pages">{brand}{"".join(links)}<span class="runs">{listed}</span></nav>'


def level_text(level: object) -> str:
    """A level in words: a bare number gets the word before it."""
    text = str(level or "")
    return f"level {text}" if text.isdecimal() else text


def facts_line(facts: Mapping[str, object]) -> str:
    """Small facts in one line, those that are there."""
    return " · ".join(
        f"{name} {safe.html(str(value))}".strip() for name, value in facts.items() if value not in (None, "")
    )
