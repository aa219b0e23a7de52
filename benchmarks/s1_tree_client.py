"""Row S1: growing trees with a model server, stored durably, against a bare asyncio loop that stores nothing.

A mock server in its own process (40 ms + 2 ms a token of the longest sample, steps of 20 to 160 tokens), a local exact
noisy step scorer as judge, 4 next steps an open node, the best 3 go on, 10 levels: 112 nodes and 28 requests a tree.
Ours is the whole path of `journey grow`: problems in flight, calls remembered and trees stored in a run (each commit
on the disk), the server client with its limit and retries. The bare loop is aiohttp and the tree, in about 35 lines.
The two take turns; the figures are medians of the rounds, the ratio is taken within a round.
"""

import asyncio
import gc
import tempfile
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from statistics import median

import aiohttp
from bench import Result, run
from mock_server import MODEL, scored, serving

from journey.answers.grade import Grade
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.models.server import Server
from journey.models.server_settings import ServerSettings
from journey.pipeline.stages import grow_trees
from journey.prompts import fill
from journey.store.run import Run
from journey.tasks.prompting import asker
from journey.tasks.qa.task import MATH
from journey.tasks.steps import FORMATS
from journey.tasks.table import TASKS
from journey.trees.grow import GrowSettings
from journey.types import Judgement, Problem, make_problem

WIDTH, KEEP, DEPTH, STEP_TOKENS = 4, 3, 10, 200
NODES, REQUESTS = WIDTH + (DEPTH - 1) * KEEP * WIDTH, 1 + (DEPTH - 1) * KEEP  # of a tree
IN_FLIGHT = 256  # problems; what a recipe has by default
GOALS = {20: 0.95, 200: 0.7}  # trees: the least ratio to the bare loop
MOST_CPU = 0.3  # milliseconds a node
QUESTION = "A farmer has {} sheep on {} meadows. " + "Each meadow feeds some of them, and the rest go on. " * 4


def question(number: int) -> str:
    return QUESTION.format(number, number % 7 + 2)


# The bare loop.


async def bare_tree(session: aiohttp.ClientSession, url: str, number: int) -> int:
    """Grows one tree and forgets it; how many nodes it had."""
    prompt = fill("math", question=question(number))
    nodes, level = 0, [""]
    for _ in range(DEPTH):
        answers = await asyncio.gather(*(bare_call(session, url, prompt + prefix) for prefix in level))
        found = [
            (scored(text), prefix + text + "\n") for prefix, texts in zip(level, answers, strict=True) for text in texts
        ]
        nodes += len(found)
        level = [prefix for _, prefix in nlargest(KEEP, found)]
    return nodes


async def bare_call(session: aiohttp.ClientSession, url: str, prompt: str) -> list[str]:
    asked = {
        "model": MODEL, "prompt": prompt, "n": WIDTH, "max_tokens": STEP_TOKENS, "temperature": 0.7, "top_p": 0.95,
        "stop": ["\n"],
    }  # fmt: skip
    async with session.post(f"{url}/completions", json=asked) as answer:
        return [choice["text"] for choice in (await answer.json())["choices"]]


async def bare(url: str, trees: int) -> int:
    """Grows all trees at once; how many nodes they had."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return sum(await asyncio.gather(*(bare_tree(session, url, number) for number in range(trees))))


# Ours.


class Scorer:
    """The Judge that the bare loop has as a function."""

    name = "scorer"

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """A verdict and a score of each step."""
        scores = map(scored, candidates)
        return [Judgement("right" if score > 0.5 else "wrong", score, None, self.name) for score in scores]


class Unanswered:
    async def grade(self, problem: Problem, text: str) -> Grade:
        return Grade(None, None)


LINES = FORMATS["lines"]
TASKS["speed"] = TASK = replace(MATH, name="speed", ask=asker("math", LINES), steps=LINES, grader=Unanswered)
SETTINGS = GrowSettings(
    width=WIDTH, keep=KEEP, depth=DEPTH, select="score", temperature=0.7, top_p=0.95, max_step_tokens=STEP_TOKENS
)


async def ours(url: str, trees: int) -> int:
    """Grows all trees into a run; how many nodes they had."""
    problems = [make_problem(question(number), "1", task="speed") for number in range(trees)]
    with tempfile.TemporaryDirectory() as folder, Run.open(folder) as into:
        # It sends no seeds, so that both ask the same and grow the same trees.
        settings = ServerSettings(url=url, api="text", extra={"seed": None})
        server = Server(MODEL, f"openai/{MODEL}", settings, BudgetTracker())
        failed = await grow_trees(into, problems, Cached(server, into), Scorer(), TASK, SETTINGS, in_flight=IN_FLIGHT)
        await server.close()
        assert not failed and into.count("trees") == trees
        return trees * NODES


# Measuring.


@dataclass(frozen=True)
class Timed:
    """Nodes a second, and milliseconds of the client's processor time for each."""

    rate: float
    cpu: float


async def timed(work: Callable[[], Awaitable[int]], trees: int) -> Timed:
    gc.collect()
    wall, used = time.perf_counter(), time.process_time()
    nodes = await work()
    wall, used = time.perf_counter() - wall, time.process_time() - used
    assert nodes == trees * NODES
    return Timed(nodes / wall, 1000 * used / nodes)


async def measure(url: str, trees: int, rounds: int) -> list[tuple[Timed, Timed]]:
    """Bare and ours in turn, `rounds` times."""
    return [(await timed(lambda: bare(url, trees), trees), await timed(lambda: ours(url, trees), trees))
            for _ in range(rounds)]  # fmt: skip


def figures(rounds: Sequence[tuple[Timed, Timed]], trees: int) -> dict[str, float]:
    return {
        f"{trees} trees: bare, nodes/s": round(median(b.rate for b, _ in rounds)),
        f"{trees} trees: ours, nodes/s": round(median(o.rate for _, o in rounds)),
        f"{trees} trees: ours of bare": round(median(o.rate / b.rate for b, o in rounds), 3),
        f"{trees} trees: bare, CPU ms/node": round(median(b.cpu for b, _ in rounds), 3),
        f"{trees} trees: ours, CPU ms/node": round(median(o.cpu for _, o in rounds), 3),
    }


async def main(options: Namespace) -> dict[str, float]:
    found: dict[str, float] = {}
    with serving() as url:
        await measure(url, 5, 1)
        for trees in GOALS:
            found |= figures(await measure(url, trees, 7 if options.long else 3), trees)
    return found


def measure_all(options: Namespace) -> Result:
    found = asyncio.run(main(options))
    reached = all(
        found[f"{trees} trees: ours of bare"] >= least and found[f"{trees} trees: ours, CPU ms/node"] <= MOST_CPU
        for trees, least in GOALS.items()
    )
    return Result(found, reached, f"wanted: of bare >= 0.95 and 0.7, CPU <= {MOST_CPU} ms a node")


if __name__ == "__main__":
    run("S1", __doc__, measure_all)
