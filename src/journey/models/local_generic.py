"""Decoding with any Hugging Face model: its own forward pass over storage that is allocated ahead."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import DynamicCache

from journey.models.local_cache import Block


class GenericDecoder:
    """Reads prompts and writes tokens with a Hugging Face causal language model on any device."""

    padded = True

    def __init__(self, model: Any, max_tokens: int) -> None:
        self._model = model
        self._max_tokens = max_tokens
        self.clear()

    def clear(self) -> None:
        """No rows are left."""
        self._block = Block(self._model.config.get_text_config().num_hidden_layers, self._max_tokens)

    def read(self, prompts: Sequence[tuple[int, ...]], take: np.ndarray) -> torch.Tensor:
        """New rows, row j behind prompt `take[j]`; returns their logits (rows, vocabulary)."""
        lengths = np.array([len(ids) for ids in prompts])
        width = int(lengths.max())
        ids = np.zeros((len(prompts), width), np.int64)
        mask = np.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, width - len(prompt) :] = prompt
            mask[row, width - len(prompt) :] = 1
        cache = DynamicCache()
        device = self._model.device
        logits = self._forward(
            torch.from_numpy(ids).to(device),
            torch.from_numpy(mask).to(device),
            torch.from_numpy(np.maximum(mask.cumsum(1) - 1, 0)).to(device),
            cache,
        )
        self._block.join([(layer.keys, layer.values) for layer in cache.layers], lengths, take)  # type: ignore[misc]
        return logits[torch.as_tensor(take, device=logits.device)]

    def write(self, tokens: np.ndarray) -> torch.Tensor:
        """The logits (rows, vocabulary) behind the newest token of every row."""
        mask, positions = self._block.prepare_column()
        ids = torch.from_numpy(tokens[:, None]).to(self._model.device)
        logits = self._forward(ids, mask, positions, self._block.cache)
        self._block.advance()
        return logits

    def keep(self, finished: np.ndarray) -> np.ndarray:
        """Drop finished rows: the last live rows move into their places."""
        live = int((~finished).sum())
        holes = np.flatnonzero(finished[:live])
        movers = live + np.flatnonzero(~finished[live:])
        order = np.arange(live)
        order[holes] = movers
        self._block.keep(holes, movers, order)
        return order

    def _forward(self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: Any) -> torch.Tensor:
        """The logits behind the last token, of shape (rows, vocabulary)."""
        return self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
