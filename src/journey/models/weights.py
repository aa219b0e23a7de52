"""Models whose weights lie in folders of this machine: how they are named, known by their content, and loaded."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.models import smollm2
from journey.models.base import Model
from journey.models.local_threads import SMALL, limit_threads
from journey.models.smollm2 import SMOLLM2

TINY = "tiny"
AUTO = "auto"
DTYPES = (AUTO, "float32", "bfloat16", "float16")
"""What a model computes in; auto is bfloat16 where that is faster."""
WRITTEN: Counter[str] = Counter()
"""Tokens that each model in this process has written so far, for lines of progress."""
SAMPLE = 1 << 20  # bytes hashed at both ends of a weights file too large to hash whole
WHOLE = 1 << 28
TOKENS_ON_CPU = 1024  # tokens, padding included: more were measured to be no faster on a processor


def model_path(name: str) -> str:
    """The folder or hub id that a local model's name means, for training and loading. Raises UsageError."""
    if name == TINY:
        return str(files("journey.models") / "tiny")
    if name == SMOLLM2:
        if not smollm2.is_fetched():
            raise UsageError(f"the model {name} is not on this machine yet; {smollm2.COMMAND} gets it (93 MB)")
        return str(smollm2.folder())
    kind, _, rest = name.partition("/")
    if kind == "hf" and rest:
        return rest
    raise UsageError(f"there is no model {name!r} with weights; known are tiny, smollm2 and hf/ID-or-folder")


def has_weights(name: str) -> bool:
    """Whether a model of that name is loaded into this process by `journey.models.local`."""
    kind, _, rest = name.partition("/")
    return name in (TINY, SMOLLM2) or (kind == "hf" and bool(rest))


def place_of(path: str | Path) -> str:
    """One name for a folder of weights however its path is written; a hub id is its own."""
    folder = Path(path).expanduser()
    return str(folder.resolve()) if folder.is_dir() else str(path)


def folder_hash(folder: Path) -> str:
    """A hash of the folder's safetensors: of their names, sizes and bytes, of both ends of large ones."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name} {size}".encode())
        with file.open("rb") as data:
            if size <= WHOLE:
                digest.update(data.read())
            else:
                digest.update(data.read(SAMPLE))
                data.seek(-SAMPLE, 2)
                digest.update(data.read())
    return digest.hexdigest()[:16]


def check_weights(name: str) -> None:
    """Raises UsageError where the tiny model, the fetched one, or a folder that is named as one, is not there."""
    if not has_weights(name):
        return
    path = model_path(name)
    if name == TINY and not (Path(path) / "config.json").is_file():
        raise UsageError(
            "the tiny model is missing in this installation; make it with journey pretrain recipes/tiny_base.yaml "
            f"--out {path}"
        )
    if path.startswith((".", "/", "~")) and not Path(path).expanduser().is_dir():
        raise UsageError(f"there is no model folder {path}; give one with config.json and model.safetensors")


def local(path: str | Path, called: str, dtype: str = AUTO) -> Model:
    """The model in a folder (or of a hub id), in this process. Raises UsageError where the extra is not installed."""
    try:
        from journey.models.local import Local
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{called} needs {error.name}; install it with pip install 'journey-learning[local]'"
        ) from None
    limit_threads(path)
    return Local(path, called, dtype=dtype)


def thoughtful(path: str | Path, called: str) -> Model:
    """The model in a folder that Quiet-STaR trained, which thinks before each line, in this process."""
    from journey.models.local_thoughts import Thoughtful

    limit_threads(path)
    return Thoughtful(path, called)


def lacking(path: str | Path, texts: Iterable[str]) -> list[str]:
    """Of each text that the tokenizer of the model in that folder cannot read, the first piece it lacks.

    Raises UsageError where there is no tokenizer.
    """
    return [piece for piece in map(reader_of(path), texts) if piece is not None]


def reader_of(path: str | Path) -> Callable[[str], str | None]:
    """Says what the tokenizer of the model in that folder lacks first of a text, null where it can read all of it.

    Raises UsageError where there is no tokenizer.
    """
    try:
        from transformers import AutoTokenizer

        from journey.models.local_text import Text
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{path} is read by {error.name}; install it with pip install 'journey-learning[train]'"
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(Path(path).expanduser()), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"the tokenizer of {path} cannot be loaded ({' '.join(str(error).split())[:160]})") from None
    return Text(tokenizer, (), len(tokenizer)).missing


def token_counter(path: str | Path) -> Callable[[dict[str, Any]], int]:
    """How many tokens of a prompt/completion row the model in that folder is trained on."""
    count = text_counter(path)
    return lambda row: count(row["completion"]) + 1


def text_counter(path: str | Path) -> Callable[[str], int]:
    """How many tokens a text has for the model in that folder."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    return lambda text: len(tokenizer(text)["input_ids"])


def convert_gguf(gguf: Path, into: Path) -> None:
    """Turns SmolLM2's GGUF file into a model folder. Raises UsageError."""
    try:
        from journey.models.local_gguf import convert
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{gguf.name} needs {error.name} to be read; install it with pip install 'journey-learning[local]'"
        ) from None
    convert(gguf, into)


def hardware() -> dict[str, str]:
    """What torch sees of this machine; "no torch" without the extra."""
    try:
        import torch
    except ModuleNotFoundError:
        return {"computes on": "no torch: pip install 'journey-learning[local]'"}
    if torch.cuda.is_available():
        return {"computes on": torch.cuda.get_device_name(), "bf16": str(torch.cuda.is_bf16_supported())}
    kind = "mps" if torch.backends.mps.is_available() else "cpu"
    return {"computes on": kind, "bf16": str(bool(torch.cpu.get_capabilities().get("avx512_bf16")))}


def check_dtype(name: str) -> None:
    """Raises UsageError for a name that says no precision."""
    if name not in DTYPES:
        raise UsageError(f"there is no dtype {name!r}; known are {', '.join(DTYPES)}")


def worker_memory(path: str | Path) -> int:
    """Bytes that a process needs to train the model in a folder and to write with it; 0 for a small one, or unknown.

    The libraries, the weights, their gradients and Adam's two moments in float32, and what the layers keep of
    `TOKENS_ON_CPU` tokens (36 bytes a unit were measured; a longer row takes more), or 2 GiB of keys and values.
    """
    folder = Path(path).expanduser()
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if size < SMALL:
        return 0
    text = (folder / "config.json").read_text("utf-8")
    config = json.loads(text)
    config = config.get("text_config", config)
    weights = size // (4 if '"dtype": "float32"' in text else 2)
    units = config.get("num_hidden_layers", 0) * (config.get("hidden_size", 0) + config.get("intermediate_size", 0))
    return 700_000_000 + 16 * weights + max(36 * units * TOKENS_ON_CPU, 2 << 30)


def free_memory() -> int | None:
    """Bytes that this machine could give to new processes; null where it does not say."""
    facts = Path("/proc/meminfo")
    found = re.search(r"MemAvailable: *(\d+) kB", facts.read_text()) if facts.is_file() else None
    return None if found is None else int(found[1]) << 10
