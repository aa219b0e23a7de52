"""A model that says what it was told to say: for tests, for demonstrations, and for replaying recorded answers."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.store.datafiles import rows

Answers = Mapping[str, str | Sequence[str]] | Callable[[Prompt, Sampling, int], str]

_PIECE = re.compile(r"\n|[^\S\n]*[^\s]+|[^\S\n]+")


class Scripted:
    """A Model that answers from a mapping, a function or a JSONL file.

    A mapping's key is the prompt's text followed by its prefix; sample i of n gets answer i, counted round. A function
    is called with (prompt, sampling, i). A file holds rows {"prompt", "prefix"?, "completions": [...]}. A prompt
    without an answer gets `otherwise`, or raises ModelError where that is null. `failures` says how many of the first
    calls of a prompt raise ModelError (-1: all of them). Tokens are counted as words and line ends, plus the closing
    one. `calls` keeps every call for tests to look at.
    """

    def __init__(
        self,
        answers: Answers | str | Path,
        *,
        name: str = "scripted",
        otherwise: str | None = None,
        failures: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.calls: list[tuple[Prompt, Sampling]] = []
        self._answers: Answers = read_answers(Path(answers)) if isinstance(answers, str | Path) else answers
        self._otherwise = otherwise
        self._failures = dict(failures or {})
        self._requested: Counter[str] = Counter()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` answers, cut at the first stop string or at `max_tokens`. Raises ModelError."""
        self.calls.append((prompt, sampling))
        await asyncio.sleep(0)
        key = prompt.text + prompt.prefix
        self._requested[key] += 1
        allowed = self._failures.get(key, 0)
        if allowed < 0 or self._requested[key] <= allowed:
            raise ModelError(f"The scripted model fails on purpose for the prompt {key[-60:]!r}.")
        return [cut(self._answer(prompt, sampling, key, i), sampling) for i in range(sampling.n)]

    def _answer(self, prompt: Prompt, sampling: Sampling, key: str, i: int) -> str:
        if callable(self._answers):
            return self._answers(prompt, sampling, i)
        found = self._answers.get(key, self._otherwise)
        if found is None:
            raise ModelError(f"The scripted model has no answer for the prompt {key[-60:]!r}.")
        options = [found] if isinstance(found, str) else list(found)
        if not options:
            raise ModelError(f"The scripted model has an empty list of answers for the prompt {key[-60:]!r}.")
        return options[i % len(options)]


def cut(text: str, sampling: Sampling) -> Completion:
    """The completion a model would give that wants to write `text`: cut at a stop string or at `max_tokens` words."""
    hits = [(text.find(stop), stop) for stop in sampling.stop if stop and stop in text]
    at, stop = min(hits, default=(len(text), ""))
    written = text[: at + len(stop)]
    tokens = len(_PIECE.findall(written))
    if tokens + (not hits) > sampling.max_tokens:
        kept = "".join(piece.group() for piece in islice(_PIECE.finditer(written), sampling.max_tokens))
        return Completion(kept[:at], sampling.max_tokens, "length")
    return Completion(text[:at], tokens, "stop") if hits else Completion(text, tokens + 1, "end")


def read_answers(path: Path) -> dict[str, list[str]]:
    """The answers of a JSONL file of rows {"prompt", "prefix"?, "completions"}. Raises UsageError."""
    answers: dict[str, list[str]] = {}
    for place, row in rows(path, format="jsonl"):
        prompt, prefix = row.get("prompt"), row.get("prefix", "")
        given: list[Any] = row["completions"] if isinstance(row.get("completions"), list) else [None]
        if not all(isinstance(text, str) for text in (prompt, prefix, *given)):
            raise UsageError(f'{place}: expected {{"prompt": "...", "prefix": "...", "completions": ["...", "..."]}}.')
        answers.setdefault(f"{prompt}{prefix}", []).extend(given)
    return answers
