"""Settings as files, flags and the environment give them: read as plain data, laid over each other, and typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from journey.errors import UsageError
from journey.judges import names
from journey.judges.kinds import default_settings
from journey.pipeline import recipe_files

Settings = TypeVar("Settings")
JUDGES = "judge_settings"
SAVED_ALWAYS = frozenset({"critic", "rollout"})
"""Kinds of judges whose settings every run keeps, whoever judges: runs of version 1 hold them and are gone on with."""


def read_settings(path: str | Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain settings of a YAML file (or of a recipe that ships with journey) with overrides. Raises UsageError."""
    try:
        data = yaml.safe_load(recipe_files.find(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(data, dict) or not data:
        raise UsageError(f"{path} holds no settings; begin with one such as journey recipe countdown prints")
    data = copied(data)  # what stands in several places by one anchor is set in one of them alone
    override(data, overrides)
    return data


def copied(data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, no part of them shared with another."""
    return {key: copied(inner) if isinstance(inner, Mapping) else inner for key, inner in data.items()}


def overridden(overrides: Sequence[str]) -> dict[str, Any]:
    """The settings that "a.b=value" flags alone give. Raises UsageError."""
    data: dict[str, Any] = {}
    override(data, overrides)
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


def set_value(data: dict[str, Any], key: str, found: Any, who: str) -> None:
    """Sets a dotted key; `who` says where it comes from. Raises UsageError where no settings stand below a part."""
    *path, last = key.split(".")
    for part in path:
        inner = data.setdefault(part, {})
        if inner is None:
            inner = data[part] = {}
        if not isinstance(inner, dict):
            raise UsageError(f"{who} sets {key}, but {part} holds no settings below it")
        data = inner
    data[last] = found


def override(data: dict[str, Any], overrides: Sequence[str]) -> None:
    """Sets what "a.b=value" flags say. Raises UsageError."""
    for key, found, who in flags(overrides):
        set_value(data, key, found, who)


def flags(overrides: Sequence[str]) -> Iterable[tuple[str, Any, str]]:
    """The dotted key and the value of each "a.b=value", and how it was given. Raises UsageError."""
    for one in overrides:
        key, equals, text = one.partition("=")
        if not equals:
            raise UsageError(f"--set {one} has no value; write it like --set {key}=1")
        yield key.strip(), value(text), f"--set {one}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfJudges:
    """The settings of judges alone."""

    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)


def typed(kind: type[Settings], data: Any, where: str, under: str = "", known: Iterable[str] = ()) -> Settings:
    """The settings as a dataclass of that kind. Raises UsageError naming the first that is wrong.

    `where` names the file. `under` is the dotted name that they stand below ("trees."), and `known` are keys that may
    stand beside the dataclass's own; both are for the sentence alone. A dataclass with `judge_settings` has the
    settings of every kind of judge under the kind's name.
    """
    if not isinstance(data, Mapping):
        raise UsageError(f"{under.rstrip('.')} is {data!r}; it must hold settings, one a line, below it")
    check_keys(kind, data, under, known)
    if JUDGES in (f.name for f in fields(cast("Any", kind))):
        usual = default_settings()
        of_judges = {name: _validated(type(one), data.get(name, {}), where, f"{name}.") for name, one in usual.items()}
        data = {JUDGES: of_judges} | {key: inner for key, inner in data.items() if key not in usual}
    return _validated(kind, data, where, under)


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


_LIST = "it must be a list, such as [0.1, 0.5], one value a place"


def _validated(kind: type[Settings], data: Any, where: str, under: str) -> Settings:
    try:
        made = TypeAdapter(kind).validate_python(data)
        _refuse_no_numbers(asdict(cast("Any", made)), where, under.rstrip("."))
        return made
    except ValidationError as error:
        first = error.errors()[0]
        place = under + ".".join(str(part) for part in first["loc"])
        wanted = _LIST if first["type"] == "tuple_type" else first["msg"].lower()
        raise UsageError(f"{where}: {place} is {first['input']!r}: {wanted}") from None


def _refuse_no_numbers(found: Any, where: str, place: str) -> None:
    """Raises UsageError at the first value that is no finite number, which JSON, as runs keep settings, lacks."""
    if isinstance(found, float) and not isfinite(found):
        raise UsageError(f"{where}: {place} is {found}: give a finite number")
    parts = (
        found.items() if isinstance(found, Mapping) else enumerate(found) if isinstance(found, (list, tuple)) else ()
    )
    for name, inner in parts:
        _refuse_no_numbers(inner, where, f"{place}.{name}".lstrip("."))


def _keys(kind: Any) -> dict[str, Any]:
    """The keys of a kind of settings, and what stands below each; kinds of judges are keys of their own."""
    hints = get_type_hints(kind)
    keys = {f.name: hints[f.name] for f in fields(kind) if f.name != JUDGES}
    return keys if JUDGES not in hints else keys | {name: type(one) for name, one in default_settings().items()}


def check_keys(kind: Any, data: Mapping[str, Any], where: str, known: Iterable[str] = ()) -> None:
    """Raises UsageError at the first key that the dataclass does not have, naming the nearest that it has."""
    keys = _keys(kind)
    for key, found in data.items():
        if key not in keys:
            below = [f"{name}.{key}" for name, inner in keys.items() if is_dataclass(inner) and key in _keys(inner)]
            raise unknown_key(where, key, below or list(dict.fromkeys((*keys, *known))))
        _check_inside(keys[key], found, f"{where}{key}")


def unknown_key(where: str, key: str, known: Sequence[str]) -> UsageError:
    """What is said of a key that is not there, with the nearest that is."""
    near = get_close_matches(str(key), known, 1, cutoff=0.4)
    mend = f"did you mean {where}{near[0]}?" if near else f"known are {', '.join(known)}"
    return UsageError(f"there is no setting {where}{key}; {mend}")


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
