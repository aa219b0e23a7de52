"""How many cores torch uses in this process."""

from contextlib import suppress
from pathlib import Path

SMALL = 64_000_000  # bytes of weights


def use_one_thread() -> None:
    """Lets torch compute on one core in this process, since every core has a process of its own; keeps its memory."""
    import torch

    torch.set_num_threads(1)


def limit_threads(path: str | Path) -> None:
    """One thread in this process for a model in a folder that is so small that several would wait for each other."""
    if sum(file.stat().st_size for file in Path(path).glob("*.safetensors")) in range(1, SMALL):
        with suppress(ModuleNotFoundError):  # whoever needs torch says so
            use_one_thread()
