"""Memory of training: freed memory is kept between the steps, and a batch is computed in pieces of so many tokens."""

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from journey.models.weights import TOKENS_ON_CPU

TINY = 16_000_000  # weights up to which a batch needs no bound
PART_TOKENS = {"cpu": TOKENS_ON_CPU, "gpu": 16384}  # tokens of larger models
_TRIM_THRESHOLD, _MAP_THRESHOLD = -1, -3  # glibc's names of what mallopt sets
_MIB = 1 << 20


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keeps freed memory in the process inside the block, and gives it back behind it.

    To take every large tensor from the system anew was measured to take a third of the time, with small models half.
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(_MAP_THRESHOLD, 1024 * _MIB)
    libc.mallopt(_TRIM_THRESHOLD, 2048 * _MIB - 1)
    try:
        yield
    finally:
        libc.mallopt(_MAP_THRESHOLD, 32 * _MIB)
        libc.mallopt(_TRIM_THRESHOLD, 64 * _MIB)
        libc.malloc_trim(0)


def _glibc() -> Any:
    """The C library where it is glibc, null elsewhere."""
    libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") else None


class Bound(TrainerCallback):
    """Gives freed memory back between steps wherever the process holds more than training needs.

    What is kept falls into pieces where rows differ in length, and grew to three times the need otherwise. `most`:
    float32 weights, gradients and Adam's two moments, and 3 GiB for the rest.
    """

    def __init__(self, parameters: int) -> None:
        self.most, self.libc = 16 * parameters + (3 << 30), _glibc()

    def on_substep_end(self, *arguments: Any, **named: Any) -> None:
        """After a part of a batch."""
        if self.libc is not None and _held() > self.most:
            self.libc.malloc_trim(0)

    on_step_end = on_substep_end


def _held() -> int:
    """Bytes that this process holds now; Linux only."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def rows_in_part(rows: int, longest: int, most: int) -> int:
    """The largest divisor of `rows` of which that many rows of `longest` tokens come to at most `most`; at least 1."""
    return max(n for n in range(1, rows + 1) if rows % n == 0 and (n == 1 or n * longest <= most))


def pieces(inputs: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """A batch as several of at most `most` tokens (or one row) each, rows of like length together.

    `inputs` are tensors (rows, tokens, ...) padded on the right; the padding that a piece does not need is cut off.
    """
    mask: torch.Tensor = inputs["attention_mask"]
    if mask.numel() <= most:
        return [inputs]
    lengths = mask.sum(1).tolist()
    parts: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not parts or (len(parts[-1]) + 1) * lengths[parts[-1][0]] > most:
            parts.append([])
        parts[-1].append(row)
    return [{name: value[part, : lengths[part[0]]] for name, value in inputs.items()} for part in parts]


def peak() -> float:
    """The most memory that this process has held so far, in GB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(held / (1e9 if sys.platform == "darwin" else 1e6), 2)
