"""Every kind of training by its name: the one place where one is entered, light enough to read without torch."""

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from journey.errors import UsageError
from journey.training.rl_settings import RlSettings
from journey.training.settings import DpoSettings, Optimising, PrmSettings, SftSettings

TRAININGS: dict[str, type[Optimising]] = {"sft": SftSettings, "dpo": DpoSettings, "prm": PrmSettings, "rl": RlSettings}


def kind_of(settings: Optimising) -> str:
    """The name of the settings' kind of training."""
    return next(name for name, kind in TRAININGS.items() if type(settings) is kind)


def settings_from_json(kind: str, data: Mapping[str, Any]) -> Optimising:
    """The settings of such a kind from a JSON object; an unknown key is refused with the nearest right one."""
    names = [f.name for f in fields(TRAININGS[kind])]
    for key in data:
        if key not in names:
            near = get_close_matches(key, names, 1)
            raise UsageError(f"{kind} has no setting {key!r}" + (f": did you mean {near[0]!r}?" if near else "."))
    return TRAININGS[kind](**data)
