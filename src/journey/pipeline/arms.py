"""Every arm of an experiment by its name: what it starts from, what it is trained on and how it is asked."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from journey.evals.attempts import Decoding
from journey.pipeline import arm_rows
from journey.pipeline.arm_rows import PreferenceSettings, SeedRun
from journey.pipeline.evaluation_settings import Evaluation
from journey.training.kinds import kind_of
from journey.training.pairs import A_PROBLEM
from journey.training.rl_settings import RlSettings
from journey.training.rows import Row
from journey.training.settings import DpoSettings, Optimising, QuietStarSettings, SftSettings

JOURNEY, SHORTCUT, SHORTCUT_TOKENS, PHASE1 = "journey", "shortcut", "shortcut_tokens", "phase1"


RL = "rl_"
STARTS: tuple[tuple[str, str, Literal["accent", "ink", "soft"], str | None], ...] = (
    ("base", "the base", "soft", None),
    (PHASE1, "phase 1", "soft", PHASE1),
    (SHORTCUT, "shortcut", "ink", SHORTCUT),
    (JOURNEY, "journey", "accent", JOURNEY),
    ("journey_wrong", "journey of wrong answers", "soft", "journey_wrong"),
    ("journey_empty", "emptied journey", "soft", "journey_empty"),
)
"""What reinforcement learning can start from: its name in the arm's, in words, the arm's colour, and that arm."""


class Sizes(NamedTuple):
    """What a seed of an experiment has at most: problems of phase 1, problems to train on, and thoughts an arm."""

    phase1: int
    train: int
    thoughts: int


class Work(NamedTuple):
    """What an arm comes to at most: rows that it is trained on, and answers that are drawn to train it."""

    rows: int
    answers: int = 0


class Gain(NamedTuple):
    """What an arm is better by than the arm `over`: `key` in report.json, `text` in words.

    Of sampled answers; with `greedy` of greedy ones. `votes` is the report's row of the other arm's answers by vote at
    this one's output tokens, where the gain is over those; null: it is over single answers.
    """

    over: str
    key: str
    text: str
    greedy: bool = False
    votes: str | None = None


AFTER_RL = (
    Gain(f"{RL}{SHORTCUT}", "gain_after_rl", "after RL, journey over shortcut"),
    Gain(f"{RL}{SHORTCUT}", "gain_after_rl_greedy", "after RL, both greedy", greedy=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A model that an experiment trains: its `label` in reports, the same in a word or two, its colour in charts.

    `needs` is the arm whose model it starts from; null: it starts from the base model, as every arm does whose first
    phase the recipe leaves out. `policy`: its model grows the trees. `goes_round`: in a recipe with rounds its model
    grows the trees of the next one, and its `method` is no other such arm's. `method` is the thought method that it is
    trained on, null for none. `rows(seed, settings, source, weights)` gives its rows, where `source` names the model
    that it starts from and `weights` is its folder; no rows leave the arm out for the reason `without`. `settings` is
    the dataclass of `arms.NAME` in a recipe, `trainer` gives the training settings in them. `decoding` says how its
    model is asked (by no rule: it is not compared), `estimate` what it comes to at most. `gains` are what the report
    compares it with, the main one first: the first arm that has any is the one that a report, a sweep and the studio
    are about.
    """

    label: str
    short: str
    tone: Literal["accent", "ink", "soft"] = "soft"
    rows: Callable[[SeedRun, Any, str, str | Path], Awaitable[list[Row]]]
    needs: str | None = None
    policy: bool = False
    goes_round: bool = False
    method: str | None = None
    settings: type[Any] = SftSettings
    trainer: Callable[[Any], Optimising] = lambda settings: settings
    decoding: Callable[[Evaluation], Sequence[Decoding]] = lambda evaluation: evaluation.rules()
    estimate: Callable[[Any, Sizes], Work] = lambda settings, sizes: Work(sizes.thoughts)
    without: str = "there is nothing to train it on"
    gains: tuple[Gain, ...] = ()

    @property
    def training(self) -> str:
        """The method that it is trained by: "sft", "dpo"."""
        return kind_of(self.trainer(self.settings()))


ARMS: dict[str, Arm] = {
    PHASE1: Arm(
        label="phase 1",
        short="phase 1",
        rows=arm_rows.of_solutions,
        policy=True,
        estimate=lambda settings, sizes: Work(sizes.phase1),
    ),
    SHORTCUT: Arm(
        label="phase 2, shortcut",
        short="shortcut",
        tone="ink",
        needs=PHASE1,
        goes_round=True,
        method="shortcut",
        rows=arm_rows.of_thoughts("shortcut"),
        decoding=lambda evaluation: evaluation.rules(evaluation.votes),
    ),
    SHORTCUT_TOKENS: Arm(
        label="shortcut, matched by trained tokens",
        short="shortcut, tokens",
        needs=PHASE1,
        method="shortcut",
        rows=arm_rows.matched("shortcut", "traverse"),
    ),
    JOURNEY: Arm(
        label="phase 2, journey",
        short="journey",
        tone="accent",
        needs=PHASE1,
        goes_round=True,
        method="traverse",
        rows=arm_rows.of_thoughts("traverse"),
        gains=(
            Gain(SHORTCUT, "gain", "journey over shortcut"),
            Gain(SHORTCUT, "gain_equal_tokens", "at equal output tokens (shortcut with maj@k)", votes="shortcut_majk"),
            Gain(SHORTCUT_TOKENS, "gain_trained_tokens", "at equal trained tokens"),
            Gain(SHORTCUT, "gain_greedy", "both greedy", greedy=True),
        ),
    ),
    "star": Arm(
        label="phase 2, STaR",
        short="STaR",
        needs=PHASE1,
        goes_round=True,
        method="star",
        rows=arm_rows.of_thoughts("star"),
        estimate=lambda settings, sizes: Work(sizes.train),
    ),
    "hybrid": Arm(
        label="phase 2, journey with STaR's hints",
        short="hybrid",
        tone="accent",
        needs=PHASE1,
        goes_round=True,
        method="hybrid",
        rows=arm_rows.of_thoughts("hybrid"),
        estimate=lambda settings, sizes: Work(sizes.train),
    ),
    "journey_wrong": Arm(
        label="phase 2, journey of wrong answers",
        short="journey, wrong",
        needs=PHASE1,
        method="traverse_wrong",
        rows=arm_rows.of_thoughts("traverse_wrong"),
    ),
    "journey_empty": Arm(
        label="phase 2, emptied journey",
        short="journey, empty",
        needs=PHASE1,
        method="traverse_empty",
        rows=arm_rows.of_thoughts("traverse_empty"),
    ),
    "quiet_star": Arm(
        label="Quiet-STaR after phase 1",
        short="Quiet-STaR",
        needs=PHASE1,
        method="shortcut",
        settings=QuietStarSettings,
        rows=arm_rows.of_thoughts("shortcut"),
        decoding=Evaluation.thoughtful_rules,
    ),
    "dpo": Arm(
        label="DPO after journey",
        short="DPO",
        tone="accent",
        needs=JOURNEY,
        settings=PreferenceSettings,
        trainer=lambda settings: settings.training,
        rows=arm_rows.of_preferences,
        estimate=lambda settings, sizes: Work(
            settings.pairs_at_most(sizes.train), settings.answers_at_most(sizes.train)
        ),
        without="no training problem gives pairs of arms.dpo.kinds; raise arms.dpo.problems",
    ),
    "journey_over_star": Arm(
        label="DPO after journey, long thoughts over ones without exploration",
        short="DPO, journey over STaR",
        needs=JOURNEY,
        settings=DpoSettings,
        rows=arm_rows.of_exploration,
        estimate=lambda settings, sizes: Work(A_PROBLEM * sizes.train),
        without="no problem has both a long thought with a side trip and one without; make traverse and star",
    ),
    **{
        f"{RL}{start}": Arm(
            label=f"RL from {name}",
            short=f"RL, {name}",
            tone=tone,
            needs=needs,
            settings=RlSettings,
            rows=arm_rows.of_problems,
            estimate=lambda settings, sizes: Work(sizes.train, settings.at_most),
            without="the run has no problems to draw answers to; raise problems.rl or problems.train",
            gains=AFTER_RL if start == JOURNEY else (),
        )
        for start, name, tone, needs in STARTS
    },
    "rewrite": Arm(
        label="student of rewritten solutions",
        short="rewrite",
        method="rewrite",
        rows=arm_rows.of_thoughts("rewrite"),
        decoding=lambda evaluation: (),
    ),
    "distill": Arm(
        label="student of a teacher",
        short="distill",
        needs="rewrite",
        method="distill",
        rows=arm_rows.of_thoughts("distill"),
        decoding=lambda evaluation: (),
    ),
}
"""The arms in the order of the report."""


def compared() -> tuple[str, str]:
    """The two arms whose difference is the headline, the baseline first: without both there is no comparison."""
    return next((arm.gains[0].over, name) for name, arm in ARMS.items() if arm.gains)


def all_gains() -> list[tuple[str, Gain]]:
    """Every gain that a report gives, with the arm whose it is."""
    return [(name, gain) for name, arm in ARMS.items() for gain in arm.gains]


def policies(seed: int) -> list[str]:
    """The names of the models that can have grown the trees of a seed."""
    return [arm_rows.model_name(seed, name) for name, arm in ARMS.items() if arm.policy]


def method_of(name: str) -> str:
    """The thought method that an arm of that name is trained on; a name that is no arm's is a method's own."""
    return (ARMS[name].method or name) if name in ARMS else name


def in_order(names: Iterable[str]) -> list[str]:
    """The arms in the order of the report, those that are no arms of experiments last."""
    return sorted(names, key=lambda name: (list(ARMS).index(name) if name in ARMS else len(ARMS), name))


def source_of(name: str, among: Sequence[str]) -> str | None:
    """The arm whose model the arm starts from where the recipe has `among`; null: the base model."""
    needs = ARMS[name].needs
    return needs if needs in among else None


def followers(name: str, among: Sequence[str]) -> list[str]:
    """The arms that start from this one's model, those that others start from first."""
    found = [one for one in among if source_of(one, among) == name]
    return sorted(found, key=lambda one: -len(followers(one, among)))
