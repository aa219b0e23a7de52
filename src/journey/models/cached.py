"""A model whose calls are remembered by their content, so that a killed run repeats only what was in flight."""

import asyncio
from typing import Any, Protocol

from journey.models.base import Completion, Model, Prompt, Sampling
from journey.types import content_hash

PATIENCE = 0.02  # of the time that a call took, it may take to be stored
MOST_PATIENCE = 0.05  # seconds


class Calls(Protocol):
    """Where calls are kept (a run, say): lists of completions as plain mappings, by key.

    What `put_call` was given is kept though whoever waits for it is cancelled. It may wait `patience` seconds, so that
    several are written at once.
    """

    def call(self, key: str) -> list[dict[str, Any]] | None: ...

    async def put_call(self, key: str, completions: list[dict[str, Any]], patience: float) -> None: ...


class MemoryCalls:
    """Calls kept in memory."""

    def __init__(self) -> None:
        self._known: dict[str, list[dict[str, Any]]] = {}

    def call(self, key: str) -> list[dict[str, Any]] | None:
        """What was answered, null where it was never asked."""
        return self._known.get(key)

    async def put_call(self, key: str, completions: list[dict[str, Any]], patience: float) -> None:
        """Keeps what was answered."""
        self._known[key] = completions


class Cached:
    """A Model that looks a call up before it asks, and stores the answer before it gives it.

    The key is the content of the call: the model's name, its `identity` where it has one (a hash of the weights),
    the prompt and the sampling. Two identical requests in flight are asked once. Calls with a completion that
    finished by "error" are not stored, so they are asked again.
    """

    def __init__(self, model: Model, run: Calls) -> None:
        self.model = model
        self._run = run
        self._flying: dict[str, asyncio.Future[list[Completion] | None]] = {}

    @property
    def name(self) -> str:
        return self.model.name

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """The stored completions of this very call, or the model's, stored. Raises ModelError."""
        key = call_key(self.model, prompt, sampling)
        while (flying := self._flying.get(key)) is not None:
            if (completions := await asyncio.shield(flying)) is not None:
                return list(completions)
        stored = self._run.call(key)
        if stored is not None:
            return [Completion(**row) for row in stored]
        return await self._ask(key, prompt, sampling)

    async def _ask(self, key: str, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """Asks for all who want the same meanwhile. They get null where this one is cancelled, and ask themselves."""
        loop = asyncio.get_running_loop()
        flying = self._flying[key] = loop.create_future()
        began = loop.time()
        try:
            completions = await self.model.complete(prompt, sampling)
            if all(completion.finish != "error" for completion in completions):
                patience = min(PATIENCE * (loop.time() - began), MOST_PATIENCE)
                await self._run.put_call(key, list(map(_stored, completions)), patience)
            flying.set_result(completions)
        except Exception as error:  # whatever it is, it belongs to all of them
            flying.set_exception(error)
            flying.exception()  # there may be nobody else to see it
            raise
        finally:
            del self._flying[key]
            if not flying.done():
                flying.set_result(None)
        return list(completions)


def _stored(completion: Completion) -> dict[str, Any]:
    """A completion as it is kept: without its token ids, which nobody asks of a stored one."""
    return {name: getattr(completion, name) for name in Completion.__slots__ if name != "ids"}


def call_key(model: Model, prompt: Prompt, sampling: Sampling) -> str:
    """The name of a call: a hash of who is asked, what, and how the answers are drawn."""
    request: list[Any] = [prompt.system, prompt.text, prompt.prefix]
    if prompt.images:
        request.append(list(prompt.images))
    drawn = [float(sampling.temperature), float(sampling.top_p), sampling.max_tokens, list(sampling.stop)]
    who = [model.name, getattr(model, "identity", None)]
    return content_hash("call", who, request, drawn, sampling.n, sampling.seed)
