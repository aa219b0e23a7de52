"""The model and tokenizer that training starts from, and how this machine computes them."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from journey.errors import UsageError
from journey.training.settings import Optimising

LARGE = 500_000_000  # parameters from which memory is worth more than the repeated forward pass
SHORT = 256  # tokens up to which eager attention trains faster than sdpa on a CPU (measured at 128, 512 and 1024)


@dataclass(frozen=True, slots=True)
class Hardware:
    """Whether the CPU is used, and whether it computes in bf16 (weights stay fp32)."""

    cpu: bool
    bf16: bool


def hardware(settings: Optimising) -> Hardware:
    """Where and in what precision to train; "auto" takes a GPU if there is one, and bf16 where it is computed in."""
    cuda = torch.cuda.is_available()
    cpu = settings.device == "cpu" or not (cuda or torch.backends.mps.is_available())
    able = _cpu_computes_bf16() if cpu else cuda and torch.cuda.is_bf16_supported(including_emulation=False)
    return Hardware(cpu, able if settings.precision == "auto" else settings.precision == "bf16")


def processes() -> int:
    """How many processes train together, as torchrun and accelerate tell each of them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def load(model: str | Path, settings: Optimising) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The causal language model in fp32 and its tokenizer. Raises UsageError where there is none.

    With adapters on a GPU that computes in bf16 the frozen weights are loaded in bf16.
    """
    if isinstance(model, Path) and not (model / "config.json").is_file():
        raise UsageError(f"There is no model in {model}: give a folder with config.json and safetensors.")
    machine = hardware(settings)
    frozen_bf16 = settings.lora is not None and machine.bf16 and not machine.cpu
    dtype = torch.bfloat16 if frozen_bf16 else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        net = AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
    except (OSError, ValueError, SafetensorError) as error:  # what is not there, not known, or damaged
        raise UsageError(f"The model {model} cannot be loaded: {' '.join(str(error).split())[:160]}") from error
    return net, tokenizer


def load_tokenizer(model: str) -> tuple[PreTrainedTokenizerBase, set[int]]:
    """A model's tokenizer alone, and the ids that end a text. Raises UsageError where there is none."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise UsageError(f"The tokenizer of {model} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    try:
        listed = GenerationConfig.from_pretrained(model).eos_token_id
    except OSError:  # it has no generation settings
        listed = None
    return tokenizer, _stops(listed, tokenizer)


def saved_as(model: str | Path) -> torch.dtype:
    """What the weights were saved in, and what those that are made of them are saved in; trained they are in fp32."""
    config: Any = AutoConfig.from_pretrained(model)
    return config.dtype or torch.float32


def attention(longest: int, *, cpu: bool) -> str:
    """The attention that trains fastest for rows of up to `longest` tokens."""
    return "eager" if cpu and longest <= SHORT else "sdpa"


def stop_ids(net: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The token ids that end a text, the tokenizer's and those of the model's generation settings."""
    return _stops(net.generation_config.eos_token_id if net.generation_config is not None else None, tokenizer)


def _stops(listed: int | list[int] | None, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    ids = [listed] if isinstance(listed, int) else list(listed or [])
    return {*ids, cast(int, tokenizer.eos_token_id)}


def identity(model: str | Path) -> str:
    """Names the model by its content: the hash of its weights and settings, or the name itself for one on a hub."""
    folder = Path(model)
    if not folder.is_dir():
        return str(model)
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".safetensors", ".json", ".jinja", ".model") and file.name not in OURS:
            digest.update(file.name.encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


OURS = ("curve.json", "training.json")  # what training writes beside a model, no part of it


def _cpu_computes_bf16() -> bool:
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_tile"))
