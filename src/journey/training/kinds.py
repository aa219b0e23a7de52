"""Every kind of training by its name: the one place where one is entered, light enough to read without torch."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any

from journey.errors import UsageError
from journey.training.rl_settings import RlSettings
from journey.training.settings import DpoSettings, Optimising, PrmSettings, QuietStarSettings, SftSettings

TRAININGS: dict[str, type[Optimising]] = {
    "sft": SftSettings,
    "dpo": DpoSettings,
    "prm": PrmSettings,
    "rl": RlSettings,
    "quiet_star": QuietStarSettings,
}


def kind_of(settings: Optimising) -> str:
    """The name of the settings' kind of training."""
    return next(name for name, kind in TRAININGS.items() if type(settings) is kind)


def settings_from_json(kind: str, data: Mapping[str, Any]) -> Optimising:
    """The settings of such a kind from a JSON object; an unknown key is refused with the nearest right one."""
    return _made(kind, TRAININGS[kind], data)


def _made(name: str, kind: type[Any], data: Mapping[str, Any]) -> Any:
    defaults = {field.name: field.default for field in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in defaults:
            near = get_close_matches(key, defaults, 1)
            raise UsageError(f"{name} has no setting {key!r}" + (f": did you mean {near[0]!r}?" if near else "."))
        default: Any = defaults[key]
        if is_dataclass(default) and isinstance(value, Mapping):
            values[key] = _made(f"{name}.{key}", type(default), value)
        else:
            values[key] = tuple(value) if isinstance(default, tuple) and isinstance(value, list) else value
    return kind(**values)
