"""A recipe: one experiment as a small YAML file, read into frozen dataclasses with every default in its place."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from journey.data.curation import Curation
from journey.errors import UsageError
from journey.judges.kinds import default_settings
from journey.models.server_settings import ServerSettings
from journey.pipeline import recipe_files
from journey.pipeline.arms import ARMS, in_order
from journey.pipeline.derive import ThoughtSettings
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.moved_keys import refuse_moved
from journey.pipeline.plain_settings import (
    copied,
    flags,
    merged,
    read_settings,
    saved,
    set_value,
    typed,
    unknown_key,
    value,
)
from journey.tasks.table import task
from journey.thoughts.base import Common
from journey.thoughts.explain import ExplainSettings
from journey.thoughts.methods import METHODS, needs_trees
from journey.thoughts.refine import RefineSettings
from journey.training.settings import SftSettings
from journey.trees.grow import GrowSettings
from journey.trees.growers import GROWERS

VARIABLE = "JOURNEY_"
UNCOMPARED = ("recipe.workers", "recipe.in_flight", "recipe.seeds", "recipe.servers", "versions")
"""Settings that change no result of what is already there; a run may go on with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Which problems each part of the experiment gets.

    `file` null: the task draws them by the settings `puzzles`, which are its own (`Task.settings`); else problems are
    read from the file or Hub id (`split` of it), the test set from `test_file` where one is named. `curate` null takes
    all, else those that pass its rules. Counts are upper limits for files; `train` null takes all that no other part
    gets, `test` null all of `test_file`.
    """

    file: str | None = None
    test_file: str | None = None
    split: str | None = None
    curate: Curation | None = None
    puzzles: Any = None
    phase1: int = 0
    train: int | None = None
    validation: int = 0
    test: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Where the trees come from: grown (`grower` and its `settings`), or people's ratings in PRM800K's form.

    In a recipe the grower's settings stand below its name (`trees.grow.width`). `count`: of how many trees with a right
    leaf and a wrong branch an experiment makes thoughts (null: of all).
    """

    grower: str = "grow"
    settings: Any = GrowSettings()
    count: int | None = None
    prm800k: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thoughts:
    """How thoughts are made, by which `methods`; in a recipe each method's own `settings` stand below its name.

    `per_tree`: thoughts a tree, shortest path first. `neutral`: whether right paths may have neutral steps. `explain`:
    the strong model gives the reasons of wrong steps that have none. `refine`: the methods whose drafts the strong
    model smooths. `notes`: the file of people's notes that `annotate` expands.
    """

    methods: tuple[str, ...] = ("shortcut", "traverse")
    per_tree: int = 1
    neutral: bool = True
    explain: bool = False
    explaining: ExplainSettings = ExplainSettings()
    refine: tuple[str, ...] = ()
    refining: RefineSettings = RefineSettings()
    notes: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def of(self, method: str) -> Any:
        """The method's own settings; null where it has none."""
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

    `model` grows the trees; where an arm is the policy, that arm's model does. `strong` (null: the model) judges,
    explains, refines, criticises, teaches and expands notes. `student` (null: the model) is what the arms start from.
    Each of `seeds` makes trees, thoughts and arms of its own. `training`: the supervised
    arms' settings beside their own, first phases excepted. `axes` make the recipe a sweep: each value of each is a run
    with that one setting changed; `redraws` of the bootstrap give its intervals. `rounds`: one, so far. `workers`
    (null: one a core; 0: all in this process) and `in_flight` (null: as many as suit the model) change no result.
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
    problems: Problems = Problems()
    trees: Trees = Trees()
    thoughts: Thoughts = Thoughts()
    arms: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training: SftSettings = SftSettings()
    rounds: int = 1
    evaluation: Evaluation = Evaluation()
    axes: Mapping[str, Axis] = field(default_factory=dict[str, Axis])
    redraws: int = 500
    workers: int | None = None
    in_flight: int | None = None

    @property
    def helper(self) -> str:
        """The name of the strong model."""
        return self.strong or self.model

    @property
    def policy_arm(self) -> str | None:
        """The arm whose model grows the trees; null: the recipe's model does."""
        return next((name for name in self.arms if ARMS[name].policy), None)

    @property
    def is_evaluated(self) -> bool:
        """Whether any arm answers problems."""
        return any(ARMS[name].decoding(self.evaluation) for name in self.arms)

    @property
    def grows(self) -> bool:
        """Whether trees are grown."""
        return needs_trees(self.thoughts.methods) and not self.trees.prm800k

    @property
    def at_once(self) -> int:
        """How many problems are in flight."""
        return self.in_flight or (256 if self.policy_arm else 64)

    def models(self) -> list[str]:
        """The models that are asked."""
        return list(dict.fromkeys((self.model, self.helper)))

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
        )
        return ThoughtSettings(
            common=common,
            methods={name: wanted.of(name) for name in METHODS},
            refining=wanted.refining,
            notes=wanted.notes,
            in_flight=self.at_once,
        )


def load(path: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> Recipe:
    """The recipe of a YAML file, or the one of that name that comes along.

    `overrides` are "a.b=value", and beat JOURNEY_A__B=value, which beats the file. Raises UsageError: missing file, no
    YAML, unknown key (with the nearest right one), a key of an older form, wrong kind of value.
    """
    return recipe_of(load_settings(path, overrides, environment), str(path))


def load_settings(
    path: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The plain settings of a recipe's file over those of its `base`, with the environment's and the flags' over them.

    Raises UsageError.
    """
    given = list(flags(overrides))
    data = _with_base(path, next((str(found) for key, found, _ in given if key == "base"), None))
    known = {f.name for f in fields(Recipe)} | default_settings().keys()
    for name, text in environment.items():
        key = name.removeprefix(VARIABLE).lower().replace("__", ".")
        if not name.startswith(VARIABLE) or key == "seed":  # a flag's own variable
            continue
        refuse_moved(key, f"the environment's {name}")
        if key.split(".")[0] in known:
            lay_over(data, key, value(text), f"the environment's {name}")
    for key, found, who in given:
        refuse_moved(key, who)
        if key != "base":
            lay_over(data, key, found, who)
    return data


def _with_base(path: str | Path, base: str | None = None) -> dict[str, Any]:
    """The settings of a file over those of its base; `base` names another one."""
    file = recipe_files.find(path)
    data = read_settings(file)
    _refuse_old(data, str(path))
    own = data.pop("base", None)
    base = own if base is None else base
    data["arms"] = arms_named(data.get("arms") or {})
    if base is None:
        return data
    below = _with_base(base if Path(base).is_absolute() else file.parent / base)
    arms = data.pop("arms")
    return merged(below, data) | {"arms": merged(_among(below["arms"], arms), arms) if arms else below["arms"]}


def _refuse_old(data: Mapping[str, Any], where: str, above: str = "") -> None:
    for key, inner in data.items():
        refuse_moved(f"{above}{key}", where)
        if isinstance(inner, Mapping) and not above:
            _refuse_old(inner, where, f"{key}.")


def lay_over(data: dict[str, Any], key: str, found: Any, who: str) -> None:
    """Sets a dotted key of a recipe; a list of arms chooses among those that are there, which keep their settings."""
    if key == "arms":
        wanted = arms_named(found)
        data["arms"] = merged(_among(data.get("arms", {}), wanted), wanted)
    else:
        set_value(data, key, found, who)


def _among(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: there.get(name) or {} for name in wanted}


def arms_named(found: Any) -> dict[str, Any]:
    """The arms of a recipe by name: from names in a list, each alone or with its settings below it, or a mapping."""
    if isinstance(found, Mapping):
        return {name: copied(inner or {}) for name, inner in found.items()}
    if not isinstance(found, list):
        raise UsageError(f"arms is {found!r}; write a list of names such as [{', '.join(ARMS)}]")
    named: dict[str, Any] = {}
    for one in found:
        named |= arms_named(one) if isinstance(one, Mapping) else {one: {}}
    return named


def recipe_of(data: Mapping[str, Any], where: str) -> Recipe:
    """The recipe of plain settings. Raises UsageError naming the first that is wrong."""
    parts = ("trees", "thoughts", "arms")
    found = typed(Recipe, {key: inner for key, inner in data.items() if key not in parts}, where, known=parts)
    trees, thoughts = _trees(data.get("trees") or {}, where), _thoughts(data.get("thoughts") or {}, where)
    shared = data.get("training") or {}
    arms: dict[str, Any] = {}
    given = data.get("arms") or {}
    for name in in_order(list(given)):
        if name not in ARMS:
            raise unknown_key("arms.", name, list(ARMS))
        kind = ARMS[name].settings
        below = shared if kind is SftSettings and ARMS[name].needs is not None else {}
        arms[name] = typed(kind, merged(below, given[name] or {}), where, f"arms.{name}.")
    problems = _drawn_as(found.task, found.problems, where)
    return checked(replace(found, problems=problems, trees=trees, thoughts=thoughts, arms=arms))


def _drawn_as(name: str, problems: Problems, where: str) -> Problems:
    """The problems with `puzzles` as the settings of the task of that name. Raises UsageError."""
    kind, given = task(name).settings, problems.puzzles
    if kind is None and given:
        raise UsageError(f"problems of the task {name} are not drawn; leave problems.puzzles out")
    return problems if kind is None else replace(problems, puzzles=typed(kind, given or {}, where, "problems.puzzles."))


def _trees(data: Any, where: str) -> Trees:
    if not isinstance(data, Mapping):
        raise UsageError(f"trees is {data!r}; it must hold settings, one a line, below it")
    named = [name for name in GROWERS if name in data]
    if len(named) > 1:
        raise UsageError(f"trees are grown in one way, but {' and '.join(named)} are both set; keep one of them")
    grower = named[0] if named else next(iter(GROWERS))
    rest = {key: inner for key, inner in data.items() if key not in GROWERS}
    found = typed(Trees, rest, where, "trees.", GROWERS)
    own = typed(GROWERS[grower].settings, data.get(grower) or {}, where, f"trees.{grower}.")
    return replace(found, grower=grower, settings=own)


def _thoughts(data: Any, where: str) -> Thoughts:
    if not isinstance(data, Mapping):
        raise UsageError(f"thoughts is {data!r}; it must hold settings, one a line, below it")
    with_settings = {name: kind for name, of in METHODS.items() if (kind := of.settings) is not None}
    rest = {key: inner for key, inner in data.items() if key not in with_settings}
    found = typed(Thoughts, rest, where, "thoughts.", with_settings)
    own = {
        name: typed(kind, data.get(name) or {}, where, f"thoughts.{name}.")
        for name, kind in with_settings.items()
        if name in data or name in found.methods
    }
    return replace(found, settings=own)


def checked(wanted: Recipe) -> Recipe:
    """The recipe. Raises UsageError where its parts do not fit together."""
    thoughts, arms = wanted.thoughts, list(wanted.arms)
    if wanted.rounds != 1:
        raise UsageError(f"rounds is {wanted.rounds}, but only one round can be made so far; write rounds: 1")
    if wanted.redraws < 1:
        raise UsageError(f"an interval wants redraws, so redraws counts from 1, not {wanted.redraws}")
    if not thoughts.methods:
        raise UsageError("thoughts.methods is empty; name at least one, such as traverse")
    for method in thoughts.methods:
        if method not in METHODS:
            raise unknown_key("thoughts.", method, list(METHODS))
    if thoughts.notes is None and any(METHODS[method].source == "notes" for method in thoughts.methods):
        raise UsageError(
            "annotate expands people's notes; give their file with --notes FILE, in a recipe as thoughts.notes"
        )
    if stray := [method for method in thoughts.refine if method not in thoughts.methods]:
        raise UsageError(f"thoughts.refine names {stray[0]}, which is not among thoughts.methods; add it there")
    for name in arms:
        method, needs = ARMS[name].method, ARMS[name].needs
        if method is not None and method not in thoughts.methods:
            raise UsageError(f"the arm {name} trains on {method}, which is not among thoughts.methods; add it there")
        if needs is not None and needs not in arms and ARMS[needs].needs is not None:
            raise UsageError(f"the arm {name} starts from {needs}, which is not among the arms; add it there")
    if wanted.seeds > 1 and wanted.policy_arm is None:
        raise UsageError(
            f"seeds is {wanted.seeds}, but no arm makes the model that grows the trees (phase1); write seeds: 1"
        )
    return wanted


def plain_recipe(wanted: Recipe) -> dict[str, Any]:
    """The recipe as plain settings, every default in its place; `recipe_of` reads it back."""
    data = saved(wanted, wanted.judge)
    data["trees"][wanted.trees.grower] = data["trees"].pop("settings")
    del data["trees"]["grower"]
    data["thoughts"] |= data["thoughts"].pop("settings")
    return data


def without_arms(wanted: Recipe) -> Recipe:
    """The recipe with nothing trained: its model grows the trees."""
    return replace(wanted, arms={}, seeds=1)


def limited(wanted: Recipe, limit: int | None) -> Recipe:
    """At most `limit` problems to grow trees of, to choose on and to test on, and thoughts of as many trees."""
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
