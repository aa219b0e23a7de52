"""A tiny vision-language model, made in seconds: it says which colour a picture has, and is wrong one time in three.

A LLaVA of transformers with a tokenizer and an image processor of its own, so that a real server can show that pictures
reach a model: the question is the same for all, and only the picture tells the answer.
"""

from pathlib import Path
from typing import Any

from journey.models.base import Prompt
from journey.models.server_request import Way, messages
from journey.tasks.table import ask
from journey.types import make_problem

QUESTION = "Which colour does the square have?"
COLOURS = {"red": "blue", "blue": "green", "green": "red"}
"""What the model says of a square, and what it says when it is wrong."""
SIDE = 16
TEMPLATE = """{% for m in messages %}<{{ m.role }}>{% if m.content is string %}{{ m.content }}{% else %}
{%- for c in m.content %}{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}{% endfor %}{% endif %}</s>
{%- endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"""


def steps(colour: str) -> tuple[str, str]:
    """How the model says a colour, in two steps."""
    return f"The square is {colour}.\n\n", f"The answer is \\boxed{{{colour}}}."


def conversations(colour: str) -> list[tuple[list[dict[str, Any]], str]]:
    """What the model is asked of a picture of that colour, and its answers: from the beginning, and going on."""
    first = ask(make_problem(QUESTION, colour, task="text"), ())
    found: list[tuple[list[dict[str, Any]], str]] = []
    for name in (colour, colour, COLOURS[colour]):
        said, end = steps(name)
        way: Way = "instruction"
        found.append((messages(first, None, ["x"]), said + end))
        found.append((messages(Prompt(first.text, said), way, ["x"]), end))
    return [([_placed(turn) for turn in chat], answer) for chat, answer in found]


def _placed(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn whose pictures are places for them, as chat templates have them."""
    if isinstance(turn["content"], str):
        return turn
    return {**turn, "content": [{"type": "image"} if part["type"] == "image_url" else part for part in turn["content"]]}


def make_vision_model(folder: Path, updates: int = 80) -> Path:
    """Makes the model into the folder."""
    import torch
    from PIL import Image
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    chats = [(colour, chat, answer) for colour in COLOURS for chat, answer in conversations(colour)]
    processor = _processor([text for _, chat, answer in chats for text in (str(chat), answer)])
    tokenizer = processor.tokenizer
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=32, projection_dim=32, num_hidden_layers=1, num_attention_heads=2,
        image_size=SIDE, patch_size=SIDE // 2,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=1024, eos_token_id=1, pad_token_id=0, bos_token_id=None,
    )  # fmt: skip
    torch.manual_seed(0)
    torch.set_num_threads(1)  # several wait for each other on a busy machine
    model = LlavaForConditionalGeneration(LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="full", vision_feature_layer=-1,
    ))  # fmt: skip
    texts = [
        processor.apply_chat_template(chat, add_generation_prompt=True) + answer + "</s>" for _, chat, answer in chats
    ]
    pictures = [Image.new("RGB", (SIDE, SIDE), colour) for colour, _, _ in chats]
    batch = processor(images=pictures, text=texts, return_tensors="pt", padding=True)
    labels = batch["input_ids"].clone()
    labels[batch["attention_mask"] == 0] = -100
    for row in labels:
        row[: (row == tokenizer.convert_tokens_to_ids("<assistant>")).nonzero()[-1, 0] + 1] = -100
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(updates):
        model(**batch, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.generation_config.update(do_sample=True, eos_token_id=1, pad_token_id=0)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _processor(texts: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlavaProcessor, PreTrainedTokenizerFast
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<image>", "<user>", "<assistant>", "<system>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, special_tokens=special)
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", chat_template=TEMPLATE,
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    size = {"height": SIDE, "width": SIDE}
    pictures = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
    return LlavaProcessor(
        pictures, fast, patch_size=SIDE // 2, vision_feature_select_strategy="full", chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    )  # fmt: skip
