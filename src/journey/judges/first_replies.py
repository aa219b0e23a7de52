"""Whether a model that judges can be read at all, found out before many of its replies are paid for."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from journey.errors import UsageError
from journey.models.base import Completion, Model, Prompt, Sampling

SHOWN = 160  # characters of an unreadable reply that are shown

Reading = TypeVar("Reading")


class FirstReplies:
    """Asks a model, and stops the work where none of its first `limit` replies could be read.

    Until one could be read no more than `limit` are asked for, so that many problems side by side cost no more than
    one. A reply that was cut off is not read, and one that stands in the reasoning alone is read there.
    """

    def __init__(self, judge: str, limit: int) -> None:
        self._judge = judge
        self._limit = limit
        self._readable = False
        self._unreadable = self._open = 0
        self._shown = ""
        self._turn = asyncio.Event()

    async def ask(
        self, model: Model, prompt: Prompt, sampling: Sampling, read: Callable[[str], Reading | None]
    ) -> list[tuple[Completion, Reading | None]]:
        """The model's replies, each with what was read in it, null for nothing. Raises ModelError and UsageError."""
        while not self._readable and self._open and self._open + self._unreadable + sampling.n > self._limit:
            await self._turn.wait()
        self._refuse_unreadable()
        self._open += sampling.n
        try:
            replies = [(one, _reading(one, read)) for one in await model.complete(prompt, sampling)]
            self._readable = self._readable or any(reading is not None for _, reading in replies)
            self._unreadable += sum(reading is None for _, reading in replies)
            self._shown = next((one.text for one, _ in replies if one.text.strip()), self._shown)
        finally:
            self._open -= sampling.n
            self._turn.set()
            self._turn = asyncio.Event()
        self._refuse_unreadable()
        return replies

    def _refuse_unreadable(self) -> None:
        if not self._readable and self._unreadable >= self._limit:
            words = " ".join(self._shown.split())[:SHOWN]
            raise UsageError(
                f"{self._judge} gave no readable verdict in its first {self._unreadable} replies (it said {words!r}); "
                "take a model that follows instructions, or give it more critic.max_tokens"
            )


def _reading(reply: Completion, read: Callable[[str], Reading | None]) -> Reading | None:
    if reply.finish not in ("end", "stop"):
        return None
    return read(reply.text if reply.text.strip() else reply.reasoning or "")
