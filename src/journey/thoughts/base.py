"""What a thought method is: how it makes thoughts of one problem, from what, and what that asks of models at most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from journey.answers.grade import Grader
from journey.models.base import Model
from journey.models.estimate import Estimate
from journey.tasks.hints import HintSettings
from journey.tasks.narration import Narration
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.thoughts.explain import ExplainSettings
from journey.types import Problem, Thought, Tree

Source = Literal["trees", "problems", "notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The settings that all methods share: the models' names, the seed, and how trees are turned into thoughts.

    `per_tree` thoughts a tree, shortest path first. `neutral`: whether right paths may have neutral steps.
    `explaining`: how the strong model is asked for the reasons of wrong steps that have none; null: it is not asked.
    `policy` grew the trees (null: `model`); `hinting`: how it is asked for rationales with a hint; null: it is not.
    """

    model: str
    strong: str
    seed: int = 0
    per_tree: int = 1
    neutral: bool = True
    explaining: ExplainSettings | None = None
    policy: str | None = None
    hinting: HintSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a method works with: models by their names, and the task's parts.

    `count` gives the tokens of a text as the model reads it that will be trained on the thoughts; words where nobody
    knows it. `refused` is called with the reason for every answer that is not kept.
    """

    common: Common
    models: Callable[[str], Model]
    grader: Grader
    ask: Ask
    steps: StepFormat
    narration: Narration
    rules: str
    refused: Callable[[str], None] = lambda reason: None
    count: Callable[[str], int] = lambda text: len(text.split())

    @property
    def model(self) -> Model:
        """The model that reasons; loaded when it is first wanted."""
        return self.models(self.common.model)

    @property
    def policy(self) -> Model:
        """The model that grew the trees; loaded when it is first wanted."""
        return self.models(self.common.policy or self.common.model)

    @property
    def strong(self) -> Model:
        """The model that explains, criticises and teaches; loaded when it is first wanted."""
        return self.models(self.common.strong)


@dataclass(frozen=True, slots=True)
class Material:
    """What a method makes thoughts of: a problem, and its tree or somebody's notes where the method wants them."""

    problem: Problem
    tree: Tree | None = None
    notes: Any = None


@dataclass(frozen=True, slots=True)
class Made:
    """The thoughts of one problem; the tree where the method made one; `reason` says why there is no thought."""

    thoughts: Sequence[Thought] = ()
    tree: Tree | None = None
    reason: str = ""


class Make(Protocol):
    """Makes the thoughts of one problem. Raises ModelError."""

    async def __call__(self, material: Material, settings: Any, tools: Tools) -> Made: ...


@dataclass(frozen=True, slots=True)
class ThoughtMethod:
    """A way to thoughts.

    `source`: what it works on. `make` makes the thoughts of one problem by the method's own `settings` (a dataclass;
    null where it has none). `estimate`: what it asks for some problems at most. `asks`: which of the recipe's models
    it always asks. `refinable`: whether its drafts can be smoothed. `explains`: whether the strong model can give it
    reasons. `reads_solutions`: whether it works on the problems' worked solutions. `control_of`: the method whose
    control it is and whose settings it is made with; null: it is no control. `settings_of`: the method whose settings
    it is made with though it is no control. `unsolved`: whether it makes thoughts of trees without a right leaf, too.
    """

    source: Source
    make: Make
    estimate: Callable[[Sequence[Problem], Any, Common], list[Estimate]]
    settings: type[Any] | None = None
    asks: tuple[Literal["model", "strong"], ...] = ()
    refinable: bool = False
    explains: bool = False
    reads_solutions: bool = False
    control_of: str | None = None
    settings_of: str | None = None
    unsolved: bool = False


def asks_nothing(problems: Sequence[Problem], settings: Any, common: Common) -> list[Estimate]:
    """The estimate of a method that asks no model."""
    return []
