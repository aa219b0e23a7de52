"""A model server that answers at once and then waits as long as a model would: for the speed rows, in its own process.

It speaks as much of the OpenAI API as a tree needs (`/v1/completions`, `/v1/chat/completions`, `/v1/models`). An answer
comes 40 ms + 2 ms a token of the longest of its n samples after its request got a slot; with `--slots C` at most C
requests are worked on at a time and the others queue. `--spread S` multiplies each wait by a factor between
1/sqrt(S) and sqrt(S), drawn like the texts, so that the slowest takes S times as long as the fastest.

The texts come from the request's prompt and seed alone, so that whoever asks the same grows the same tree: steps of
20 to 160 tokens that begin with a sum which is true or off by one (`scored` tells which, save for a share of errors
that come from the text). `GET /busy` gives the seconds and the
slot-seconds worked since the first request, at every tenth of a second.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

START, A_TOKEN = 0.040, 0.002  # seconds
SHORTEST, LONGEST = 20, 160  # tokens of a step
MODEL = "mock"
ERRORS = 0.1  # the share of steps that `scored` takes for the other kind
WORDS = ("so", "we", "add", "both", "sides", "and", "then", "the", "sum", "of", "terms", "is", "what", "remains", "as")
FILLER = " ".join(WORDS[(i * 7 + i // 5) % len(WORDS)] for i in range(LONGEST))
CUTS = [0, *(at.start() for at in re.finditer(" ", FILLER)), len(FILLER)]  # where the first k words of it end
SUM = re.compile(r"(\d+) \+ (\d+) = (\d+)")


def drawn(seed: int, sample: int) -> int:
    """32 random bits of a request and the number of the sample."""
    return zlib.crc32(b"%d %d" % (seed, sample)) * 2654435761 >> 7 & 0xFFFFFFFF


def step(seed: int, sample: int, most: int) -> tuple[str, int]:
    """A step's text, without anything that JSON escapes, and its tokens (a token is a word), at most `most`."""
    bits = drawn(seed, sample)
    tokens = min(most, SHORTEST + bits % (LONGEST - SHORTEST + 1))
    left, right = bits % 9973, bits // 9973
    total = left + right + (bits >> 5 & 1)
    return f"{left} + {right} = {total}, {FILLER[: CUTS[max(0, tokens - 5)]]}", tokens


def scored(text: str) -> float:
    """The local judge of the speed rows: about 0.9 where the step's sum is true and 0.1 where not, but for errors."""
    said = SUM.match(text)
    true = said is not None and int(said[1]) + int(said[2]) == int(said[3])
    bits = zlib.crc32(text.encode())
    said_true = true != (bits % 1000 < 1000 * ERRORS)
    return (0.9 if said_true else 0.1) - bits / 2**36  # no two alike, so that no order is left open


@dataclass(slots=True)
class Slots:
    """What the server is working on, what waits for it, and how busy it was."""

    most: int | None
    spread: float
    loop: asyncio.AbstractEventLoop
    busy: int = 0
    requests: int = 0
    queue: deque[tuple["Connection", float, bytes]] = field(default_factory=deque)
    worked: float = 0.0  # slot-seconds up to `since`
    since: float = 0.0
    history: list[tuple[float, float]] = field(default_factory=list)

    def ask(self, connection: "Connection", seconds: float, body: bytes) -> None:
        """Sends the answer once a slot has worked on it for so long."""
        self.requests += 1
        if self.requests == 1:
            self.since = time.perf_counter()
            self._note()
        if self.most is not None and self.busy >= self.most:
            self.queue.append((connection, seconds, body))
        else:
            self._begin(connection, seconds, body)

    def _begin(self, connection: "Connection", seconds: float, body: bytes) -> None:
        self._count(1)
        self.loop.call_later(seconds, self._end, connection, body)

    def _end(self, connection: "Connection", body: bytes) -> None:
        self._count(-1)
        connection.send(body)
        if self.queue and (self.most is None or self.busy < self.most):
            self._begin(*self.queue.popleft())

    def _count(self, change: int) -> None:
        now = time.perf_counter()
        self.worked += self.busy * (now - self.since)
        self.since = now
        self.busy += change

    def _note(self) -> None:
        self._count(0)
        self.history.append((self.since, self.worked))
        self.loop.call_later(0.1, self._note)


class Connection(asyncio.Protocol):
    """One client's connection: as little HTTP/1.1 as the clients speak (no chunks, one request at a time)."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.read = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read = self.read + data if self.read else data
        end = self.read.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.read[:end]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        total = end + 4 + (int(length[1]) if length else 0)
        if len(self.read) >= total:
            body, self.read = self.read[end + 4 : total], self.read[total:]
            self.answer(head.split(b" ", 2)[1].decode(), body)

    def answer(self, path: str, body: bytes) -> None:
        match path.removeprefix("/v1"):
            case "/completions" | "/chat/completions":
                asked = json.loads(body)
                self.slots.ask(self, *completed(asked, "messages" in asked, self.slots.spread))
            case "/models":
                self.send(json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode())
            case "/busy":
                start = self.slots.history[0][0] if self.slots.history else 0.0
                history = [(at - start, worked) for at, worked in self.slots.history]
                self.send(json.dumps({"requests": self.slots.requests, "history": history}).encode())
            case _:
                self.send(b'{"error": {"message": "no such path"}}', "404 Not Found")

    def send(self, body: bytes, status: str = "200 OK") -> None:
        """Sends one answer; a client that is gone misses it."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


def completed(asked: dict[str, Any], chat: bool, spread: float) -> tuple[float, bytes]:
    """How long a slot works on the request, and the answer."""
    prompt = "".join(message["content"] for message in asked["messages"]) if chat else asked["prompt"]
    seed = zlib.crc32(prompt.encode()) ^ asked.get("seed", 0)
    most = asked.get("max_completion_tokens") or asked.get("max_tokens") or LONGEST
    steps = [step(seed, i, most) for i in range(asked.get("n", 1))]
    longest = max(tokens for _, tokens in steps)
    seconds = (START + A_TOKEN * longest) * spread ** (drawn(seed, -1) / 2**32 - 0.5)
    before, after = ('"message":{"role":"assistant","content":"', '"}') if chat else ('"text":"', '"')
    choices = ",".join(
        f'{{"index":{i},{before}{text}{after},"logprobs":null,"finish_reason":"stop"}}'
        for i, (text, _) in enumerate(steps)
    )
    read, wrote = len(prompt) // 5, sum(tokens for _, tokens in steps)
    kind, name = ("chat.completion", "chatcmpl") if chat else ("text_completion", "cmpl")
    return seconds, (
        f'{{"id":"{name}-{seed:x}","object":"{kind}","created":1,"model":"{MODEL}","choices":[{choices}],'
        f'"usage":{{"prompt_tokens":{read},"completion_tokens":{wrote},"total_tokens":{read + wrote}}}}}'
    ).encode()


@contextmanager
def serving(slots: int | None = None, spread: float = 1.0) -> Iterator[str]:
    """A mock server in a process of its own; gives its URL (that ends in /v1)."""
    command = [sys.executable, __file__, "--spread", str(spread), *(["--slots", str(slots)] if slots else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def serve(port: int, slots: int | None, spread: float) -> None:
    """Serves until the process is ended; prints the URL first."""
    loop = asyncio.get_running_loop()
    shared = Slots(slots, spread, loop)
    server = await loop.create_server(lambda: Connection(shared), "127.0.0.1", port, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--slots", type=int, help="requests worked on at a time (default: all)")
    parser.add_argument("--spread", type=float, default=1.0, help="how much longer the slowest takes than the fastest")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.slots, options.spread))


if __name__ == "__main__":
    main()
