"""The paragraphs of a text that came from no tree, and what each of them is by its phrases."""

import re

from journey.thoughts.cues import shows
from journey.types import SegmentKind

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_BACKTRACKS = re.compile(
    r"\balternatively\b|\blet(?:'s| me| us) (?:try (?:another|a different)|go back|start (?:over|again)|backtrack)"
    r"|\b(?:try|use|take) (?:another|a different) (?:way|approach|method)\b|\bstart(?:ing)? over\b"
    r"|\bgo(?:ing)? back to\b|\banother (?:approach|way) (?:is|would|could|might)\b|另一种|换一种|换个|重新",
    re.IGNORECASE,
)
_REFLECTS = re.compile(
    r"\bWait\b|\bwait,|(?i:\bhm+\b|\bhold on\b|\blet(?:'s| me| us) (?:re-?|double[- ]?)?(?:check|verify|think again)"
    r"|\bdouble[- ]check|\bto verify\b|\bis (?:that|this|it) (?:right|correct|so)\?|\bdoes (?:that|this|it) make sense"
    r"|\b(?:made|there is|that's|was) a mistake\b|\b(?:is|was|seems|that's) (?:wrong|not right|incorrect)\b)"
    r"|等等|检查|验证"
)


def kind(paragraph: str, language: str | None = None) -> SegmentKind:
    """What a paragraph is, by its phrases: "backtrack" where another way is begun, "reflection" at a check or a doubt.

    Rules cannot tell a mistake: all else is a "step". The phrases are English ones, and those of `language` (its code).
    """
    if _BACKTRACKS.search(paragraph) or shows("backtrack", paragraph, language):
        return "backtrack"
    return "reflection" if _REFLECTS.search(paragraph) or shows("reflection", paragraph, language) else "step"


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Where the paragraphs of a text begin and end, without the spaces around them."""
    gaps = [match.span() for match in _BLANK.finditer(text)]
    starts, ends = [0, *(end for _, end in gaps)], [*(start for start, _ in gaps), len(text)]
    spans: list[tuple[int, int]] = []
    for start, end in zip(starts, ends, strict=True):
        piece = text[start:end]
        if stripped := piece.strip():
            start += len(piece) - len(piece.lstrip())
            spans.append((start, start + len(stripped)))
    return spans
