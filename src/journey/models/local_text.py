"""Between text and tokens: how a prompt is read, how a completion is spelled, and where it stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jinja2 import TemplateError

from journey.errors import UsageError
from journey.models.base import Prompt, refuse_images
from journey.models.local_marks import Marks

# One character that no closed vocabulary holds: tells whether a tokenizer can spell anything at all.
_PROBE = "\U0001f70b"
_CONTEXT = 4  # prompt tokens that a completion is decoded behind, so that its first space is kept

NEVER, MAYBE, ALWAYS = 0, 1, 2  # what a token means for a request's stop strings


def templated(tokenizer: Any, messages: Sequence[Mapping[str, Any]], *, is_open: bool = True) -> str:
    """The messages as the tokenizer's chat template writes them; `is_open`: up to where the assistant speaks.

    Raises UsageError for a template that refuses them.
    """
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=is_open)
    except TemplateError as error:
        raise UsageError(
            f"the model's chat template fails on {', '.join(str(one['role']) for one in messages)}: "
            f"{' '.join(str(error).split())[:160]}; mend chat_template in its folder, or take it out for a base model"
        ) from error


@dataclass(frozen=True, slots=True)
class Reading:
    """A prompt as tokens. `held` are the spaces at its end, which the model is left to write itself."""

    ids: tuple[int, ...]
    held: str


class Text:
    """A tokenizer, and what is known of it."""

    def __init__(self, tokenizer: Any, ends: Sequence[int], vocabulary: int) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._special = set(tokenizer.all_special_ids)
        self._marks = Marks(tokenizer)
        self._pieces: list[str] | None = None
        self._stops: dict[tuple[str, ...], np.ndarray] = {}
        self._closed = bool(self._missing(_PROBE))
        self.ends = tuple(ends)
        self._opened = lru_cache(4096)(lambda ids: self._decode(list(ids)))  # the ends of prompts, as text

    def read(self, prompt: Prompt) -> Reading:
        """The tokens of a prompt, through the chat template where there is one.

        The whole text is tokenised at once, as training does. Spaces at its end are held back, because most
        vocabularies join a space to the word behind it. Special tokens that stand in it are read as their letters.
        Raises UsageError for a word that the vocabulary lacks.
        """
        refuse_images(prompt, "a model in this process")
        template = self._tokenizer.chat_template is not None
        hidden = self._marks.hidden
        prompt = Prompt(
            hidden(prompt.text),
            hidden(prompt.prefix, by_model=True),
            None if prompt.system is None else hidden(prompt.system),
        )
        whole = self._templated(prompt) if template else (prompt.system or "") + prompt.text + prompt.prefix
        text = whole.rstrip(" ")
        if missing := self.missing(self._marks.shown(text)):
            raise UsageError(
                f"the model's vocabulary lacks {missing!r}; use a model whose tokenizer knows it, or other problems."
            )
        ids = list(self._marks.ids([text], add_special_tokens=not template)[0])
        if not template and ids and ids[-1] in self.ends:
            ids.pop()  # some tokenizers close every text; a prompt stays open
        if not ids:
            start = self._tokenizer.bos_token_id
            if start is None:
                raise UsageError("the prompt is empty and the model has no token to begin with; give it a question.")
            ids = [start]
        return Reading(tuple(ids), whole[len(text) :])

    def missing(self, text: str) -> str | None:
        """The first piece of the text that the vocabulary lacks, null where all of it can be read."""
        return self._missing(text) if self._closed else None

    def _templated(self, prompt: Prompt) -> str:
        messages = [{"role": "system", "content": prompt.system}] if prompt.system is not None else []
        messages.append({"role": "user", "content": prompt.text})
        return templated(self._tokenizer, messages) + prompt.prefix

    def spell(self, reading: Reading, ids: Sequence[int]) -> str:
        """The text of generated tokens as it continues the prompt."""
        before = reading.ids[-_CONTEXT:]
        context, whole = self._opened(before), self._decode([*before, *ids])
        text = whole[len(context) :] if context and whole.startswith(context) else self._decode(list(ids))
        spaces = len(text) - len(text.lstrip(" "))
        return text[min(spaces, len(reading.held)) :]

    def starts(self, reading: Reading, ids: Sequence[int], text: str) -> list[int]:
        """The character of `text` at which each of its generated tokens begins; those behind its end begin there."""
        written = [i for i in ids if i not in self._special]
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        if found["input_ids"] == written:
            begins = iter([start for start, _ in found["offset_mapping"]])
            return [next(begins) if i not in self._special else len(text) for i in ids]
        # The model wrote other tokens than the tokenizer would: the text is spelled token by token.
        return [min(len(self.spell(reading, ids[:count])), len(text)) for count in range(len(ids))]

    def stopped(self, reading: Reading, ids: Sequence[int], stop: Sequence[str]) -> str | None:
        """The text before the earliest stop string, null without one. Only the newest token may complete one."""
        if ids[-1] in self._special and self._tokenizer.convert_ids_to_tokens(ids[-1]) in stop:
            return self.spell(reading, ids[:-1])
        # Every token spells at least one byte but for the odd special one, so a stop string lies within this tail.
        tail = self._decode(list(ids[-(max(len(s.encode()) for s in stop) + 8) :]))
        if not any(s in tail for s in stop):
            return None
        text = self.spell(reading, ids)
        hits = [at for s in stop if (at := text.find(s)) >= 0]
        return text[: min(hits)] if hits else None

    def stop_table(self, stop: tuple[str, ...]) -> np.ndarray:
        """For every token whether it can complete one of the stop strings (NEVER, MAYBE)."""
        if stop not in self._stops:
            table = np.zeros(self._vocabulary, np.int8)
            for s in stop:
                last = s.rstrip(" ")[-1:] if not s.endswith(" ") else ""
                for token, piece in enumerate(self._spelled()):
                    # A replacement character is part of a longer one: any token may be its last byte.
                    if not last or last in piece or "\ufffd" in piece:
                        table[token] = MAYBE
                for token in self._special:
                    if token < self._vocabulary and self._tokenizer.convert_ids_to_tokens(token) == s:
                        table[token] = MAYBE
            self._stops[stop] = table
        return self._stops[stop]

    def _spelled(self) -> list[str]:
        if self._pieces is None:
            known = min(len(self._tokenizer), self._vocabulary)
            self._pieces = self._tokenizer.batch_decode(
                [[token] for token in range(known)], clean_up_tokenization_spaces=False
            )
        return self._pieces or []

    def _decode(self, ids: list[int]) -> str:
        # `decode` itself first goes over all ids in Python, which takes longer than the decoding.
        return self._tokenizer._decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _missing(self, text: str) -> str | None:
        """The first piece of the text that no token spells, null where all of it can be read."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:  # a tokenizer in plain Python: it says nothing of offsets
            return None
        unknown = self._tokenizer.unk_token_id
        if type(backend.model).__name__ == "WordLevel" and unknown is None:
            return self._missing_word(backend, text)
        encoding = backend.encode(text, add_special_tokens=False)
        at = 0
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if token == unknown:
                return text[start:end]
            if gap := text[at:start].strip():
                return gap
            at = max(at, end)
        return text[at:].strip() or None

    def _missing_word(self, backend: Any, text: str) -> str | None:
        # This kind of tokenizer raises without saying which word it was, so the words are looked up one by one.
        vocabulary = self._tokenizer.get_vocab()
        if backend.normalizer is not None:
            text = backend.normalizer.normalize_str(text)
        for token in self._tokenizer.all_special_tokens:
            text = text.replace(token, " ")
        words = backend.pre_tokenizer.pre_tokenize_str(text) if backend.pre_tokenizer is not None else [(text, None)]
        return next((word for word, _ in words if word.strip() and word not in vocabulary), None)
