"""The dials of reinforcement learning, light enough to read a recipe without loading torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Literal, Protocol

from journey.errors import ABOVE_0, UsageError, check_settings
from journey.judges.base import Judge
from journey.training.border_values import BorderSettings
from journey.training.branching import BranchSettings
from journey.training.credit import CREDITS, CreditSettings, Need, check_lines
from journey.training.settings import Optimising

PART_TOKENS = 20_000  # tokens, 3 GB with the tiny model; all 32 groups of 8 answers at once were seen to take 9.6 GB
GPU_SHARE = 0.3  # of the memory, for vLLM in the training's process
LARGEST = 1e6  # of a reward, either way: beyond it a gradient has no digits left for the others
WITHOUT_SIGNAL = 3  # updates in a row whose answers all got equal rewards, after which training is given up


class TrainingJudge(Judge, Protocol):
    """A judge that a training asks and closes; `identity` names its settings and weights."""

    @property
    def identity(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """What an answer earns: `right` and `wrong` ones, those `cut_off` at the length limit, and `empty` ones.

    An empty one has no text; a text that ends without a final answer is a wrong one. `cut_off` null takes such answers
    out of training. `per_token` is added for every token of an answer (0: length earns nothing). What the grader cannot
    say earns nothing either way: null, and no part of its group's mean.
    """

    right: float = 1.0
    wrong: float = 0.0
    cut_off: float | None = 0.0
    empty: float = 0.0
    per_token: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, "rewards.", **dict.fromkeys(asdict(self), (-LARGEST, LARGEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where quantities must stay, each a lowest and a highest value, null for no bound; outside, training stops.

    `entropy` in nats a token, `tokens` an answer, `cut_off` and `repeats` as shares of the answers and of their lines;
    `fall` is how many points of validation accuracy may be lost since the best check.
    """

    entropy: tuple[float | None, float | None] = (None, None)
    tokens: tuple[float | None, float | None] = (None, None)
    cut_off: tuple[float | None, float | None] = (None, None)
    repeats: tuple[float | None, float | None] = (None, None)
    fall: float | None = None

    def __post_init__(self) -> None:
        """Refuses bounds between which nothing lies (UsageError)."""
        for name, (low, high) in {k: v for k, v in asdict(self).items() if k != "fall"}.items():
            if low is not None and high is not None and low > high:
                raise UsageError(f"band.{name} is [{low}, {high}], which nothing keeps to; write the lower one first")
        if self.fall is not None and self.fall < 0:
            raise UsageError(f"band.fall is {self.fall}; it is in points that may be lost, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class RlSettings(Optimising):
    """Reinforcement learning on answers that the model draws itself, by TRL's GRPO loss (Shao et al. 2024, equation 3).

    Each update draws `samples` answers to each of `problems` problems, of at most `max_tokens` tokens. Training ends
    where the first of `tokens` (generated), `updates`, `minutes` and `dollars` is reached (null: none); an hour of
    this machine costs `hour_price` dollars. `credit` weighs the ways of crediting an answer's pieces, whose dials
    are `crediting`, `values` (measured by rollouts) and `branching` (see `journey.training.credit`).
    `loss` "tokens" averages over all tokens of the update, "answers" over each answer's own first, "constant" divides
    by the length limit (Dr. GRPO). `kl` is the weight of the divergence from the start, `clip` the range of the ratio
    of probabilities, which matters where `passes` over an update's answers are more than one. Every `check_every`
    generated tokens (and before the first and after the last update) the model answers `validation` problems.
    `judge` names the judge of steps that the lines judge-* and value ask; puzzles have one of their own for judge-*.
    `micro_batch` null computes groups of at most `PART_TOKENS` tokens (one at least) at once. `engine`
    writes the answers: the one here, or vLLM through TRL on a GPU ("vllm-colocate": in this process, with `gpu_share`
    of the memory; "vllm-server": behind the address `server` of `vllm serve`).
    """

    learning_rate: float = 1e-6
    schedule: Literal["linear", "cosine", "constant"] = "constant"
    problems: int = 32
    samples: int = 8
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 600
    tokens: int | None = 1_000_000
    updates: int | None = None
    minutes: float | None = None
    dollars: float | None = None
    hour_price: float | None = None
    credit: Mapping[str, float] = field(default_factory=lambda: {"outcome": 1.0})
    crediting: CreditSettings = CreditSettings()
    values: BorderSettings = BorderSettings()
    branching: BranchSettings = BranchSettings()
    rewards: Rewards = Rewards()
    loss: Literal["tokens", "answers", "constant"] = "tokens"
    kl: float = 0.0
    clip: tuple[float, float] = (0.2, 0.28)
    passes: int = 1
    check_every: int = 250_000
    validation: int = 100
    band: Band = Band()
    save_every: int = 10
    judge: str | None = None
    engine: Literal["local", "vllm-colocate", "vllm-server"] = "local"
    server: str | None = None
    gpu_share: float = GPU_SHARE

    def __post_init__(self) -> None:
        """Refuses what cannot be trained with (UsageError)."""
        Optimising.__post_init__(self)
        check_settings(self, problems=1, max_tokens=1, passes=1, check_every=1, validation=0, updates=1, kl=0)
        check_settings(self, minutes=ABOVE_0, dollars=ABOVE_0, hour_price=ABOVE_0)
        check_settings(self, top_p=(ABOVE_0, 1), gpu_share=(ABOVE_0, 1))
        if self.samples < 2:
            raise UsageError(
                f"samples is {self.samples}: an answer is credited against others to the same problem; give 2 or more"
            )
        if not 0 < self.temperature < inf:
            raise UsageError(f"temperature is {self.temperature}: greedy answers are all the same; give more than 0")
        if not (0 <= self.clip[0] <= 1 and 0 <= self.clip[1] < inf):
            raise UsageError(
                f"clip is {list(self.clip)}: how far a ratio may fall below 1 and rise above it, as in [0.2, 0.28]"
            )
        if self.dollars is not None and self.hour_price is None:
            raise UsageError("dollars buy time: set hour_price, what an hour of this machine costs in US dollars, too")
        if self.tokens is None and self.updates is None and self.most_minutes is None:
            raise UsageError("reinforcement learning needs an end: set tokens, updates, minutes or dollars")
        if self.tokens is not None and self.tokens < self.answers:
            raise UsageError(
                f"tokens is {self.tokens}: one update alone draws {self.answers} answers; raise tokens, or lower "
                "problems or samples"
            )
        if self.schedule != "constant" and self.updates is None:
            raise UsageError(f"the schedule {self.schedule} needs to know its end: set updates, or schedule: constant")
        check_lines(self.credit)
        self._check_judge()
        if (self.engine == "vllm-server") != (self.server is not None):
            raise UsageError("engine vllm-server and server, the address of vllm serve, go together: set both or none")
        self._refuse_idle()

    def _refuse_idle(self) -> None:
        """Refuses settings that differ from the usual ones and that nothing would read (UsageError)."""
        lines, of, usual = {name for name, weight in self.credit.items() if weight}, self.crediting, CreditSettings()
        readers: dict[str, tuple[bool, bool, str]] = {  # whether it is set, whether it is read, and what reads it
            "hour_price": (self.hour_price is not None, self.dollars is not None, "dollars"),
            "gpu_share": (self.gpu_share != GPU_SHARE, self.engine == "vllm-colocate", "engine: vllm-colocate"),
            "values": (self.values != BorderSettings(), "rollouts" in self.needs, "credit.value-rollout"),
            "branching": (self.branching != BranchSettings(), "tree" in self.needs, "credit.tree"),
            "crediting.flip": (of.flip != usual.flip, "verdicts" in self.needs, "credit.judge-step, -sum or -min"),
            "crediting.temperature": (of.temperature != usual.temperature, "judge-min" in lines, "credit.judge-min"),
            "crediting.bound": (of.bound != usual.bound, "judge-sum" in lines, "credit.judge-sum"),
            "crediting.normalise": (
                of.normalise != usual.normalise, bool(lines & {"outcome", "judge-sum"}), "credit.outcome or judge-sum"
            ),
            "crediting.segment_tokens": (
                of.segment_tokens != usual.segment_tokens, lines != {"outcome"}, "a credit other than outcome"
            ),
            "band.fall": (self.band.fall is not None, self.validation > 0, "validation"),
        }  # fmt: skip
        for name, (is_set, is_read, reader) in readers.items():
            if is_set and not is_read:
                raise UsageError(f"{name} would change nothing: only {reader} reads it; set that, or leave {name} out")

    def _check_judge(self) -> None:
        if "scores" in self.needs and self.judge is None:
            raise UsageError("the credit value is a judge's scores; name one, as in judge=prm:FOLDER")
        if self.judge is not None and not self.needs & {"verdicts", "scores"}:
            raise UsageError(
                f"no credit asks the judge {self.judge}: give one of judge-* or value a weight, or leave it out"
            )

    @property
    def needs(self) -> set[Need]:
        """What must be known of answers to credit them."""
        return {CREDITS[name].needs for name, weight in self.credit.items() if weight}

    @property
    def most_minutes(self) -> float | None:
        """Minutes that training may take, those that its money buys among them; null: any."""
        bought = None if self.dollars is None or self.hour_price is None else 60 * self.dollars / self.hour_price
        return min((limit for limit in (self.minutes, bought) if limit is not None), default=None)

    @property
    def answers(self) -> int:
        """Answers drawn for an update."""
        return self.problems * self.samples

    @property
    def at_most(self) -> int:
        """Answers drawn in all, about: an answer is taken for a third of what it may have."""
        if self.updates is not None:
            return self.updates * self.answers
        return 0 if self.tokens is None else 3 * self.tokens // self.max_tokens
