"""Tiny process reward models whose scores can be worked out on paper, one in every published form.

One layer of attention that weighs all tokens alike, no other computing: at position n stands how many more words "good"
than "bad" there were among the n tokens so far, and a head that reads this one number.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForTokenClassification, LlamaModel, PreTrainedTokenizerFast

from journey.judges.classifier_forms import QWEN_SYSTEM, REASONEVAL_PROMPT

WIDTH = 8
WORDS = ["good", "bad", "fine", "ки", "+", "-", "Sum", "?", *(f"{i}:" for i in range(1, 10)), "Step", "user", "system"]
SPECIAL = ["<pad>", "<unk>", "<eos>", "<extra_0>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|> ' + m['role'] + ' \\n ' + m['content'] + ' <|im_end|> \\n ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|> assistant \\n ' }}{% endif %}"
)
QUESTION = "Sum good ?"


def tokenizer(without: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """A word a token, a line end too; what is not in the vocabulary becomes <unk>."""
    told = f"{QWEN_SYSTEM} {REASONEVAL_PROMPT} assistant {QUESTION}".split()
    words = [word for word in dict.fromkeys([*SPECIAL, "\n", *WORDS, *told]) if word not in without]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(" ", "removed"), pre_tokenizers.Split("\n", "isolated")]
    )
    special = [word for word in SPECIAL[3:] if word not in without]
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", eos_token="<eos>", extra_special_tokens=special
    )
    fast.chat_template = TEMPLATE
    return fast


def config(words: int, **more: object) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=words, hidden_size=WIDTH, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, head_dim=WIDTH, max_position_embeddings=128, tie_word_embeddings=False, rms_norm_eps=0.0,
        bos_token_id=None, eos_token_id=2, pad_token_id=0, **more,
    )  # fmt: skip


def counting(backbone: LlamaModel, vocabulary: dict[str, int]) -> None:
    """Sets the weights: dimension 1 says "good" (2) or "bad" (-2), attention writes its mean into dimension 2."""
    for weights in backbone.parameters():
        weights.data.zero_()
    layer = backbone.layers[0]
    for norm in (layer.input_layernorm, layer.post_attention_layernorm, backbone.norm):
        norm.weight.data.fill_(1.0)
    backbone.embed_tokens.weight.data[:, 0] = 1.0
    backbone.embed_tokens.weight.data[vocabulary["good"], 1] = 2.0
    backbone.embed_tokens.weight.data[vocabulary["bad"], 1] = -2.0
    layer.self_attn.v_proj.weight.data[2, 1] = 1.0
    layer.self_attn.o_proj.weight.data.copy_(torch.eye(WIDTH))


def reading(tokens: str) -> float:
    """What dimension 2 holds at the last of these tokens, which must be neither "good" nor "bad"."""
    words = tokens.split(" ")
    size = 2 / math.sqrt((1 + 4) / WIDTH)
    mean = size * (words.count("good") - words.count("bad")) / len(words)
    return mean / math.sqrt((1 + mean**2) / WIDTH)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def two_classes(tokens: str) -> float:
    """The score of a head whose logits are minus and plus the reading."""
    return sigmoid(2 * reading(tokens))


def three_classes(tokens: str) -> tuple[float, float, float]:
    """The classes of a head whose logits are minus the reading, 0.5 and the reading."""
    value = reading(tokens)
    parts = [math.exp(-value), math.exp(0.5), math.exp(value)]
    return parts[0] / sum(parts), parts[1] / sum(parts), parts[2] / sum(parts)


def save_words(folder: Path, without: Sequence[str] = (), **more: object) -> Path:
    """A plain language model (Math-Shepherd, chat): "+" has the reading as its logit, "-" minus the reading."""
    fast = tokenizer(without)
    model = LlamaForCausalLM(config(len(fast), **more))
    vocabulary = fast.get_vocab()
    counting(model.model, vocabulary)
    model.lm_head.weight.data.zero_()
    for word, value in (("+", 1.0), ("-", -1.0)):
        if word in vocabulary:
            model.lm_head.weight.data[vocabulary[word], 2] = value
    return _save(model, fast, folder)


def save_labels(folder: Path, labels: int = 2) -> Path:
    """A token classifier of transformers' own (TRL's trainer, ours)."""
    fast = tokenizer()
    model = LlamaForTokenClassification(config(len(fast), num_labels=labels))
    counting(model.model, fast.get_vocab())
    weight, bias = head(labels)
    model.score.weight.data.copy_(weight)
    model.score.bias.data.copy_(bias)
    return _save(model, fast, folder)


def head(labels: int) -> tuple[torch.Tensor, torch.Tensor]:
    weight, bias = torch.zeros(labels, WIDTH), torch.zeros(labels)
    weight[0, 2], weight[-1, 2] = -1.0, 1.0
    if labels == 3:
        bias[1] = 0.5
    return weight, bias


def save_foreign(folder: Path, heads: dict[str, torch.Tensor]) -> Path:
    """A backbone with heads that transformers does not know, as repositories with code of their own have them."""
    fast = tokenizer()
    model = LlamaForCausalLM(config(len(fast)))
    counting(model.model, fast.get_vocab())
    _save(model, fast, folder)
    weights = load_file(folder / "model.safetensors")
    weights.pop("lm_head.weight")
    save_file(weights | heads, folder / "model.safetensors", {"format": "pt"})
    return folder


def save_qwen(folder: Path) -> Path:
    """Two layers with a ReLU between: the first keeps the reading and minus the reading apart."""
    first, second = torch.zeros(WIDTH, WIDTH), torch.zeros(2, WIDTH)
    first[0, 2], first[1, 2] = 1.0, -1.0
    second[1, 0], second[1, 1], second[0, 0], second[0, 1] = 1.0, -1.0, -1.0, 1.0
    names = {"score.0.weight": first, "score.0.bias": torch.zeros(WIDTH)}
    return save_foreign(folder, names | {"score.2.weight": second, "score.2.bias": torch.zeros(2)})


def save_reasoneval(folder: Path) -> Path:
    weight, bias = head(3)
    return save_foreign(folder, {"score_head.weight": weight, "score_head.bias": bias})


def save_skywork(folder: Path) -> Path:
    weight = torch.zeros(1, WIDTH)
    weight[0, 2] = 1.0
    return save_foreign(folder, {"v_head.summary.weight": weight, "v_head.summary.bias": torch.zeros(1)})


def _save(model: LlamaForCausalLM | LlamaForTokenClassification, fast: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
