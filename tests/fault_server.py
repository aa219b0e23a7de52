"""A bad model server: speaks HTTP and the OpenAI-compatible API on 127.0.0.1, and fails as it is told to.

`FaultServer(plan)` asks `plan` of every completion request what to do: null answers it well, a `Reply` sends that,
the string "hang" never answers, "drop" closes the connection, "cut" answers well but closes it half way, "stall" sends
half and then nothing. `asked` keeps every request with the moment it came.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self

REASONS = {200: "OK", 404: "Not Found", 429: "Too Many Requests", 503: "Service Unavailable"}
HTML = b"<!DOCTYPE html><html><body>One moment, please</body></html>"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in: the time of the monotonic clock, and what was in it."""

    at: float
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    number: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to send as it is; without its `length` the connection's end is the body's end."""

    status: int = 200
    body: bytes | dict[str, Any] | list[Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: bool = True


Act = Reply | str | None
Plan = Callable[[Asked], Act]


def well(asked: Asked) -> Act:
    """The plan of a server without faults."""
    return None


def words(prompt: str, seed: int, sample: int) -> str:
    """What the server's model says: it depends on nothing but the prompt and the seed."""
    return f"{prompt[-24:].strip()} is {seed % 1000}.{sample}"


def completion(asked: Asked, text: Callable[[str, int, int], str] = words, **more: Any) -> dict[str, Any]:
    """A good answer to a request, chat or text; `more` goes into each choice."""
    body, chat = asked.body, "messages" in asked.body
    prompt = body["messages"][-1]["content"] if chat else body["prompt"]
    choices = []
    for index in range(body.get("n", 1)):
        said = text(prompt, body.get("seed", 0), index)
        for stop in body.get("stop", []):
            said = said.split(stop)[0]
        spoken = {"message": {"role": "assistant", "content": said}} if chat else {"text": said}
        choices.append({"index": index, "finish_reason": "stop", **spoken, **more})
    said = "".join(c["message"]["content"] if chat else c["text"] for c in choices)
    usage = {"prompt_tokens": len(prompt) // 4 + 1, "completion_tokens": len(said.split()) + len(choices)}
    return {"id": "x", "object": "chat.completion", "choices": choices, "usage": usage}


class FaultServer:
    """Use it in an `async with`; `url` is the base address. `models` is what its list of models holds, null: 404.

    `latency` is how long a good answer takes, in seconds. `stop` and `start` take it away and bring it back on the
    same port.
    """

    def __init__(
        self,
        plan: Plan = well,
        *,
        answer: Callable[[Asked], dict[str, Any]] = completion,
        models: list[dict[str, Any]] | None = None,
        latency: float = 0.0,
    ) -> None:
        self.plan = plan
        self.asked: list[Asked] = []
        self.listed: list[Asked] = []
        self.open = 0
        self.most_open = 0
        self._answer = answer
        self._models = models
        self._latency = latency
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        # The client may hang up at any moment; so may `stop`.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        self._writers.discard(writer)
        writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request of a connection; whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split()[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(time.monotonic(), path, headers, json.loads(body or b"{}"), len(self.asked))
        if path.endswith("/models"):
            self.listed.append(asked)
            listed = Reply(404) if self._models is None else Reply(200, {"object": "list", "data": self._models})
            await send(writer, listed)
            return True
        self.asked.append(asked)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._act(asked, self.plan(asked), reader, writer)
        finally:
            self.open -= 1

    async def _act(self, asked: Asked, act: Act, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if isinstance(act, Reply):
            await send(writer, act)
            return act.length
        if act == "drop":
            return False
        if act == "hang":
            await reader.read()  # until the client hangs up
            return False
        if self._latency:
            await asyncio.sleep(self._latency)
        good = Reply(200, self._answer(asked))
        if act is None:
            await send(writer, good)
            return True
        whole = rendered(good)
        writer.write(whole[: len(whole) - 20])
        await writer.drain()
        if act == "stall":
            await reader.read()
        return False


async def send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Writes a whole reply."""
    writer.write(rendered(reply))
    await writer.drain()


def rendered(reply: Reply) -> bytes:
    """A reply as it goes over the line."""
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    kind = "text/html" if body[:1] == b"<" else "application/json"
    headers = {"Content-Type": kind, "Date": formatdate(usegmt=True), **reply.headers}
    headers |= {"Content-Length": str(len(body))} if reply.length else {"Connection": "close"}
    lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Said So')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
