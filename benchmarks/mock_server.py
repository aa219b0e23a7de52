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
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

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


class Slots:
    """How many requests are worked on at a time, and how busy that was at every tenth of a second."""

    def __init__(self, most: int | None, spread: float) -> None:
        self.spread, self.requests, self.history = spread, 0, list[tuple[float, float]]()
        self._room = asyncio.Semaphore(most or 1_000_000)
        self._busy, self._worked, self._since = 0, 0.0, 0.0

    async def answer(self, request: web.Request) -> web.Response:
        """The answer once a slot has worked on it for as long as a model would."""
        asked = await request.json()
        self.requests += 1
        if self.requests == 1:
            self._since = time.perf_counter()
            self._note()
        seconds, body = completed(asked, "messages" in asked, self.spread)
        async with self._room:
            self._count(1)
            await asyncio.sleep(seconds)
            self._count(-1)
        return web.Response(body=body, content_type="application/json")

    async def busy(self, _: web.Request) -> web.Response:
        start = self.history[0][0] if self.history else 0.0
        history = [(at - start, worked) for at, worked in self.history]
        return web.json_response({"requests": self.requests, "history": history})

    def _count(self, change: int) -> None:
        now = time.perf_counter()
        self._worked += self._busy * (now - self._since)
        self._since = now
        self._busy += change

    def _note(self) -> None:
        self._count(0)
        self.history.append((self._since, self._worked))
        asyncio.get_running_loop().call_later(0.1, self._note)


async def models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


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


async def serve(slots: int | None, spread: float) -> None:
    """Serves until the process is ended; prints the URL first."""
    shared, app = Slots(slots, spread), web.Application()
    app.add_routes([web.post("/v1/completions", shared.answer), web.post("/v1/chat/completions", shared.answer),
                    web.get("/v1/models", models), web.get("/v1/busy", shared.busy)])  # fmt: skip
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--slots", type=int)
    parser.add_argument("--spread", type=float, default=1.0)
    asyncio.run(serve(**vars(parser.parse_args())))
