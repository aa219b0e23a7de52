"""The dials of training, light enough to read a recipe without loading torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from journey.errors import ABOVE_0, UsageError, check_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimising:
    """What every training shares.

    `micro_batch` is how many rows one process holds at once (null: all of a step). `warmup`: a share of the steps if
    below 1, else steps. `lora`: the rank of the adapters, which are merged into the saved model; null trains all
    weights. `precision` "auto" is bf16 where the machine computes in it. `save_every` steps a checkpoint is kept to
    resume from (0: none).
    """

    learning_rate: float = 2e-5
    micro_batch: int | None = None
    warmup: float = 0.0
    schedule: Literal["linear", "cosine", "constant"] = "cosine"
    weight_decay: float = 0.0
    lora: int | None = None
    seed: int = 0
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Literal["auto", "cpu"] = "auto"
    save_every: int = 0
    resume: bool = True

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with (UsageError)."""
        check_settings(
            self, learning_rate=ABOVE_0, lora=1, micro_batch=1, warmup=0, weight_decay=0, seed=0, save_every=0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings(Optimising):
    """What the trainings on rows share.

    `max_steps` null: `epochs` passes over the rows. `batch` counts rows a step over all processes. `max_length` in
    tokens, null: the model's context; `long_rows` says what happens to rows beyond it.
    """

    epochs: float = 3.0
    max_steps: int | None = None
    batch: int = 16
    max_length: int | None = None
    long_rows: Literal["refuse", "drop"] = "refuse"

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with (UsageError)."""
        Optimising.__post_init__(self)
        check_settings(self, batch=1, max_steps=1)
        if self.batch % (self.micro_batch or self.batch):
            raise UsageError(f"micro_batch {self.micro_batch} does not divide batch {self.batch}: choose another.")
        if self.max_steps is None and self.epochs <= 0:
            raise UsageError(f"epochs is {self.epochs}: give a positive number, or max_steps.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SftSettings(TrainSettings):
    """Supervised fine-tuning; three passes, as in phase 2 of the O1 Replication Journey part 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DpoSettings(TrainSettings):
    """Preference optimisation. `beta` and `loss` are those of the DPO paper (Rafailov et al. 2023, equation 7).

    `sft_weight`: how much the chosen answers' own loss counts beside it; DPO alone lowers the likelihood of both.
    `label_smoothing`: the share of pairs that may stand the wrong way round, by the robust form of the sigmoid loss
    (Chowdhury et al. 2024).
    """

    epochs: float = 1.0
    learning_rate: float = 1e-6
    beta: float = 0.1
    loss: Literal["sigmoid", "ipo", "hinge"] = "sigmoid"
    sft_weight: float = 0.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with (UsageError)."""
        TrainSettings.__post_init__(self)
        check_settings(self, beta=ABOVE_0, sft_weight=0, label_smoothing=0)
        if self.label_smoothing >= 0.5:
            raise UsageError(f"label_smoothing is {self.label_smoothing}: give a share below 0.5.")
        if self.label_smoothing and self.loss != "sigmoid":
            raise UsageError(f"label_smoothing goes with the loss sigmoid, not {self.loss}: leave one of them out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrmSettings(TrainSettings):
    """A step classifier. `classes` 2 (bad, good) or 3 (bad, neutral, good, as ReasonEval's).

    `soft`: the labels of a run's trees are the scores of their steps instead of the verdicts. `neutral` says what a
    neutral step is to two classes; PRM800K's are good ones. `separator` stands behind every step; its end is where the
    step is scored.
    """

    epochs: float = 2.0
    learning_rate: float = 1e-5
    classes: Literal[2, 3] = 2
    soft: bool = False
    neutral: Literal["right", "wrong", "skip"] = "right"
    separator: str = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietStarSettings(SftSettings):
    """Quiet-STaR: `samples` thoughts of `thought` tokens at no more than `places` places of a row.

    `reinforce` is the weight of REINFORCE's loss, `new_rate` how much faster the learnt parts of thoughts learn.
    """

    thought: int = 8
    samples: int = 2
    places: int = 4
    reinforce: float = 1.0
    new_rate: float = 1.0

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with (UsageError)."""
        TrainSettings.__post_init__(self)
        check_settings(self, thought=1, samples=2, places=1, reinforce=0, new_rate=ABOVE_0)


YOUNG: Mapping[str, Any] = {
    "sft_weight": 0.0, "label_smoothing": 0.0, "engine": "local", "judge": None, "dollars": None, "hour_price": None,
}  # fmt: skip
"""Settings that are younger than runs that people have, with the value at which they change nothing."""


def what_matters(settings: Optimising) -> dict[str, Any]:
    """The settings that decide the trained weights, which name the unit of work.

    One that is younger than runs that people have is left out where it changes nothing, so that their models stand.
    """
    young = {name for name, value in YOUNG.items() if getattr(settings, name, value) == value}
    without = {"save_every", "resume", "server", "gpu_share", *young}
    return {name: value for name, value in asdict(settings).items() if name not in without}
