"""How published process reward models read a solution: one function a form, which lays it out as tokens.

Each form is told after its model card or its authors' code; what differs between them is where a step's score is read
and which head gives it. All are causal, so a step's score does not depend on what comes after it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from journey.errors import UsageError
from journey.judges.classifier_spelling import (
    Spelling,
    Unreadable,
    check_chat,
    check_line_end,
    check_padding,
    check_separator,
    check_tag,
    check_words,
)

_NUMBERED = re.compile(r"\s*Step \d+:")
QWEN_SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
REASONEVAL_PROMPT = "Question:\n{question}\nAnswer:\nLet's think step by step.\n"


@dataclass(frozen=True, slots=True)
class Laid:
    """A solution as token ids, cut off behind the last of `ends`: the positions at which the steps' scores are read."""

    ids: tuple[int, ...]
    ends: tuple[int, ...]


Lay = Callable[[Spelling, str, Sequence[str]], Laid]


@dataclass(frozen=True, slots=True)
class Form:
    """`lay` lays out; `head` "words": the probability of the good of two words as the next token; "labels": a softmax
    over the labels of a head of its own, worst first; "sigmoid": one number. `tag` ends a step, null: none is written.
    """

    lay: Lay
    head: Literal["words", "labels", "sigmoid"]
    tag: str | None
    check: Callable[[Spelling], None]
    source: str


def at_tags(spelling: Spelling, ids: Sequence[int], steps: int) -> Laid:
    """The layout whose scores are read at the step tags. Raises Unreadable unless there is one a step."""
    ends = tuple(i for i, token in enumerate(ids) if token == spelling.tag_id)
    if len(ends) != steps:
        raise Unreadable(f"the text comes to {len(ends)} step tags for {steps} steps")
    return Laid(tuple(ids[: ends[-1] + 1]), ends)


def math_shepherd(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """`QUESTION Step 1: ... ки`, a line a step; read at the tag as "+" against "-"."""
    texts = enumerate((spelling.step(step).strip() for step in steps), 1)
    lines = (text if _NUMBERED.match(text) else f"Step {number}: {text}" for number, text in texts)
    solution = "\n".join(f"{line} {spelling.tag}" for line in lines)
    return at_tags(spelling, spelling.ids(f"{spelling.question(question)} {solution}", first=True), len(steps))


def qwen_prm(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """The chat template with the steps as the assistant's turn, a separator token behind each; read at it."""
    answer = "".join(f"{spelling.step(step)}{spelling.tag}" for step in steps)
    turns = [("system", QWEN_SYSTEM), ("user", spelling.question(question)), ("assistant", answer)]
    return at_tags(spelling, spelling.ids(spelling.chat(turns, is_open=False)), len(steps))


def chat(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """Every step a user's turn, the first behind the question; read where the assistant is to say "+" or "-"."""
    turns: list[tuple[str, str]] = []
    ids: list[int] = []
    ends: list[int] = []
    for number, step in enumerate(steps):
        text = spelling.step(step)
        turns.append(("user", text if number else f"{spelling.question(question)} {text}"))
        longer = spelling.ids(spelling.chat(turns, is_open=True))
        if longer[: len(ids)] != ids:
            raise Unreadable("the chat template changes what was said before")
        ids = longer
        ends.append(len(ids) - 1)
        turns.append(("assistant", "+"))
    return Laid(tuple(ids), tuple(ends))


def reasoneval(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """Steps one behind the other, each tokenised by itself; read at the last token of each.

    Its authors' code separates them by the padding token, which the model never sees.
    """
    prompt = REASONEVAL_PROMPT.format(question=spelling.question(question))
    text = prompt + str(spelling.tag) + "".join(f"{spelling.step(step)}{spelling.tag}" for step in steps)
    whole = spelling.ids(text, first=True)
    if whole[-1] != spelling.tag_id:
        whole.append(spelling.tag_id or 0)  # taken off as what closes a text, where both are one token
    ids: list[int] = []
    marks: list[int] = []
    for i, token in enumerate(whole):
        if token == spelling.tag_id and i > 0:
            marks.append(len(ids) - 1)
        else:
            ids.append(token)
    if len(set(marks)) != len(steps) + 1:
        raise Unreadable(f"the text comes to {len(marks) - 1} steps instead of {len(steps)}")
    return Laid(tuple(ids), tuple(marks[1:]))


def skywork(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """The question and every step on a line of its own, each tokenised by itself; read at the line end."""
    assert spelling.tag_id is not None
    bos = spelling.tokenizer.bos_token
    return _pieces(
        spelling.ids(f"{bos or ''}{spelling.question(question)}\n", first=True),
        [[*spelling.ids(spelling.step(step)), spelling.tag_id] for step in steps],
    )


def steps(spelling: Spelling, question: str, steps: Sequence[str]) -> Laid:
    """Our own form, and that of TRL's former trainer: a separator behind question and steps; read at its last token."""
    return _pieces(
        spelling.ids(f"{spelling.question(question)}{spelling.tag}", first=True),
        [spelling.ids(f"{spelling.step(step)}{spelling.tag}") for step in steps],
    )


def _pieces(prompt: Sequence[int], pieces: Sequence[Sequence[int]]) -> Laid:
    ids, ends = list(prompt), list[int]()
    for piece in pieces:
        ids += piece
        ends.append(len(ids) - 1)
    return Laid(tuple(ids), tuple(ends))


FORMS: dict[str, Form] = {
    "math-shepherd": Form(math_shepherd, "words", "ки", check_words, "Wang et al. 2024, arXiv 2312.08935"),
    "qwen-prm": Form(qwen_prm, "labels", "<extra_0>", check_tag, "Zhang et al. 2025, arXiv 2501.07301"),
    "chat": Form(chat, "words", None, check_chat, "RLHFlow, Xiong et al. 2024"),
    "reasoneval": Form(reasoneval, "labels", None, check_padding, "Xia et al. 2024, arXiv 2404.05692"),
    "skywork": Form(skywork, "sigmoid", "\n", check_line_end, "Skywork o1 Open PRM, 2024"),
    "steps": Form(steps, "labels", "\n", check_separator, "journey.training.prm; TRL's stepwise trainer until 1.13"),
}


def spell(form: str, tokenizer: Any, tag: str | None = None) -> Spelling:
    """The tokenizer as this form needs it, its tag and words checked. Raises UsageError."""
    chosen = FORMS[form]
    spelling = Spelling(tokenizer, tag or chosen.tag)
    try:
        chosen.check(spelling)
    except UsageError as error:
        raise UsageError(f"form {form}: {error}") from None
    return spelling
