"""Class probabilities at the ends of steps, with everything that solutions have in common computed once.

Solutions that begin alike (siblings above all) are laid into one row as a trie of tokens: each token attends to those
before it on its own way and to nothing else, at the positions that it has there. So the result is that of every
solution by itself, up to rounding.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch

from journey.judges.classifier_forms import Laid

_PACKED = {"full_attention", "sliding_attention"}
ROW = 1024  # tokens up to which solutions share a row even where attention, the square of its length, costs more by it
BATCH = 8192  # tokens of a forward pass


@dataclass(slots=True)
class Counts:
    """What scoring came to: forward passes, tokens they read, tokens the solutions have, solutions."""

    forwards: int = 0
    tokens: int = 0
    laid: int = 0
    solutions: int = 0


@dataclass(slots=True)
class Row:
    """A trie of solutions: `parents[i]` is the token before token i, -1 for the first; `depths` count from 0.

    `apart` is what attention would cost in rows of their own, the sum of squared lengths.
    """

    ids: list[int] = field(default_factory=list[int])
    parents: list[int] = field(default_factory=list[int])
    depths: list[int] = field(default_factory=list[int])
    below: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    apart: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether the row is one solution (or one and beginnings of it), which needs no mask of its own."""
        return self.parents[-1] == len(self.ids) - 2 == self.depths[-1] - 1

    def add(self, ids: Sequence[int]) -> list[int]:
        """Where in the row the tokens of a solution stand, new ones appended."""
        at, places = -1, list[int]()
        self.apart += len(ids) ** 2
        for depth, token in enumerate(ids):
            place = self.below.get((at, token))
            if place is None:
                place = self.below[at, token] = len(self.ids)
                self.ids.append(token)
                self.parents.append(at)
                self.depths.append(depth)
            places.append(place)
            at = place
        return places

    def gains(self, ids: Sequence[int]) -> bool:
        """Whether a solution is better laid into this row than into one of its own."""
        room = self.room(ids)
        return room <= ROW or room**2 <= self.apart + len(ids) ** 2

    def room(self, ids: Sequence[int]) -> int:
        """How long the row would be with this solution in it."""
        at, known = -1, 0
        for token in ids:
            place = self.below.get((at, token))
            if place is None:
                break
            at, known = place, known + 1
        return len(self.ids) + len(ids) - known

    def sees(self) -> np.ndarray:
        """For every token which tokens it attends to: those on its way from the first one, itself included."""
        seen = np.zeros((len(self.ids), len(self.ids)), bool)
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                seen[i] = seen[parent]
            seen[i, i] = True
        return seen


class Engine:
    """A backbone and a head on one device. Not thread-safe.

    `share` false computes every solution in a row of its own, as the published code does; so is done by itself for
    models whose layers cannot attend to a chosen set of tokens, and beyond a sliding window.
    """

    def __init__(self, backbone: Any, head: torch.nn.Module, kind: Literal["softmax", "sigmoid"], share: bool) -> None:
        self._backbone = backbone
        self._head = head
        self._kind = kind
        self._share = share and can_pack(backbone)
        self._window = _window(backbone.config)
        self.counts = Counts()

    @torch.inference_mode()
    def probabilities(self, solutions: Sequence[tuple[str, Laid]]) -> list[list[tuple[float, ...]]]:
        """For every solution the class probabilities at each of its ends; those of one key may share a row."""
        rows: list[Row] = []
        places: list[tuple[int, list[int]]] = []
        newest: dict[str, int] = {}
        for key, laid in solutions:
            at = newest.get(key)
            apart = not self._share or (self._window is not None and len(laid.ids) > self._window)
            if at is None or apart or not rows[at].gains(laid.ids):
                at = len(rows)
                rows.append(Row())
                if not apart:
                    newest[key] = at
            taken = rows[at].add(laid.ids)
            places.append((at, [taken[end] for end in laid.ends]))
        self.counts.solutions += len(solutions)
        self.counts.laid += sum(len(laid.ids) for _, laid in solutions)
        wanted: list[set[int]] = [set() for _ in rows]
        for at, ends in places:
            wanted[at].update(ends)
        found = self._rows(rows, [sorted(ends) for ends in wanted])
        return [[found[at][end] for end in ends] for at, ends in places]

    def _rows(self, rows: Sequence[Row], wanted: Sequence[Sequence[int]]) -> list[dict[int, tuple[float, ...]]]:
        """The class probabilities of the wanted places of every row, rows of like length computed together."""
        found: list[dict[int, tuple[float, ...]]] = [{} for _ in rows]
        order = sorted(range(len(rows)), key=lambda i: (rows[i].is_plain, -len(rows[i].ids)))
        while order:
            first = rows[order[0]]
            number = max(1, BATCH // len(first.ids))
            alike = sum(1 for i in order[:number] if rows[i].is_plain == first.is_plain)
            batch, order = order[:alike], order[alike:]
            hidden = self._forward([rows[i] for i in batch])
            lines = torch.tensor([line for line, i in enumerate(batch) for _ in wanted[i]], device=hidden.device)
            columns = torch.tensor([place for i in batch for place in wanted[i]], device=hidden.device)
            logits = self._head(hidden[lines, columns].float())
            given = logits.softmax(-1) if self._kind == "softmax" else logits.sigmoid()
            values = iter(given.tolist())
            for i in batch:
                found[i] = {place: tuple(next(values)) for place in wanted[i]}
        return found

    def _forward(self, rows: Sequence[Row]) -> torch.Tensor:
        """The last hidden states, (rows, longest row, width)."""
        longest = max(len(row.ids) for row in rows)
        device = self._backbone.device
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        for line, row in enumerate(rows):
            ids[line, : len(row.ids)] = torch.tensor(row.ids)
        self.counts.forwards += 1
        self.counts.tokens += sum(len(row.ids) for row in rows)
        if rows[0].is_plain:  # left to the model itself, which knows of its windows
            mask = torch.zeros(len(rows), longest, dtype=torch.long)
            for line, row in enumerate(rows):
                mask[line, : len(row.ids)] = 1
            more: dict[str, Any] = {"attention_mask": mask.to(device)}
        else:
            positions = torch.zeros(len(rows), longest, dtype=torch.long)
            seen = torch.zeros(len(rows), 1, longest, longest, dtype=torch.bool)
            seen[:, 0] = torch.eye(longest, dtype=torch.bool)  # padding sees itself: a softmax over nothing is NaN
            for line, row in enumerate(rows):
                length = len(row.ids)
                positions[line, :length] = torch.tensor(row.depths)
                seen[line, 0, :length, :length] = torch.from_numpy(row.sees())
            dtype = self._backbone.dtype
            barred = torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)
            more = {"attention_mask": barred.to(device), "position_ids": positions.to(device)}
        return self._backbone(input_ids=ids.to(device), use_cache=False, **more).last_hidden_state


def can_pack(backbone: Any) -> bool:
    """Whether the model takes positions and a mask of its own for every token, so that solutions can share a row."""
    kinds = set(getattr(backbone.config, "layer_types", None) or ())
    takes = "position_ids" in inspect.signature(backbone.forward).parameters
    return takes and kinds <= _PACKED and getattr(backbone.config, "_attn_implementation", "") in ("sdpa", "eager")


def _window(config: Any) -> int | None:
    """Tokens that a sliding layer looks back at most; null where there are none."""
    kinds = getattr(config, "layer_types", None)
    if kinds is not None and "sliding_attention" not in kinds:
        return None
    return getattr(config, "sliding_window", None)
