"""A recipe whose goal is scaling: a base recipe, and axes along which one of its settings is varied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from journey.errors import UsageError

Arm = Literal["phase1", "journey", "shortcut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One setting of the base recipe (dotted: trees.count) and the values that it takes; the others stay the base's.

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
class Scaling:
    """What is swept.

    `base` is a recipe of a comparison, its file named from this one's folder, with `settings` over its own. Each value
    of each axis is one point: the base with that one setting changed. `arms` are trained and tried at every point;
    phase 1 at the base alone. `rounds`: redraws of the bootstrap.
    """

    goal: Literal["scaling"] = "scaling"
    base: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    axes: Mapping[str, Axis]
    arms: tuple[Arm, ...] = ("journey", "shortcut")
    rounds: int = 500

    def __post_init__(self) -> None:
        if not self.axes or "journey" not in self.arms:
            raise UsageError("a sweep wants at least one axis, and the journey among its arms")
        if self.rounds < 1:
            raise UsageError(f"an interval wants redraws, so rounds counts from 1, not {self.rounds}")
