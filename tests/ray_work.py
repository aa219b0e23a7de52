"""What workers of a cluster do in tests: a module of its own, which they can import."""

import os
import signal
from collections.abc import Callable, Sequence

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
