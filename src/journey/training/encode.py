"""Rows as token ids, the answer ending with the token that ends a text.

The prompt's ids are those of the prompt alone, because that is what the model reads when it is asked.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from journey.errors import UsageError
from journey.models.local_marks import Marks
from journey.models.local_text import Text
from journey.training.rows import CUT_OFF

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
    own is appended where none stands there, except behind a rejected answer that was cut off. Special tokens that stand
    in a text are read as their letters, those that end an answer are cut off it, and of a mark that opens the thinking
    both at the prompt's end and at the answer's beginning one is left. Raises UsageError for a tokenizer without an
    ending token or for text that it does not know.
    """
    if not rows:
        return []
    eos: Any = tokenizer.eos_token_id
    if eos is None:
        raise UsageError("The model's tokenizer has no token that ends a text (eos_token): set one.")
    chat = tokenizer.chat_template is not None
    marks = Marks(tokenizer)
    ends = tuple(str(tokenizer.convert_ids_to_tokens(id)) for id in {eos, *stops})
    answers = [marks.hidden(_ended_once(_content(row[side]), ends), by_model=True) for row in rows]
    texts = [_texts(tokenizer, marks, row["prompt"], answer) for row, answer in zip(rows, answers, strict=True)]
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
    encoded: list[Encoded] = []
    for row, p, w, a in zip(rows, prompts, complete, alone, strict=True):
        if side == "rejected" and row.get(CUT_OFF):
            encoded.append(Encoded(p, a))
        else:
            encoded.append(Encoded(p, _ended(w[len(p) :] if w[: len(p)] == p else a, stops, eos, trim=chat)))
    return encoded


def _texts(tokenizer: PreTrainedTokenizerBase, marks: Marks, prompt: Any, answer: str) -> tuple[str, str]:
    if tokenizer.chat_template is None:
        prompt = marks.hidden(_content(prompt))
        return prompt, prompt + answer
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    turns = [turn | {"content": marks.hidden(turn["content"], by_model=turn["role"] == "assistant")} for turn in turns]
    opened: Any = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    closed: Any = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": answer}], tokenize=False)
    return opened, closed


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
