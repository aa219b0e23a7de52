"""The step engine: prompts are read once, all rows write one token at a time, finished rows make room for waiting ones.

One call of `Engine.run` works until nothing waits. It knows nothing of asyncio: jobs come from a function and leave
through another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from journey.models.base import Completion, Sampling
from journey.models.local_cohort import PlainDecoder
from journey.models.local_draw import CHUNK, chunk, draw, stream
from journey.models.local_forward import plain_forward
from journey.models.local_generic import GenericDecoder
from journey.models.local_text import Reading, Text
from journey.types import Finish

_REFILL = 4  # waiting rows are let in once they are a quarter of those at work: reading a few at a time costs a step


@dataclass(slots=True, eq=False)
class Job:
    """Samples `samples` of one prompt. `limit` tokens fit into the model's context behind it."""

    reading: Reading
    sampling: Sampling
    samples: range
    limit: int
    done: dict[int, Completion] = field(default_factory=dict)
    cancelled: bool = False

    @property
    def columns(self) -> int:
        """Tokens that a row may come to hold."""
        return len(self.reading.ids) + self.limit


@dataclass(slots=True, eq=False)
class _Row:
    job: Job
    sample: int
    random: np.random.Generator | None
    ids: list[int] = field(default_factory=list)


class Decoder(Protocol):
    """What reads prompts and writes tokens; it holds the keys and values of the rows at work, in their order.

    `padded`: every row takes as many columns as the longest one.
    """

    padded: bool

    def read(self, prompts: Sequence[tuple[int, ...]], take: np.ndarray) -> torch.Tensor:
        """New rows behind the others, row j continuing prompt `take[j]`; returns their logits (rows, vocabulary)."""
        ...

    def write(self, tokens: np.ndarray) -> torch.Tensor:
        """The logits (rows, vocabulary) behind the newest token of every row."""
        ...

    def keep(self, finished: np.ndarray) -> np.ndarray:
        """Drop the rows marked in `finished` (rows); returns which of the old rows stand where now."""
        ...

    def clear(self) -> None:
        """Drop all rows."""
        ...


class Engine:
    """A causal language model at work on many rows. Not thread-safe: `run` belongs to one thread at a time.

    `max_rows` and `max_tokens` bound the rows at work and the tokens that they may come to hold together;
    `prefill_tokens` bounds how many prompt tokens are read in one forward pass.
    """

    def __init__(self, model: Any, text: Text, *, max_rows: int, max_tokens: int, prefill_tokens: int) -> None:
        forward = plain_forward(model)
        self._decoder: Decoder = (
            GenericDecoder(model, max_tokens) if forward is None else PlainDecoder(forward, max_tokens)
        )
        self._text = text
        self._max_rows = max_rows
        self._max_tokens = max_tokens
        self._prefill_tokens = prefill_tokens
        self._ends = np.zeros(model.config.get_text_config().vocab_size, bool)
        self._ends[[end for end in text.ends if end < len(self._ends)]] = True
        self._forget()

    def _forget(self) -> None:
        self._decoder.clear()
        self._rows: list[_Row] = []
        self._columns = 0
        self._state = _State.empty(len(self._ends))

    @torch.inference_mode()
    def run(self, take: Callable[[], list[Job]], give: Callable[[list[Job]], None]) -> None:
        """Work until `take` brings no more jobs and none is at work; `give` gets every job that is done.

        Whatever is raised leaves the engine empty and ready; the caller answers for the jobs not given.
        """
        waiting: list[Job] = []
        try:
            while True:
                waiting += take()
                waiting = [job for job in waiting if not job.cancelled]
                admitted = self._admit(waiting)
                if admitted:
                    waiting = waiting[len(admitted) :]
                    self._read(admitted, give)
                elif self._rows:
                    self._write(give)
                elif not waiting:
                    return
        except BaseException:
            self._forget()
            raise

    def _admit(self, waiting: list[Job]) -> list[Job]:
        """The next jobs in the order they came, as many as fit, or none while too few would join those at work."""
        rows, columns, count = len(self._rows), self._columns, 0
        longest = max((row.job.columns for row in self._rows), default=0)
        for job in waiting:
            rows += len(job.samples)
            columns += len(job.samples) * job.columns
            longest = max(longest, job.columns)
            if self._decoder.padded:
                columns = rows * longest
            if (rows > self._max_rows or columns > self._max_tokens) and (count or self._rows):
                break
            count += 1
        joining = sum(len(job.samples) for job in waiting[:count])
        return waiting[:count] if joining * _REFILL >= len(self._rows) else []

    def _read(self, jobs: list[Job], give: Callable[[list[Job]], None]) -> None:
        """Read the jobs' prompts, shortest first, equal ones once, and draw every sample's first token."""
        jobs = sorted(jobs, key=lambda job: (len(job.reading.ids), job.reading.ids))
        group: list[Job] = []
        unique: list[tuple[int, ...]] = []
        for job in jobs:
            ids = job.reading.ids
            new = not unique or ids != unique[-1]
            if group and new and (len(unique) + 1) * len(ids) > self._prefill_tokens:
                self._prefill(group, unique, give)
                group, unique, new = [], [], True
            group.append(job)
            if new:
                unique.append(ids)
        self._prefill(group, unique, give)

    def _prefill(self, jobs: list[Job], prompts: list[tuple[int, ...]], give: Callable[[list[Job]], None]) -> None:
        place = {prompt: row for row, prompt in enumerate(prompts)}
        take = np.array([place[job.reading.ids] for job in jobs for _ in job.samples])
        logits = self._decoder.read(prompts, take)
        before = len(self._rows)
        for job in jobs:
            self._columns += len(job.samples) * job.columns
            hot = job.sampling.temperature > 0
            self._rows += [_Row(job, i, stream(job.sampling.seed, i) if hot else None) for i in job.samples]
            self._state.add(job, self._text.stop_table(job.sampling.stop) if job.sampling.stop else None)
        self._settle(logits, before, give)

    def _write(self, give: Callable[[list[Job]], None]) -> None:
        """One token for every row."""
        self._settle(self._decoder.write(self._state.last), 0, give)

    def _settle(self, logits: torch.Tensor, first: int, give: Callable[[list[Job]], None]) -> None:
        """Draw a token for the rows from `first` on, close those that are done, and drop them."""
        state, rows = self._state, self._rows[first:]
        part = slice(first, None)
        at = state.count[part] % CHUNK
        for i in np.flatnonzero((at == 0) & (state.temperature[part] > 0)):
            state.uniform[first + i] = chunk(rows[i].random)  # type: ignore[arg-type]
        uniform = state.uniform[part][np.arange(len(rows)), at]
        tokens, logprobs = draw(logits, state.temperature[part], state.top_p[part], uniform)
        state.last[part] = tokens
        state.count[part] += 1
        state.logprob[part] += logprobs
        for row, token in zip(rows, tokens.tolist(), strict=True):
            row.ids.append(token)
        ends = self._ends[tokens]
        full = state.count[part] >= state.limit[part]
        may = state.stops[state.stop[part], tokens] > 0
        finished = np.array([row.job.cancelled for row in self._rows])
        given: list[Job] = []
        for i in np.flatnonzero(ends | full | may):
            row = rows[i]
            completion = self._closed(row, bool(ends[i]), bool(may[i]), bool(full[i]), float(state.logprob[first + i]))
            if completion is not None:
                finished[first + i] = True
                row.job.done[row.sample] = completion
                if len(row.job.done) == len(row.job.samples):
                    given.append(row.job)
        if finished.any():
            self._drop(finished)
        if given:
            give(given)

    def _closed(self, row: _Row, end: bool, may: bool, full: bool, logprob: float) -> Completion | None:
        """The completion of a row whose newest token may be its last, null where it is not."""
        reading, sampling = row.job.reading, row.job.sampling
        finish: Finish = "length"
        text = self._text.stopped(reading, row.ids, sampling.stop) if may else None
        if text is not None:
            finish = "stop"
        elif end:
            finish, text = "end", self._text.spell(reading, row.ids[:-1])
        elif full:
            text = self._text.spell(reading, row.ids)
        return None if text is None else Completion(text, len(row.ids), finish, logprob, ids=tuple(row.ids))

    def _drop(self, finished: np.ndarray) -> None:
        """Drop finished rows; others may move into their places."""
        self._columns -= sum(self._rows[i].job.columns for i in np.flatnonzero(finished))
        order = self._decoder.keep(finished)
        self._rows = [self._rows[i] for i in order]
        self._state.keep(order)


@dataclass(slots=True)
class _State:
    """What the rows need at every step, an array each. `stop` points into the table of stop strings, 0 for none."""

    last: np.ndarray
    count: np.ndarray
    limit: np.ndarray
    temperature: np.ndarray
    top_p: np.ndarray
    logprob: np.ndarray
    stop: np.ndarray
    uniform: np.ndarray
    stops: np.ndarray
    _known: dict[int, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, vocabulary: int) -> "_State":
        whole, real = np.zeros(0, np.int64), np.zeros(0)
        stops = np.zeros((1, vocabulary), np.int8)
        return cls(whole, whole, whole, real, real, real, whole, np.zeros((0, CHUNK)), stops)

    def add(self, job: Job, stop_table: np.ndarray | None) -> None:
        """Rows for all samples of a job."""
        stop = 0
        if stop_table is not None:
            stop = self._known.get(id(stop_table), 0)
            if not stop:
                stop = self._known[id(stop_table)] = len(self.stops)
                self.stops = np.concatenate([self.stops, stop_table[None]])
        n, sampling = len(job.samples), job.sampling
        self.last = np.concatenate([self.last, np.zeros(n, np.int64)])
        self.count = np.concatenate([self.count, np.zeros(n, np.int64)])
        self.limit = np.concatenate([self.limit, np.full(n, job.limit)])
        self.temperature = np.concatenate([self.temperature, np.full(n, float(sampling.temperature))])
        self.top_p = np.concatenate([self.top_p, np.full(n, float(sampling.top_p))])
        self.logprob = np.concatenate([self.logprob, np.zeros(n)])
        self.stop = np.concatenate([self.stop, np.full(n, stop)])
        self.uniform = np.concatenate([self.uniform, np.zeros((n, CHUNK))])

    def keep(self, order: np.ndarray) -> None:
        """The rows named by `order`, in its order."""
        for name in ("last", "count", "limit", "temperature", "top_p", "logprob", "stop", "uniform"):
            setattr(self, name, getattr(self, name)[order])
