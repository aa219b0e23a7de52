"""What one request costs the client: the openai SDK, httpx and aiohttp against the mock server, in one run.

Each asks for 4 samples of a step after 3,000 characters, with 64 requests in flight, and reads the answer's texts.
The clients take turns; the figures are medians over the turns of the process's CPU time. What is not installed is left
out, which is said in one line.
"""

import asyncio
import importlib.util
import resource
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

from bench import Result, run, table
from mock_server import MODEL, serving

PROMPT = "so we add both sides and then " * 100
IN_FLIGHT = 64
Asks = Callable[[int], Awaitable[list[str]]]  # a seed's texts


def asked(seed: int) -> dict[str, Any]:
    """The request that all of them send."""
    return {"model": MODEL, "prompt": PROMPT, "n": 4, "max_tokens": 200, "temperature": 0.7, "seed": seed}


@asynccontextmanager
async def by_openai(url: str) -> AsyncIterator[Asks]:
    """The vendor's SDK, retries off."""
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask(seed: int) -> list[str]:
            return [choice.text for choice in (await client.completions.create(**asked(seed))).choices]

        yield ask


@asynccontextmanager
async def by_httpx(url: str) -> AsyncIterator[Asks]:
    """httpx alone (or httpx2, which new SDKs bring along)."""
    name = "httpx" if importlib.util.find_spec("httpx") else "httpx2"
    httpx = importlib.import_module(name)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60) as client:

        async def ask(seed: int) -> list[str]:
            answer = await client.post(f"{url}/completions", json=asked(seed))
            return [choice["text"] for choice in answer.json()["choices"]]

        yield ask


@asynccontextmanager
async def by_aiohttp(url: str) -> AsyncIterator[Asks]:
    """aiohttp, one session."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(seed: int) -> list[str]:
            async with session.post(f"{url}/completions", json=asked(seed)) as answer:
                return [choice["text"] for choice in (await answer.json())["choices"]]

        yield ask


CLIENTS = {
    "openai": (by_openai, ("openai",)),
    "httpx": (by_httpx, ("httpx", "httpx2")),
    "aiohttp": (by_aiohttp, ("aiohttp",)),
}


def cpu() -> float:
    """Milliseconds of processor time that this process has used, the kernel's for it included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


async def cost(client: Any, url: str, count: int) -> float:
    """CPU milliseconds a request, after a warm-up that opens the connections."""
    async with client(url) as ask:
        await asyncio.gather(*map(ask, range(IN_FLIGHT)))
        seeds = iter(range(count))

        async def worker() -> None:
            for seed in seeds:
                assert len(await ask(seed)) == 4

        before = cpu()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return (cpu() - before) / count


def measure(turns: int, count: int) -> dict[str, float | None]:
    """CPU milliseconds a request of each client; null for one that is not installed."""
    there = [name for name, (_, needs) in CLIENTS.items() if any(map(importlib.util.find_spec, needs))]
    found: dict[str, list[float]] = {name: [] for name in there}
    with serving() as url:
        for _ in range(turns):
            for name in there:
                found[name].append(asyncio.run(cost(CLIENTS[name][0], url, count)))
    return {name: round(median(found[name]), 3) if name in found else None for name in CLIENTS}


def transports(options: Namespace) -> Result:
    """Each client that is installed."""
    figures = measure(5, 3000) if options.long else measure(3, 600)
    ours = figures["aiohttp"] or 0.0
    lines = [(name, value, f"{value / ours:.1f} x" if value and ours else "not installed, left out")
             for name, value in figures.items()]  # fmt: skip
    shown = table("A request", ("client", "CPU ms", "of aiohttp"), lines)
    return Result(figures, all(value is None or value >= ours for value in figures.values()), "", [shown])


if __name__ == "__main__":
    run("transports", __doc__, transports)
