"""FLOPs by a stated formula, and what a point of accuracy costs.

Kaplan et al. (arXiv 2001.08361, section 2.1): a forward pass costs 2 N + 2 L n d a token, N the parameters that are not
embeddings, L the layers, n the length of the sequence, d the width of attention (heads times head size); the second
part is attention over what came before, averaged over a causal sequence. Training costs three forward passes: 6 N a
token and the attention part likewise. Models of billions may leave attention out (`attention` 0), tiny ones may not: at
N = 1.3 million and 300 tokens it is a seventh. Not counted: embedding and output layers (as there), optimizer steps.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

from journey.errors import UsageError

EMBEDDINGS = ("embed", "lm_head", "wte", "wpe")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the formula needs of a model: `parameters` without embeddings, `attention` = layers x heads x head size."""

    parameters: int
    attention: int = 0


def forward(shape: Shape, tokens: float, length: float = 0.0) -> float:
    """FLOPs of reading or writing so many tokens in sequences of that mean length (0: without attention)."""
    return tokens * (2.0 * shape.parameters + 2.0 * shape.attention * length)


def training(shape: Shape, tokens: float, length: float = 0.0) -> float:
    """FLOPs of training on so many tokens, all passes counted: forward, and backward at twice its cost."""
    return 3.0 * forward(shape, tokens, length)


@dataclass(frozen=True, slots=True)
class Compute:
    """FLOPs of one seed of one point. A null part is one that could not be counted, and makes the sum null.

    `phase1`: training the policy. `growing`: what it generated for trees. `judging`: what judged them. `training`: the
    arm. `inference`: a problem's answer on average.
    """

    phase1: float
    growing: float
    judging: float | None
    training: float
    inference: float

    @property
    def data(self) -> float | None:
        """Making the data: the trees and their judge."""
        return None if self.judging is None else self.growing + self.judging

    @property
    def made(self) -> float | None:
        """Data and training after phase 1, which all points share."""
        return None if self.data is None else self.data + self.training


def points_per_flop(points: float, flops: float | None) -> float | None:
    """Points of accuracy (0..100) gained for each FLOP; null where those are unknown or none."""
    return None if flops is None or flops <= 0 else points / flops


def read_shape(folder: str | Path) -> Shape:
    """The shape of a saved model, from its config.json and the heads of its safetensors. Raises UsageError.

    A tensor whose name holds "embed", "lm_head", "wte" or "wpe" is an embedding.
    """
    from safetensors import SafetensorError

    folder = Path(folder)
    files = sorted(folder.glob("*.safetensors"))
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        sizes = {name: size for file in files for name, size in _sizes(file)}
    except (OSError, ValueError, SafetensorError) as error:
        raise UsageError(f"{folder} has no config.json and safetensors that can be read ({error})") from None
    parameters = sum(size for name, size in sizes.items() if not any(word in name for word in EMBEDDINGS))
    if not parameters:
        raise UsageError(f"{folder} holds no safetensors with parameters; name a folder with a saved model")
    layers, width, heads = (config.get(k, 0) for k in ("num_hidden_layers", "hidden_size", "num_attention_heads"))
    return Shape(parameters, layers * (heads * config["head_dim"] if config.get("head_dim") else width))


def _sizes(file: Path) -> Iterator[tuple[str, int]]:
    """The names of a safetensors file's tensors and how many numbers each has; only its head is read."""
    from safetensors import safe_open

    with safe_open(file, "np") as opened:
        for name in opened.keys():  # noqa: SIM118
            yield name, prod(opened.get_slice(name).get_shape())
