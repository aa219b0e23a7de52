"""How a model server is reached and asked: its settings, its address and where its key comes from."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from journey.errors import UsageError
from journey.models.estimate import IMAGE_TOKENS
from journey.types import content_hash

VENDOR = "https://api.openai.com/v1"
URL_VARIABLE = "OPENAI_BASE_URL"
OURS = {"model", "messages", "prompt", "stream", "stop", "n", "api_key"}
"""What the client itself writes in a request, so that `extra` may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One server, or several that hold the same model; stands in recipes under `servers: NAME:`.

    `url` null: OPENAI_BASE_URL, else OpenAI's own. A list of addresses, or a `url_file` with one a line (which may
    change meanwhile), are many servers for one model: see `router.Router`. The key is read from the environment
    variable `key_variable` and is never written anywhere. `api` "text" is for base models: /completions with the bare
    prompt.

    `continuation` says how a half-written answer is continued in a chat: by vLLM's and SGLang's field
    `continue_final_message`, by the message's `prefix` (DeepSeek, Mistral), by an `instruction` in words (everyone
    else); "auto" finds out. `stop` "client" does not send stop strings and cuts the text here, for servers that ignore
    them. `logprobs` asks for them. `extra` is merged into every request (chat_template_kwargs, top_k, ...); null
    takes a field out.

    Seconds: `timeout` for one request, `connect_timeout` until the connection stands, `stall` between two pieces of an
    answer that has begun, `patience` with a server that is away or busy, `first_patience` with one that has never
    answered (null: 2 where nobody takes the connection, 20 where somebody is there and busy or loading). `retries` are
    further tries of a request that failed in any other way. At most `max_in_flight` requests are open (null: 512 at
    each server); how many really are is found out (see `server_limit.Limit`). These limits hold for all servers of a
    list together. null means no limit.

    `image_tokens` is how many tokens a picture counts where tokens are estimated, before the server says how many it
    read (see `models.estimate.IMAGE_TOKENS`).
    """

    url: str | tuple[str, ...] | None = None
    url_file: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    api: Literal["chat", "text"] = "chat"
    continuation: Literal["auto", "continue_final_message", "prefix", "instruction"] = "auto"
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stop: Literal["server", "client"] = "server"
    logprobs: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    timeout: float = 600.0
    connect_timeout: float = 10.0
    stall: float = 60.0
    retries: int = 8
    patience: float = 1800.0
    first_patience: float | None = None
    max_in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    image_tokens: int = IMAGE_TOKENS

    def __post_init__(self) -> None:
        if self.url_file is not None and self.url is not None:
            raise UsageError("a server has a url or a url_file, not both: leave one of them away")
        if self.url is not None:
            checked_urls([self.url] if isinstance(self.url, str) else self.url, "the server's url")
        if not re.fullmatch(r"[A-Za-z_]\w*", self.key_variable, re.ASCII):
            raise UsageError(
                "key_variable is not the name of an environment variable; put the key itself into the environment,"
                " and the variable's name here"
            )
        fewest = 1 if self.max_in_flight is None else self.max_in_flight
        if min(self.timeout, self.connect_timeout, self.stall) <= 0 or fewest < 1:
            raise UsageError("timeout, connect_timeout and stall must be above 0 and max_in_flight at least 1")
        if min(self.retries, self.patience, self.first_patience or 0) < 0:
            raise UsageError("retries, patience and first_patience must be at least 0")
        if any(limit is not None and limit < 1 for limit in (self.requests_per_minute, self.tokens_per_minute)):
            raise UsageError("requests_per_minute and tokens_per_minute must be at least 1, or null for no limit")
        if self.image_tokens < 1:
            raise UsageError(f"image_tokens is {self.image_tokens}; a picture has at least 1 token")
        if ours := sorted(OURS & self.extra.keys()):
            raise UsageError(f"extra must not set {', '.join(ours)}: that is what the client writes itself")
        try:
            json.dumps(dict(self.extra), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"extra must be what JSON can say: {error}") from None

    def base_url(self, environment: Mapping[str, str] = os.environ) -> str:
        """Where the one server is, without a slash at its end. Raises UsageError for an address that is none."""
        if isinstance(self.url, str):
            return checked_url(self.url, "the server's url")
        return checked_url(environment.get(URL_VARIABLE) or VENDOR, URL_VARIABLE)

    def urls(self) -> tuple[str, ...]:
        """Where the servers are, of a file as it is now. Raises UsageError."""
        if self.url_file is not None:
            return read_urls(Path(self.url_file).expanduser())
        return checked_urls(self.url, "the server's url") if isinstance(self.url, tuple) else (self.base_url(),)

    def key(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """The key, null where the variable is not set or empty. Raises UsageError where it can be no key."""
        key = environment.get(self.key_variable, "").strip()
        if not key.isascii() or not key.isprintable() or " " in key:
            raise UsageError(f"{self.key_variable} holds characters that no key has; set it again")
        return key or None

    def identity(self, model: str) -> str:
        """A hash of what changes results: never the address or the key."""
        request = (self.api, self.continuation, self.stop, self.logprobs, dict(self.extra))
        return content_hash("server", model, *request)


def read_urls(file: Path) -> tuple[str, ...]:
    """The addresses of a file, one a line; what follows a # is a remark. Raises UsageError."""
    try:
        lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"url_file {file} cannot be read ({why}); write a file with one address a line") from None
    return checked_urls(list(filter(None, lines)), f"an address in {file}")


def checked_urls(urls: Sequence[str], what: str) -> tuple[str, ...]:
    """The addresses as `checked_url` has them. Raises UsageError, also where there is none or one stands twice."""
    found = tuple(checked_url(url, what) for url in urls)
    if not found:
        raise UsageError(f"{what} is missing: the list of servers is empty; write at least one address")
    if twice := next((url for url in found if found.count(url) > 1), None):
        raise UsageError(f"{what} {twice} stands there twice; name every server once")
    return found


def checked_url(url: str, what: str) -> str:
    """The address without a slash at its end. Raises UsageError, which never repeats a password."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise UsageError(f"{what} is no address; write one such as http://localhost:8000/v1") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{what} holds a user name or password; put the key into an environment variable instead")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"{what} is {parts._replace(query='', fragment='').geturl()!r}; write an address such as http://localhost:8000/v1"
        )
    if parts.query or parts.fragment:
        raise UsageError(f"{what} must end with the path, such as /v1, without ? or #")
    if parts.path.rstrip("/").endswith("/completions"):
        raise UsageError(f"{what} must end before /chat/completions or /completions, mostly with /v1")
    return url.strip().rstrip("/")
