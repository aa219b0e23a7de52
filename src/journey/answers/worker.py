"""What a checking process does: compare two answers with math-verify. Only those processes import sympy."""

import contextlib
import logging
import re
import sys
from functools import lru_cache
from typing import Any

MEMORY = 3 << 30  # bytes a worker may take, so that a huge power ends it and not the machine
_OWN_FORMULAS = re.compile(r"(?<!\\)\$.+\$|\\\(|\\\[|\\boxed", re.DOTALL)
_FOREIGN = re.compile(r"(?:[\u0400-\u1fff\u3040-\ud7ff].*?){20}", re.DOTALL)  # twenty letters of other scripts
_WORDS_ONLY = re.compile(r"[^\\0-9=^_{}<>+*/]*")


def start() -> None:
    """Make this process a worker: the parser is warm, nothing is printed, and memory is bounded where it can be."""
    warm()
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


# One of each usual shape: the parser's tables grow with every new shape that it meets.
_SHAPES = (
    (r"\frac{x}{2}+1", "1+0.5x"),
    (r"\frac{\sqrt{3}}{2}-1", r"\sqrt{3}/2-1"),
    (r"(-\infty,2)\cup[3,\infty)", r"[1, 2)"),
    (r"\begin{pmatrix}1\\-2\end{pmatrix}", r"\begin{pmatrix}2&1\\0&3\end{pmatrix}"),
    (r"x^2-2xy+y^2", "x=5"),
    (r"30^\circ", "30"),
    (r"\{1,2\}", "(3,-4)"),
    (r"\{1\}", r"\{\sqrt{5},-2\}"),
    (r"\cos^{-1}\frac{1}{2}", r"\log_2(x)"),
    (r"|x-1|", r"\sqrt[3]{x}"),
    (r"1+2i", r"10\%"),
    (r"5\text{ cm}", r"a_1\le\sin x"),
)


def warm() -> None:
    """Make some comparisons, since the first ones build grammars and tables for a second."""
    logging.disable(logging.CRITICAL)  # math-verify warns that it has no time limit of its own
    for gold, answer in _SHAPES:
        compare(gold, answer)


def compare(gold: str, answer: str) -> bool | str:
    """True or False as math-verify says, or in words why it cannot say."""
    from math_verify import verify

    parsed = [_parse(gold), _parse(answer)]
    for what, found, text in zip(("reference", "answer"), parsed, (gold, answer), strict=True):
        # math-verify falls back to the bare string; of words that is right, of formulas it says nothing.
        if not found or (all(isinstance(one, str) for one in found) and not _WORDS_ONLY.fullmatch(text)):
            return f"the {what} cannot be read as mathematics"
    is_same = verify(parsed[0], parsed[1], timeout_seconds=None)
    # Of a text in another script math-verify takes some number, which may not be the answer.
    return is_same or ("which number of the text is its answer is left open" if _FOREIGN.search(answer) else False)


@lru_cache(maxsize=1024)
def _parse(text: str) -> list[Any]:
    from math_verify import parse

    # The pool's time limit kills this process; math-verify's own one would need signals.
    return parse(_as_mathematics(text), parsing_timeout=None)  # type: ignore[arg-type]


def _as_mathematics(text: str) -> str:
    if _OWN_FORMULAS.search(text):
        return text  # a sentence with formulas of its own
    return f"${' '.join(text.replace('$', '').split())}$"
