"""What several pages say alike: how an attempt or step ended, in words and in the names of the style sheet."""

from journey.types import Attempt

OUTCOMES = {
    "right": ("right", "right", "right"),
    "wrong": ("wrong", "wrong", "wrong"),
    "none": ("none", "none", "no answer"),
    "unknown": ("unjudged", "unknown", "not checkable"),
    None: ("none", "none", "not tried"),
}
"""By outcome the styles of its point and its word, and the word."""
VERDICTS = {"right": "right", "wrong": "wrong", "neutral": "neutral", "unjudged": "could not say"}
TREE_BOX = '<div class="panel tree-box" tabindex="0" aria-label="The tree"></div>'
KINDS = ("step", "mistake", "reflection", "backtrack", "answer")


def level_text(level: object) -> str:
    """A level in words: a bare number gets the word before it."""
    text = str(level or "")
    return f"level {text}" if text.isdecimal() else text


def attempt_outcome(attempt: Attempt) -> str:
    """Right, wrong, no answer or not checkable."""
    if attempt.correct is not None and attempt.answer is not None:
        return "right" if attempt.correct else "wrong"
    return "none" if attempt.answer is None else "unknown"


def thought_place(id: str, tree: str | None) -> dict[str, str]:
    """Where a thought is shown: beside its tree where it has one."""
    return {"page": "tree", "id": tree, "thought": id} if tree else {"page": "thought", "id": id}
