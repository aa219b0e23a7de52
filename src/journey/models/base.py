"""What every model is: something that completes a prompt."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from journey.errors import UsageError
from journey.types import Finish


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: the user's text and the beginning of its own answer, which it continues.

    A backend with a chat template puts `text` into the user's turn (after `system`, if any) and appends `prefix` raw
    to the opened assistant's turn; one without joins system, text and prefix as they are. Separators (a newline after
    the question, say) belong to the texts themselves. `images` are the SHA-256 names of pictures that the user's turn
    shows before its text (see `store.images`).
    """

    text: str
    prefix: str = ""
    system: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw completions. `temperature` 0 is greedy; sample i of n draws from its own stream of (seed, i)."""

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    n: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """One drawn continuation.

    `text` is without the stop string. `finish`: "end" the model closed its text, "stop" a stop string came, "length"
    it was cut off at `max_tokens`, "error" the backend gave nothing usable. `tokens` counts the generated tokens, the
    closing one and those of the stop string included. `logprob` is the sum over them, null where not given.
    `reasoning` is what a server gave apart from the answer as the model's thinking, null where it gave none. `ids` are
    the generated tokens, empty where the backend does not give them.
    """

    text: str
    tokens: int
    finish: Finish
    logprob: float | None = None
    reasoning: str | None = None
    ids: tuple[int, ...] = ()


class Model(Protocol):
    """A policy, critic or teacher. `name` says which one in every record that it leaves."""

    @property
    def name(self) -> str: ...

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions of the prompt, in the order of their streams. Raises ModelError."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """A model or judge that holds something: memory, connections, a thread."""

    async def close(self) -> None:
        """Gives it back."""
        ...


async def close(holder: object) -> None:
    """Gives back what a model or judge holds, if anything."""
    if isinstance(holder, Closeable):
        await holder.close()


def refuse_images(prompt: Prompt, name: str) -> None:
    """Raises UsageError where a prompt shows pictures to a model that reads text only."""
    if prompt.images:
        raise UsageError(
            f"{name} reads text only, and the problem has pictures; name a served vision-language model "
            "(openai/NAME, or one of the recipe's servers with api: chat), or take problems without pictures"
        )


class ModelError(Exception):
    """The model could not answer; the message is one sentence, and the unit of work is listed as failed."""
