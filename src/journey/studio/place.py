"""Where in the studio somebody is: the query of the page's address, read and written, and links to elsewhere."""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

import streamlit as st

LONGEST = 4000  # letters of a query that are looked at


def here() -> dict[str, str]:
    """The query of the page's address."""
    return {str(name): str(value) for name, value in st.query_params.to_dict().items()}


def href(**where: str | int | None) -> str:
    """The address of a place in the studio, as in href(page="tree", run="a", id="..."); what is null is left out."""
    return "?" + urlencode({name: value for name, value in where.items() if value is not None})


def link(inside: str, kind: str = "", **where: str | int | None) -> str:
    """A link to a place in the studio; `inside` is HTML already. It is followed without loading the page anew."""
    return f'<a class="{f"go {kind}".strip()}" href="{escape(href(**where))}">{inside}</a>'


def go(address: str) -> None:
    """Goes to the place of an address that `href` made."""
    where = dict(parse_qsl(address.removeprefix("?")[:LONGEST], keep_blank_values=True))
    st.query_params.from_dict(where)


def without(where: Mapping[str, str], *names: str) -> dict[str, str]:
    """The place without some of its names."""
    return {name: value for name, value in where.items() if name not in names}
