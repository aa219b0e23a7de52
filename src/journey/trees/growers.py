"""Every way to grow a tree by its name: the one place where a grower is entered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from journey.answers.grade import Grader
from journey.judges.base import Judge
from journey.models.base import Model
from journey.models.estimate import Estimate
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.trees import grow, repair
from journey.types import Problem, Tree


class Grow(Protocol):
    """Grows the tree of one problem. Raises ModelError."""

    async def __call__(
        self, problem: Problem, policy: Model, judge: Judge, grader: Grader, ask: Ask, steps: StepFormat, settings: Any
    ) -> Tree: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Grower:
    """A way to grow trees.

    `settings` is its dataclass, with a field `seed`; it stands below `trees.NAME` of a recipe. `identity(problem,
    policy, judge, settings)` is the id of the tree that `grow` will make. `estimate(problems, policy, settings)` is
    what the policy is asked at most; a judge's estimate is made from it.
    """

    settings: type[Any]
    grow: Grow
    identity: Callable[[Problem, str, str, Any], str]
    estimate: Callable[[Sequence[Problem], str, Any], Estimate]


GROWERS: dict[str, Grower] = {
    "grow": Grower(settings=grow.GrowSettings, grow=grow.grow, identity=grow.tree_id, estimate=grow.estimate),
    "repair": Grower(
        settings=repair.RepairSettings, grow=repair.repair, identity=repair.tree_id, estimate=repair.estimate
    ),
}
