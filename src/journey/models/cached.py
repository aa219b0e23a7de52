"""A model whose calls are remembered by their content, so that a killed run repeats only what was in flight."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from journey.models.base import Completion, Model, Prompt, Sampling
from journey.types import content_hash

_FIELDS = Completion.__slots__


class Calls(Protocol):
    """Where calls are kept (a run, say): lists of completions as plain mappings, by key."""

    def call(self, key: str) -> list[dict[str, Any]] | None: ...

    async def put_call(self, key: str, completions: list[dict[str, Any]]) -> None: ...


class Cached:
    """A Model that looks a call up before it asks, and stores the answer before it gives it.

    The key is the content of the call: the model's name, its `identity` where it has one (a hash of the weights),
    the prompt and the sampling. Two identical requests in flight are asked once. Calls with a completion that
    finished by "error" are not stored, so they are asked again.
    """

    def __init__(self, model: Model, run: Calls) -> None:
        self.model = model
        self._run = run
        self._flying: dict[str, asyncio.Task[list[Completion]]] = {}
        self._waiting: dict[str, int] = {}
        self._answered: set[str] = set()

    @property
    def name(self) -> str:
        return self.model.name

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """The stored completions of this very call, or the model's, stored. Raises ModelError."""
        key = call_key(self.model, prompt, sampling)
        stored = self._run.call(key)
        if stored is not None:
            return [Completion(**row) for row in stored]
        task = self._flying.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, prompt, sampling))
            task.add_done_callback(lambda _: self._landed(key))
            self._flying[key] = task
        return await self._join(key, task)

    async def _join(self, key: str, task: asyncio.Task[list[Completion]]) -> list[Completion]:
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return list(await asyncio.shield(task))
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
                # Only reached before the task is done when the last one who waited was cancelled. An answer that is
                # there was paid for and is still stored.
                if key not in self._answered:
                    task.cancel()

    def _landed(self, key: str) -> None:
        self._flying.pop(key, None)
        self._answered.discard(key)

    async def _ask(self, key: str, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        completions = await self.model.complete(prompt, sampling)
        self._answered.add(key)
        if all(completion.finish != "error" for completion in completions):
            await self._run.put_call(key, _rows(completions))
        return completions


def call_key(model: Model, prompt: Prompt, sampling: Sampling) -> str:
    """The name of a call: a hash of who is asked, what, and how the answers are drawn."""
    asked = [prompt.system, prompt.text, prompt.prefix]
    drawn = [float(sampling.temperature), float(sampling.top_p), sampling.max_tokens, list(sampling.stop)]
    who = [model.name, getattr(model, "identity", None)]
    return content_hash("call", who, asked, drawn, sampling.n, sampling.seed)


def _rows(completions: Sequence[Completion]) -> list[dict[str, Any]]:
    return [{name: getattr(completion, name) for name in _FIELDS} for completion in completions]
