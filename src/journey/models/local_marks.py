"""Marks inside a text are text: "<|im_end|>" in a question does not end the user's turn.

A tokenizer reads its special tokens wherever their letters stand. A text that holds such letters is therefore read by a
twin of the tokenizer that knows each mark by a secret name, given to the marks that the chat template wrote and to no
others; all else of it, ids included, is the same.
"""

import json
import re
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from journey.errors import UsageError


class Marks:
    """The marks of a tokenizer: its special tokens, and the other whole tokens that its chat template writes."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._secret = secrets.token_hex(12)  # no text can name it; the ids do not depend on it
        template = str(tokenizer.chat_template or "")
        added = list(getattr(tokenizer, "added_tokens_decoder", {}).values())
        special = {str(token) for token in added if token.special} | set(tokenizer.all_special_tokens)
        written = {str(token) for token in added if str(token).strip() and str(token) in template}
        self._names = sorted(filter(None, special | written), key=lambda mark: (-len(mark), mark))
        self._any, self._special = _one_of(self._names), _one_of([mark for mark in self._names if mark in special])

    def hidden(self, text: str, *, by_model: bool = False) -> str:
        """The text with its marks under a cover, to be put into the chat template.

        In a text `by_model` only special tokens are covered: a model writes marks such as "<think>" itself.
        """
        pattern = self._special if by_model else self._any
        return pattern.sub(lambda mark: self._cover(self._names.index(mark[0])), text)

    def shown(self, text: str) -> str:
        """The text with its marks uncovered."""
        return re.sub(f"{self._secret}-([0-9]+)-", lambda cover: self._names[int(cover[1])], text)

    def ids(self, texts: Sequence[str], *, add_special_tokens: bool) -> list[list[int]]:
        """The ids of texts whose covered marks are letters and whose other marks are tokens.

        Raises UsageError where the tokenizer cannot read a mark as letters.
        """
        if not any(self._secret in text for text in texts):
            return self._tokenizer(list(texts), add_special_tokens=add_special_tokens)["input_ids"]
        alone = (self._tokenizer(text, add_special_tokens=add_special_tokens)["input_ids"] for text in texts)
        return [
            self._as_letters(text, add_special_tokens) if self._secret in text else list(ids)
            for text, ids in zip(texts, alone, strict=True)
        ]

    def _as_letters(self, text: str, add_special_tokens: bool) -> list[int]:
        named = self.shown(self._any.sub(lambda mark: self._name(self._names.index(mark[0])), text))
        unknown = self._tokenizer.unk_token_id
        try:
            ids = self._twin(named, add_special_tokens)
        except Exception as error:  # also what tokenizers raise for a word that they lack
            raise self._unreadable(text) from error
        if unknown is not None and unknown in ids:
            raise self._unreadable(text)
        return ids

    @cached_property
    def _twin(self) -> Callable[[str, bool], list[int]]:
        from tokenizers import Tokenizer

        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ValueError("a tokenizer in plain Python")
        data: Any = json.loads(backend.to_str())
        names = {mark: self._name(place) for place, mark in enumerate(self._names)}
        for token in data["added_tokens"]:
            token["content"] = names.get(token["content"], token["content"])
        vocabulary = data["model"]["vocab"]
        if isinstance(vocabulary, dict):
            data["model"]["vocab"] = {names.get(word, word): id for word, id in vocabulary.items()}
            if data["model"].get("unk_token") in names:
                data["model"]["unk_token"] = names[data["model"]["unk_token"]]
        else:
            data["model"]["vocab"] = [[names.get(word, word), score] for word, score in vocabulary]
        twin: Any = Tokenizer.from_str(json.dumps(data | {"truncation": None, "padding": None}))
        if any(twin.token_to_id(name) != backend.token_to_id(mark) for mark, name in names.items()):
            raise ValueError("its marks have other numbers under other names")
        return lambda text, special: twin.encode(text, add_special_tokens=special).ids

    def _cover(self, place: int) -> str:
        return f"{self._secret}-{place}-"

    def _name(self, place: int) -> str:
        return f"<{self._secret}.{place}>"

    def _unreadable(self, text: str) -> UsageError:
        mark = self._any.search(self.shown(text))
        return UsageError(
            f"a text holds {mark[0] if mark else text[:40]!r}, a mark of the model's tokenizer that it cannot read as "
            "letters; take the problem or row out."
        )


def _one_of(marks: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)) or r"(?!)")
