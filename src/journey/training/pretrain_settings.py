"""The settings of the tiny base's pre-training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from journey.errors import UsageError, check_settings
from journey.tasks.exploration import ExplorationSettings
from journey.tasks.table import TASKS

LISTS = "lists"  # single steps of list functions, no puzzles of the task of that name


@dataclass(frozen=True, slots=True)
class Stage:
    """`tokens` of training in blocks of `block` tokens, `batch` blocks a step."""

    tokens: int
    block: int
    batch: int


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Size of the model, what it reads, and how fast it learns.

    `mix`: the shares of documents by task ("lists" are single steps of list functions). `learn_questions` false: of a
    question only the first word is learnt, since the rest is random. `optimizer` "muon" is for the matrices inside
    the layers (Jordan et al. 2024), AdamW then learns the words and the norms. The learning rate is constant after the
    warm-up; in the last `decay` of the steps it falls in a cosine to `final_share`. Every `checkpoint_every` steps the
    state is kept to go on from (0: never), and every `measure_every` steps the skills are measured (0: never). `start`:
    the folder of a model of this shape to start from; null: from scratch.
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
    start: str | None = None
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
        shares = self.mix.values()
        if not sum(shares) > 0 or min(shares) < 0:
            raise UsageError(f"mix is {dict(self.mix)}; give shares that are not negative, one of them above 0")
        check_settings(self, width=1, layers=1, heads=1, key_value_heads=1, inner=1, threads=1)
        if self.width % (2 * self.heads) or self.heads % self.key_value_heads:
            raise UsageError(
                f"width {self.width}, heads {self.heads}, key_value_heads {self.key_value_heads}: choose a width that "
                "twice the heads divide, and heads that the key-value heads divide"
            )
        if not self.stages or any(min(s.block, s.batch) < 1 or s.tokens < s.block * s.batch for s in self.stages):
            raise UsageError(
                "each stage takes tokens for one step at least (block times batch); give one or more stages"
            )
