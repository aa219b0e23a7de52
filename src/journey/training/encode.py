"""Rows as token ids, the answer ending with the token that ends a text.

The prompt's ids are those of the prompt alone, because that is what the model reads when it is asked. A piece of an
answer has the tokens that it has in the whole answer: none is cut in two or joined where the piece begins or ends.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from journey.errors import UsageError
from journey.models.local_marks import Marks
from journey.models.local_text import Text, templated
from journey.training.rows import CUT_OFF, GOES_ON, PREFIX, refuse_pictures

_OPENING = re.compile(r"\s*(<[^<>\s]{1,40}>)\n*")


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a prompt and of one answer to it, the ending token included."""

    prompt: list[int]
    answer: list[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.answer)


def encode(
    tokenizer: PreTrainedTokenizerBase, rows: Sequence[Mapping[str, Any]], side: str, stops: Collection[int]
) -> list[Encoded]:
    """The rows' prompts with the answers in column `side` ("completion", "chosen", "rejected").

    Where the tokenizer has a chat template, strings become a user's and an assistant's turn, as models are asked; where
    it has none, the messages' texts are joined as they are. `stops` are the ids that may end an answer; the tokenizer's
    own is appended where none stands there, except where the text goes on and behind a rejected answer that was cut
    off. Where the row has the answer's beginning (`rows.PREFIX`), the prompt's ids hold it, up to the first token that
    reaches over its end. Special tokens that stand in a text are read as their letters, those that end an answer are
    cut off it, and of a mark that opens the thinking both at the prompt's end and at the answer's beginning one is
    left. Raises UsageError for a tokenizer without an ending token or for text that it does not know.
    """
    if not rows:
        return []
    refuse_pictures(rows)
    eos: Any = tokenizer.eos_token_id
    if eos is None:
        raise UsageError("The model's tokenizer has no token that ends a text (eos_token): set one.")
    chat = tokenizer.chat_template is not None
    marks = Marks(tokenizer)
    ends = tuple(str(tokenizer.convert_ids_to_tokens(id)) for id in {eos, *stops})
    questions, begun = zip(*map(_apart, rows), strict=True)
    own = [_ended_once(_content(row[side]), ends) for row in rows]
    answers = [marks.hidden(start + answer, by_model=True) for start, answer in zip(begun, own, strict=True)]
    texts = [_texts(tokenizer, marks, prompt, answer) for prompt, answer in zip(questions, answers, strict=True)]
    _refuse_unknown(tokenizer, [marks.shown(whole) for _, whole in texts])
    # A model is asked without the spaces at the prompt's end, which belong to the word behind them.
    opened = [prompt.rstrip(" ") for prompt, _ in texts]
    answers = [
        prompt[len(o) :] + _thinking_once(prompt, answer)
        for (prompt, _), o, answer in zip(texts, opened, answers, strict=True)
    ]
    prompts = marks.ids(opened, add_special_tokens=not chat)
    complete = marks.ids([whole for _, whole in texts], add_special_tokens=not chat)
    alone = marks.ids(answers, add_special_tokens=False)
    natural = [w[: len(p)] == p for p, w in zip(prompts, complete, strict=True)]

    def behind(i: int, text: str) -> list[int]:
        """The ids of a prompt and of an answer's beginning."""
        if natural[i]:
            return marks.ids([opened[i] + text], add_special_tokens=not chat)[0]
        return [*prompts[i], *marks.ids([text], add_special_tokens=False)[0]]

    encoded: list[Encoded] = []
    for i, (row, p) in enumerate(zip(rows, prompts, strict=True)):
        if row.get(side + GOES_ON):
            again = marks.hidden(own[i], by_model=True)  # what comes next begins as this piece does
            ids = _up_to(behind(i, answers[i]), behind(i, answers[i] + again), tokenizer)
        elif side == "rejected" and row.get(CUT_OFF):
            ids = [*p, *alone[i]]
        else:
            ids = [*p, *_ended(complete[i][len(p) :] if natural[i] else alone[i], stops, eos, trim=chat)]
        start = len(p)
        if begun[i]:
            held, hidden = texts[i][0][len(opened[i]) :], marks.hidden(begun[i], by_model=True)
            start = shared(behind(i, held + _thinking_once(texts[i][0], hidden)), ids)
        encoded.append(Encoded(ids[:start], ids[start:]))
    return encoded


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids two texts have in common at their beginning."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _up_to(ids: list[int], on: list[int], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of a piece as they are where the text goes on with the ids `on`; one that reaches beyond is left out."""
    same = shared(ids, on)
    last = tokenizer.decode(ids[same:])
    for end in range(same, len(on) + 1):
        if len(text := tokenizer.decode(on[same:end])) >= len(last):
            return on[:end] if text == last else on[:same]
    return on[:same]


def _apart(row: Mapping[str, Any]) -> tuple[Any, str]:
    """A row's prompt without the answer's beginning, and that beginning."""
    prompt = row["prompt"]
    if isinstance(prompt, str):
        begun = str(row.get(PREFIX) or "")
        return (prompt.removesuffix(begun), begun) if prompt.endswith(begun) else (prompt, "")
    return (prompt[:-1], str(prompt[-1]["content"])) if prompt[-1]["role"] == "assistant" else (prompt, "")


def _texts(tokenizer: PreTrainedTokenizerBase, marks: Marks, prompt: Any, answer: str) -> tuple[str, str]:
    if tokenizer.chat_template is None:
        prompt = marks.hidden(_content(prompt))
        return prompt, prompt + answer
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    turns = [turn | {"content": marks.hidden(turn["content"], by_model=turn["role"] == "assistant")} for turn in turns]
    closed = [*turns, {"role": "assistant", "content": answer}]
    return templated(tokenizer, turns), templated(tokenizer, closed, is_open=False)


def _ended_once(answer: str, ends: tuple[str, ...]) -> str:
    """An answer without the marks of an end that it may carry already."""
    while (stripped := answer.rstrip()).endswith(ends):
        answer = stripped.removesuffix(max((end for end in ends if stripped.endswith(end)), key=len))
    return answer


def _thinking_once(prompt: str, answer: str) -> str:
    """An answer without the mark that opens it ("<think>") where the prompt ends with that mark."""
    mark = _OPENING.match(answer)
    return answer[mark.end() :] if mark and prompt.rstrip().endswith(mark[1]) else answer


def _content(side: Any) -> str:
    return side if isinstance(side, str) else "".join(message["content"] for message in side)


def _ended(ids: list[int], stops: Collection[int], eos: int, *, trim: bool) -> list[int]:
    """Ids that end with a stop; what a chat template writes behind the last stop (a newline) is left out."""
    if trim:
        at = next((i for i in range(len(ids) - 1, -1, -1) if ids[i] in stops), None)
        return [*ids, eos] if at is None else ids[: at + 1]
    return ids if ids and ids[-1] == eos else [*ids, eos]


def _refuse_unknown(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> None:
    reader = Text(tokenizer, (), len(tokenizer))
    missing = [piece for piece in map(reader.missing, texts) if piece is not None]
    if missing:
        raise UsageError(
            f"{len(missing)} of {len(texts)} rows hold text that the model's vocabulary lacks, such as "
            f"{missing[0]!r}: train a model whose tokenizer knows it."
        )
