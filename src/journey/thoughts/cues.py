"""The words that show what a paragraph does, in languages besides English: doubts, checks, returns, other ways."""

import re
from functools import cache
from typing import Literal

from journey.prompts.languages import known, language_of

Cue = Literal["reflection", "backtrack", "return", "check"]


@cache
def cue(kind: Cue, language: str | None) -> re.Pattern[str] | None:
    """The pattern of a language's words for a kind; null for English, whose words stand where they are used."""
    if language is None or language not in known():
        return None
    patterns = language_of(language).cues.get(kind)
    return None if patterns is None else re.compile("|".join(patterns), re.IGNORECASE)


def shows(kind: Cue, paragraph: str, language: str | None) -> bool:
    """Whether a paragraph has such a word of the language."""
    pattern = cue(kind, language)
    return pattern is not None and pattern.search(paragraph) is not None
