"""The flags of journey derive, and which of them mean something to which method."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from journey.errors import UsageError
from journey.thoughts.base import ThoughtMethod
from journey.thoughts.methods import METHODS, from_trees

BOTH = "both"
FLAGS: Mapping[str, Callable[[str, ThoughtMethod], bool]] = {
    "trials": lambda name, method: hasattr(method.settings, "trials"),
    "start": lambda name, method: hasattr(method.settings, "start"),
    "per_tree": lambda name, method: method.source == "trees",
    "neutral": lambda name, method: method.source == "trees",
    "model": lambda name, method: "model" in method.asks,
    "explain": lambda name, method: method.explains,
    "refine": lambda name, method: method.refinable,
    "notes": lambda name, method: method.source == "notes",
    "seed": lambda name, method: method.settings is not None,
}
"""To which methods a flag means something."""
SETTINGS: Mapping[str, Callable[[str, ThoughtMethod], bool]] = {
    **{name: FLAGS[name] for name in ("per_tree", "neutral", "explain", "refine", "notes")},
    "explaining": FLAGS["explain"],
    "refining": FLAGS["refine"],
}
"""The same of what stands below `thoughts`, by --set; a method's own settings are for it alone."""


@dataclass(frozen=True, slots=True)
class DeriveOptions:
    """What the flags say; null: as the run's recipe says, or the default where it has none."""

    method: str = BOTH
    trials: int | None = None
    start: Literal["path", "root"] | None = None
    per_tree: int | None = None
    neutral: bool | None = None
    model: str | None = None
    strong: str | None = None
    explain: bool | None = None
    refine: bool | None = None
    notes: Path | None = None
    seed: int | None = None
    settings: Sequence[str] = ()

    def methods(self) -> tuple[str, ...]:
        """The methods that are meant. Raises UsageError."""
        if self.method != BOTH and self.method not in METHODS:
            raise UsageError(f"there is no method {self.method!r}; known are {BOTH}, {', '.join(METHODS)}")
        return from_trees() if self.method == BOTH else (self.method,)


def refuse_unfit(
    given: DeriveOptions, methods: Sequence[str], *, helped: bool, environment: Mapping[str, str] = os.environ
) -> None:
    """Raises UsageError for a flag that means nothing to the methods; what the environment gives may be for others.

    `helped`: the strong model explains or refines.
    """
    for name, fits in FLAGS.items():
        if _is_given(given, name, environment) and not set(_fitting(fits)) & set(methods):
            raise _unfit(f"--{name.replace('_', '-')}", _fitting(fits), methods)
    for setting in given.settings:
        name = setting.partition("=")[0].strip().removeprefix("thoughts.").partition(".")[0]
        if not setting.strip().startswith("thoughts.") or name not in (*SETTINGS, *METHODS):
            continue
        found = [name] if name in METHODS else _fitting(SETTINGS[name])
        if not set(found) & set(methods):
            raise _unfit(f"--set {setting}", found, methods)
    strong = [name for name, method in METHODS.items() if "strong" in method.asks]
    if _is_given(given, "strong", environment) and not helped and not set(strong) & set(methods):
        raise UsageError(
            f"--strong is for {_listed(strong)}, or for --explain or --refine, not for {_listed(methods)}; leave it "
            "out, or give one of these"
        )


def _fitting(fits: Callable[[str, ThoughtMethod], bool]) -> list[str]:
    return [name for name, method in METHODS.items() if fits(name, method)]


def _is_given(given: DeriveOptions, name: str, environment: Mapping[str, str]) -> bool:
    """Whether the command line gave a flag that asks for something."""
    value: Any = getattr(given, name)
    wanted = value if name in ("explain", "refine") else value is not None
    return bool(wanted) and environment.get(f"JOURNEY_{name.upper()}") != str(value)


def _unfit(flag: str, fits: Sequence[str], methods: Sequence[str]) -> UsageError:
    mend = f"--method {fits[0]}" if len(fits) == 1 else "one of these as --method"
    return UsageError(f"{flag} is for {_listed(fits)}, not for {_listed(methods)}; leave it out, or give {mend}")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
