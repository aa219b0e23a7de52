"""The one function through which all text of models and people goes before it stands in a page.

HTML is escaped, so nothing in it is ever a tag; pictures and links written as Markdown lose their address and keep
their words; mathematics between \\( \\), \\[ \\], $$ $$ or $ $ becomes an element that the page's KaTeX typesets with
`trust` off (no links, no pictures, no HTML from TeX); characters that reorder or hide text are shown as what they are.
"""

import re
from html import escape

LONGEST_MATH = 4000  # letters of one formula; longer ones are shown as they are written

_MATH = re.compile(
    r"\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)|(?<![\\$])\$\$(?P<double>[^$]+?)\$\$"
    # A lone dollar sign is money more often than mathematics: both must stand close to what they enclose.
    r"|(?<![\\$\w])\$(?P<single>[^\s$](?:[^$\n]*?[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_MARKDOWN = re.compile(r"!?\[(?P<words>[^\[\]\n]{0,300})\]\(\s*<?[^()\s]*(?:\([^()\s]*\)[^()\s]*)?>?[^()\n]{0,200}\)")
# Control characters but for line breaks and tabs, marks of direction, invisible and private characters, surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def html(text: str, *, math: bool = True) -> str:
    """The text as HTML that can do nothing; with `math` false formulas stay as they are written (in a diff, say)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not math:
        return _words(text)
    parts: list[str] = []
    at = 0
    for found in _MATH.finditer(text):
        formula = found["bracket"] or found["paren"] or found["double"] or found["single"] or ""
        if len(formula) > LONGEST_MATH or not formula.strip():
            continue
        parts.append(_words(text[at : found.start()]))
        is_display = found["bracket"] is not None or found["double"] is not None
        kind = "math display" if is_display else "math"
        parts.append(f'<span class="{kind}">{escape(_shown(formula))}</span>')
        at = found.end()
    return "".join([*parts, _words(text[at:])])


def line(text: str, room: int) -> str:
    """The text in one line of at most `room` letters, not yet HTML: for labels that are set as text."""
    short = " ".join(_shown(text[: 4 * room + 40]).split())
    return short if len(short) <= room else short[: room - 1].rstrip() + "…"


def _words(text: str) -> str:
    return escape(_shown(_MARKDOWN.sub(lambda found: found["words"], text)))


def _shown(text: str) -> str:
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
