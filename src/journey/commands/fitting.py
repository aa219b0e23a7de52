"""The flags of journey derive, and which of them mean something to which method."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from journey.errors import UsageError
from journey.pipeline.collection import FROM_TREES, Method

METHODS: tuple[Method, ...] = get_args(Method)
REFINED: tuple[Method, ...] = ("traverse", "propose", "debate", "distill", "rewrite")
"""Methods whose drafts can be smoothed: a shortcut is what it is, and `annotate` checks its own text."""
STRONG: tuple[Method, ...] = ("debate", "distill", "rewrite", "annotate")
FLAGS: Mapping[str, tuple[Method, ...]] = {
    "trials": ("traverse",),
    "start": ("traverse",),
    "per_tree": FROM_TREES,
    "neutral": FROM_TREES,
    "model": ("propose", "debate"),
    "explain": ("traverse",),
    "refine": REFINED,
    "notes": ("annotate",),
    "seed": ("traverse", *METHODS[2:]),
}
SETTINGS: Mapping[str, tuple[Method, ...]] = {
    **{name: FLAGS[name] for name in ("per_tree", "neutral", "explain", "refine", "notes")},
    "explaining": ("traverse",),
    "refining": REFINED,
    **{name: (name,) for name in METHODS},
}
"""What stands below `telling`, by --set."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the flags say; null: as the run's recipe says, or the default where it has none."""

    method: str = "both"
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
    prefer_labels: bool = False
    out: Path | None = None

    def methods(self) -> tuple[Method, ...]:
        """The methods that are meant."""
        return FROM_TREES if self.method == "both" else (cast("Method", self.method),)


def refuse_unfit(
    asked: Asked, methods: Sequence[Method], *, helped: bool, environment: Mapping[str, str] = os.environ
) -> None:
    """Raises UsageError for a flag that means nothing to the methods; what the environment gives may be for others.

    `helped`: the strong model explains or refines.
    """
    for name, fits in FLAGS.items():
        if _given(asked, name, environment) and not set(fits) & set(methods):
            raise _unfit(f"--{name.replace('_', '-')}", fits, methods)
    for setting in asked.settings:
        name = setting.partition("=")[0].strip().removeprefix("telling.").partition(".")[0]
        fits = SETTINGS.get(name) if setting.strip().startswith("telling.") else None
        if fits is not None and not set(fits) & set(methods):
            raise _unfit(f"--set {setting}", fits, methods)
    if _given(asked, "strong", environment) and not helped and not set(STRONG) & set(methods):
        raise UsageError(
            f"--strong is for {_listed(STRONG)}, or for --explain or --refine, not for {_listed(methods)}; leave it "
            "out, or give one of these"
        )


def _given(asked: Asked, name: str, environment: Mapping[str, str]) -> bool:
    """Whether the command line gave a flag that asks for something."""
    value: Any = getattr(asked, name)
    wanted = value if name in ("explain", "refine") else value is not None
    return bool(wanted) and environment.get(f"JOURNEY_{name.upper()}") != str(value)


def _unfit(flag: str, fits: Sequence[Method], methods: Sequence[Method]) -> UsageError:
    mend = f"--method {fits[0]}" if len(fits) == 1 else "one of these as --method"
    return UsageError(f"{flag} is for {_listed(fits)}, not for {_listed(methods)}; leave it out, or give {mend}")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
