"""Which rows meet in which step, laid out before training starts.

Knowing the whole order in advance makes a resumed run, a run on more processes and a plain loop see the same batches.
"""

import random
from collections.abc import Sequence

from journey.types import content_seed

WINDOW = 50  # batches that are sorted by length together, at most


def plan(lengths: Sequence[int], batch: int, epochs: float, max_steps: int | None, seed: int) -> list[int]:
    """Indices of the rows in training order, `batch` of them a step; the last step may hold fewer.

    Passes follow each other, each a new shuffle. Inside windows of a quarter pass, rows of like length are put into one
    batch (less padding) and the batches are shuffled again. `lengths` in tokens.
    """
    draws = max_steps * batch if max_steps is not None else max(1, round(epochs * len(lengths)))
    stream = random.Random(content_seed("order", len(lengths), seed))
    order: list[int] = []
    while len(order) < draws:
        one_pass = list(range(len(lengths)))
        stream.shuffle(one_pass)
        order += one_pass
    window = batch * min(WINDOW, max(1, len(lengths) // (4 * batch)))
    grouped: list[int] = []
    for start in range(0, draws, window):
        grouped += _by_length(order[start : min(start + window, draws)], lengths, batch, stream)
    return grouped


def _by_length(part: list[int], lengths: Sequence[int], batch: int, stream: random.Random) -> list[int]:
    ranked = sorted(part, key=lambda i: lengths[i])
    batches = [ranked[i : i + batch] for i in range(0, len(ranked), batch)]
    short = [batches.pop()] if len(batches[-1]) < batch else []
    stream.shuffle(batches)
    return [i for rows in [*batches, *short] for i in rows]
