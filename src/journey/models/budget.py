"""What the calls of a command cost, and the budget that they must not pass."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from journey.errors import BudgetReached
from journey.models.server_use import ServerUse

MILLION = 1_000_000
MEND = "; the same command with another budget goes on from here"


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests to a model, the tokens that it read in them and the tokens that it generated."""

    calls: int = 0
    prompt_tokens: int = 0
    tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.calls + other.calls, self.prompt_tokens + other.prompt_tokens, self.tokens + other.tokens)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.calls - other.calls, self.prompt_tokens - other.prompt_tokens, self.tokens - other.tokens)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model's tokens cost, in US dollars a million."""

    prompt: float
    generated: float

    def of(self, used: Usage) -> float:
        """The price of what was used."""
        return (used.prompt_tokens * self.prompt + used.tokens * self.generated) / MILLION


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget: `cost` in US dollars, `tokens` read and generated, `calls` as requests; null means no limit."""

    cost: float | None = None
    tokens: int | None = None
    calls: int | None = None

    def less(self, used: Usage, cost: float | None) -> "Limits":
        """What is left of the budget after that; a cost that is unknown leaves none."""
        return Limits(
            None if self.cost is None else self.cost - (self.cost if cost is None else cost),
            None if self.tokens is None else self.tokens - used.prompt_tokens - used.tokens,
            None if self.calls is None else self.calls - used.calls,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """What a request in flight may come to."""

    model: str
    most: Usage


NO_PRICES: Mapping[str, Price] = MappingProxyType({})


class BudgetTracker:
    """Counts what models use, and lets no request begin that may pass the budget.

    A request is reserved at what it may come to at most, and settled at what the server says it was. One that might
    pass the budget waits for all others in flight, which may come to less and whose answers are paid for, and is
    refused only then. Without limits nothing ever waits. A price that is unknown is never guessed: a limit on cost then
    refuses the model (BudgetReached says which). `servers`: how those of a list fare.
    """

    def __init__(self, limits: Limits = Limits(), prices: Mapping[str, Price] = NO_PRICES) -> None:
        self.limits = limits
        self.prices = prices
        self._spent: dict[str, Usage] = {}
        self._flying: set[Reservation] = set()
        self._settled = asyncio.Event()
        self.remarks: dict[str, None] = {}
        self.servers: list[ServerUse] = []

    async def reserve(self, model: str, prompt_tokens: int, tokens: int) -> Reservation:
        """Room for one request that reads and generates at most so many tokens. Raises BudgetReached."""
        wanted = Reservation(model, Usage(1, prompt_tokens, tokens))
        while (reached := self._reached(wanted, self._flying)) is not None:
            if not self._flying:
                raise BudgetReached(reached)
            self._settled.clear()
            await self._settled.wait()
        self._flying.add(wanted)
        return wanted

    def settle(self, reservation: Reservation, used: Usage) -> None:
        """The request has ended and used so much; its reservation is free again."""
        self._flying.remove(reservation)
        self._spent[reservation.model] = self._spent.get(reservation.model, Usage()) + used
        self._settled.set()

    def add(self, model: str, used: Usage) -> None:
        """Counts what another process used."""
        self._spent[model] = self._spent.get(model, Usage()) + used

    def reached(self) -> str | None:
        """Which limit is passed, in a sentence; null: none."""
        return self._reached(Reservation("", Usage()), ())

    def remark(self, what: str) -> None:
        """Keeps a sentence about a server for who pays for it: each once, in order, in `remarks`."""
        self.remarks[what] = None

    def spent(self) -> dict[str, Usage]:
        """What each model used so far."""
        return dict(self._spent)

    def cost(self) -> float | None:
        """US dollars spent so far; null where the price of a model that was used is unknown."""
        return cost_of(self._spent, self.prices)

    def _reached(self, wanted: Reservation, flying: Iterable[Reservation]) -> str | None:
        """Which limit the request may pass, in a sentence; null where it passes none."""
        if self.limits == Limits():
            return None
        after = dict(self._spent)
        for one in (*flying, wanted):
            after[one.model] = after.get(one.model, Usage()) + one.most
        total = sum(after.values(), Usage())
        limits = self.limits
        if limits.calls is not None and total.calls > limits.calls:
            return f"the budget of {limits.calls} calls is reached{MEND}"
        if limits.tokens is not None and total.prompt_tokens + total.tokens > limits.tokens:
            return f"the budget of {limits.tokens} tokens is reached, the next call might pass it{MEND}"
        if limits.cost is not None:
            cost = cost_of(after, self.prices)
            if cost is None:
                unknown = ", ".join(unknown_prices(after, self.prices))
                return f"the price of {unknown} is unknown, so no cost can be limited; give it in the price table"
            if cost > limits.cost:
                return f"the budget of ${limits.cost:g} is reached, the next call might pass it{MEND}"
        return None


def cost_of(used: Mapping[str, Usage], prices: Mapping[str, Price]) -> float | None:
    """US dollars for what each model used; null where the price of one of them is unknown."""
    if unknown_prices(used, prices):
        return None
    return sum(prices[model].of(usage) for model, usage in used.items() if usage.calls)


def unknown_prices(used: Mapping[str, Usage], prices: Mapping[str, Price]) -> list[str]:
    """The models that were used and have no price."""
    return sorted(model for model, usage in used.items() if usage.calls and model not in prices)
