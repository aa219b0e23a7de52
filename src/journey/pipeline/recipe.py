"""A recipe: one experiment as a small YAML file, as frozen dataclasses with every default in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journey.data.curation import Curation
from journey.errors import UsageError
from journey.judges.kinds import default_settings
from journey.models.server_settings import ServerSettings
from journey.models.weights import AUTO, check_dtype
from journey.pipeline.arms import ARMS
from journey.pipeline.derive import ThoughtSettings
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.round_settings import Rounds
from journey.pipeline.shard import read_shard
from journey.prompts.languages import code, normal
from journey.tasks.hints import HintSettings
from journey.thoughts.base import Common
from journey.thoughts.explain import ExplainSettings
from journey.thoughts.methods import METHODS, needs_trees
from journey.thoughts.refine import RefineSettings
from journey.thoughts.translate import TranslateSettings
from journey.training.kinds import kind_of
from journey.training.launching import Launch
from journey.training.settings import SftSettings
from journey.trees.grow import GrowSettings

VARIABLE = "JOURNEY_"
UNCOMPARED = ("recipe.workers", "recipe.in_flight", "recipe.seeds", "recipe.servers", "recipe.launch", "versions")
"""Settings that change no result of what is already there; a run may go on with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Which problems each part of the experiment gets.

    `file` null: the task draws them by the settings `puzzles`, which are its own (`Task.settings`); else problems are
    read from the file or Hub id (`split` of it), the test set from `test_file` where one is named. `curate` null
    takes all, else those that pass its rules. Counts are upper limits for files; `train` null takes all that no other
    part gets, `test` null all of `test_file`. `language` is that of all (null: as their rows say). `practice`: rows
    of the task's practice that phase 1 is taught, too. `rl` are those that reinforcement learning draws answers to;
    without any it takes `train`.
    """

    file: str | None = None
    test_file: str | None = None
    language: str | None = None
    split: str | None = None
    curate: Curation | None = None
    puzzles: Any = None
    phase1: int = 0
    practice: int = 0
    train: int | None = None
    validation: int = 0
    test: int | None = None
    rl: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Where the trees come from: grown (`grower` and its `settings`), or people's ratings in PRM800K's form.

    In a recipe the grower's settings stand below its name (`trees.grow.width`). `count`: of how many trees with a right
    leaf and a wrong branch an experiment makes thoughts (null: of all). `model` grows them; null: the arm that is the
    policy where there is one, else the recipe's model.
    """

    grower: str = "grow"
    settings: Any = GrowSettings()
    count: int | None = None
    model: str | None = None
    prm800k: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thoughts:
    """How thoughts are made, by which `methods`; in a recipe each method's own `settings` stand below its name.

    `per_tree`: thoughts a tree, shortest path first. `neutral`: whether right paths may have neutral steps. `explain`:
    the strong model gives the reasons of wrong steps that have none. `hinted`: star and hybrid give the policy a hint
    to what it failed. `refine`: the methods whose drafts the strong model smooths. `language`: the
    strong model retells all thoughts in it, null: as they were made. `notes`: the file of people's notes that
    `annotate` expands.
    """

    methods: tuple[str, ...] = ("shortcut", "traverse")
    per_tree: int = 1
    neutral: bool = True
    explain: bool = False
    explaining: ExplainSettings = ExplainSettings()
    hinted: bool = True
    hinting: HintSettings = HintSettings()
    refine: tuple[str, ...] = ()
    refining: RefineSettings = RefineSettings()
    language: str | None = None
    translating: TranslateSettings = TranslateSettings()
    notes: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def of(self, method: str) -> Any:
        """The method's own settings, or those of the method that it shares them with; null where it has none."""
        method = METHODS[method].control_of or METHODS[method].settings_of or method
        kind = METHODS[method].settings
        return self.settings.get(method) or (None if kind is None else kind())


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting (dotted: trees.count) and the values that it takes in a sweep; the others stay as they are.

    `fit`: whether a curve is laid through the points (wants numbers above 0).
    """

    setting: str
    values: tuple[Any, ...]
    fit: bool = True

    def __post_init__(self) -> None:
        if not self.values:
            raise UsageError(f"the axis of {self.setting} has no values; give it some")
        numbers = [v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool) and v > 0]
        if self.fit and len(numbers) < len(self.values):
            raise UsageError(f"{self.setting} has values that are not numbers above 0; write fit: false for that axis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A whole experiment: models and judge by name, and the settings of every stage.

    `model` grows the trees; where an arm is the policy, that arm's model does (but see `trees.model`). `strong` (null:
    the model) judges, explains, refines, criticises, teaches and expands notes. `student` (null: the model) is what the
    arms start from. Each of `seeds` makes trees, thoughts and arms of its own; with `share_phase1` all start from the
    first seed's first phase, so that intervals are of the later phases alone. `training`: the supervised arms' settings
    beside their own, first phases excepted. `axes` make the recipe a sweep: each value of each is a run with that one
    setting changed; `redraws` of the bootstrap give its intervals. `rounds`: how often arms go
    round. `workers` (null: one a core;
    0: all in this process) and `in_flight` (null: as many as suit the model) change no result.
    `launch`: in which processes models are trained.
    `dtype`: what models in this process compute in; auto is bfloat16 where that is faster. `shard`: 3/8 is the third of
    eight parts of the problems to train on, null all of them (see `pipeline.shard`); a shard makes trees and thoughts.
    """

    task: str = "countdown"
    model: str = "tiny"
    strong: str | None = None
    student: str | None = None
    judge: str = "exact"
    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    servers: Mapping[str, ServerSettings] = field(default_factory=dict[str, ServerSettings])
    seeds: int = 1
    first_seed: int = 1
    share_phase1: bool = False
    problems: Problems = Problems()
    trees: Trees = Trees()
    thoughts: Thoughts = Thoughts()
    arms: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training: SftSettings = SftSettings()
    rounds: Rounds = Rounds()
    evaluation: Evaluation = Evaluation()
    axes: Mapping[str, Axis] = field(default_factory=dict[str, Axis])
    redraws: int = 500
    workers: int | None = None
    in_flight: int | None = None
    launch: Launch = Launch()
    dtype: str = AUTO
    shard: str | None = None
    ray: RaySettings = RaySettings()

    def __post_init__(self) -> None:
        check_dtype(self.dtype)
        for name, settings in self.arms.items() if self.launch.is_needed else ():
            self.launch.check(kind_of(ARMS[name].trainer(settings)))

    @property
    def helper(self) -> str:
        """The name of the strong model."""
        return self.strong or self.model

    @property
    def policy_arm(self) -> str | None:
        """The arm that makes each seed's own policy, which grows the trees unless `trees.model` does; null: none."""
        return next((name for name in self.arms if ARMS[name].policy), None)

    @property
    def arms_in_rounds(self) -> list[str]:
        """The arms whose models grow the trees of their next round."""
        return [name for name in self.arms if ARMS[name].goes_round]

    @property
    def grown_by(self) -> str | None:
        """The named model that grows the trees; null: the policy arm's."""
        return self.trees.model or (None if self.policy_arm else self.model)

    @property
    def is_evaluated(self) -> bool:
        """Whether any arm answers problems."""
        return any(ARMS[name].decoding(self.evaluation) for name in self.arms)

    @property
    def grows(self) -> bool:
        """Whether trees are grown."""
        return needs_trees(self.thoughts.methods) and not self.trees.prm800k

    @property
    def concurrency(self) -> int:
        """How many problems are in flight."""
        return self.in_flight or (256 if self.policy_arm else 64)

    def models(self) -> list[str]:
        """The models that are asked."""
        return list(dict.fromkeys((*filter(None, (self.trees.model,)), self.model, self.helper)))

    @property
    def target_language(self) -> str | None:
        """The code of the language that thoughts are retold in; null: they stay as they are."""
        return None if self.thoughts.language is None else normal(self.thoughts.language)

    def languages(self) -> list[str]:
        """The codes of the languages besides English that the recipe names."""
        return sorted({of for of in (code(self.problems.language), code(self.thoughts.language)) if of is not None})

    def seed_numbers(self) -> range:
        """The seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def thought_settings(self, seed: int) -> ThoughtSettings:
        """How thoughts are made with a seed."""
        wanted = self.thoughts
        common = Common(
            model=self.model,
            strong=self.helper,
            seed=seed,
            per_tree=wanted.per_tree,
            neutral=wanted.neutral,
            explaining=wanted.explaining if wanted.explain else None,
            policy=self.grown_by or self.policy_arm,
            hinting=wanted.hinting if wanted.hinted else None,
        )
        return ThoughtSettings(
            common=common,
            methods={name: wanted.of(name) for name in METHODS},
            refining=wanted.refining,
            language=self.target_language,
            translating=wanted.translating,
            notes=wanted.notes,
            in_flight=self.concurrency,
        )


def without_arms(wanted: Recipe) -> Recipe:
    """The recipe with nothing trained: its model grows the trees."""
    return replace(wanted, arms={}, seeds=1, rounds=Rounds())


def default_folder(file: Path, wanted: Recipe) -> Path:
    """Where the run of a recipe's file lies if nobody says otherwise."""
    whole = Path("runs") / file.stem
    return whole if wanted.shard is None else read_shard(wanted.shard).folder(whole)


def without_training(wanted: Recipe) -> Recipe:
    """What a shard does of the recipe: the arm that grows the trees is trained, no other; a whole recipe as it is."""
    if wanted.shard is None:
        return wanted
    return replace(wanted, arms={name: of for name, of in wanted.arms.items() if name == wanted.policy_arm})


def limited(wanted: Recipe, limit: int | None, seed: int | None = None) -> Recipe:
    """At most `limit` problems to grow trees of, to choose on and to test on, and thoughts of as many trees.

    `seed` is the first seed, null: the recipe's.
    """
    wanted = wanted if seed is None else replace(wanted, first_seed=seed)
    if limit is None:
        return wanted
    of = wanted.problems
    files = {"train": of.file or wanted.trees.prm800k, "test": of.test_file}  # what is drawn is counted already
    counts: dict[str, int | None] = {}
    for name, source in files.items():
        count: int | None = getattr(of, name)
        counts[name] = (limit if source else None) if count is None else min(limit, count)
    problems = replace(of, **counts, validation=min(limit, of.validation))
    trees = replace(wanted.trees, count=min(limit, wanted.trees.count or limit))
    return replace(wanted, problems=problems, trees=trees)
