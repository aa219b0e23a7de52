"""Several mock servers in one process, each with 32 slots and faults of its own: for row S11.

They answer as `mock_server` does, but each answer takes a slot for about a second (0.7 to 1.3 s, drawn like the text;
`seconds` scales it), and each remembers the blocks of prompts that it has read, as servers with a prefix cache do.
Faults: "killed" goes away after so many seconds of work, "slow" takes ten times as long, "errors" answers 500 to every
tenth request, "stalls" never answers from so many seconds on. `GET /v1/told` says how a server fared.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from mock_server import completed, drawn, models

BLOCK, CACHE = 64, 6000  # characters of a block, and how many blocks a server keeps


class Mock:
    """One server."""

    def __init__(self, slots: int, seconds: float, fault: str | None, after: float) -> None:
        self.fault, self.after, self.seconds = fault, after, seconds
        self.answered = self.failed = self.read = self.cached = 0
        self.runner: web.AppRunner | None = None
        self._room = asyncio.Semaphore(slots)
        self._began: float | None = None
        self._blocks: OrderedDict[int, None] = OrderedDict()
        self._number = 0

    async def start(self) -> str:
        """Where it is."""
        app = web.Application()
        app.add_routes([web.post("/v1/completions", self.answer), web.post("/v1/chat/completions", self.answer),
                        web.get("/v1/models", models), web.get("/v1/told", self.told)])  # fmt: skip
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0, backlog=4096).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}/v1"

    async def answer(self, request: web.Request) -> web.Response:
        """The answer once a slot has worked on it."""
        asked = await request.json()
        self._number += 1
        if self._began is None:
            self._began = time.perf_counter()
            if self.fault == "killed":
                asyncio.get_running_loop().call_later(self.after, lambda: asyncio.create_task(self.die()))
        if self.fault == "errors" and self._number % 10 == 0:
            self.failed += 1
            return web.json_response({"error": {"message": "out of memory"}}, status=500)
        _, body = completed(asked, "messages" in asked, 1.0)
        self._remember(asked)
        async with self._room:
            if self.fault == "stalls" and time.perf_counter() - self._began > self.after:
                await asyncio.sleep(3600)
            share = drawn(asked.get("seed", self._number), 7) / 2**32
            await asyncio.sleep(self.seconds * (0.7 + 0.6 * share) * (10 if self.fault == "slow" else 1))
        self.answered += 1
        return web.Response(body=body, content_type="application/json")

    async def told(self, _: web.Request) -> web.Response:
        """How it fared: requests answered and failed, characters of prompts read, and those that it had cached."""
        return web.json_response({name: getattr(self, name) for name in ("answered", "failed", "read", "cached")})

    async def die(self) -> None:
        """It is gone, and every connection with it."""
        assert self.runner is not None
        for connection in list(self.runner.server.connections if self.runner.server else ()):
            connection.force_close()
            if connection.transport is not None:
                connection.transport.abort()
        await self.runner.cleanup()

    def _remember(self, asked: Mapping[str, Any]) -> None:
        prompt = "".join(m["content"] for m in asked["messages"]) if "messages" in asked else asked["prompt"]
        known = True
        for end in range(BLOCK, len(prompt) + 1, BLOCK):
            block = hash(prompt[:end])
            known = known and block in self._blocks
            self.read += BLOCK
            self.cached += BLOCK * known
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > CACHE:
            self._blocks.popitem(last=False)


@contextmanager
def serving(
    count: int, faults: Mapping[int, str] = {}, slots: int = 32, seconds: float = 1.0, after: float = 5.0
) -> Iterator[list[str]]:
    """So many servers in a process of their own: where they are."""
    given = {"count": count, "faults": faults, "slots": slots, "seconds": seconds, "after": after}
    command = [sys.executable, __file__, json.dumps(given)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


async def serve(count: int, faults: Mapping[str, str], slots: int, seconds: float, after: float) -> None:
    """Serves until the process is ended; prints the URLs first."""
    mocks: Sequence[Mock] = [Mock(slots, seconds, faults.get(str(i)), after) for i in range(count)]
    print(json.dumps([await mock.start() for mock in mocks]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(**json.loads(sys.argv[1])))
