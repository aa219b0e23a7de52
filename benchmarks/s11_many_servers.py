"""Row S11: one model behind 1, 2, 4 and 8 servers of 32 slots whose answers take about a second, and some that fail.

Ours is the whole path of `journey eval`: problems in flight, calls remembered and attempts stored in a run, the router
over the list of servers. Throughput is units a second over the whole wall time, as a share of linear (so many times
that of one server). Then eight servers with one killed after a third of the time, one ten times slower, one that
answers 500 to every tenth request, one that stands still from a third of the time on, each alone, and the first three
together: every unit is finished, and the loss against eight good ones is at most the capacity that is gone and 5 %.

Prefixes: trees are grown as in row S1 on four servers, each with a prefix cache of 6,000 blocks; the share of the
prompts' characters that their server had read before, with the router's preference and without. `cores` is the client
and all mock servers together. The quick form takes 15 seconds for each, the long one 60.
"""

import asyncio
import resource
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from bench import Result, flag, percent, run, table
from mock_server import MODEL
from mock_servers import serving
from s1_tree_client import SETTINGS, TASK, Scorer, question

from journey.evals.attempts import Decoding
from journey.models import router as routing
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached
from journey.models.router import served
from journey.models.server_settings import ServerSettings
from journey.pipeline.stages import evaluate, grow_trees
from journey.store.run import Run
from journey.types import make_problem

SIZES, MANY = (1, 2, 4, 8), 8
WANTED, MORE = 0.92, 0.05
KILLED = 1 / 3  # of the time, after which a server dies or stands still
FAULTS: dict[str, tuple[dict[int, str], float]] = {
    "one killed": ({7: "killed"}, (1 - KILLED) / MANY),
    "one ten times slower": ({6: "slow"}, 0.9 / MANY),
    "one answers 500 to a tenth": ({5: "errors"}, 0.1 / MANY),
    "one stands still": ({4: "stalls"}, (1 - KILLED) / MANY),
    "killed, slower and 500": ({7: "killed", 6: "slow", 5: "errors"}, (1 - KILLED + 0.9 + 0.1) / MANY),
}
"""The faults of servers by their number, and the share of the capacity that is gone with them."""


async def answers(urls: Sequence[str], units: int, slots: int) -> tuple[int, BudgetTracker]:
    """Attempts so many problems; how many are stored."""
    problems = [make_problem(question(number), "1", task="speed") for number in range(units)]
    tracker = BudgetTracker()
    with tempfile.TemporaryDirectory() as folder, Run.open(folder) as into:
        model = served(MODEL, f"mine/{MODEL}", ServerSettings(url=tuple(urls), api="text"), tracker)
        await evaluate(
            into, problems, Cached(model, into), Decoding("t1", temperature=1.0, max_tokens=200), split="test", seed=0,
            in_flight=2 * slots * len(urls),
        )  # fmt: skip
        await model.close()
        return into.count("attempts"), tracker


def used_cores() -> float:
    """The processor seconds of this process and of those that it has ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(slots: int, count: int, seconds: float, faults: Mapping[int, str] = {}) -> dict[str, Any]:
    """Throughput of so many servers over about so many seconds, and the cores that it took."""
    units, before = int(slots * count * seconds), used_cores()
    with serving(count, faults, slots, after=KILLED * seconds) as urls:
        began = time.perf_counter()
        done, tracker = asyncio.run(answers(urls, units, slots))
        wall = time.perf_counter() - began
    return {
        "units": units, "finished": done, "units/s": round(units / wall, 2),
        "cores": round((used_cores() - before) / wall, 2),
        "calls": sum(used.calls for used in tracker.spent().values()),
        "repeated": sum(one.late for one in tracker.servers), "errors": sum(one.failures for one in tracker.servers),
        "drained": sum(one.drained for one in tracker.servers),
    }  # fmt: skip


async def cached_share(trees: int) -> float:
    """The share of the prompts' characters that their server had read before."""
    problems = [make_problem(question(number), "1", task="speed") for number in range(trees)]
    with serving(4, seconds=0.1) as urls, tempfile.TemporaryDirectory() as folder, Run.open(folder) as into:
        model = served(MODEL, f"mine/{MODEL}", ServerSettings(url=tuple(urls), api="text"), BudgetTracker())
        await grow_trees(into, problems, Cached(model, into), Scorer(), TASK, SETTINGS, in_flight=64)
        await model.close()
        async with aiohttp.ClientSession() as session:
            told = [await (await session.get(f"{url}/told")).json() for url in urls]
    return sum(one["cached"] for one in told) / sum(one["read"] for one in told)


def prefixes(trees: int) -> dict[str, float]:
    ours = asyncio.run(cached_share(trees))
    busier, more = routing.BUSIER, routing.MORE
    routing.BUSIER, routing.MORE = 0.0, -1  # whoever has the prefix is always too busy
    try:
        without = asyncio.run(cached_share(trees))
    finally:
        routing.BUSIER, routing.MORE = busier, more
    return {"cached, by prefix": round(ours, 4), "cached, by load alone": round(without, 4)}


def many_servers(options: Namespace) -> Result:
    seconds = 60.0 if options.long else 15.0
    sizes = {count: measured(options.slots, count, seconds) for count in SIZES}
    alone, whole = sizes[1]["units/s"], sizes[MANY]["units/s"]
    faulty = {name: measured(options.slots, MANY, seconds, faults) for name, (faults, _) in FAULTS.items()}
    rows: dict[str, dict[str, Any]] = {}
    for count, found in sizes.items():
        rows[f"{count} servers"] = found | {"of linear": round(found["units/s"] / (count * alone), 4)}
    for name, found in faulty.items():
        rows[name] = found | {"loss": round(1 - found["units/s"] / whole, 4), "gone": round(FAULTS[name][1], 4)}
    cached = prefixes(300 if options.long else 100)
    finished = all(row["finished"] == row["units"] for row in rows.values())
    linear = all(rows[f"{count} servers"]["of linear"] >= WANTED for count in SIZES)
    losses = all(rows[name]["loss"] <= rows[name]["gone"] + MORE for name in faulty)
    columns = ("units", "finished", "units/s", "of linear", "loss", "gone", "calls", "errors", "repeated", "drained",
               "cores")  # fmt: skip
    shares = {"of linear", "loss", "gone"}
    shown = table("Many servers", ("", *columns), [
        (name, *(percent(row.get(c)) if c in shares else row.get(c) for c in columns)) for name, row in rows.items()
    ])  # fmt: skip
    prefix = table("Prompts read before by their server", ("", "share"), [(k, percent(v)) for k, v in cached.items()])
    why = f"wanted: of linear >= {WANTED}, all finished, loss <= gone + {MORE}; cores below 1"
    cores = max(row["cores"] for row in rows.values()) < 1
    return Result(
        {**rows, **cached}, finished and linear and losses and cores if options.long else None,
        why if options.long else f"{why}; the quick form's end is a larger share of its time", (shown, prefix),
    )  # fmt: skip


if __name__ == "__main__":
    run("S11", __doc__, many_servers, flag("--slots", type=int, default=32, help="requests that a server works on"))
