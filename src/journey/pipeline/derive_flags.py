"""The flags of journey derive: which setting of the recipe each gives, and to which methods it means something."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from journey.errors import UsageError
from journey.thoughts.base import ThoughtMethod
from journey.thoughts.methods import METHODS, from_trees

BOTH = "both"


class Flag(NamedTuple):
    """The recipe's `setting` that a flag gives, and whether it means something to a method."""

    setting: str
    fits: Callable[[str, ThoughtMethod], bool]


FLAGS: Mapping[str, Flag] = {
    "trials": Flag("thoughts.traverse.trials", lambda name, method: "traverse" in (name, method.control_of)),
    "start": Flag("thoughts.traverse.start", lambda name, method: "traverse" in (name, method.control_of)),
    "per_tree": Flag("thoughts.per_tree", lambda name, method: method.source == "trees"),
    "neutral": Flag("thoughts.neutral", lambda name, method: method.source == "trees"),
    "model": Flag("model", lambda name, method: "model" in method.asks),
    "explain": Flag("thoughts.explain", lambda name, method: method.explains),
    "refine": Flag("thoughts.refine", lambda name, method: method.refinable),
    "notes": Flag("thoughts.notes", lambda name, method: method.source == "notes"),
    "seed": Flag("first_seed", lambda name, method: method.settings is not None or method.control_of is not None),
    "strong": Flag("strong", lambda name, method: "strong" in method.asks),
}
SETTINGS = {"explaining": "explain", "refining": "refine"} | {
    name: name for name in ("per_tree", "neutral", "explain", "refine", "notes")
}
"""The flags whose methods a setting below `thoughts` is for; a method's own settings are for it alone."""


def methods_of(method: str) -> tuple[str, ...]:
    """The methods that --method means. Raises UsageError."""
    if method != BOTH and method not in METHODS:
        raise UsageError(f"there is no method {method!r}; known are {BOTH}, {', '.join(METHODS)}")
    return tuple(name for name in from_trees() if not METHODS[name].control_of) if method == BOTH else (method,)


def refuse_unfit(
    given: Mapping[str, Any],
    settings: Sequence[str],
    methods: Sequence[str],
    *,
    helped: bool,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Raises UsageError for a flag or --set that means nothing to the methods; the environment's may be for others.

    `helped`: the strong model explains or refines.
    """
    for name, value in given.items():
        fitting = _fitting(name)
        if (value is False and name in ("explain", "refine")) or environment.get(f"JOURNEY_{name.upper()}") == str(
            value
        ):
            continue
        if set(fitting) & set(methods) or (name == "strong" and helped):
            continue
        if name == "strong":
            raise UsageError(
                f"--strong is for {_listed(fitting)}, or for --explain or --refine, not for {_listed(methods)}; leave "
                "it out, or give one of these"
            )
        raise _unfit(f"--{name.replace('_', '-')}", fitting, methods)
    for setting in settings:
        name = setting.partition("=")[0].strip().removeprefix("thoughts.").partition(".")[0]
        if not setting.strip().startswith("thoughts.") or name not in (*SETTINGS, *METHODS):
            continue
        fitting = (
            _fitting(SETTINGS[name])
            if name in SETTINGS
            else [method for method, kind in METHODS.items() if name in (method, kind.control_of)]
        )
        if not set(fitting) & set(methods):
            raise _unfit(f"--set {setting}", fitting, methods)


def _fitting(flag: str) -> list[str]:
    return [name for name, method in METHODS.items() if FLAGS[flag].fits(name, method)]


def _unfit(flag: str, fits: Sequence[str], methods: Sequence[str]) -> UsageError:
    mend = f"--method {fits[0]}" if len(fits) == 1 else "one of these as --method"
    return UsageError(f"{flag} is for {_listed(fits)}, not for {_listed(methods)}; leave it out, or give {mend}")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
