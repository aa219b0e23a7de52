"""Makes the tiny base model from scratch: a small Qwen3 that reads truthful random exploration of the embedded tasks.

One plain loop, since nothing here is special: packed documents, next-token loss, a warm-up and a cosine.
"""

import ctypes
import json
import math
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from journey.errors import UsageError
from journey.tasks import lists
from journey.tasks.exploration import END, ExplorationSettings
from journey.tasks.table import TASKS
from journey.tasks.tiny_words import VOCABULARY, tokenize
from journey.training.save import workshop
from journey.training.words import word_tokenizer
from journey.types import content_hash

LISTS = "lists"  # single steps of a puzzle that is no task yet
KEPT = 2  # checkpoints
IGNORED = -100  # label of a token that is not learnt

Log = Callable[[dict[str, Any]], None]
Measure = Callable[[Path], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """`tokens` of training in blocks of `block` tokens, `batch` blocks a step."""

    tokens: int
    block: int
    batch: int


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Size of the model, what it reads, and how fast it learns.

    `mix`: the shares of documents by task ("lists" are single steps of a third puzzle). `learn_questions` false: of a
    question only the first word is learnt, since the rest is random. `optimizer` "muon" is for the matrices inside
    the layers (Jordan et al. 2024), AdamW then learns the words and the norms. The learning rate is constant after the
    warm-up; in the last `decay` of the steps it falls in a cosine to `final_share`. Every `checkpoint_every` steps the
    state is kept to go on from (0: never), and every `measure_every` steps the skills are measured (0: never).
    """

    width: int = 160
    layers: int = 4
    heads: int = 5
    key_value_heads: int = 1
    inner: int = 480
    mix: Mapping[str, float] = field(default_factory=lambda: {"countdown": 0.5, "maze": 0.46, LISTS: 0.04})
    exploration: ExplorationSettings = ExplorationSettings()
    learn_questions: bool = True
    stages: tuple[Stage, ...] = (Stage(36_000_000, 256, 32), Stage(12_000_000, 768, 12))
    optimizer: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = 2e-3
    decay: float = 1.0
    final_share: float = 0.02
    warmup_steps: int = 200
    weight_decay: float = 0.05
    precision: Literal["bf16", "fp32"] = "bf16"
    seed: int = 0
    threads: int = 2
    compiled: bool = True
    checkpoint_every: int = 250
    measure_every: int = 0

    def __post_init__(self) -> None:
        """Refuses what cannot be read (UsageError)."""
        known = [LISTS, *(name for name, task in TASKS.items() if task.explore is not None)]
        for name in self.mix:
            if name not in known:
                raise UsageError(f"the tiny base cannot read {name!r}; mix takes {', '.join(known)}")


def pretrain(out: Path, settings: PretrainSettings, on_log: Log, measure: Measure | None = None) -> None:
    """Trains the model and saves it to `out` (safetensors); goes on from the last checkpoint of the same settings.

    `on_log` gets step, tokens, of all, loss in nats a token, seconds and tokens a second every 100 steps; `measure`
    gets a folder with the model as it is, and its figures go to `on_log`, too. Raises UsageError where the checkpoints
    beside `out` were made with other settings.
    """
    keep_memory()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    model = Qwen3ForCausalLM._from_config(model_config(settings), attn_implementation="sdpa")
    forward = torch.compile(model) if settings.compiled else model
    optimizers = make_optimizers(model, settings)
    blocks = Blocks(settings)
    folder = workshop(out)
    step, seconds = restore(folder, model, optimizers, blocks, settings)
    total, all_tokens = blocks.steps, blocks.tokens
    began, seen_before, losses = time.perf_counter() - seconds, blocks.seen, list[torch.Tensor]()
    started = time.perf_counter()
    for block, labels in blocks:
        share = rate(step, total, settings)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * share
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=settings.precision == "bf16"):
            logits = forward(input_ids=block, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(
            logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(loss.detach())
        step += 1
        if step % 100 == 0 or step == total:
            now = time.perf_counter()
            point = {"step": step, "tokens": blocks.seen, "of": all_tokens, "loss": float(torch.stack(losses).mean())}
            pace = (blocks.seen - seen_before) / (now - started)
            on_log(point | {"seconds": now - began, "tokens_per_second": pace})
            losses.clear()
        if settings.checkpoint_every and step % settings.checkpoint_every == 0 and step < total:
            keep(folder, step, time.perf_counter() - began, model, optimizers, blocks, settings)
        if measure is not None and settings.measure_every and step % settings.measure_every == 0 and step < total:
            on_log({"step": step, "tokens": blocks.seen, "skills": measure(save(model, folder / "measured"))})
    save(model, out)
    shutil.rmtree(folder, ignore_errors=True)


def save(model: Qwen3ForCausalLM, out: Path) -> Path:
    """Writes the model with its tokenizer; gives back the folder."""
    model.save_pretrained(out)
    word_tokenizer().save_pretrained(out)
    return out


def keep(
    folder: Path,
    step: int,
    seconds: float,
    model: Qwen3ForCausalLM,
    optimizers: list[torch.optim.Optimizer],
    blocks: "Blocks",
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
    blocks: "Blocks",
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
    model.load_state_dict(Qwen3ForCausalLM.from_pretrained(found[-1], dtype=torch.float32).state_dict())
    kept = torch.load(found[-1] / "optimizers.pt", weights_only=True)
    for optimizer, its_state in zip(optimizers, kept, strict=True):
        optimizer.load_state_dict(its_state)
    blocks.go_on_from(state["blocks"])
    return state["step"], state["seconds"]


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints, the oldest first."""
    return sorted(folder.glob("checkpoint-*"), key=lambda place: int(place.name.split("-")[1]))


def work(settings: PretrainSettings) -> str:
    """The name of the settings that decide the weights."""
    aside = ("checkpoint_every", "measure_every")
    return content_hash("pretrain", {k: v for k, v in asdict(settings).items() if k not in aside}, VOCABULARY)


def make_optimizers(model: Qwen3ForCausalLM, settings: PretrainSettings) -> list[torch.optim.Optimizer]:
    """AdamW for all weights, or Muon for the matrices inside the layers and AdamW for the others."""
    inside = [w for name, w in model.named_parameters() if w.ndim == 2 and "embed" not in name]
    is_muon = settings.optimizer == "muon"
    others = [w for w in model.parameters() if not (is_muon and any(w is matrix for matrix in inside))]
    lr, decay = settings.learning_rate, settings.weight_decay
    adamw = torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=decay, fused=True)
    if not is_muon:
        return [adamw]
    return [torch.optim.Muon(inside, lr=lr, weight_decay=decay, adjust_lr_fn="match_rms_adamw"), adamw]


def keep_memory() -> None:
    """Keeps freed memory in the process: mapping every large tensor anew was measured to take half of the time."""
    if sys.platform == "linux":
        trim_threshold, map_threshold = -1, -3
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # glibc
            libc.mallopt(map_threshold, 1 << 30)
            libc.mallopt(trim_threshold, (1 << 31) - 1)


def model_config(settings: PretrainSettings) -> Qwen3Config:
    """A Qwen3 with the puzzles' words as vocabulary."""
    return Qwen3Config(
        vocab_size=len(VOCABULARY),
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.key_value_heads,
        head_dim=settings.width // settings.heads,
        intermediate_size=settings.inner,
        tie_word_embeddings=True,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=VOCABULARY.index(END),
    )


def rate(step: int, total: int, settings: PretrainSettings) -> float:
    """The share of the learning rate at a step: a linear warm-up, then constant, then a cosine to `final_share`."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    falls_from = max(settings.warmup_steps, round((1 - settings.decay) * total))
    done = max(0.0, (step - falls_from) / max(1, total - falls_from))
    return settings.final_share + (1 - settings.final_share) * 0.5 * (1 + math.cos(math.pi * done))


class Blocks:
    """Blocks of packed documents with their labels, (batch, block) token ids each.

    Each block begins with the beginning of a document. `seen` counts the tokens given so far.
    """

    def __init__(self, settings: PretrainSettings) -> None:
        self._settings = settings
        self._rng = random.Random(settings.seed)
        self._plan = [stage for stage in settings.stages for _ in range(stage.tokens // (stage.block * stage.batch))]
        self._given = 0
        self._names, self._shares = list(settings.mix), list(settings.mix.values())
        self.steps = len(self._plan)
        self.tokens = sum(stage.block * stage.batch for stage in self._plan)

    @property
    def seen(self) -> int:
        """The tokens of the blocks given so far."""
        return sum(stage.block * stage.batch for stage in self._plan[: self._given])

    def state(self) -> dict[str, Any]:
        """What `go_on_from` needs, as JSON."""
        version, numbers, gauss = self._rng.getstate()
        return {"given": self._given, "random": [version, list(numbers), gauss]}

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Goes on where the blocks stood that gave this state."""
        version, numbers, gauss = state["random"]
        self._rng.setstate((version, tuple(numbers), gauss))
        self._given = state["given"]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while self._given < self.steps:
            stage = self._plan[self._given]
            rows = [self._block(stage.block) for _ in range(stage.batch)]
            self._given += 1
            yield torch.tensor([ids for ids, _ in rows]), torch.tensor([labels for _, labels in rows])

    def _block(self, length: int) -> tuple[list[int], list[int]]:
        ids: list[int] = []
        labels: list[int] = []
        while len(ids) < length:
            (name,) = self._rng.choices(self._names, self._shares)
            explore = lists.explore if name == LISTS else TASKS[name].explore
            assert explore is not None  # the settings refuse others
            new = tokenize(explore(self._rng, self._settings.exploration) + "\n")
            ids += new
            random_words = 0 if self._settings.learn_questions else new.index(tokenize("\n")[0]) - 1
            labels += [new[0], *[IGNORED] * random_words, *new[1 + random_words :]]
        return ids[:length], labels[:length]
