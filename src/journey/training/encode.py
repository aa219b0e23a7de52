"""Rows as token ids, the answer ending with the token that ends a text.

The prompt's ids are those of the prompt alone, because that is what the model reads when it is asked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from journey.errors import UsageError
from journey.models.local_text import Text
from journey.training.rows import CUT_OFF


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
    own is appended where none stands there, except behind a rejected answer that was cut off. Raises UsageError for a
    tokenizer without an ending token or for text that it does not know.
    """
    if not rows:
        return []
    eos: Any = tokenizer.eos_token_id
    if eos is None:
        raise UsageError("The model's tokenizer has no token that ends a text (eos_token): set one.")
    chat = tokenizer.chat_template is not None
    texts = [_texts(tokenizer, row["prompt"], row[side]) for row in rows]
    _refuse_unknown(tokenizer, [whole for _, whole in texts])
    # A model is asked without the spaces at the prompt's end, which belong to the word behind them.
    opened = [prompt.rstrip(" ") for prompt, _ in texts]
    answers = [prompt[len(o) :] + _content(row[side]) for (prompt, _), o, row in zip(texts, opened, rows, strict=True)]
    prompts: Any = tokenizer(opened, add_special_tokens=not chat)["input_ids"]
    complete: Any = tokenizer([whole for _, whole in texts], add_special_tokens=not chat)["input_ids"]
    alone: Any = tokenizer(answers, add_special_tokens=False)["input_ids"]
    encoded: list[Encoded] = []
    for row, p, w, a in zip(rows, prompts, complete, alone, strict=True):
        if side == "rejected" and row.get(CUT_OFF):
            encoded.append(Encoded(p, a))
        else:
            encoded.append(Encoded(p, _ended(w[len(p) :] if w[: len(p)] == p else a, stops, eos, trim=chat)))
    return encoded


def _texts(tokenizer: PreTrainedTokenizerBase, prompt: Any, answer: Any) -> tuple[str, str]:
    if tokenizer.chat_template is None:
        return _content(prompt), _content(prompt) + _content(answer)
    prompts = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    complete = [*prompts, {"role": "assistant", "content": _content(answer)}]
    opened: Any = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, tokenize=False)
    closed: Any = tokenizer.apply_chat_template(complete, tokenize=False)
    return opened, closed


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
