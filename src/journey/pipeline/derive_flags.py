"""The flags of journey derive: which setting of the recipe each gives, and to which methods it means something."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journey.errors import UsageError
from journey.thoughts.base import ThoughtMethod
from journey.thoughts.methods import METHODS, from_trees

BOTH = "both"
FLAGS = {
    "trials": "thoughts.traverse.trials", "start": "thoughts.traverse.start", "per_tree": "thoughts.per_tree",
    "neutral": "thoughts.neutral", "model": "model", "explain": "thoughts.explain", "refine": "thoughts.refine",
    "notes": "thoughts.notes", "seed": "first_seed", "strong": "strong",
    "language": "thoughts.language",
}  # fmt: skip
"""The recipe's setting that each flag gives."""

FITS: Mapping[str, Callable[[ThoughtMethod], bool]] = {
    "per_tree": lambda method: method.source == "trees",
    "neutral": lambda method: method.source == "trees",
    "model": lambda method: "model" in method.asks,
    "explain": lambda method: method.explains,
    "explaining": lambda method: method.explains,
    "hinted": lambda method: method.unsolved,
    "hinting": lambda method: method.unsolved,
    "refine": lambda method: method.refinable,
    "refining": lambda method: method.refinable,
    "notes": lambda method: method.source == "notes",
    "first_seed": lambda method: bool(method.settings or method.control_of or method.settings_of),
    "strong": lambda method: "strong" in method.asks,
}
"""Which methods a setting means something to; a method's own settings are for it and its controls alone."""


def methods_of(method: str) -> tuple[str, ...]:
    """The methods that --method means. Raises UsageError."""
    if method != BOTH and method not in METHODS:
        raise UsageError(f"there is no method {method!r}; known are {BOTH}, {', '.join(METHODS)}")
    if method != BOTH:
        return (method,)
    return tuple(name for name in from_trees() if not (METHODS[name].control_of or METHODS[name].unsolved))


def refuse_unfit(given: Mapping[str, Any], settings: Sequence[str], methods: Sequence[str], *, helped: bool) -> None:
    """Raises UsageError for a flag or --set that means nothing to the methods; the environment's may be for others.

    `helped`: the strong model explains, refines or retells.
    """
    flags: dict[str, str] = {}
    for name, value in given.items():
        is_off = value is False and name in ("explain", "refine")
        if not is_off and os.environ.get(f"JOURNEY_{name.upper()}") != str(value):
            flags[f"--{name.replace('_', '-')}"] = FLAGS[name]
    flags |= {f"--set {one}": one.partition("=")[0].strip() for one in settings if one.strip().startswith("thoughts.")}
    for flag, setting in flags.items():
        fits = _fitting(setting.removeprefix("thoughts.").partition(".")[0])
        if not set(fits) & set(methods) and not (setting == "strong" and helped):
            listed = [name for name in fits if METHODS[name].control_of is None]
            also = ", or for --explain, --refine or --language" if setting == "strong" else ""
            mend = f"--method {listed[0]}" if len(listed) == 1 else "one of these as --method"
            raise UsageError(
                f"{flag} is for {_listed(listed)}{also}, not for {_listed(methods)}; leave it out, or give {mend}"
            )


def _fitting(setting: str) -> list[str]:
    """The methods that a setting means something to; all, where it is none of a method or of several."""
    if setting in METHODS:
        return [name for name, method in METHODS.items() if setting in (name, method.control_of, method.settings_of)]
    return [name for name, method in METHODS.items() if FITS.get(setting, bool)(method)]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
