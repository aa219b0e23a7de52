"""The numbers of a text, each in one way of writing, for the rules that say whether a retold text keeps them."""

import re

DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
THOUSANDS = re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|,)(?=[0-9]{3}(?![0-9]))")
NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width digits, letters and signs, as Chinese writing has them, as the plain ones."""
_NUMBER = re.compile(NUMBER)


def undecorated(text: str) -> str:
    """The text without drawings, each of which leaves a space, and the commas of thousands; no full-width signs."""
    return THOUSANDS.sub("", DRAWING.sub(" ", text.translate(WIDE)))


def numbers(text: str) -> list[str]:
    """The numbers of a text in order, each in one way of writing (1,000 and 1000.0 are one); drawings have none."""
    return [plain(number) for number in _NUMBER.findall(undecorated(text))]


def plain(number: str) -> str:
    """A number as it is found in a text, without zeros that say nothing: 007 and 7.0 are 7."""
    whole, _, decimals = number.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")
