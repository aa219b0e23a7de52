"""What writes the answers of reinforcement learning: the engine of this package, or vLLM as TRL drives it.

Pinned to TRL 1.16: `trl.generation.vllm_generation.VLLMGeneration`, made by its trainer, whose `generate` reads the
temperature, top_p and length limit from its fields, and gives token ids with the log-probability of each.
"""

import asyncio
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from transformers import AutoConfig
from trl.import_utils import is_vllm_available

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.local import Local
from journey.models.local_text import Reading, Text
from journey.models.local_threads import limit_threads
from journey.training.base import load_tokenizer, processes
from journey.training.rl_settings import RlSettings


class Policy(Protocol):
    """The model in training as one that answers, with the weights of its last `renew`."""

    @property
    def name(self) -> str: ...

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]: ...

    def renew(self, trainer: Any) -> None:
        """Takes the trainer's present weights. Nothing may be asked meanwhile."""
        ...

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens that the model reads of a prompt."""
        ...

    def token_starts(self, prompt: Prompt, ids: Sequence[int], text: str) -> list[int]:
        """The character of a completion's text at which each of its tokens begins."""
        ...

    async def close(self) -> None: ...


def policy(path: str | Path, name: str, settings: RlSettings) -> Policy:
    """What writes the answers by the settings. Raises UsageError where vLLM is wanted and not installed."""
    if settings.engine != "local":
        if not is_vllm_available():
            mend = "install it with pip install 'journey-learning[vllm]'"
            raise UsageError(f"engine {settings.engine} needs vllm; {mend}")
        return VllmPolicy(path, name)
    limit_threads(path)
    return LocalPolicy(path, name, device=f"cuda:{os.environ['LOCAL_RANK']}" if _own_gpu() else None)


class LocalPolicy(Local):
    """The engine of this package, in the training's process."""

    def renew(self, trainer: Any) -> None:
        """Copies the weights."""
        self.take_weights(policy_weights(trainer))


@dataclass(frozen=True, slots=True)
class _Request:
    reading: Reading
    sampling: Sampling
    answered: "asyncio.Future[list[Completion]]"

    @property
    def shared(self) -> tuple[float, float, int, int]:
        """What is equal in all requests of one call."""
        return self.sampling.temperature, self.sampling.top_p, self.sampling.max_tokens, self.sampling.n


class VllmPolicy:
    """vLLM in the trainer's process or behind a server, whichever the trainer was made for.

    It takes no seeds: the same training draws other answers the next time.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self.name = name
        tokenizer, stops = load_tokenizer(str(path))
        self._text = Text(tokenizer, sorted(stops), AutoConfig.from_pretrained(path).get_text_config().vocab_size)
        self._generation: Any = None
        self._waiting: list[_Request] = []

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """As the engine here; what several coroutines ask at the same time is one call. Raises ModelError."""
        if sampling.stop:
            raise ModelError(f"{self.name} is driven by TRL, which knows no stop strings; take engine: local.")
        request = _Request(self._text.read(prompt), sampling, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if len(self._waiting) == 1:
            await asyncio.sleep(0)  # the other coroutines that are ready now ask as well
            waiting, self._waiting = self._waiting, []
            for shared in dict.fromkeys(one.shared for one in waiting):
                self._generate([one for one in waiting if one.shared == shared])
        return await request.answered

    def _generate(self, requests: Sequence[_Request]) -> None:
        made, (temperature, top_p, most, n) = self._generation, requests[0].shared
        made.temperature, made.top_p, made.max_completion_length = temperature, top_p, most
        prompts = [list(one.reading.ids) for one in requests for _ in range(n)]
        _, ids, logprobs, _ = made.generate(prompts=prompts, images=None, num_generations=n)
        for i, one in enumerate(requests):
            drawn = range(i * n, (i + 1) * n)
            one.answered.set_result([self._completion(one.reading, ids[j], logprobs[j]) for j in drawn])

    def _completion(
        self, reading: Reading, ids: Sequence[int], logprobs: Sequence[Sequence[float | None]]
    ) -> Completion:
        is_closed = bool(ids) and ids[-1] in self._text.ends
        text = self._text.spell(reading, ids[:-1] if is_closed else ids)
        of_tokens = [math.nan if one[0] is None else one[0] for one in logprobs]  # the drawn token comes first
        total = sum(of_tokens)
        known = None if math.isnan(total) else total
        return Completion(text, len(ids), "end" if is_closed else "length", known, ids=tuple(ids))

    def renew(self, trainer: Any) -> None:
        """Lets TRL send vLLM the weights."""
        self._generation = trainer.vllm_generation
        self._generation.sync_weights()

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        return self._text.read(prompt).ids

    def token_starts(self, prompt: Prompt, ids: Sequence[int], text: str) -> list[int]:
        return self._text.starts(self._text.read(prompt), ids, text)

    async def close(self) -> None:
        """The trainer holds what there is to give back."""


def vllm_arguments(settings: RlSettings) -> dict[str, Any]:
    """The arguments of TRL's configuration for the engine."""
    if settings.engine == "local":
        return {}
    return {
        "use_vllm": True,
        "vllm_mode": settings.engine.removeprefix("vllm-"),
        "vllm_server_base_url": settings.server,
        "vllm_gpu_memory_utilization": settings.gpu_share,
        "vllm_importance_sampling_mode": "sequence_mask",
        "top_p": settings.top_p,
    }


def drawn_ratio(logprobs: torch.Tensor, trained: torch.Tensor, drawn: torch.Tensor, most: float | None) -> torch.Tensor:
    """How much likelier the model in training makes each text than what drew it: TRL's `sequence_mask`, (rows, 1).

    `logprobs` and `trained` (rows, tokens), `drawn` (rows, 1) the log-probability of the whole text, NaN where nobody
    knows it: then the ratio is 1. A text whose ratio is above `most` is not trained on: 0.
    """
    difference = (logprobs * trained).sum(-1, keepdim=True) - drawn
    ratio = torch.nan_to_num(difference, nan=0.0).exp()
    return ratio if most is None else ratio.masked_fill(ratio > most, 0.0)


def policy_weights(trainer: Any) -> dict[str, torch.Tensor]:
    """The weights of the model in training by their names in the model, adapters merged into them."""
    net = trainer.accelerator.unwrap_model(trainer.model)
    if not isinstance(net, PeftModel):
        return net.state_dict()
    inner = net.get_base_model()
    merged = {name.replace(".base_layer", ""): values for name, values in inner.state_dict().items()}
    weights = {name: values for name, values in merged.items() if "lora_" not in name}
    for name, layer in inner.named_modules():
        if isinstance(layer, LoraLayer):
            linear: Any = layer
            weights[f"{name}.weight"] = linear.get_base_layer().weight + linear.get_delta_weight("default")
    return weights


def _own_gpu() -> bool:
    """Whether this is one of several processes that each have a GPU."""
    return processes() > 1 and torch.cuda.is_available() and "LOCAL_RANK" in os.environ
