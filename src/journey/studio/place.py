"""Places in the studio: the query of an address as it is written, and links there."""

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode


def href(**where: str | int | None) -> str:
    """The address of a place in the studio, as in href(page="tree", run="a", id="..."); what is null is left out."""
    return "?" + urlencode({name: value for name, value in where.items() if value is not None})


def picture_address(name: str) -> str:
    """The address of a problem's picture, from the page's own; "" for what is no name of one."""
    return f"journey/picture/{name}" if re.fullmatch(r"[0-9a-f]{64}", name) else ""


def link(inside: str, kind: str = "", **where: str | int | None) -> str:
    """A link to a place in the studio; `inside` is HTML already. It is followed without loading the page anew."""
    current = ' aria-current="true"' if kind == "here" else ""
    return f'<a class="{f"go {kind}".strip()}"{current} href="{escape(href(**where))}">{inside}</a>'


def tabs_html(words: Mapping[str, str], shown: str, name: str, place: Mapping[str, str], before: str = "") -> str:
    """A link for each value of `name` in a place by its words (HTML already), the shown one lit."""
    links = (link(word, "here" if value == shown else "", **{**place, name: value}) for value, word in words.items())
    return f'<div class="tabs compare">{before}{"".join(links)}</div>'


def without(where: Mapping[str, str], *names: str) -> dict[str, str]:
    """The place without some of its names."""
    return {name: value for name, value in where.items() if name not in names}


def number_of(text: str) -> int | None:
    """The number in an address, null where it is none."""
    return int(text) if text.isdecimal() and len(text) < 12 else None
