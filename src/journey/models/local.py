"""Any Hugging Face causal language model, in this process: from a folder or a hub id, on CPU, CUDA or MPS."""

import asyncio
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.local_engine import Engine, Job
from journey.models.local_text import Text
from journey.models.weights import AUTO, WRITTEN, folder_hash

_LAYERS = {"full_attention", "sliding_attention", "chunked_attention"}


class Local:
    """A Model that runs here. Requests of all coroutines are gathered and worked on together, on one thread.

    `dtype`: "float32", "bfloat16", "float16", or "auto": bfloat16 on a GPU that has it, and on a processor that
    multiplies it in hardware for weights that were saved in 16 bits (twice as fast there), else float32.
    `max_batch_tokens` bounds the tokens (prompts and what may be written) of the rows at work together, `max_rows`
    their number. In float32 a completion depends on its prompt, its
    sampling and its index alone, up to rounding; in bfloat16 rounding may depend on what else was in the batch.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        device: str | None = None,
        dtype: str = AUTO,
        max_batch_tokens: int | None = None,
        max_rows: int | None = None,
    ) -> None:
        self.name = name or f"hf/{Path(path).name if Path(path).is_dir() else path}"
        self._device = torch.device(device or best_device())
        tokenizer, self._model = load(path, self._device, dtype)
        self._dtype = self._model.dtype
        self.identity = f"{weights_hash(path, self._model)}-{str(self._dtype).removeprefix('torch.')}"
        config = self._model.config.get_text_config()
        self._context: int | None = getattr(config, "max_position_embeddings", None)
        self._max_rows = max_rows or (256 if self._device.type == "cpu" else 512)
        self._text = Text(tokenizer, end_tokens(tokenizer, self._model), config.vocab_size)
        self._max_tokens = max_batch_tokens or default_batch_tokens(self._model)
        self._engine = self._new_engine()
        self._lock = threading.Lock()
        self._fresh: list[Job] = []
        self._owed: dict[Job, tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = {}
        self._running = False
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journey-local")

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions. Raises ModelError (prompt too long), UsageError (word not in the vocabulary)."""
        if self._closed:
            raise ModelError(f"{self.name} was closed; make a new one.")
        reading = self._text.read(prompt)
        room = sampling.max_tokens if self._context is None else self._context - len(reading.ids)
        if room < 1:
            raise ModelError(
                f"The prompt has {len(reading.ids)} tokens and {self.name} reads at most {self._context}; shorten it."
            )
        limit = max(1, min(sampling.max_tokens, room))
        starts = range(0, sampling.n, self._max_rows)
        jobs = [Job(reading, sampling, range(i, min(sampling.n, i + self._max_rows)), limit) for i in starts]
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in jobs]
        with self._lock:
            first = not self._fresh
            self._fresh += jobs
            self._owed.update((job, (loop, future)) for job, future in zip(jobs, futures, strict=True))
        if first:
            # After the other coroutines that are ready now have asked as well: one batch instead of many.
            loop.call_soon(self._start)
        try:
            await asyncio.gather(*futures)
        finally:
            for job in jobs:
                job.cancelled = len(job.done) < len(job.samples)
        return [job.done[i] for job in jobs for i in job.samples]

    def _new_engine(self) -> Engine:
        prefill = 4096 if self._device.type == "cpu" else 32768
        return Engine(
            self._model, self._text, max_rows=self._max_rows, max_tokens=self._max_tokens, prefill_tokens=prefill
        )

    def take_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Goes on with other weights of the same shapes, by their names in the model. Nothing may be asked meanwhile.

        The `identity` is then that of no folder: calls must not be remembered by it.
        """
        own = self._model.state_dict()
        with torch.no_grad():
            for name, values in weights.items():
                own[name].copy_(values)
        self._engine = self._new_engine()

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens that the model reads of a prompt."""
        return self._text.read(prompt).ids

    def token_starts(self, prompt: Prompt, ids: Sequence[int], text: str) -> list[int]:
        """The character of a completion's text at which each of its tokens begins."""
        return self._text.starts(self._text.read(prompt), ids, text)

    async def close(self) -> None:
        """Wait for the thread; the model cannot be asked again."""
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)

    def _start(self) -> None:
        with self._lock:
            if self._running or not self._fresh:
                return
            self._running = True
        self._thread.submit(self._engine.run, self._take, self._give).add_done_callback(self._ended)

    def _take(self) -> list[Job]:
        with self._lock:
            jobs, self._fresh = self._fresh, []
        return jobs

    def _give(self, jobs: list[Job]) -> None:
        WRITTEN[self.name] += sum(one.tokens for job in jobs for one in job.done.values())
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
        with self._lock:
            for job in jobs:
                loop, future = self._owed.pop(job)
                by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            _on_loop(loop, futures, None)

    def _ended(self, ran: "Future[None]") -> None:
        """The thread has nothing left to do, or failed: then everyone who waits hears of it."""
        error = ran.exception()
        with self._lock:
            self._running = False
            owed: dict[Job, Any] = {}
            if error is not None:
                owed, self._owed, self._fresh = self._owed, {}, []
            else:
                self._owed = {job: owner for job, owner in self._owed.items() if not job.cancelled}
            again = bool(self._fresh)
        if isinstance(error, torch.OutOfMemoryError):
            error = ModelError(f"{self.name} ran out of memory on {self._device}; lower max_batch_tokens.")
        for loop, future in owed.values():
            _on_loop(loop, [future], error)
        if again:
            self._start()


def _on_loop(
    loop: asyncio.AbstractEventLoop, futures: list["asyncio.Future[None]"], error: BaseException | None
) -> None:
    def tell() -> None:
        for future in futures:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)


def load(path: str | Path, device: torch.device, dtype: str) -> tuple[Any, Any]:
    """Tokenizer and model of a folder or hub id: safetensors only, no code from the folder. Raises UsageError."""
    if str(path).startswith((".", "/", "~")) and not Path(path).expanduser().is_dir():
        raise UsageError(f"There is no model folder {path}; give a folder with config.json and model.safetensors.")
    source = str(Path(path).expanduser())
    try:
        with without_bars():
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
            config = AutoConfig.from_pretrained(source, trust_remote_code=False)
            chosen = choose_dtype(dtype, device, config.dtype)
            model = AutoModelForCausalLM.from_pretrained(
                source, config=config, dtype=chosen, use_safetensors=True, trust_remote_code=False
            )
    except (OSError, ValueError, SafetensorError) as error:
        line = " ".join(str(error).split())[:160] or type(error).__name__
        if Path(source).is_dir() and list(Path(source).glob("*.gguf")):
            line = (
                "it holds GGUF, which is not read here: serve it with llama.cpp, as docs/servers.md says, or convert it"
            )
        message = f"The model {path} cannot be loaded ({line}); give a folder or hub id with safetensors."
        raise UsageError(message) from error
    config = model.config.get_text_config()
    strange = set(getattr(config, "layer_types", None) or ()) - _LAYERS
    if strange or getattr(model, "_is_stateful", False):
        kind = ", ".join(sorted(strange)) or "recurrent layers"
        raise UsageError(f"{path} has {kind}, which the local engine cannot batch; serve it with vLLM instead.")
    model.to(device)  # type: ignore[arg-type]
    return tokenizer, model.eval()


@contextmanager
def without_bars() -> Generator[None]:
    """transformers' progress bars are off meanwhile."""
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if bars:
            logging.enable_progress_bar()


def best_device() -> str:
    """cuda, mps or cpu: the first that this machine has."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_dtype(dtype: str, device: torch.device, saved: Any) -> torch.dtype:
    """The torch dtype of a name; "auto" depends on the device and on what the weights were `saved` in."""
    if dtype != AUTO:
        return getattr(torch, dtype)
    gpu = device.type == "cuda" and torch.cuda.is_bf16_supported()
    cpu = device.type == "cpu" and cpu_has_bf16() and saved in (torch.bfloat16, torch.float16)
    return torch.bfloat16 if gpu or cpu else torch.float32


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512_BF16 or AMX); without it bfloat16 is slower."""
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and any(flag in flags.read_text() for flag in ("avx512_bf16", "amx_bf16"))


def end_tokens(tokenizer: Any, model: Any) -> list[int]:
    """All tokens that close a text: the tokenizer's, the configuration's and the generation configuration's."""

    def several(value: int | list[int] | None) -> list[int]:
        return [] if value is None else [value] if isinstance(value, int) else list(value)

    generation = getattr(model, "generation_config", None)
    found: Iterator[Any] = iter(
        (tokenizer.eos_token_id, model.config.eos_token_id, getattr(generation, "eos_token_id", None))
    )
    return sorted({token for value in found for token in several(value)})


def default_batch_tokens(model: Any) -> int:
    """How many tokens' keys and values fit into 2 GiB, on CUDA into 40 % of the free memory."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    token = 2 * config.num_hidden_layers * heads * width * model.dtype.itemsize
    memory = int(torch.cuda.mem_get_info()[0] * 0.4) if model.device.type == "cuda" else 2 << 30
    return max(4096, memory // token)


def weights_hash(path: str | Path, model: Any) -> str:
    """Which weights these are: the hub's commit, or a hash of the folder's safetensors (of both ends of large ones)."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        return str(getattr(model.config, "_commit_hash", None) or path)
    return folder_hash(folder)
