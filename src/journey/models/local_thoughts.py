"""A model that thinks before each line of its answer (Quiet-STaR, Zelikman et al., arXiv 2403.09629, in the small).

A thought is a few sampled tokens between a learnt start and a learnt end. The line behind it is drawn from logits that
a mixing head joins: those with the thought read, and those without it. The next line is written without the thought in
sight, after a new one. Without thoughts the same folder is an ordinary model.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.local import best_device, end_tokens, load
from journey.models.local_draw import draw, stream
from journey.models.local_text import Reading, Text
from journey.types import Finish

FILE = "quiet_star.safetensors"
"""What lies beside a model's weights: start and end of a thought, the mixing head, and how long a thought is."""
UNMIXED = -2.0  # what the mixing head begins at: a weight of 0.12 for the thought


class Thinking(nn.Module):
    """The learnt parts: start and end embeddings (width), and the head that weighs the thought."""

    length: torch.Tensor

    def __init__(self, width: int, length: int = 0) -> None:
        super().__init__()
        self.start, self.end = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        last = nn.Linear(width, 1)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, UNMIXED)
        self.mix = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), last)
        self.register_buffer("length", torch.tensor(length))

    def mixed(
        self, net: Any, plain: torch.Tensor, after: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits without the thought and joined with those after it, and its weight in [0, 1], of hidden states."""
        head = net.get_output_embeddings()
        weight = torch.sigmoid(self.mix(torch.cat([plain, after], dim=-1)))
        without, thoughtful = head(plain), head(after)
        return without, without + weight * (thoughtful - without), weight[..., 0]


class Stream:
    """Rows of token ids that are read on together, padded at the left; `hidden` (rows, width) is their newest state."""

    def __init__(self, net: Any, contexts: Sequence[Sequence[int]]) -> None:
        self._net, self._cache = net, None
        ids, mask = left_padded(contexts, net.device)
        self._mask = mask[:, :0]
        self.hidden = self.read(net.get_input_embeddings()(ids), mask)

    def read(self, embedded: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """The newest state after reading embeddings (rows, tokens, width)."""
        count = embedded.shape[1]
        new = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device) if mask is None else mask
        self._mask = torch.cat([self._mask, new], dim=1)
        read = self._net.base_model(
            inputs_embeds=embedded, attention_mask=self._mask, position_ids=positions(self._mask)[:, -count:],
            past_key_values=self._cache, use_cache=True,
        )  # fmt: skip
        self._cache = read.past_key_values
        self.hidden = read.last_hidden_state[:, -1]
        return self.hidden

    def read_ids(self, ids: torch.Tensor) -> torch.Tensor:
        """The newest state after one more token a row."""
        return self.read(self._net.get_input_embeddings()(ids)[:, None])

    def read_all(self, vector: torch.Tensor) -> torch.Tensor:
        """The newest state after the same embedding in every row."""
        return self.read(vector.to(self.hidden.dtype).expand(len(self.hidden), 1, -1))


def left_padded(contexts: Sequence[Sequence[int]], device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (rows, longest)."""
    longest = max(map(len, contexts))
    ids = torch.zeros(len(contexts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, context in enumerate(contexts):
        ids[row, longest - len(context) :] = torch.tensor(context)
        mask[row, longest - len(context) :] = 1
    return ids.to(device), mask.to(device)


def positions(mask: torch.Tensor) -> torch.Tensor:
    """Where each token stands in its row, padding left out."""
    return (mask.cumsum(-1) - 1).clamp(min=0)


def line_ends(tokenizer: Any) -> set[int]:
    """The tokens that end a line."""
    pieces = tokenizer.batch_decode([[token] for token in range(len(tokenizer))], clean_up_tokenization_spaces=False)
    return {token for token, piece in enumerate(pieces) if "\n" in piece}


@dataclass(slots=True, eq=False)
class _Row:
    """One answer that is being written."""

    reading: Reading
    sampling: Sampling
    most: int
    numbers: np.random.Generator
    written: list[int] = field(default_factory=list[int])
    thought: int = 0
    finish: Finish | None = None
    line_is_open: bool = True


class Thoughtful:
    """A Model that answers with thoughts; the tokens of its completions count those of the thoughts, too."""

    def __init__(self, path: str | Path, name: str, device: str | None = None) -> None:
        self.name = name
        tokenizer, self._net = load(path, torch.device(device or best_device()), "float32")
        self._thinking = Thinking(self._net.config.get_text_config().hidden_size)
        self._thinking.load_state_dict(load_file(Path(path) / FILE))
        self._thinking.to(self._net.device).eval()
        self._ends = set(end_tokens(tokenizer, self._net))
        self._line_ends = line_ends(tokenizer)
        self._text = Text(tokenizer, sorted(self._ends), self._net.config.get_text_config().vocab_size)
        self._waiting: list[_Row] = []
        self._one_batch = asyncio.Lock()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions, drawn together with all that are asked for meanwhile. Raises ModelError."""
        if sampling.stop:
            raise ModelError(f"{self.name} with thoughts knows no stop strings; ask it without thoughts.")
        reading = self._text.read(prompt)
        room = self._net.config.get_text_config().max_position_embeddings - len(reading.ids) - self._length - 2
        if room < 1:
            raise ModelError(f"The prompt has {len(reading.ids)} tokens, too many for {self.name}; shorten it.")
        most = min(sampling.max_tokens, room)
        rows = [_Row(reading, sampling, most, stream(sampling.seed, i)) for i in range(sampling.n)]
        self._waiting += rows
        await asyncio.sleep(0)  # the other coroutines that are ready ask as well
        async with self._one_batch:
            if any(row.finish is None for row in rows):
                batch, self._waiting = self._waiting, []
                await asyncio.to_thread(self._write, batch)
        return [self._completion(row) for row in rows]

    @property
    def _length(self) -> int:
        return int(self._thinking.length)

    def _completion(self, row: _Row) -> Completion:
        ids = row.written[:-1] if row.finish == "end" else row.written
        tokens = len(row.written) + row.thought
        return Completion(self._text.spell(row.reading, ids), tokens, row.finish or "error", ids=tuple(row.written))

    @torch.inference_mode()
    def _write(self, rows: Sequence[_Row]) -> None:
        while rows := [row for row in rows if row.finish is None]:
            contexts = [[*row.reading.ids, *row.written] for row in rows]
            plain, after = Stream(self._net, contexts), Stream(self._net, contexts)
            for row in rows:
                row.thought += self._length
                row.line_is_open = True
            after.read_all(self._thinking.start)
            for _ in range(self._length):
                after.read_ids(self._drawn(rows, self._net.get_output_embeddings()(after.hidden)))
            after.read_all(self._thinking.end)
            while True:
                _, logits, _ = self._thinking.mixed(self._net, plain.hidden, after.hidden)
                tokens = self._drawn(rows, logits)
                for row, token in zip(rows, tokens.tolist(), strict=True):
                    if row.line_is_open:
                        self._add(row, token)
                if not any(row.line_is_open for row in rows):
                    break
                plain.read_ids(tokens)
                after.read_ids(tokens)

    def _add(self, row: _Row, token: int) -> None:
        row.written.append(token)
        if token in self._ends:
            row.finish = "end"
        elif len(row.written) >= row.most:
            row.finish = "length"
        row.line_is_open = row.finish is None and token not in self._line_ends

    def _drawn(self, rows: Sequence[_Row], logits: torch.Tensor) -> torch.Tensor:
        """The next token of each row, from its own random numbers; a row whose line has ended takes none."""
        numbers = np.array([row.numbers.random() if row.line_is_open else 0.0 for row in rows])
        temperature = np.array([row.sampling.temperature for row in rows])
        top_p = np.array([row.sampling.top_p for row in rows])
        return torch.from_numpy(draw(logits, temperature, top_p, numbers)[0]).to(logits.device)
