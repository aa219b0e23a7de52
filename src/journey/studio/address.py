"""The query of the page's address as Streamlit keeps it: read, and gone to."""

from urllib.parse import parse_qsl

import streamlit as st

LONGEST = 4000  # letters of a query that are looked at


def here() -> dict[str, str]:
    """The query of the page's address."""
    return {str(name): str(value) for name, value in st.query_params.to_dict().items()}


def go(address: str) -> None:
    """Goes to the place of an address that `place.href` made."""
    where = dict(parse_qsl(address.removeprefix("?")[:LONGEST], keep_blank_values=True))
    st.query_params.from_dict(where)
