"""The purse: what is counted, what is refused, and who waits for whom."""

import asyncio

import pytest

from journey.errors import BudgetReached
from journey.models.purse import Limits, Price, Purse, Usage

PRICES = {"m": Price(prompt=1.0, generated=10.0)}


async def test_what_is_settled_is_counted_by_model_and_priced() -> None:
    purse = Purse(prices=PRICES)
    for _ in range(3):
        purse.settle(await purse.reserve("m", 500, 500), Usage(1, 100_000, 10_000))
    assert purse.spent() == {"m": Usage(3, 300_000, 30_000)}
    assert purse.cost() == pytest.approx(0.6)


async def test_an_unknown_price_gives_no_cost_instead_of_a_guess() -> None:
    purse = Purse(prices=PRICES)
    purse.settle(await purse.reserve("other", 1, 1), Usage(1, 1, 1))
    assert purse.cost() is None


async def test_a_call_that_was_never_sent_costs_nothing_at_any_price() -> None:
    purse = Purse()
    purse.settle(await purse.reserve("other", 10, 10), Usage())
    assert purse.cost() == 0


async def test_a_limited_cost_refuses_a_model_without_a_price() -> None:
    with pytest.raises(BudgetReached, match="price of other is unknown"):
        await Purse(Limits(cost=1.0), PRICES).reserve("other", 1, 1)


@pytest.mark.parametrize("limits", [Limits(calls=0), Limits(tokens=0), Limits(cost=0.0)])
async def test_a_budget_of_zero_allows_no_call(limits: Limits) -> None:
    with pytest.raises(BudgetReached, match="budget"):
        await Purse(limits, PRICES).reserve("m", 1, 1)


@pytest.mark.parametrize("limits", [Limits(calls=7), Limits(tokens=7_000), Limits(cost=0.02)])
async def test_no_budget_is_ever_passed_and_nearly_all_of_it_is_used(limits: Limits) -> None:
    purse = Purse(limits, PRICES)
    reached = 0

    async def work() -> None:
        nonlocal reached
        try:
            while True:
                reservation = await purse.reserve("m", 600, 400)
                await asyncio.sleep(0)
                purse.settle(reservation, Usage(1, 500, 200))
        except BudgetReached:
            reached += 1

    await asyncio.gather(*(work() for _ in range(5)))
    used = purse.spent()["m"]
    assert reached == 5
    assert used.calls <= (limits.calls or 99) and used.prompt_tokens + used.tokens <= (limits.tokens or 99_999)
    assert (purse.cost() or 0) <= (limits.cost or 99)
    assert used.calls == {Limits(calls=7): 7, Limits(tokens=7_000): 9, Limits(cost=0.02): 7}[limits]


async def test_a_call_that_may_pass_the_budget_waits_for_those_in_flight() -> None:
    purse = Purse(Limits(tokens=1000))
    first = await purse.reserve("m", 300, 600)
    second = asyncio.create_task(purse.reserve("m", 100, 400))
    await asyncio.sleep(0)
    assert not second.done()
    purse.settle(first, Usage(1, 200, 100))
    assert (await second).most == Usage(1, 100, 400)


async def test_a_cancelled_wait_leaves_no_reservation() -> None:
    purse = Purse(Limits(calls=1))
    first = await purse.reserve("m", 1, 1)
    waiting = asyncio.create_task(purse.reserve("m", 1, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    purse.settle(first, Usage())  # the request was never sent
    assert await purse.reserve("m", 1, 1)
