"""The one function through which all text of models and people goes before it stands in a page.

HTML is escaped, so nothing in it is ever a tag; pictures and links written as Markdown lose their address and keep
their words, while brackets that hold no address stay, as in M[1](2); mathematics between \\( \\), \\[ \\], $$ $$ or $ $
becomes an element that the page's KaTeX typesets with `trust` off (no links, no pictures, no HTML from TeX); characters
that reorder or hide text are shown as what they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

LONGEST_MATH = 4000  # letters of one formula; longer ones are shown as they are written

_FENCE = re.compile(r"^(`{3,})([^`\n]*)$", re.MULTILINE)
# What may begin a formula; a doubled backslash or an escaped dollar sign is stepped over.
_BEGIN = re.compile(
    r"\\\\[(\[]|\\\\|\\\$|\\\[|\\\(|\$\$|\$"
    r"|\\begin\{(?P<name>(?:align|aligned|equation|gather|gathered|array|cases|[pbBvV]?matrix)\*?)\}"
)
# A lone dollar sign is money more often than mathematics: both must stand close to what they enclose, on one line, or
# have a command of TeX between them, or a space each and no words.
_SINGLE = re.compile(r"\$(?![\s$])((?:\\.|[^\\$\n]){1,1000})(?<!\s)\$(?![\d$])")
_SPACED = re.compile(r"\$((?:\\.|[^\\$\n]){1,1000})\$")
_COMMAND = re.compile(r"\\[A-Za-z]")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_UNENDED = re.compile(r"[-+*/=<>,;:(]\s*\Z")
_DOUBLE = re.compile(r"\$\$((?:\\.|[^\\$]){1,4000})\$\$", re.DOTALL)
_MARKDOWN = re.compile(
    r"!?\[(?P<words>[^\[\]\n]{0,300})\]"
    r"\(\s{0,9}<?(?:(?:https?|ftp|wss?|file|data|blob|about|javascript|vbscript|mailto|tel):|[#?/]|\.{1,2}/|www\."
    r"|[^()\s]{1,200}\.(?:png|jpe?g|gif|svg|webp|html?|pdf)\b)"
    r"[^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)?>?[^()\n]{0,200}\)",
    re.IGNORECASE,
)
# Control characters but for line breaks and tabs, marks of direction, invisible and private characters, surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in a text: characters `start` to `end` with its marks, and the TeX between them."""

    start: int
    end: int
    tex: str
    display: bool


def html(text: str, *, math: bool = True) -> str:
    """The text as HTML that can do nothing; with `math` false formulas stay as they are written (in a diff, say).

    A program between fences is set as one; nothing in it is a formula, a picture or a link.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts: list[str] = []
    at = 0
    for start, end in programs(text) if math else ():
        parts += [_mathematics(text[at:start]), f'<span class="program">{escape(_shown(text[start:end]))}</span>']
        at = end
    return "".join([*parts, _mathematics(text[at:]) if math else _words(text)])


def programs(text: str) -> Iterator[tuple[int, int]]:
    """Where programs stand in a text, their fences included; one that does not end is none."""
    fence, start = "", 0
    for found in _FENCE.finditer(text):
        if not fence:
            fence, start = found[1], found.start()
        elif found[1] == fence and not found[2].strip():
            yield start, found.end()
            fence = ""


def _mathematics(text: str) -> str:
    parts: list[str] = []
    at = 0
    for formula in formulas(text):
        kind = "math display" if formula.display else "math"
        parts.append(_words(text[at : formula.start]))
        parts.append(f'<span class="{kind}">{escape(_shown(formula.tex))}</span>')
        at = formula.end
    return "".join([*parts, _words(text[at:])])


def formulas(text: str) -> Iterator[Formula]:
    """The formulas of a text, one after the other; what begins like one and does not end is none."""
    at = 0
    while found := _BEGIN.search(text, at):
        at = found.end()
        formula = _formula(text, found)
        if formula is not None and formula.tex.strip():
            yield formula
            at = formula.end


def _formula(text: str, begin: re.Match[str]) -> Formula | None:
    match begin[0]:
        case "\\\\" | "\\$":
            return None
        case "$":
            whole = _SINGLE.match(text, begin.start()) or _SPACED.match(text, begin.start())
            if whole and whole.re is _SPACED and not _is_spaced_formula(whole[1]):
                return None
            return Formula(whole.start(), whole.end(), whole[1], False) if whole else None
        case "$$":
            whole = _DOUBLE.match(text, begin.start())
            return Formula(whole.start(), whole.end(), whole[1], True) if whole else None
        case "\\\\(" | "\\\\[":  # escaped twice, as dumps of JSON do
            closing = "\\\\)" if begin[0] == "\\\\(" else "\\\\]"
        case "\\(" | "\\[":
            closing = "\\)" if begin[0] == "\\(" else "\\]"
        case _:
            closing = f"\\end{{{begin['name']}}}"
    end = text.find(closing, begin.end(), begin.end() + LONGEST_MATH)
    if end < 0:
        return None
    if begin["name"]:  # an environment is part of the TeX, its marks are not taken off
        end += len(closing)
        return Formula(begin.start(), end, text[begin.start() : end], True)
    tex = text[begin.end() : end]
    tex = tex.replace("\\\\", "\\") if len(closing) > 2 else tex
    return Formula(begin.start(), end + len(closing), tex, closing.endswith("]"))


def _is_spaced_formula(inner: str) -> bool:
    """Whether what stands between two dollar signs with spaces is mathematics, and not between two prices."""
    if _UNENDED.search(inner):
        return False
    spaced = inner[0] == inner[-1] == " " and not _WORD.search(inner)
    return spaced or _COMMAND.search(inner) is not None


def answer(text: str) -> str:
    """A final answer as HTML: as mathematics where it is written in TeX, with or without marks around it."""
    is_tex = re.search(r"\\[A-Za-z]|[\^_]", text) is not None and not any(formulas(text))
    return html(f"\\({text}\\)" if is_tex else text)


def line(text: str, room: int) -> str:
    """The text in one line of at most `room` letters, not yet HTML: for labels that are set as text."""
    short = " ".join(_shown(text[: 4 * room + 40]).split())
    return short if len(short) <= room else short[: room - 1].rstrip() + "…"


def _words(text: str) -> str:
    for _ in range(2):  # a picture may stand in a link
        text = _MARKDOWN.sub(lambda found: found["words"], text)
    return escape(_shown(text))


def _shown(text: str) -> str:
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
