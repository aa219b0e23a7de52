"""How often an experiment goes round, what each round is trained on, and what must hold for the next one to begin."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Literal

from journey.errors import ABOVE_0, UsageError, check_settings
from journey.evals.guards import OFF, Guards

SIZES = ("samples", "problems")
"""The settings of guards that say how much is measured, whichever are on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The temperature of a round's trees and the reward above which right ends are kept: the pair with the highest
    balance score (B-STaR, arXiv 2412.17256), tried on the trees of the round's first `problems`.

    A right end has the reward 1, and a fifth of the judge's lowest score on its way. `wanted`: how many right ways of a
    problem are enough.
    """

    temperatures: tuple[float, ...] = (0.6, 0.8, 1.0, 1.2)
    thresholds: tuple[float, ...] = (0.5, 1.1)
    problems: int = 50
    wanted: int = 8

    def __post_init__(self) -> None:
        check_settings(self, "rounds.balance.", problems=1, wanted=1)
        for name in ("temperatures", "thresholds"):
            if not getattr(self, name):
                raise UsageError(f"rounds.balance.{name} is empty; give at least one, or leave rounds.balance out")
        for one in (*self.temperatures, *self.thresholds):
            if not 0 <= one < inf:
                raise UsageError(f"rounds.balance has the temperature or threshold {one}; each must be at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """`count` rounds: trees by the last good model, thoughts of them, training, validation, the guards.

    `policy`: whose trees they are, the "last" good model's, or those of the "first" policy alone, which makes the last
    round the control of all of them: one round with as many trees.
    `start`: what every round is trained from, "base" (the model that the arm starts from in round 1) or the "last"
    good model. `data`: the thoughts of all rounds ("accumulate") or of this one ("replace"). `given` is the least share
    of rows that people or worked solutions gave, phase 1's included; thoughts of earlier rounds are left out for it.
    `problems`: the "same" in every round, or as many "new" ones. `choose`: grow trees of "all", or those of "middling"
    success first (`share` of them). `mix`: weights of domains among the rows, null: as they come. `temperature` of the
    later rounds' trees, null: the recipe's; `balance` chooses it in each of them, null: nobody does.
    """

    count: int = 1
    policy: Literal["last", "first"] = "last"
    start: Literal["base", "last"] = "base"
    data: Literal["accumulate", "replace"] = "accumulate"
    given: float = 0.3
    problems: Literal["same", "new"] = "same"
    choose: Literal["all", "middling"] = "all"
    share: float = 1.0
    mix: dict[str, float] | None = None
    guards: Guards = Guards()
    temperature: float | None = None
    balance: Balance | None = None

    def __post_init__(self) -> None:
        check_settings(self, "rounds.", count=1, temperature=0, given=(0, 1), share=(ABOVE_0, 1))
        if self.given == 1 and self.start == "base":
            raise UsageError(
                "rounds.given is 1, which leaves no thought of the model's own to train on behind phase 1: that is the "
                "arm phase1; lower it, or write rounds.start: last"
            )
        weights = [] if self.mix is None else self.mix.values()
        if self.mix is not None and (not any(weights) or not all(0 <= weight < inf for weight in weights)):
            raise UsageError(f"rounds.mix is {self.mix}; its weights are at least 0, and one of them is above 0")
        if self.share < 1 and self.choose == "all":
            raise UsageError(
                f"rounds.share is {self.share}, but all problems are taken; write rounds.choose: middling, or leave "
                "rounds.share out"
            )
        if self.balance is not None and self.temperature is not None:
            raise UsageError("rounds.balance chooses the temperature of a round's trees; leave rounds.temperature out")
        if self.choose == "middling" and self.problems == "new":
            raise UsageError(
                "rounds.choose: middling takes problems by their success in the rounds before, which new ones have not "
                "had; write rounds.problems: same, or leave rounds.choose out"
            )


def rounds_named(found: Any) -> dict[str, Any]:
    """The settings of rounds in full: from a count alone, with `guards: off` as all of them off (YAML reads false).

    Raises UsageError for what is neither a count nor settings.
    """
    if isinstance(found, int) and not isinstance(found, bool):
        return {"count": found}
    if not isinstance(found, Mapping):
        raise UsageError(
            f"rounds is {found!r}; write how often to go round, such as rounds: 4, or its settings below it"
        )
    guards = found.get("guards", {})
    if guards in (False, "off"):
        guards = {name: value for name, value in asdict(OFF).items() if name not in SIZES}
    elif isinstance(guards, Mapping) and guards.get("gate") is False:
        guards = {**guards, "gate": "off"}
    return {**found, **({"guards": guards} if guards else {})}
