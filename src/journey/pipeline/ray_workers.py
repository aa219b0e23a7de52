"""Work spread over a Ray cluster: batches of data go out, records come back, and whatever node dies costs nothing else.

Each worker is an actor with its share of cores and GPUs; it loads what it needs once and has one batch at a time, so
that nothing is queued on the cluster. As many work as there is room for, which is looked at again all the while.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from journey.errors import UsageError
from journey.pipeline.ray_cluster import ClusterLost, RaySettings, connect, lost, nodes, room

Item = TypeVar("Item")
DEATHS = 3
"""How many workers a unit may take along before it is listed as failed."""
PATIENCE = 10.0  # seconds without any worker after which the wait is shown
LOOK = 1.0  # seconds between looks at the cluster, at most


class Worker:
    """What runs on the cluster: `make(argument)` gives the function that does a batch."""

    def __init__(self, make: Callable[[Any], Callable[[Sequence[Any]], Any]], argument: Any) -> None:
        self.make, self.argument = make, argument

    def ready(self) -> None:
        """Returns when the worker has loaded what it needs; what is wrong with that is raised as it is."""
        self.work = self.make(self.argument)

    def do(self, batch: Sequence[Any]) -> Any:
        """The result of a batch."""
        return self.work(batch)


async def spread(
    settings: RaySettings,
    make: Callable[[Any], Callable[[Sequence[Item]], Any]],
    argument: Any,
    units: Iterable[Item],
    on_wait: Callable[[], None] = lambda: None,
) -> AsyncGenerator[tuple[Sequence[Item], Any]]:
    """Gives each batch of units with its result, in the order of their ends; null: it ended a worker too often.

    `make` is a function that can be imported and `argument` what it gets on each worker. A batch whose worker or node
    dies is done again, its units one by one, each at most `DEATHS` times. An error of the work itself is raised here.
    `on_wait` is called where the cluster is full. Raises UsageError where there is no Ray, no cluster or no such node,
    and ClusterLost where its head goes away.
    """
    ray = connect(settings)
    actor = ray.remote(Worker).options(num_cpus=settings.cores, num_gpus=settings.gpus)
    starting, busy = dict[Any, Any](), dict[Any, tuple[Any, list[Item], int]]()
    idle, again = list[Any](), list[tuple[list[Item], int]]()
    waiting, is_over = iter(units), False
    try:
        shared = ray.put(argument)
        looked, began, died = 0.0, time.monotonic(), 0
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
            if time.monotonic() - looked > LOOK:  # also where nothing is left to give out: the head may go
                looked, most = time.monotonic(), room(nodes(ray), settings)
                for _ in range(0 if is_over and not again else most - len(starting) - len(busy) - len(idle)):
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
                        died = 0
                    elif (died := died + 1) >= DEATHS and not (busy or idle):  # else it is a node that went
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
    except ClusterLost:
        starting, idle, busy = {}, [], {}  # nobody is there that could end them
        raise
    except (ray.exceptions.RaySystemError, ray.exceptions.RpcError) as error:
        starting, idle, busy = {}, [], {}
        raise lost(" ".join(str(error).split())[:120]) from None
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
