"""Checkpoints of the tiny base's pre-training: complete under their names or not there."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from journey.errors import UsageError
from journey.tasks.exploration import END
from journey.tasks.tiny_words import VOCABULARY
from journey.training.pretrain_blocks import Blocks
from journey.training.pretrain_settings import PretrainSettings
from journey.types import content_hash

KEPT = 2  # checkpoints


def save(model: Qwen3ForCausalLM, out: Path) -> Path:
    """Writes the model with its tokenizer; gives back the folder."""
    model.save_pretrained(out)
    word_tokenizer().save_pretrained(out)
    return out


def word_tokenizer() -> PreTrainedTokenizerFast:
    """One token a word over `VOCABULARY`, a line break a word of its own; a word outside it is an error."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split(" ", "removed")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.WordPiece(prefix="##", cleanup=False), decoders.Fuse(), decoders.Replace(Regex(" ?\n ?"), "\n")]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=VOCABULARY[0], eos_token=END, clean_up_tokenization_spaces=False
    )


def keep(
    folder: Path,
    step: int,
    seconds: float,
    model: Qwen3ForCausalLM,
    optimizers: list[torch.optim.Optimizer],
    blocks: Blocks,
    settings: PretrainSettings,
) -> None:
    """Writes a checkpoint: complete under its name or not there; older ones but the last are removed."""
    made, place = folder / "unfinished", folder / f"checkpoint-{step}"
    shutil.rmtree(made, ignore_errors=True)
    save(model, made)
    torch.save([optimizer.state_dict() for optimizer in optimizers], made / "optimizers.pt")
    state = {"work": work(settings), "step": step, "seconds": seconds, "blocks": blocks.state()}
    (made / "state.json").write_text(json.dumps(state), "utf-8")
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place)
    for old in checkpoints(folder)[:-KEPT]:
        shutil.rmtree(old)


def restore(
    folder: Path,
    model: Qwen3ForCausalLM,
    optimizers: list[torch.optim.Optimizer],
    blocks: Blocks,
    settings: PretrainSettings,
) -> tuple[int, float]:
    """Puts the last checkpoint's state in place; gives back its step and seconds, 0 where there is none."""
    if not (found := checkpoints(folder)):
        return 0, 0.0
    state = json.loads((found[-1] / "state.json").read_text("utf-8"))
    if state["work"] != work(settings):
        raise UsageError(
            f"{folder} holds checkpoints of other settings; give another --out, or remove that folder to start again"
        )
    model.load_state_dict(weights_of(found[-1], model))
    kept = torch.load(found[-1] / "optimizers.pt", weights_only=True)
    for optimizer, its_state in zip(optimizers, kept, strict=True):
        optimizer.load_state_dict(its_state)
    blocks.go_on_from(state["blocks"])
    return state["step"], state["seconds"]


def weights_of(folder: str | Path, like: Qwen3ForCausalLM) -> dict[str, torch.Tensor]:
    """The weights in a folder. Raises UsageError where there are none, or not of the same shape."""
    if not (Path(folder) / "model.safetensors").is_file():
        raise UsageError(f"start names {folder}, which holds no model.safetensors; name a model that pretrain made")
    found = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()
    if {k: v.shape for k, v in found.items()} != {k: v.shape for k, v in like.state_dict().items()}:
        raise UsageError(
            f"the model in {folder} has another shape than this recipe's; give its width, layers and heads"
        )
    return found


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints, the oldest first."""
    return sorted(folder.glob("checkpoint-*"), key=lambda place: int(place.name.split("-")[1]))


def work(settings: PretrainSettings) -> str:
    """The name of the settings that decide the weights."""
    aside = ("checkpoint_every", "measure_every")
    return content_hash("pretrain", {k: v for k, v in asdict(settings).items() if k not in aside}, VOCABULARY)
