"""A recipe whose goal is thoughts: from problems, rated trees or notes to rows to train on, by models of any kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from journey.data.curation import Curation
from journey.errors import UsageError
from journey.judges.kinds import default_settings
from journey.models.server_settings import ServerSettings
from journey.tasks.table import task
from journey.thoughts.annotate import AnnotateSettings
from journey.thoughts.debate import DebateSettings
from journey.thoughts.distill import DistillSettings, RewriteSettings
from journey.thoughts.explain import ExplainSettings
from journey.thoughts.propose import ProposeSettings
from journey.thoughts.refine import RefineSettings
from journey.thoughts.traverse import TraverseSettings
from journey.training.settings import SftSettings
from journey.trees.grow import GrowSettings

Method = Literal["shortcut", "traverse", "propose", "debate", "distill", "rewrite", "annotate"]
FROM_TREES = ("shortcut", "traverse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the problems come from: a file or a Hub id (`split` of it), at most `limit` of them.

    `curate` null takes all; else those that pass its rules. With rated trees no file is needed: they bring their own.
    """

    file: str | None = None
    split: str | None = None
    limit: int | None = None
    curate: Curation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Where the trees come from: grown by the model, or people's ratings (`prm800k`, files in PRM800K's form)."""

    grow: GrowSettings = GrowSettings()
    prm800k: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How each method tells; only those named in `methods` of the collection matter.

    `per_tree`: thoughts a tree, shortest path first. `neutral`: whether right paths may have neutral steps.
    `explain` true: the strong model gives the reasons of wrong steps that nobody gave one for. `refine`: the methods
    whose drafts the strong model smooths. `notes`: the file of people's notes that `annotate` expands.
    """

    traverse: TraverseSettings = TraverseSettings()
    per_tree: int = 1
    neutral: bool = True
    explain: bool = False
    explaining: ExplainSettings = ExplainSettings()
    refine: tuple[Method, ...] = ()
    refining: RefineSettings = RefineSettings()
    propose: ProposeSettings = ProposeSettings()
    debate: DebateSettings = DebateSettings()
    distill: DistillSettings = DistillSettings()
    rewrite: RewriteSettings = RewriteSettings()
    notes: str | None = None
    annotate: AnnotateSettings = AnnotateSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of the student's training: supervised, on the thoughts of one method."""

    method: Method
    training: SftSettings = SftSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What is to be collected.

    `model` reasons (the policy); `strong` judges (judge `critic`), explains, refines, criticises, teaches and expands
    notes, and is the model itself where null. `student` null: rows are written and nothing is trained; else it is
    trained on the phases, one after another. `in_flight` problems are worked on at once, which changes no result.
    """

    goal: Literal["thoughts"] = "thoughts"
    task: str = "math"
    model: str = "tiny"
    strong: str | None = None
    judge: str = "critic"
    servers: Mapping[str, ServerSettings] = field(default_factory=dict[str, ServerSettings])
    problems: Source = Source()
    trees: Forest = Forest()
    methods: tuple[Method, ...] = FROM_TREES
    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    telling: Telling = Telling()
    student: str | None = None
    phases: tuple[Phase, ...] = ()
    in_flight: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        task(self.task)  # raises where there is none
        if not self.methods:
            raise UsageError("methods is empty; name at least one, such as traverse")
        if "annotate" in self.methods and self.telling.notes is None:
            raise UsageError(
                "annotate expands people's notes; give their file with --notes FILE, in a recipe as telling.notes"
            )
        if stray := [method for method in self.telling.refine if method not in self.methods]:
            raise UsageError(f"telling.refine names {stray[0]}, which is not among the methods; add it there")
        if unmade := [phase.method for phase in self.phases if phase.method not in self.methods]:
            raise UsageError(f"a phase trains on {unmade[0]}, which is not among the methods; add it there")

    @property
    def helper(self) -> str:
        """The name of the strong model."""
        return self.strong or self.model

    @property
    def tells_trees(self) -> bool:
        """Whether any method needs trees to be there before it."""
        return any(method in FROM_TREES for method in self.methods)

    def models(self) -> list[str]:
        """The models that the collection asks."""
        return list(dict.fromkeys((self.model, self.helper)))
