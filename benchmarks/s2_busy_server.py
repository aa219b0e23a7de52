"""Row S2: whether a server of 64 slots stays busy while trees are grown, its slowest answers four times the fastest.

The mock server works on 64 requests at a time, queues others, and multiplies each wait by a factor of 0.5 to 2. Trees
are grown as in row S1, one problem after the other as room comes free, by the same whole path. The server notes its
busy slots all the while. Busy slots are counted from the end of the first minute of work to the beginning of the last.
The quick form is 15 times shorter, the minutes included: four seconds stand for a minute. Beside ours, in the same run,
trees level by level: as many problems at a time as fill the slots, and all wait for the level's slowest answer.
"""

import asyncio
from argparse import Namespace
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import aiohttp
from bench import Result, run
from mock_server import scored, serving
from s1_tree_client import DEPTH, KEEP, NODES, REQUESTS, bare_call, ours, question

from journey.prompts import fill

SLOTS, SPREAD, GOAL = 64, 4.0, 0.95
TREES = 2000  # some five minutes of work
SCALE = 15  # how much shorter the quick form is


async def level_by_level(url: str, trees: int) -> int:
    """Peers' way: groups of trees that fill the slots, each level asked at once and waited for; how many nodes."""
    group = SLOTS // KEEP + 1
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for start in range(0, trees, group):
            levels = {fill("math", question=question(n)): [""] for n in range(start, min(trees, start + group))}
            for _ in range(DEPTH):
                asked = [(prompt, prefix) for prompt, level in levels.items() for prefix in level]
                answers = await asyncio.gather(*(bare_call(session, url, prompt + prefix) for prompt, prefix in asked))
                for prompt in levels:
                    found = [prefix + text + "\n" for (of, prefix), texts in zip(asked, answers, strict=True)
                             for text in texts if of == prompt]  # fmt: skip
                    levels[prompt] = sorted(found, key=lambda path: -scored(path.rsplit("\n", 2)[-2]))[:KEEP]
    return trees * NODES


async def busy(url: str, work: Coroutine[Any, Any, int], trees: int, minute: float) -> dict[str, float]:
    """The share of slots that were busy between the first and the last minute of the work, and the least in one."""
    await work
    async with aiohttp.ClientSession() as session, session.get(f"{url}/busy") as answer:
        told = await answer.json()
    assert told["requests"] == trees * REQUESTS
    history: list[tuple[float, float]] = told["history"]  # seconds, slot-seconds
    total = history[-1][1]
    history = [at for at in history if at[1] < total]  # until the last answer
    inside = [at for at in history if minute <= at[0] <= history[-1][0] - minute]
    (began, before), (ended, after) = inside[0], inside[-1]
    tenth = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(inside[::10])]
    return {
        "busy": round((after - before) / (ended - began) / SLOTS, 4),
        "least in a second": round(min(tenth) / SLOTS, 4),
        "seconds counted": round(ended - began, 1),
        "seconds": round(history[-1][0], 1),
    }


def measure(work: Callable[[str, int], Coroutine[Any, Any, int]], trees: int, minute: float) -> dict[str, float]:
    with serving(SLOTS, SPREAD) as url:
        return asyncio.run(busy(url, work(url, trees), trees, minute))


def busy_server(options: Namespace) -> Result:
    scale = 1 if options.long else SCALE
    trees, minute = TREES // scale, 60 / scale
    found = {name: measure(work, trees, minute) for name, work in (("ours", ours), ("level by level", level_by_level))}
    figures = {**found, "trees": trees, "a minute, seconds": minute}
    return Result(figures, found["ours"]["busy"] >= GOAL, f"wanted: busy >= {GOAL}")


if __name__ == "__main__":
    run("S2", __doc__, busy_server)
