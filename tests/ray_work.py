"""What workers of a cluster do in tests: a module of its own, which they can import."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from journey.__main__ import main
from journey.pipeline import ray_cluster, ray_runs

KILLER = 13


def squares(offset: int) -> Callable[[Sequence[int]], list[int]]:
    """A worker that squares numbers; one of them kills it."""

    def work(batch: Sequence[int]) -> list[int]:
        if KILLER in batch:
            os.kill(os.getpid(), signal.SIGKILL)
        return [offset + number**2 for number in batch]

    return work


def refusing(_: object) -> Callable[[Sequence[int]], None]:
    def work(batch: Sequence[int]) -> None:
        raise ValueError(f"no {batch[0]}")

    return work


def killing(process: int) -> None:
    """Kills a process as soon as the first batch is stored; a head that is gone is then waited for only shortly."""
    store = ray_runs._store

    def stored(*about: object) -> None:
        store(*about)  # type: ignore[arg-type]
        os.kill(process, signal.SIGKILL)
        ray_runs._store = store

    ray_runs._store, ray_cluster.HEAD_PATIENCE = stored, 3.0


if __name__ == "__main__":
    killing(int(sys.argv[-1]))
    main(sys.argv[1:-2])
