"""Tell a model's thinking from its answer where both stand in one text, by the marks that such models write."""

import re
from typing import NamedTuple

# DeepSeek-R1 and Qwen; Claude; Marco-o1; Sky-T1 and Still-2.
_THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<Thought>", "</Thought>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_ANSWERING = (("<answer>", "</answer>"), ("<Output>", "</Output>"), ("<|begin_of_solution|>", "<|end_of_solution|>"))


def _one_of(marks: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(mark) for mark in marks), re.IGNORECASE)


_OPENING = _one_of([opening for opening, _ in _THINKING])
_CLOSING = _one_of([closing for _, closing in _THINKING])
_ANSWER_OPENING = _one_of([opening for opening, _ in _ANSWERING])
_ANSWER_CLOSING = _one_of([closing for _, closing in _ANSWERING])


class Thinking(NamedTuple):
    """What was thought and what was answered, without the marks; `thought` is "" where the text has none."""

    thought: str
    answer: str


def split_thinking(text: str) -> Thinking | None:
    """Thought and answer of a text; null where a mark is opened and not closed (cut off), or marks are mixed.

    A thought begins where the text does; its opening mark may be missing, since many chat templates write it
    themselves.
    """
    opening = _OPENING.match(text.lstrip())
    inner = text.lstrip()[opening.end() :] if opening else text
    closing = _CLOSING.search(inner)
    if closing is None:
        return None if opening else _answered("", text)
    thought, rest = inner[: closing.start()], inner[closing.end() :]
    if _OPENING.search(thought) or _OPENING.search(rest) or _CLOSING.search(rest):
        return None
    return _answered(thought.strip(), rest)


def visible(text: str) -> str:
    """What a reply says once its thinking is taken off: all after the last closing mark; "" where it never closes."""
    closed = list(_CLOSING.finditer(text))
    if closed:
        return text[closed[-1].end() :].strip()
    return "" if _OPENING.match(text.lstrip()) else text


def _answered(thought: str, rest: str) -> Thinking | None:
    rest = rest.strip()
    opening = _ANSWER_OPENING.match(rest)
    if opening is None:
        return Thinking(thought, rest)
    closing = _ANSWER_CLOSING.search(rest, opening.end())
    # Words after the closing mark belong to nobody.
    return None if closing is None else Thinking(thought, rest[opening.end() : closing.start()].strip())
