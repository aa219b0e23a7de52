"""The weights of models on disk, compared."""

from pathlib import Path

import torch
from safetensors.torch import load_file


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of a model's folder."""
    return load_file(folder / "model.safetensors")


def same(one: Path, two: Path) -> bool:
    """Whether two models have the same weights to the bit."""
    first, second = weights(one), weights(two)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
