"""S12: fan-out of 10,000 cheap units (10 ms each): in this process, in two, on Ray with two nodes; and memory.

A unit waits 10 ms, as for a model behind a server, and gives one record, which one process stores; 64 are in flight in
each worker. The overhead of a unit is what it takes beyond its share of the wait, once work has begun. Two nodes on one
machine show that it works, not how fast a cluster is. The memory is the most that the writing process has with a
million units waiting. The quick form does a tenth of the units.
"""

import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bench
from bench import ROOT, Result

from journey.errors import BudgetReached
from journey.pipeline.executor import Job, work_off
from journey.pipeline.fan_out import Progress, each, silent
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.ray_workers import spread
from journey.store.database import memory_database
from journey.store.run import Run
from journey.types import Problem, content_hash

WAIT, IN_FLIGHT, WORKERS, MANY = 0.01, 64, 2, 1_000_000


def record(number: int) -> Problem:
    """The record that a unit gives."""
    return Problem(content_hash("unit", number), f"unit {number} " + "x" * 200, "1")


async def unit(number: int) -> list[Problem]:
    """One unit of work."""
    await asyncio.sleep(WAIT)
    return [record(number)]


def some(run: Run, progress: Progress, first: int, end: int) -> None:
    """A job: units by their numbers."""
    asyncio.run(each(run, "units", {str(n): n for n in range(first, end)}, unit, "problems", in_flight=IN_FLIGHT))


def on_cluster(_: object) -> Callable[[Sequence[int]], list[Problem]]:
    """A worker of the cluster."""

    async def batch(numbers: Sequence[int]) -> list[Problem]:
        return [one for found in await asyncio.gather(*map(unit, numbers)) for one in found]

    return lambda numbers: asyncio.run(batch(numbers))


async def by_ray(run: Run, address: str, count: int) -> None:
    settings = RaySettings(address=address, batch=IN_FLIGHT)
    async for _, found in spread(settings, on_cluster, None, range(count)):
        run.put_all("problems", found)


def measured(folder: Path, name: str, count: int, work: Callable[[Run], None], lanes: int) -> dict[str, Any]:
    """How fast one way is; the run must hold every record at the end."""
    first: list[float] = []
    with Run.open(folder / name) as run:
        commit = run._writer._commit

        def noted(writes: Any) -> None:
            commit(writes)
            first.append(time.perf_counter())

        run._writer._commit = noted
        began = time.perf_counter()
        work(run)
        ended = time.perf_counter()
        whole = run.count("problems") == count
    rate = (count - IN_FLIGHT) / (ended - first[0])
    return {
        "seconds until the first is stored": round(first[0] - began, 2), "units a second from then on": round(rate),
        "overhead, ms a unit": round(1000 * (1 / rate - WAIT / lanes), 3), "all stored": whole,
    }  # fmt: skip


def waiting_memory(way: str) -> float:
    """Megabytes at most of a process that has a million units waiting and does the first ones."""
    done = 0

    async def first(number: int) -> list[Problem]:
        nonlocal done
        done += 1
        if done > 10 * IN_FLIGHT:
            raise BudgetReached("enough")
        return await unit(number)

    async def some_batches() -> None:
        async for _ in spread(RaySettings(address="local", batch=IN_FLIGHT), on_cluster, None, range(MANY)):
            return

    if way == "ray":
        asyncio.run(some_batches())
    else:
        run = Run(Path(tempfile.mkdtemp()), memory_database(), lambda writes: None)
        names = {content_hash("unit", number): number for number in range(MANY)}
        with contextlib.suppress(BudgetReached):
            asyncio.run(each(run, "units", names, first, "problems", in_flight=IN_FLIGHT, progress=silent))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def fan_out(options: Namespace) -> Result:
    if options.memory:
        print(waiting_memory(options.memory))
        sys.exit(0)
    from ray.cluster_utils import Cluster

    count = 10_000 if options.long else 1_000
    share = count // WORKERS
    jobs = [Job(f"job {n}", some, (n * share, (n + 1) * share)) for n in range(WORKERS)]
    paths = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "benchmarks")]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)  # for the nodes
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="journey-s12-") as name:
        folder = Path(name)
        ways: dict[str, tuple[Callable[[Run], None], int]] = {
            "this process": (lambda run: some(run, silent, 0, count), IN_FLIGHT),
            "2 processes": (lambda run: work_off(run, jobs, WORKERS, lambda *_: None), WORKERS * IN_FLIGHT),
        }
        for way, (work, lanes) in ways.items():
            figures[way] = measured(folder, way, count, work, lanes)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        try:

            def on_nodes(run: Run) -> None:
                asyncio.run(by_ray(run, cluster.address, count))

            figures["Ray, 2 nodes"] = measured(folder, "ray", count, on_nodes, WORKERS * IN_FLIGHT)
        finally:
            import ray

            ray.shutdown()
            cluster.shutdown()
    for way in ("each", "ray"):
        command = [sys.executable, __file__, "--memory", way]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        figures[f"megabytes with a million units waiting, {way}"] = round(float(found.split()[-1]))
    is_right = all(of["all stored"] for of in figures.values() if isinstance(of, dict))
    is_small = all(of < 500 for of in figures.values() if isinstance(of, int))
    if is_right and is_small and not options.long:
        return Result(figures, None, "the row wants 10,000 units: --long")
    return Result(figures, is_right and is_small)


if __name__ == "__main__":
    bench.run("S12", __doc__, fan_out, bench.flag("--memory", default="", help="only this way's memory: each, ray"))
