"""A GGUF file of the Llama kind as a model folder: weights turned back into bfloat16, the tokenizer as llama.cpp's."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from journey.errors import UsageError
from journey.models.local import without_bars

PARTS = {
    "token_embd": "embed_tokens", "output_norm": "norm", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip
"""What GGUF calls a part of a Llama, and what transformers calls it."""
CONTROL = 3  # type of a token that is no text

TOKENS = {
    "What is 17 + 28?\n\n3": [1780, 314, 216, 33, 39, 1232, 216, 34, 40, 47, 1116, 35],
    "Step 1: 3 + 4 = 7.\n\nStep": [3512, 216, 33, 42, 216, 35, 1232, 216, 36, 446, 216, 39, 30, 198, 198, 3512],
    "a\n\n1\n\n\n22": [81, 1116, 33, 16506, 34, 34],
    "x = 1,234.50": [104, 446, 216, 33, 28, 34, 35, 36, 30, 37, 32],
    " 7 7  7": [216, 39, 216, 39, 256, 39],
    "\t1\t2": [197, 33, 197, 34],
    "  two  spaces": [216, 827, 216, 5600],
    "don't I'll": [12420, 982, 339, 3060],
    "é ü ½ 漢字 🙂": [2756, 5549, 137, 216, 16738, 17097, 137, 112, 36518, 47526],
    "π ≈ 3.14159": [18708, 21004, 226, 216, 35, 30, 33, 36, 33, 37, 41],
    "٣٤": [164, 113, 164, 114],
    "²³": [19133, 39050],
    "\\boxed{36}": [76, 4810, 277, 107, 35, 38, 109],
    "<|im_start|>user\nHi<|im_end|>\n": [1, 4093, 198, 26843, 2, 198],
}
"""Ids of SmolLM2's tokenizer, as llama.cpp's server gives them for the same file."""


def convert(gguf: Path, into: Path) -> None:
    """Writes a model folder of a GGUF file like SmolLM2's: a Llama with tied embeddings, digits read one by one.

    Raises UsageError for a file that cannot be read or is another, and where the tokenizer does not read `TOKENS` so.
    """
    try:
        from gguf import GGUFReader, dequantize
    except ImportError as error:
        raise UsageError(f"a GGUF file is read with the package gguf ({error}); pip install gguf") from None
    try:
        read = GGUFReader(gguf)
        fields: dict[str, Any] = {name: field.contents() for name, field in read.fields.items()}
        kind = fields["general.architecture"], fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"]
        if kind != ("llama", "gpt2", "smollm"):
            raise UsageError(f"{gguf.name} is of the kind {', '.join(kind)}, which is not known here; take safetensors")
        model = _model(fields)
        weights = {t.name: torch.from_numpy(dequantize(t.data, t.tensor_type).copy()) for t in read.tensors}
        model.load_state_dict(
            {_name(name): _unturned(name, weight, model.config).bfloat16() for name, weight in weights.items()},
            strict=False,
            assign=True,
        )
        if left := {name for name, _ in model.named_parameters()} - set(map(_name, weights)) - {"lm_head.weight"}:
            raise UsageError(f"{gguf.name} lacks {min(left)}; take a whole file")
        tokenizer = _tokenizer(fields)
    except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(f"{gguf.name} cannot be turned into a model folder ({line}); take another model") from error
    check_tokens(tokenizer)
    model.tie_weights()
    with without_bars():
        model.save_pretrained(into)
    tokenizer.save_pretrained(into)


def _model(fields: dict[str, Any]) -> LlamaForCausalLM:
    def field(name: str) -> Any:
        return fields[f"llama.{name}"]

    config = LlamaConfig(
        vocab_size=len(fields["tokenizer.ggml.tokens"]),
        hidden_size=field("embedding_length"),
        intermediate_size=field("feed_forward_length"),
        num_hidden_layers=field("block_count"),
        num_attention_heads=field("attention.head_count"),
        num_key_value_heads=field("attention.head_count_kv"),
        max_position_embeddings=field("context_length"),
        rms_norm_eps=field("attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field("rope.freq_base")},
        tie_word_embeddings=True,
        bos_token_id=fields["tokenizer.ggml.bos_token_id"],
        eos_token_id=fields["tokenizer.ggml.eos_token_id"],
        pad_token_id=fields["tokenizer.ggml.padding_token_id"],
    )
    with torch.device("meta"):  # the weights come from the file
        return LlamaForCausalLM(config)


def _name(name: str) -> str:
    """transformers' name of a weight: blk.0.attn_q.weight is model.layers.0.self_attn.q_proj.weight."""
    *block, part, kind = name.split(".")
    return ".".join(("model", *(("layers", block[1]) if block else ()), PARTS[part], kind))


def _unturned(name: str, weight: torch.Tensor, config: LlamaConfig) -> torch.Tensor:
    """Rows of queries and keys in transformers' order; llama.cpp puts the two that a rotary turn takes side by side."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(name.split(".")[-2])
    if not heads:
        return weight
    return weight.unflatten(0, (heads, -1, 2)).transpose(1, 2).flatten(0, 2)


def _tokenizer(fields: dict[str, Any]) -> PreTrainedTokenizerFast:
    pieces: list[str] = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    made: Any = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(
        [p for p, kind in zip(pieces, fields["tokenizer.ggml.token_type"], strict=True) if kind == CONTROL]
    )
    named = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=fields["llama.context_length"],
        **{ours: pieces[fields[f"tokenizer.ggml.{theirs}_token_id"]] for ours, theirs in named.items()},
    )
    tokenizer.chat_template = fields["tokenizer.chat_template"]
    return tokenizer


def check_tokens(tokenizer: Any) -> None:
    """Raises UsageError where a tokenizer reads one of `TOKENS` otherwise."""
    for text, wanted in TOKENS.items():
        if (found := tokenizer(text, add_special_tokens=False)["input_ids"]) != wanted:
            raise UsageError(
                f"the tokenizer reads {text!r} as {found}, llama.cpp as {wanted}; this version of transformers is "
                "another than journey was tested with: see constraints.txt"
            )
