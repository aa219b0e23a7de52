"""Work spread over a Ray cluster: batches of data go out, records come back, and whatever node dies costs nothing else.

Each worker is an actor with its share of cores and GPUs; it loads what it needs once and has one batch at a time, so
that nothing is queued on the cluster. As many work as there is room for, which is looked at again all the while.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import journey
from journey.errors import UsageError, check_settings

Item = TypeVar("Item")
DEATHS = 3
"""How many workers a unit may take along before it is listed as failed."""
PATIENCE = 10.0  # seconds without any worker after which the wait is shown
LOOK = 1.0  # seconds between looks at the cluster, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Which cluster (`auto`: the one of this machine, HOST:PORT, `local`: one made for this command; null: none).

    `cores` and `gpus` are the share of one worker, `batch` the units that it gets at a time.
    """

    address: str | None = None
    cores: float = 1.0
    gpus: float = 0.0
    batch: int = 16

    def __post_init__(self) -> None:
        check_settings(self, "ray.", cores=0.01, gpus=0, batch=1)


class Worker:
    """What runs on the cluster: `make(argument)` gives the function that does a batch."""

    def __init__(self, make: Callable[[Any], Callable[[Sequence[Any]], Any]], argument: Any) -> None:
        self.work = make(argument)

    def ready(self) -> None:
        """Returns when the worker is there."""

    def do(self, batch: Sequence[Any]) -> Any:
        """The result of a batch."""
        return self.work(batch)


async def spread(
    settings: RaySettings,
    make: Callable[[Any], Callable[[Sequence[Item]], Any]],
    argument: Any,
    units: Iterable[Item],
    on_wait: Callable[[], None] = lambda: None,
) -> AsyncIterator[tuple[Sequence[Item], Any]]:
    """Gives each batch of units with its result, in the order of their ends; null: it ended a worker too often.

    `make` is a function that can be imported and `argument` what it gets on each worker. A batch whose worker or node
    dies is done again, its units one by one, each at most `DEATHS` times. An error of the work itself is raised here.
    `on_wait` is called where the cluster is full. Raises UsageError where there is no Ray, no cluster or no such node.
    """
    ray = _connected(settings)
    actor = ray.remote(Worker).options(num_cpus=settings.cores, num_gpus=settings.gpus)
    starting, busy = dict[Any, Any](), dict[Any, tuple[Any, list[Item], int]]()
    idle, again = list[Any](), list[tuple[list[Item], int]]()
    waiting, is_over = iter(units), False
    try:
        shared = ray.put(argument)
        looked, began, lost = 0.0, time.monotonic(), 0
        while True:
            while idle and not (is_over and not again):
                batch, deaths = again.pop() if again else ([*islice(waiting, settings.batch)], 0)
                if not batch:
                    is_over = True
                    continue
                worker = idle.pop()
                busy[worker.do.remote(batch)] = worker, batch, deaths
            if is_over and not again and not busy:
                return
            if time.monotonic() - looked > LOOK and not (is_over and not again):
                looked = time.monotonic()
                for _ in range(_room(ray, settings) - len(starting) - len(busy) - len(idle)):
                    worker = actor.remote(make, shared)
                    starting[worker.ready.remote()] = worker
            done, _ = ray.wait([*busy, *starting], num_returns=1, timeout=LOOK) if busy or starting else ([], [])
            await asyncio.sleep(0 if busy or starting else LOOK)  # an interrupt is heard here
            if not (busy or idle) and not done and time.monotonic() - began > PATIENCE:
                on_wait()
            for ref in done:
                if ref in starting:
                    worker = starting.pop(ref)
                    begun = _result(ray, ref)
                    if not isinstance(begun, _Death):
                        idle.append(worker)
                        lost = 0
                    elif (lost := lost + 1) >= DEATHS and not (busy or idle):  # else it is a node that went
                        raise UsageError(f"workers end on the cluster before they begin: {begun.why[-400:]}")
                    continue
                worker, batch, deaths = busy.pop(ref)
                found = _result(ray, ref)
                if not isinstance(found, _Death):
                    idle.append(worker)
                    yield batch, found
                elif deaths + 1 >= DEATHS:
                    yield batch, None
                else:
                    again += [([unit], deaths + 1) for unit in batch]
    finally:
        for worker in (*starting.values(), *idle, *(worker for worker, _, _ in busy.values())):
            ray.kill(worker)


@dataclass(frozen=True, slots=True)
class _Death:
    """The result of work whose worker or node died."""

    why: str


def _result(ray: Any, ref: Any) -> Any:
    """What the work gave. Raises what the work raised, as itself."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:  # an actor, its worker, its node, or an object that was on it
        return _Death(str(error))


def check_installed(settings: RaySettings) -> None:
    """Raises UsageError where a cluster is wanted and Ray is not installed."""
    if settings.address is not None and find_spec("ray") is None:
        raise UsageError("--ray needs Ray; install it with pip install 'journey-learning[ray]'")


def _connected(settings: RaySettings) -> Any:
    """Ray, connected to the cluster; the code of this package, with its prompts, goes to every node."""
    import ray

    if not ray.is_initialized():
        package = str(Path(journey.__file__).parent)
        try:
            ray.init(
                address=settings.address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False,
                runtime_env={} if settings.address == "local" else {"py_modules": [package]},
            )  # fmt: skip
        except (ConnectionError, ValueError) as error:
            raise UsageError(
                f"there is no Ray cluster at {settings.address} ({' '.join(str(error).split())[:120]}); begin one with "
                "ray start --head, or give --ray HOST:PORT"
            ) from None
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(_fits(node, settings) for node in nodes):
        most = {name: max((node.get(name, 0) for node in nodes), default=0) for name in ("CPU", "GPU")}
        raise UsageError(
            f"no node of the Ray cluster has {settings.cores:g} cores and {settings.gpus:g} GPUs for a worker (the "
            f"most are {most['CPU']:g} and {most['GPU']:g}); lower ray.cores and ray.gpus, or add such a node"
        )
    return ray


def _fits(node: Any, settings: RaySettings) -> bool:
    return node.get("CPU", 0) >= settings.cores and node.get("GPU", 0) >= settings.gpus


def _room(ray: Any, settings: RaySettings) -> int:
    """How many workers the nodes that live hold."""
    rooms = [
        min(node.get("CPU", 0) // settings.cores, node.get("GPU", 0) // settings.gpus if settings.gpus else 10**6)
        for node in (node["Resources"] for node in ray.nodes() if node["Alive"])
    ]
    return int(sum(rooms))
