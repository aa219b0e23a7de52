"""Loads a published process reward model: recognises its form, reads backbone and head, runs nothing of it.

Models whose head is code in their repository (Qwen's PRMs, ReasonEval, Skywork's) need no such code here: their
backbone is an ordinary one, and their heads are the few matrices read here by name.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging
from transformers.utils.hub import cached_file

from journey.errors import UsageError
from journey.judges.classifier_forms import FORMS, spell
from journey.judges.classifier_spelling import Spelling
from journey.models.local import best_device, choose_dtype, without_bars
from journey.models.weights import AUTO

OURS = "journey_prm"
HEADS = {
    "score_head.weight": "reasoneval",
    "v_head.summary.weight": "skywork",
    "score.0.weight": "qwen-prm",
    "score.weight": "steps",
    "classifier.weight": "steps",
}
"""The name of a head's weights tells the form."""
NAMES = {"shepherd": "math-shepherd", "rlhflow": "chat"}
"""Of models that are plain language models only the name tells the form."""
SCALED = ("logit_scale", "logits_scaling", "lm_head_multiplier")


class Loaded(NamedTuple):
    """A model ready to score; `limit` tokens fit into it, null: nothing says."""

    form: str
    spelling: Spelling
    backbone: Any
    head: torch.nn.Module
    limit: int | None


def load(
    path: str | Path, form: str | None, tag: str | None, device: str | None = None, dtype: str | None = None
) -> Loaded:
    """The model in a folder or of a hub id. Raises UsageError for one that is no judge of a known form."""
    source = str(Path(path).expanduser())
    if source.startswith((".", "/")) and not Path(source).is_dir():
        raise UsageError(f"there is no model folder {path}; give one with config.json and model.safetensors")
    if form is not None and form not in FORMS:
        raise UsageError(f"there is no form {form!r} of judges; known are {', '.join(FORMS)}")
    on = torch.device(device or best_device())
    logged = logging.get_verbosity()
    logging.set_verbosity_error()  # that a head is not part of the backbone is known here
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        weights = _weight_files(source)
        kept = dict(getattr(config, OURS, None) or {})
        chosen = form or str(kept.get("form") or detect(source, weights))
        spelling = spell(chosen, tokenizer, tag or kept.get("tag"))
        made = AutoModelForCausalLM if FORMS[chosen].head == "words" else AutoModel
        number = choose_dtype(dtype or AUTO, on, config.dtype)
        with without_bars():
            model = made.from_pretrained(source, dtype=number, use_safetensors=True, trust_remote_code=False)
    except (OSError, ValueError, SafetensorError) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"the judge {path} cannot be loaded ({line}); give a folder or hub id whose backbone transformers has, "
            "with its weights as safetensors; code that comes with a model is never run"
        ) from error
    finally:
        logging.set_verbosity(logged)
    model.to(on).eval()  # type: ignore[arg-type]
    if FORMS[chosen].head == "words":
        backbone, head = model.get_decoder(), _word_head(model, spelling)
    else:
        backbone, head = model, _own_head(weights, chosen, path)
    _refuse_two_way(backbone, path)
    classes = [layer for layer in head.modules() if isinstance(layer, torch.nn.Linear)][-1].out_features
    wanted = {"words": {2}, "sigmoid": {1}, "labels": {2, 3}}[FORMS[chosen].head]
    if classes not in wanted:
        raise UsageError(f"{path} has {classes} labels; the form {chosen} has {' or '.join(map(str, sorted(wanted)))}")
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    return Loaded(chosen, spelling, backbone, head.to(on).float().eval(), limit)


def detect(source: str, weights: Mapping[str, str]) -> str:
    """The form that the weights' names tell, else the model's own name. Raises UsageError where neither does."""
    for name, form in HEADS.items():
        if name in weights:
            return form
    for part, form in NAMES.items():
        if part in source.lower():
            return form
    raise UsageError(
        f"{source} is a plain language model and nothing says how it judges steps; name its form, as in "
        f"prm:hf/{source}[form=math-shepherd] (or chat)"
    )


def _weight_files(source: str) -> dict[str, str]:
    """The file of every weight by its name. Raises UsageError where there are no safetensors."""
    index = cached_file(source, "model.safetensors.index.json", _raise_exceptions_for_missing_entries=False)
    if index is not None:
        named: dict[str, str] = json.loads(Path(index).read_text("utf-8"))["weight_map"]
        paths = {file: str(cached_file(source, file)) for file in sorted(set(named.values()))}
        return {name: paths[file] for name, file in named.items()}
    whole = cached_file(source, "model.safetensors", _raise_exceptions_for_missing_entries=False)
    if whole is None:
        raise UsageError(f"{source} has no model.safetensors; other formats can run code and are not read: convert it")
    with safe_open(whole, "pt") as file:
        return dict.fromkeys(file.keys(), str(whole))


def _word_head(model: Any, spelling: Spelling) -> torch.nn.Module:
    """The output rows of the two words only, worst first, so that no whole vocabulary is computed."""
    output, rows = model.get_output_embeddings(), list(spelling.word_ids)
    if any(getattr(model.config, name, None) not in (None, 1, 1.0) for name in SCALED):
        raise UsageError("this language model scales its logits, which is not known here; use another judge")
    bias = getattr(output, "bias", None)
    linear = _linear(output.weight[rows], None if bias is None else bias[rows])
    cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    return linear if cap is None else torch.nn.Sequential(linear, _Capped(cap))


class _Capped(torch.nn.Module):
    def __init__(self, cap: float) -> None:
        super().__init__()
        self._cap = cap

    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return self._cap * torch.tanh(logits / self._cap)


def _own_head(weights: Mapping[str, str], form: str, path: str | Path) -> torch.nn.Module:
    """The head's matrices by name, with a ReLU between two of them (Qwen's PRMs). Raises UsageError for none.

    It is the head of the form; the only head there is may be that of another, as where a model was trained with
    transformers' own.
    """
    heads = [name for name in HEADS if name in weights]
    if not heads:
        raise UsageError(f"{path} has no head for steps ({', '.join(HEADS)}); name the form it has")
    name = next((name for name in heads if HEADS[name] == form), heads[0])
    if HEADS[name] != form and len(heads) > 1:
        raise UsageError(
            f"{path} has several heads, none of them of the form {form} ({', '.join(heads)}); name another"
        )
    names = ["score.0.weight", "score.2.weight"] if name == "score.0.weight" else [name]
    layers: list[torch.nn.Module] = []
    for part in names:
        bias = part.removesuffix("weight") + "bias"
        layers.append(_linear(_weight(weights, part), _weight(weights, bias) if bias in weights else None))
    return torch.nn.Sequential(*[one for layer in layers for one in (layer, torch.nn.ReLU())][:-1])


def _weight(weights: Mapping[str, str], name: str) -> torch.Tensor:
    with safe_open(weights[name], "pt") as file:
        return file.get_tensor(name)


def _linear(weight: torch.Tensor, bias: torch.Tensor | None) -> torch.nn.Linear:
    linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.weight.data = weight.detach().clone()
    if bias is not None:
        linear.bias.data = bias.detach().clone()
    return linear


def _refuse_two_way(backbone: Any, path: str | Path) -> None:
    """A model whose tokens see those behind them would judge a step by what follows it."""
    if any(getattr(layer, "is_causal", None) is False for layer in backbone.modules()):
        raise UsageError(f"{path} reads in both directions; judges of steps must be causal models")
