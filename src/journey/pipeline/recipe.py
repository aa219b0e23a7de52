"""A recipe: one experiment as a small YAML file, read into frozen dataclasses with every default in its place."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.judges import names
from journey.judges.kinds import default_settings
from journey.models.server_settings import ServerSettings
from journey.pipeline import recipe_files
from journey.pipeline.collection import Collection
from journey.pipeline.sweep_recipe import Scaling
from journey.tasks.table import task
from journey.thoughts.traverse import TraverseSettings
from journey.training.settings import DpoSettings, SftSettings
from journey.trees.grow import GrowSettings

VARIABLE = "JOURNEY_"
Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Which problems each part of the experiment gets.

    `file` null: the task draws them by the settings `puzzles`, which are its own (`Task.settings`); else problems are
    read from the file (`test_file` for the test set, or a part of the same file). Counts are upper limits for files.
    """

    file: str | None = None
    test_file: str | None = None
    puzzles: Any = None
    phase1: int = 400
    train: int = 1200
    validation: int = 200
    test: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """How trees are grown, and how many of those with a right leaf and a wrong branch are told (`count`, null: all)."""

    grow: GrowSettings = GrowSettings()
    count: int | None = 327


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How trees become thoughts; `neutral` says whether a right path may have neutral steps."""

    traverse: TraverseSettings = TraverseSettings()
    neutral: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """DPO after journey (report: 20 answers a problem, 5 pairs); `problems` 0 leaves the arm out."""

    problems: int = 300
    samples: int = 20
    pairs: int = 5
    temperature: float = 0.7
    top_p: float = 0.95
    training: DpoSettings = DpoSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The one decoding rule of all arms, and on which problems the arms are compared.

    `votes` answers a problem are drawn from the shortcut, for maj@k at the journey's output tokens (1: no votes).
    """

    temperature: float = 0.7
    top_p: float = 1.0
    max_tokens: int = 600
    split: Literal["test", "validation"] = "test"
    votes: int = 5

    def sampled(self, samples: int = 1) -> Decoding:
        """The main decoding."""
        return Decoding("sampled", self.temperature, self.top_p, self.max_tokens, samples)

    def greedy(self) -> Decoding:
        """The greedy one beside it."""
        return Decoding("greedy", 0.0, 1.0, self.max_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A whole comparison: model and judge by name, and the settings of each stage.

    The settings of judges stand under the names of their kinds (critic.votes: 3), here by kind in `judge_settings`.

    `seeds`: how many times phase 1, trees and all arms are made; only the model is fixed. `workers` (null: one a
    core, at most one a seed) and `in_flight` change no result.
    """

    goal: Literal["comparison"] = "comparison"
    task: str = "countdown"
    model: str = "tiny"
    judge: str = "exact"
    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    servers: Mapping[str, ServerSettings] = field(default_factory=dict[str, ServerSettings])
    seeds: int = 5
    first_seed: int = 1
    problems: Problems = Problems()
    phase1: SftSettings = SftSettings()
    trees: Trees = Trees()
    telling: Telling = Telling()
    training: SftSettings = SftSettings()
    matched_tokens: bool = True
    preferences: Preferences = Preferences()
    evaluation: Evaluation = Evaluation()
    workers: int | None = None
    in_flight: int = 256

    def __post_init__(self) -> None:
        object.__setattr__(self, "problems", _drawn_as(self.task, self.problems))


def _drawn_as(name: str, problems: Problems) -> Problems:
    """The problems with `puzzles` as the settings of the task of that name. Raises UsageError."""
    kind, given = task(name).settings, problems.puzzles
    if kind is None:
        if given:
            raise UsageError(f"problems of the task {name} are not drawn; leave problems.puzzles away")
        return problems
    if isinstance(given, kind):
        return problems
    _check_inside(kind, given or {}, "problems.puzzles")
    return replace(problems, puzzles=typed(kind, given or {}, "problems.puzzles"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJudges:
    """The settings of judges alone."""

    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)


JUDGES = "judge_settings"
SAVED_ALWAYS = frozenset({"critic", "rollout"})
"""Kinds of judges whose settings every run keeps, whoever judges: runs of version 1 hold them and are gone on with."""

UNCOMPARED = ("recipe.workers", "recipe.in_flight", "recipe.seeds", "recipe.servers", "versions")
"""Settings that change no result of what is already there; a run may go on with others."""

GOALS: dict[str, type[Recipe] | type[Collection] | type[Scaling]] = {
    "comparison": Recipe,
    "thoughts": Collection,
    "scaling": Scaling,
}


def load(
    path: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Recipe | Collection | Scaling:
    """The recipe of a YAML file; `overrides` are "a.b=value", and beat JOURNEY_A__B=value, which beats the file.

    Its `goal` says what kind it is: a comparison (Recipe, where none is named), thoughts (Collection) or scaling
    (Scaling). Raises UsageError: missing file, no YAML, unknown key (with the nearest right one), wrong kind of value.
    """
    data = read_settings(path)
    goal = data.get("goal", "comparison")
    if goal not in GOALS:
        raise UsageError(f"{path}: goal is {goal!r}; known are {', '.join(GOALS)}")
    known = _keys(GOALS[goal]).keys()
    for name, text in environment.items():
        key = name.removeprefix(VARIABLE).lower().replace("__", ".")
        if name.startswith(VARIABLE) and key.split(".")[0] in known:
            _set(data, key, text, f"the environment's {name}")
    _override(data, overrides)
    return typed(GOALS[goal], data, str(path))


def comparison(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a comparison. Raises UsageError, also for a recipe with another goal."""
    wanted = load(path, overrides)
    if not isinstance(wanted, Recipe):
        raise UsageError(f"{path} has the goal {wanted.goal}, not a comparison; run it with journey run {path}")
    return wanted


def limited(wanted: Recipe, limit: int | None) -> Recipe:
    """At most `limit` problems to grow trees of, to choose on and to test on, and as many trees told."""
    if limit is None:
        return wanted
    parts = {name: min(limit, getattr(wanted.problems, name)) for name in ("train", "validation", "test")}
    count = min(limit, wanted.trees.count or limit)
    return replace(wanted, problems=replace(wanted.problems, **parts), trees=replace(wanted.trees, count=count))


def read_settings(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain settings of a YAML file with overrides. Raises UsageError."""
    data = _read(Path(path))
    _override(data, overrides)
    return data


def overridden(overrides: Sequence[str]) -> dict[str, Any]:
    """The settings that "a.b=value" flags alone give. Raises UsageError."""
    data: dict[str, Any] = {}
    _override(data, overrides)
    return data


def merged(settings: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with those of the others over them, level by level."""
    result = dict(settings)
    for other in others:
        for key, value in other.items():
            inner = result.get(key)
            if isinstance(inner, Mapping) and isinstance(value, Mapping):
                result[key] = merged(inner, value)
            else:
                result[key] = value
    return result


def value(text: str) -> Any:
    """What a flag's text means: a number, true, null, a list, or the text itself."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def typed(kind: type[Settings], data: Mapping[str, Any], where: str) -> Settings:
    """The settings as a dataclass of that kind. Raises UsageError naming the first that is wrong."""
    check_keys(kind, data, "")
    if JUDGES in (f.name for f in fields(cast("Any", kind))):
        usual = default_settings()
        of_judges = {name: _validated(type(one), data.get(name, {}), where, name) for name, one in usual.items()}
        data = {JUDGES: of_judges} | {key: value for key, value in data.items() if key not in usual}
    return _validated(kind, data, where)


def saved(settings: Any, judge: str) -> dict[str, Any]:
    """Settings as a run keeps them, as `typed` reads them: those of a kind of judge where it matters under its name."""
    data = asdict(settings)
    kinds, usual = data.pop(JUDGES), default_settings()
    named = SAVED_ALWAYS | {*(one.kind for one in names.single(names.read(judge)))}
    return data | {
        name: kinds[name] for name, one in settings.judge_settings.items() if name in named or one != usual.get(name)
    }


def judge_settings(data: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The settings of every kind of judge, from those that `data` gives under their names. Raises UsageError."""
    given = {name: data[name] for name in default_settings() if name in data}
    return typed(OfJudges, given, where).judge_settings


def _validated(kind: type[Settings], data: Any, where: str, above: str = "") -> Settings:
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (*filter(None, [above]), *first["loc"]))
        raise UsageError(f"{where}: {place} is {first['input']!r}: {first['msg'].lower()}") from None


def _keys(kind: Any) -> dict[str, Any]:
    """The keys of a kind of settings, and what stands below each; kinds of judges are keys of their own."""
    hints = get_type_hints(kind)
    keys = {f.name: hints[f.name] for f in fields(kind) if f.name != JUDGES}
    return keys if JUDGES not in hints else keys | {name: type(one) for name, one in default_settings().items()}


def check_keys(kind: Any, data: Mapping[str, Any], where: str) -> None:
    """Raises UsageError at the first key that the dataclass does not have, naming the nearest that it has."""
    keys = _keys(kind)
    for key, value in data.items():
        if key not in keys:
            near = get_close_matches(str(key), keys, 1, cutoff=0.4)
            mend = f"did you mean {where}{near[0]}?" if near else f"known are {', '.join(keys)}"
            raise UsageError(f"there is no setting {where}{key}; {mend}")
        _check_inside(keys[key], value, f"{where}{key}")


def _check_inside(kind: Any, value: Any, where: str) -> None:
    """The same for what stands below a key: settings, several by name, a list of them, or null."""
    inner = get_args(kind)
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise UsageError(f"{where} is {value!r}; it must hold settings, one a line, below it")
        check_keys(kind, value, f"{where}.")
    elif get_origin(kind) in (Mapping, dict) and is_dataclass(inner[1]) and isinstance(value, Mapping):
        for name, settings in value.items():
            _check_inside(inner[1], settings, f"{where}.{name}")
    elif get_origin(kind) is tuple and is_dataclass(inner[0]) and isinstance(value, list):
        for settings in value:
            _check_inside(inner[0], settings, where)
    elif type(None) in inner and value is not None:
        for one in inner:
            if is_dataclass(one):
                _check_inside(one, value, where)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(recipe_files.find(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(data, dict) or not data:
        raise UsageError(f"{path} holds no settings; begin with one such as journey recipe countdown prints")
    return data


def _set(data: dict[str, Any], key: str, text: str, who: str) -> None:
    *path, last = key.split(".")
    for part in path:
        inner = data.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{who} sets {key}, but {part} holds no settings below it")
        data = inner
    data[last] = value(text)


def _override(data: dict[str, Any], overrides: Sequence[str]) -> None:
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise UsageError(f"--set {override} has no value; write it like --set {key}=1")
        _set(data, key.strip(), text, f"--set {override}")
