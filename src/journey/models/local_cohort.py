"""Rows of a plain model that began together: their keys and values, and attention of the newest token to them."""

from collections.abc import Sequence

import numpy as np
import torch

from journey.models.local_forward import PlainForward, causal

_ROOM = 128  # columns added when storage grows
_PADDING = 2048  # columns of padding, over all rows, that cost about as much as a cohort's operations in a step
_NOTHING = {dtype: torch.zeros(1, dtype=dtype) for dtype in (torch.float32, torch.bfloat16)}

States = list[tuple[torch.Tensor, torch.Tensor]]


class Cohort:
    """Row r holds columns `first[r]` to `end` of every layer's keys and values.

    Keys (rows * K, D, columns) and values (rows * K, columns, D) lie as the matrix products want them. Rows are
    right-aligned: a step writes one column. Rows that began together are nearly equal in width, so attention reads
    little padding.
    """

    def __init__(self, states: States, first: np.ndarray, end: int, kv_heads: int) -> None:
        self.first = first
        self.start = int(first.min())
        self.end = end
        self._states = states
        self._kv_heads = kv_heads
        self._hidden: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.first)

    @property
    def width(self) -> int:
        """Columns that any row holds."""
        return self.end - self.start

    @property
    def held(self) -> int:
        """Columns that storage is taken for, over all rows."""
        keys = self._states[0][0]
        return keys.shape[0] // self._kv_heads * keys.shape[2]

    def prepare(self, spare: int) -> None:
        """Room for a column, and which of the first columns are before the beginning of a row.

        Storage is doubled while the new columns are fewer than the `spare` ones that all cohorts may still take.
        """
        if self.end == self._states[0][1].shape[1]:
            doubled = max(_ROOM, self.width)
            room = doubled if len(self) * (self.width + doubled) - self.held <= spare else _ROOM
            self._move(len(self), self.width, self.width + room)
        self._hidden = None
        padding = int(self.first.max()) - self.start
        if padding:
            hidden = np.arange(self.start, self.start + padding) < self.first[:, None]
            self._hidden = torch.from_numpy(hidden.repeat(self._kv_heads, 0)[:, None])

    def attend(self, number: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Write the keys and values (rows, K, D) of the newest tokens; what queries (rows, H, D) see: (rows, H * D)."""
        keys, values = self._states[number]
        live, columns = len(self) * self._kv_heads, slice(self.start, self.end + 1)
        keys[:live, :, self.end] = k.flatten(0, 1)
        values[:live, self.end] = v.flatten(0, 1)
        q = q.reshape(live, -1, q.shape[2])
        scores = torch.baddbmm(_NOTHING[q.dtype], q, keys[:live, :, columns], beta=0, alpha=q.shape[2] ** -0.5)
        if self._hidden is not None:
            scores[:, :, : self._hidden.shape[2]].masked_fill_(self._hidden, -torch.inf)
        return torch.bmm(torch.softmax(scores, -1), values[:live, columns]).view(len(self), -1)

    def keep(self, finished: np.ndarray) -> np.ndarray:
        """Drop finished rows by moving the last live rows into their places; returns which rows now stand there."""
        live = int((~finished).sum())
        holes, movers = np.flatnonzero(finished[:live]), live + np.flatnonzero(~finished[live:])
        order = np.arange(live)
        order[holes] = movers
        if len(movers):
            into, source = torch.from_numpy(holes), torch.from_numpy(movers)
            live_columns = slice(self.start, self.end)
            for keys, values in self._states:
                for part in (keys[:, :, live_columns], values[:, live_columns]):
                    rows = part.unflatten(0, (-1, self._kv_heads))
                    rows[into] = rows[source]
        self.first = self.first[order]
        self.start = int(self.first.min()) if live else self.end
        return order

    def take_in(self, other: "Cohort") -> None:
        """The rows of another cohort stand behind these."""
        rows, width = len(self), max(self.width, other.width)
        self._move(rows + len(other), width, width + _ROOM)
        new, old = slice(width - other.width, width), slice(other.start, other.end)
        mine, theirs = slice(rows * self._kv_heads, None), slice(len(other) * self._kv_heads)
        for (keys, values), (other_keys, other_values) in zip(self._states, other._states, strict=True):
            keys[mine, :, new] = other_keys[theirs, :, old]
            values[mine, new] = other_values[theirs, old]
        self.first = np.concatenate([self.first, other.first + (width - other.end)])
        self.start = 0

    def _move(self, rows: int, width: int, capacity: int) -> None:
        """New storage for `rows` rows and `capacity` columns; the newest column of today is number `width` - 1."""
        live, old, new = len(self) * self._kv_heads, slice(self.start, self.end), slice(width - self.width, width)

        def moved(keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            new_keys, new_values = _storage(keys, rows * self._kv_heads, keys.shape[1], capacity, width)
            new_keys[:live, :, new] = keys[:live, :, old]
            new_values[:live, new] = values[:live, old]
            return new_keys, new_values

        for number, (keys, values) in enumerate(self._states):  # one layer after the other: each lies in memory once
            self._states[number] = moved(keys, values)
        self.first = self.first + (width - self.end)
        self.start, self.end = new.start, width


def _storage(like: torch.Tensor, rows: int, head: int, capacity: int, zeros: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Room for keys and values; the first `zeros` columns are zero.

    A hidden column still meets a weight of zero, and zero times NaN is NaN: it must hold a number.
    """
    keys, values = like.new_empty(rows, head, capacity), like.new_empty(rows, capacity, head)
    keys[:, :, :zeros] = 0
    values[:, :zeros] = 0
    return keys, values


class PlainDecoder:
    """Reads prompts and writes tokens with a `PlainForward`; the rows of all cohorts stand one behind the other.

    Storage for more than `max_tokens` columns is taken where the rows need it, never ahead.
    """

    padded = False

    def __init__(self, forward: PlainForward, max_tokens: int) -> None:
        self._forward = forward
        self._max_tokens = max_tokens
        self._cohorts: list[Cohort] = []

    def clear(self) -> None:
        """No rows are left."""
        self._cohorts = []

    def read(self, prompts: Sequence[tuple[int, ...]], take: np.ndarray) -> torch.Tensor:
        """New rows, row j behind prompt `take[j]`; returns their logits (rows, vocabulary)."""
        lengths = np.array([len(ids) for ids in prompts])
        width, forward = int(lengths.max()), self._forward
        first = width - lengths
        ids = np.zeros((len(prompts), width), np.int64)
        for row, prompt in enumerate(prompts):
            ids[row, first[row] :] = prompt
        within = causal(len(prompts), torch.from_numpy(first) if first.any() else None)
        rows = torch.from_numpy(take)
        states: States = []

        def attend(number: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            keys, values = _storage(k, len(rows) * forward.kv_heads, forward.head, width + _ROOM, 0)
            taken = [part.unflatten(0, (-1, width))[rows].transpose(1, 2).flatten(0, 1) for part in (k, v)]
            keys[:, :, :width] = taken[0].transpose(1, 2)
            values[:, :width] = taken[1]
            states.append((keys, values))
            return within(number, q, k, v)

        positions = np.maximum(np.arange(width) - first[:, None], 0)
        x = forward(torch.from_numpy(ids.ravel()), torch.from_numpy(positions.ravel()), attend)
        self._cohorts.append(Cohort(states, first[take], width, forward.kv_heads))
        self._merge()
        return forward.logits(x.unflatten(0, (len(prompts), width))[:, -1])[rows]

    def write(self, tokens: np.ndarray) -> torch.Tensor:
        """The logits (rows, vocabulary) behind the newest token of every row."""
        cohorts, forward = self._cohorts, self._forward
        bounds = np.cumsum([0, *(len(c) for c in cohorts)]).tolist()
        for cohort in cohorts:
            cohort.prepare(self._max_tokens - sum(c.held for c in cohorts))
        positions = np.concatenate([c.end - c.first for c in cohorts])

        def attend(number: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            parts = [
                c.attend(number, q[a:b], k[a:b], v[a:b]) for c, a, b in zip(cohorts, bounds, bounds[1:], strict=False)
            ]
            return parts[0] if len(parts) == 1 else torch.cat(parts)

        x = forward(torch.from_numpy(tokens), torch.from_numpy(positions), attend)
        for cohort in cohorts:
            cohort.end += 1
        return forward.logits(x)

    def keep(self, finished: np.ndarray) -> np.ndarray:
        """Drop finished rows; returns which of the old rows stand where now."""
        orders, at = [], 0
        for cohort in self._cohorts:
            rows = len(cohort)
            orders.append(at + cohort.keep(finished[at : at + rows]))
            at += rows
        self._cohorts = [c for c in self._cohorts if len(c)]
        self._merge()
        return np.concatenate(orders)

    def _merge(self) -> None:
        """Neighbours become one where the padding that this adds costs less than a cohort's own operations do."""
        merged: list[Cohort] = []
        for cohort in self._cohorts:
            if merged:
                narrow, wide = sorted((merged[-1], cohort), key=lambda c: c.width)
                if (wide.width - narrow.width) * len(narrow) <= _PADDING:
                    merged[-1].take_in(cohort)
                    continue
            merged.append(cohort)
        self._cohorts = merged
