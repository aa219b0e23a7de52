"""The keys and values of all rows that a local model is writing, in storage that is allocated ahead.

Rows are right-aligned: the newest token of every row stands in the same column, so one decoding step writes one column
and returns views; nothing is copied per step. (Growing the cache by concatenation, as `generate` does, copies all of
it at every step and was measured five times slower at 256 rows of 256 tokens.)
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers.cache_utils import Cache, CacheLayerMixin

_ROOM = 64  # columns added beyond what is asked when storage grows


class _Layer(CacheLayerMixin):
    """One layer's storage: keys and values of shape (rows, heads, columns, width)."""

    is_sliding = False

    def __init__(self, block: "Block") -> None:
        super().__init__()
        self._block = block

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        raise NotImplementedError("a block's layers are filled by Block.join")

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the newest column and return the views of all live ones."""
        assert self.keys is not None and self.values is not None
        rows, start, end = self._block.rows, self._block.start, self._block.end
        self.keys[:rows, :, end : end + 1] = key_states
        self.values[:rows, :, end : end + 1] = value_states
        return self.keys[:rows, :, start : end + 1], self.values[:rows, :, start : end + 1]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.get_seq_length() + query_length, 0

    def get_seq_length(self) -> int:
        return self._block.end - self._block.start

    def get_max_length(self) -> int:
        return -1


class Block:
    """The live rows: row r holds columns `first[r]` to `end`; columns before `start` are dead for all.

    Storage for more than `max_tokens` columns of rows is taken where they need it, never ahead.
    """

    def __init__(self, layers: int, max_tokens: int) -> None:
        self._max_tokens = max_tokens
        self.rows = 0
        self.start = 0
        self.end = 0
        self.first = np.zeros(0, np.int64)
        self._layers = [_Layer(self) for _ in range(layers)]
        self.cache = Cache(layers=list(self._layers))

    @property
    def width(self) -> int:
        """Live columns."""
        return self.end - self.start

    @property
    def held(self) -> int:
        """Columns that storage is taken for, over all rows."""
        keys = self._layers[0].keys
        return 0 if keys is None else keys.shape[0] * keys.shape[2]

    def join(self, states: Sequence[tuple[torch.Tensor, torch.Tensor]], lengths: np.ndarray, take: np.ndarray) -> None:
        """Add rows: `states` holds each layer's left-padded keys and values (prompts, heads, columns, width), `lengths`
        the prompts' tokens, and new row j continues prompt `take[j]`."""
        rows, columns = self.rows + len(take), int(lengths.max())
        if self.rows == 0:
            self.start = self.end = 0
        self._reserve(rows, max(self.width, columns), states)
        index = torch.as_tensor(take, device=states[0][0].device)
        place = (slice(self.rows, rows), slice(None), slice(self.end - columns, self.end))
        for layer, (keys, values) in zip(self._layers, states, strict=True):
            assert layer.keys is not None and layer.values is not None
            layer.keys[place] = keys[:, :, keys.shape[2] - columns :].index_select(0, index)
            layer.values[place] = values[:, :, values.shape[2] - columns :].index_select(0, index)
        self.first = np.concatenate([self.first[: self.rows], self.end - lengths[take]])
        self.rows = rows
        self.start = int(self.first.min())

    def keep(self, holes: np.ndarray, movers: np.ndarray, order: np.ndarray) -> None:
        """Drop finished rows by moving the last live rows into their places; `order` names the rows that stay."""
        if len(movers):
            device = self._device()
            into, source = torch.as_tensor(holes, device=device), torch.as_tensor(movers, device=device)
            for layer in self._layers:
                for storage in (layer.keys, layer.values):
                    assert storage is not None
                    live = storage[:, :, self.start : self.end]
                    live[into] = live[source]
        self.first = self.first[order]
        self.rows = len(order)
        self.start = int(self.first.min()) if self.rows else self.end

    def prepare_column(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The mask (rows, columns) and positions (rows, 1) for the token that every row is about to read."""
        self._reserve(self.rows, self.width + 1, None)
        device = self._device()
        first = torch.as_tensor(self.first, device=device)[:, None]
        mask = torch.arange(self.start, self.end + 1, device=device)[None, :] >= first
        return mask.long(), self.end - first

    def advance(self) -> None:
        """The column that was prepared is written."""
        self.end += 1

    def _device(self) -> torch.device:
        keys = self._layers[0].keys
        assert keys is not None
        return keys.device

    def _reserve(self, rows: int, columns: int, states: Sequence[tuple[torch.Tensor, torch.Tensor]] | None) -> None:
        """Room for `rows` rows and, behind the live columns, up to `columns` columns in all; moves what is live."""
        keys = self._layers[0].keys
        fits = keys is not None and rows <= keys.shape[0] and self.start + columns <= keys.shape[2]
        # Rows longer than all the live ones need columns before `end`; a step needs one behind it.
        before = columns if states is not None else self.width
        if fits and before <= self.end:
            return
        end = max(self.width, before)
        shift = end - self.end
        room = max(_ROOM, columns)  # doubling: few moves, and each costs fresh memory
        capacity = max(rows, 0 if keys is None else min(keys.shape[0], 2 * rows))
        if capacity * (end + room) > self._max_tokens:
            room, capacity = _ROOM, rows
        for i, layer in enumerate(self._layers):
            layer.keys = self._moved(layer.keys, None if states is None else states[i][0], capacity, end, room)
            layer.values = self._moved(layer.values, None if states is None else states[i][1], capacity, end, room)
            layer.is_initialized = True
        self.first = self.first + shift
        self.start += shift
        self.end = end

    def _moved(
        self, old: torch.Tensor | None, like: torch.Tensor | None, rows: int, end: int, room: int
    ) -> torch.Tensor:
        pattern = old if old is not None else like
        assert pattern is not None
        # Zeros, not empty: a masked column still meets a weight of zero, and zero times NaN is NaN.
        new = pattern.new_zeros((rows, pattern.shape[1], end + room, pattern.shape[3]))
        if old is not None and self.rows:
            new[: self.rows, :, end - self.width : end] = old[: self.rows, :, self.start : self.end]
        return new
