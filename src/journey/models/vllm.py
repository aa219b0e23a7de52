"""A model in a vLLM engine of this process: for machines with a GPU, where no server is wanted.

Written against vLLM's AsyncLLM (engine v1): all coroutines' requests run in one continuous batch, and what prompts
share is computed once. Texts are read and spelled as by the local engine, so both say the same of the same tokens.
"""

# pyright: reportMissingImports=false, reportMissingModuleSource=false
import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# vLLM reads them while it is imported: it would write into the progress line, and tell its makers of every start.
os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")

from transformers import AutoConfig, AutoTokenizer
from vllm import AsyncEngineArgs, SamplingParams
from vllm.inputs import tokens_input
from vllm.platforms import current_platform
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

from journey.errors import UsageError
from journey.interrupts import shielded
from journey.models.base import Completion, Finish, ModelError, Prompt, Sampling
from journey.models.local import weights_hash
from journey.models.local_text import Reading, Text
from journey.types import content_hash, content_seed

NO_ARGUMENTS: Mapping[str, Any] = {}
ENDING, HURRIED = 8.0, 2.0  # seconds that the engine's processes have to end by themselves before they are killed


class Vllm:
    """A Model in this process, by vLLM.

    `path` is a folder or a hub id with safetensors. `dtype` null: vLLM's choice, which is bfloat16 for weights in
    float32. `max_model_len` null: the model's own context. `logprobs` asks for the sums of the tokens'
    log-probabilities. `engine` are further arguments of vLLM's engine (tensor_parallel_size, gpu_memory_utilization,
    ...). The engine is loaded at the first call and belongs to that call's event loop. Greedy completions are asked
    for once and repeated. Sampled ones depend on the prompt, the sampling and their index, up to rounding, which may
    depend on what else is in the batch.

    Raises UsageError where the model cannot be loaded or the engine died, ModelError for one prompt.
    """

    def __init__(
        self,
        path: str | Path,
        name: str,
        *,
        dtype: str | None = None,
        max_model_len: int | None = None,
        logprobs: bool = False,
        engine: Mapping[str, Any] = NO_ARGUMENTS,
    ) -> None:
        if str(path).startswith((".", "/", "~")) and not Path(path).expanduser().is_dir():
            raise UsageError(f"There is no model folder {path}; give a folder with config.json and model.safetensors.")
        source = str(Path(path).expanduser())
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
            config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        except (OSError, ValueError) as error:
            message = f"The model {path} cannot be loaded ({_line(error)}); give a folder or hub id with safetensors."
            raise UsageError(message) from error
        self.name = name
        weights = weights_hash(path, SimpleNamespace(config=config))
        self.identity = content_hash("vllm", weights, dtype, max_model_len, logprobs, dict(engine))
        self._logprobs = logprobs
        self._arguments: dict[str, Any] = {
            "model": source,
            "dtype": dtype or "auto",
            "max_model_len": max_model_len,
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            "trust_remote_code": False,
            # On a processor vLLM 0.32 dies when the prompt of a request with a seed is read in two pieces.
            "enable_chunked_prefill": False if current_platform.is_cpu() else None,
            **engine,
        }
        self._engine: AsyncLLM | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._text: Text | None = None
        self._loading = asyncio.Lock()
        self._closed = False
        self._requests = count()

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions. Raises ModelError (prompt too long), UsageError (no such model, engine died)."""
        if self._closed:
            raise ModelError(f"{self.name} was closed; make a new one.")
        engine, text = await self._loaded()
        reading = text.read(prompt)
        context = engine.model_config.max_model_len
        room = context - len(reading.ids)
        if room < 1:
            raise ModelError(
                f"The prompt has {len(reading.ids)} tokens and {self.name} reads at most {context}; shorten it."
            )
        params = self._params(sampling, min(sampling.max_tokens, room))
        outputs = await self._generate(engine, reading, params)
        completions = [self._completion(text, reading, output, sampling.stop) for output in outputs]
        return completions * sampling.n if sampling.temperature == 0 else completions

    async def close(self) -> None:
        """Ends the engine's process and frees its memory; the model cannot be asked again."""
        self._closed = True
        if self._engine is not None:
            task = asyncio.current_task()
            is_interrupted = task is not None and task.cancelling() > 0
            self._engine.shutdown(timeout=HURRIED if is_interrupted else ENDING)
            self._engine = None

    async def _loaded(self) -> tuple[AsyncLLM, Text]:
        """The engine, loaded by the first who asks while the others wait."""
        async with self._loading:
            loop = asyncio.get_running_loop()
            if self._engine is None or self._text is None:
                engine = await self._load()
                ends = [] if self._tokenizer.eos_token_id is None else [self._tokenizer.eos_token_id]
                self._text = Text(self._tokenizer, ends, engine.model_config.get_vocab_size())
                self._engine, self._loop = engine, loop
            if self._loop is not loop:  # its answers would never come
                raise ModelError(f"{self.name} was loaded in another event loop; make a new one.")
            return self._engine, self._text

    async def _load(self) -> AsyncLLM:
        """An engine, started on a thread, so that a progress line and Ctrl-C go on; cancelling ends its processes."""

        def start() -> AsyncLLM:
            with shielded():
                return AsyncLLM.from_engine_args(AsyncEngineArgs(**self._arguments))

        others = set(multiprocessing.active_children())
        starting = asyncio.ensure_future(asyncio.to_thread(start))
        try:
            return await asyncio.shield(starting)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise UsageError(f"vLLM cannot load {self.name}: {_line(error)}") from error
        except asyncio.CancelledError:
            while not starting.done():
                for child in set(multiprocessing.active_children()) - others:
                    child.kill()
                await asyncio.wait([starting], timeout=0.2)
            if starting.exception() is None:
                starting.result().shutdown(timeout=HURRIED)
            raise

    async def _generate(self, engine: AsyncLLM, reading: Reading, params: SamplingParams) -> list[Any]:
        """vLLM's outputs in the order of their samples."""
        tokens = tokens_input(list(reading.ids))
        last = None
        try:
            async for output in engine.generate(tokens, params, request_id=f"journey-{next(self._requests)}"):
                last = output
        except EngineDeadError as error:
            raise UsageError(f"the vLLM engine of {self.name} died; what it wrote last says why") from error
        except (EngineGenerateError, ValueError) as error:
            raise ModelError(f"{self.name} could not answer: {_line(error.__cause__ or error)}") from error
        if last is None or len(last.outputs) != params.n:
            raise ModelError(f"{self.name} gave fewer completions than were asked for.")
        return sorted(last.outputs, key=lambda output: output.index)

    def _params(self, sampling: Sampling, max_tokens: int) -> SamplingParams:
        """The sampling in vLLM's words. A stop string that is a special token is a token to stop at."""
        is_greedy = sampling.temperature == 0
        special = dict(zip(self._tokenizer.all_special_tokens, self._tokenizer.all_special_ids, strict=True))
        return SamplingParams(
            n=1 if is_greedy else sampling.n,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=max_tokens,
            stop=[s for s in sampling.stop if s and s not in special],
            stop_token_ids=[special[s] for s in sampling.stop if s in special],
            # vLLM draws sample i with seed + i, so seeds lie far apart and leave room above them.
            seed=None if is_greedy else content_seed("vllm", sampling.seed) >> 1,
            logprobs=0 if self._logprobs else None,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _completion(self, text: Text, reading: Reading, output: Any, stop: tuple[str, ...]) -> Completion:
        """A completion spelled from its tokens; from vLLM's own text where that alone shows the stop string."""
        ids = list(output.token_ids)
        finish: Finish = "length"
        spelled = text.spell(reading, ids)
        if output.finish_reason == "stop":
            reason = output.stop_reason  # a string, a token to stop at, or null for the model's own end
            is_token = isinstance(reason, int) and self._tokenizer.convert_ids_to_tokens(reason) in stop
            finish = "stop" if is_token or isinstance(reason, str) else "end"
        if output.finish_reason == "stop" and isinstance(output.stop_reason, str):
            hits = [at for s in stop if s and (at := spelled.find(s)) >= 0]
            spelled = spelled[: min(hits)] if hits else output.text
        elif output.finish_reason not in ("stop", "length"):
            raise ModelError(f"{self.name} ended a completion by {output.finish_reason!r}.")
        return Completion(spelled, len(ids), finish, output.cumulative_logprob if self._logprobs else None)


def _line(error: BaseException) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
