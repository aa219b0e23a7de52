"""A trained model on disk: the Hugging Face layout, safetensors only, complete or not there."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from journey.types import EMPTY

Curve = list[dict[str, Any]]


def workshop(out: Path) -> Path:
    """The folder beside `out` where a model is made: checkpoints while training, then the model before its renaming."""
    return out.parent / f".{out.name}.training"


def finished(out: Path, work: str) -> Curve | None:
    """The curve of the model in `out` if it is what this unit of work makes, else null."""
    summary = out / "training.json"
    if not summary.is_file() or json.loads(summary.read_text("utf-8")).get("work") != work:
        return None
    return json.loads((out / "curve.json").read_text("utf-8"))


def write_model(
    net: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, curve: Curve, summary: Mapping[str, Any], out: Path,
    beside: Mapping[str, dict[str, torch.Tensor]] = EMPTY, state: dict[str, torch.Tensor] | None = None,
) -> None:  # fmt: skip
    """Writes model, tokenizer, curve.json and training.json, then puts them in the place of `out` in one renaming.

    `beside` are further weights by the names of their safetensors files; `state` the model's own where it does not hold
    them all itself.

    Raises OSError where the disk refuses; `out` then is what it was.
    """
    made = workshop(out) / "model"
    shutil.rmtree(made, ignore_errors=True)
    try:
        net.save_pretrained(made, state_dict=state)
        for name, weights in beside.items():
            save_file(weights, made / name)
    except SafetensorError as error:  # a full disk, said by a library that knows no errno
        if (number := re.search(r"os error (\d+)", str(error))) is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(made)) from error
    tokenizer.save_pretrained(made)
    _add_old_names(made / "config.json")
    _write_json(made / "curve.json", curve)
    _write_json(made / "training.json", {"schema": 1, **summary})
    for file in made.iterdir():
        _sync(file)
    replaced = workshop(out) / "replaced"
    if out.exists():
        out.rename(replaced)
    made.rename(out)
    _sync(out.parent)
    shutil.rmtree(workshop(out))


def _add_old_names(config: Path) -> None:
    """Writes rope_theta and torch_dtype at top level too: other readers do not know where transformers 5 keeps them."""
    data = json.loads(config.read_text("utf-8"))
    theta = (data.get("rope_parameters") or {}).get("rope_theta")
    if theta is not None:
        data.setdefault("rope_theta", theta)
    if "dtype" in data:
        data.setdefault("torch_dtype", data["dtype"])
    _write_json(config, data)


def _write_json(file: Path, data: Any) -> None:
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
