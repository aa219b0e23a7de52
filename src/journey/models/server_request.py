"""What is asked of an OpenAI-compatible server, in the dialect that this server has shown to understand."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from journey import prompts
from journey.models.base import Prompt, Sampling
from journey.models.server_settings import ServerSettings
from journey.types import content_seed

Way = Literal["continue_final_message", "prefix", "instruction"]

VENDORS: dict[str, Way] = {
    "vllm": "continue_final_message",
    "sglang": "continue_final_message",
    "deepseek": "prefix",
    "mistralai": "prefix",
    "openai": "instruction",
    "openai-internal": "instruction",
    "system": "instruction",
    "anthropic": "instruction",
    "google": "instruction",
}
"""How a half-written answer is continued, by the `owned_by` of a vendor's list of models."""

SEED_NAMES: tuple[str | None, ...] = ("seed", "random_seed", None)


@dataclass(slots=True)
class Dialect:
    """What is known of a server's way to be asked. It only ever learns, from the server's complaints.

    `way` null: not found out yet; `proved`: an answer was continued that way. `guess` is the way to begin with, null
    where the settings say which. `one_by_one`: it gives one choice however many were asked for, or counts the tokens of
    one. `cuts`: it takes stop strings. `seed`: the name of the field, null where it takes none. `refused`: fields of
    sampling that it does not take. `llama`: it is llama.cpp's, and is asked what ended a text.
    """

    way: Way | None
    max_tokens: str
    cuts: bool
    logprobs: bool
    guess: Way | None = None
    proved: bool = False
    one_by_one: bool = False
    seed: str | None = "seed"
    refused: frozenset[str] = frozenset()
    llama: bool = False

    @classmethod
    def of(cls, settings: ServerSettings) -> "Dialect":
        """The one that the settings say."""
        way = None if settings.continuation == "auto" else settings.continuation
        return cls(way, settings.max_tokens_name, settings.stop == "server", settings.logprobs)

    def begin_with(self, owner: str) -> None:
        """The way to continue an answer that is tried first, by who the server says it is."""
        if self.way is None:
            self.way = self.guess = VENDORS.get(owner, "continue_final_message")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent. `n` choices are asked for; `way` is how its prefix is continued, null without one."""

    path: str
    body: dict[str, Any] = field(repr=False)
    n: int
    way: Way | None
    max_tokens: str

    def encoded(self) -> bytes:
        """The body as JSON."""
        return json.dumps(self.body, separators=(",", ":"), allow_nan=False).encode()


def sample_seed(seed: int, sample: int) -> int:
    """The 31 bits for the request that begins with this sample; the widest that all servers take."""
    return content_seed("server", seed, sample) >> 32


def build(
    model: str,
    prompt: Prompt,
    sampling: Sampling,
    n: int,
    sample: int,
    dialect: Dialect,
    settings: ServerSettings,
    pictures: Sequence[str] = (),
) -> Request:
    """The request for n choices, of which the first is sample number `sample`; `pictures` are data: URIs."""
    chat = settings.api == "chat"
    way = dialect.way if chat and prompt.prefix else None
    body: dict[str, Any] = {"model": model}
    if chat:
        body["messages"] = messages(prompt, way, pictures)
        if way == "continue_final_message":
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    else:
        body["prompt"] = (prompt.system or "") + prompt.text + prompt.prefix
    body |= {dialect.max_tokens: sampling.max_tokens, "temperature": sampling.temperature}
    if sampling.top_p != 1:
        body["top_p"] = sampling.top_p
    if n > 1:
        body["n"] = n
    if dialect.seed is not None:
        body[dialect.seed] = sample_seed(sampling.seed, sample)
    if dialect.cuts and (stop := [s for s in sampling.stop if s]):
        body["stop"] = stop
    if dialect.logprobs:
        body["logprobs"] = True if chat else 1
    for name in dialect.refused:
        body.pop(name, None)
    if dialect.llama:
        body |= {"verbose": True, "response_fields": ["stop_type"]}
    body |= settings.extra
    for name in [name for name in settings.extra if settings.extra[name] is None]:
        del body[name]
    return Request("/chat/completions" if chat else "/completions", body, n, way, dialect.max_tokens)


def messages(prompt: Prompt, way: Way | None, pictures: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The chat of a prompt; its pictures (data: URIs) are parts of the user's turn, before the text.

    The instruction is a turn of its own, so that no prefix can pass for one.
    """
    chat: list[dict[str, Any]] = [] if prompt.system is None else [{"role": "system", "content": prompt.system}]
    parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": uri}} for uri in pictures]
    chat.append({"role": "user", "content": [*parts, {"type": "text", "text": prompt.text}] if parts else prompt.text})
    if way is not None:
        chat.append({"role": "assistant", "content": prompt.prefix})
    if way == "prefix":
        chat[-1]["prefix"] = True
    if way == "instruction":
        chat.append({"role": "user", "content": prompts.load("continue_answer").strip()})
    return chat


def learn(dialect: Dialect, request: Request, complaint: str) -> bool:
    """Whether the request may be put otherwise after a server's complaint (400 or 422), in words of any vendor.

    Changes the dialect where another request that failed in the same way has not done so already.
    """

    def named(name: str) -> bool:
        return name in request.body and re.search(rf"\b{name}\b", complaint) is not None

    if named("max_tokens") and "max_completion_tokens" in complaint:
        dialect.max_tokens = "max_completion_tokens"
    elif named("n") or (request.n > 1 and re.search(r"\bchoices?\b", complaint)):
        dialect.one_by_one = True
    elif named("stop"):
        dialect.cuts = False
    elif named("logprobs"):
        dialect.logprobs = False
    elif (name := next((name for name in ("top_p", "temperature") if named(name)), None)) is not None:
        dialect.refused |= {name}
    elif (seed := next((name for name in ("seed", "random_seed") if named(name)), None)) is not None:
        dialect.seed = SEED_NAMES[SEED_NAMES.index(seed) + 1]
    else:
        return _other_way(dialect, request)
    return True


def _other_way(dialect: Dialect, request: Request) -> bool:
    if request.way is None or dialect.guess is None or dialect.proved:
        return False
    if dialect.way != request.way:
        return True
    # Never on to `prefix` unasked: who does not know that field overlooks it, and answers anew.
    is_last = request.way == "instruction"
    dialect.way = dialect.guess if is_last else "instruction"  # no way would do: it was the prompt that was refused
    return not is_last
