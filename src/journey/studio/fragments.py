"""What several pages say alike: how an attempt or step ended, in words and in the names of the style sheet."""

from journey.data.texts import TextSample
from journey.evals.text_figures import LanguageFigures, language_figures
from journey.prompts.languages import ENGLISH
from journey.types import Attempt, Problem, Segment, Thought

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


def thought_facts(thought: Thought, problem: Problem | None) -> dict[str, str | None]:
    """Who made a thought's text of its draft, in which language it is where that is not plain English, and its note."""
    found = _language(thought, problem)
    verb = "refined by" if thought.language is None else f"retold in {thought.language} by"
    is_english = (found.wanted == ENGLISH and not found.others) or (problem is None and thought.language is None)
    share = "" if is_english or found.share is None else f"{100 * found.share:.0f} % in {found.wanted}"
    return {verb: thought.refined_by, " ": share, "note:": thought.note}


def strays(thought: Thought, problem: Problem | None) -> list[Segment]:
    """The segments that are in another language than the thought should be."""
    return [thought.segments[number - 1] for number in _language(thought, problem).others]


def _language(thought: Thought, problem: Problem | None) -> LanguageFigures:
    own = None if problem is None else problem.language
    sample = TextSample(thought.id, thought.text, thought=thought, language=thought.language or own)
    return language_figures(sample)
