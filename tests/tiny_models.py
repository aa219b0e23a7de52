"""Tiny random causal language models with tokenizers, made from scratch: what tests use where a real model is slow."""

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

WORDS = [*(str(i) for i in range(100)), *"+-*/=()", "->", "yes", "no", "\n"]

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_CORPUS = [
    "Step 1: 3 + 4 = 7, so the sum is 7.\n",
    "Wait, let me check: 12 * 3 = 36.\n\nTherefore the answer is \\boxed{36}.\n",
    "What is the value of x if 2x + 3 = 11? Then x = 4.\n",
]


def word_tokenizer(unknown: str | None = None) -> PreTrainedTokenizerFast:
    """One token a word and a line end, no chat template; `unknown` names the token of missing words, if any."""
    special = ["<pad>", "<eos>", *([unknown] if unknown else [])]
    vocabulary = {word: i for i, word in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=unknown) if unknown else models.WordLevel(vocabulary))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split(" ", "removed")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace(Regex(r"\z"), " "),
            decoders.Fuse(),
            decoders.Replace(Regex(r" ?\n "), "\n"),
            decoders.Strip(" ", 0, 1),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", **({"unk_token": unknown} if unknown else {})
    )


def chat_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of some 300 tokens with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=310,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        extra_special_tokens=["<|im_start|>"],
    )
    made.chat_template = CHAT_TEMPLATE
    return made


def save_word_model(
    folder: Path, *, seed: int = 0, unknown: str | None = None, context: int = 512, width: int = 64, kv_heads: int = 4
) -> Path:
    """A random Llama of 4 layers with the word tokenizer, saved in the Hugging Face layout (width 128: 0.8M)."""
    tokenizer = word_tokenizer(unknown)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=3 * width, num_hidden_layers=4,
        num_attention_heads=4, num_key_value_heads=kv_heads, max_position_embeddings=context, tie_word_embeddings=True,
        initializer_range=0.3, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )  # fmt: skip
    return _save(LlamaForCausalLM(config), tokenizer, folder)


def save_chat_model(folder: Path, *, seed: int = 0, context: int = 512) -> Path:
    """A random Qwen3 of 2 layers and width 64 (grouped heads) with the chat tokenizer, saved likewise."""
    tokenizer = chat_tokenizer()
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=context, tie_word_embeddings=True,
        initializer_range=0.3, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )  # fmt: skip
    return _save(Qwen3ForCausalLM(config), tokenizer, folder)


def _save(model: LlamaForCausalLM | Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
