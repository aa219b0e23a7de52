"""The tracker: what is counted, what is refused, and who waits for whom."""

import asyncio

import pytest

from journey.errors import BudgetReached
from journey.models.budget import BudgetTracker, Limits, Price, Usage

PRICES = {"m": Price(prompt=1.0, generated=10.0)}


async def test_what_is_settled_is_counted_by_model_and_priced() -> None:
    tracker = BudgetTracker(prices=PRICES)
    for _ in range(3):
        tracker.settle(await tracker.reserve("m", 500, 500), Usage(1, 100_000, 10_000))
    assert tracker.spent() == {"m": Usage(3, 300_000, 30_000)}
    assert tracker.cost() == pytest.approx(0.6)


async def test_an_unknown_price_gives_no_cost_instead_of_a_guess() -> None:
    tracker = BudgetTracker(prices=PRICES)
    tracker.settle(await tracker.reserve("other", 1, 1), Usage(1, 1, 1))
    assert tracker.cost() is None


async def test_a_call_that_was_never_sent_costs_nothing_at_any_price() -> None:
    tracker = BudgetTracker()
    tracker.settle(await tracker.reserve("other", 10, 10), Usage())
    assert tracker.cost() == 0


async def test_a_limited_cost_refuses_a_model_without_a_price() -> None:
    with pytest.raises(BudgetReached, match="price of other is unknown"):
        await BudgetTracker(Limits(cost=1.0), PRICES).reserve("other", 1, 1)


@pytest.mark.parametrize("limits", [Limits(calls=0), Limits(tokens=0), Limits(cost=0.0)])
async def test_a_budget_of_zero_allows_no_call(limits: Limits) -> None:
    with pytest.raises(BudgetReached, match="budget"):
        await BudgetTracker(limits, PRICES).reserve("m", 1, 1)


@pytest.mark.parametrize("limits", [Limits(calls=7), Limits(tokens=7_000), Limits(cost=0.02)])
async def test_no_budget_is_ever_passed_and_nearly_all_of_it_is_used(limits: Limits) -> None:
    tracker = BudgetTracker(limits, PRICES)
    reached = 0

    async def work() -> None:
        nonlocal reached
        try:
            while True:
                reservation = await tracker.reserve("m", 600, 400)
                await asyncio.sleep(0)
                tracker.settle(reservation, Usage(1, 500, 200))
        except BudgetReached:
            reached += 1

    await asyncio.gather(*(work() for _ in range(5)))
    used = tracker.spent()["m"]
    assert reached == 5
    assert used.calls <= (limits.calls or 99) and used.prompt_tokens + used.tokens <= (limits.tokens or 99_999)
    assert (tracker.cost() or 0) <= (limits.cost or 99)
    assert used.calls == {Limits(calls=7): 7, Limits(tokens=7_000): 9, Limits(cost=0.02): 7}[limits]


async def test_a_call_that_may_pass_the_budget_waits_for_those_in_flight() -> None:
    tracker = BudgetTracker(Limits(tokens=1000))
    first = await tracker.reserve("m", 300, 600)
    second = asyncio.create_task(tracker.reserve("m", 100, 400))
    await asyncio.sleep(0)
    assert not second.done()
    tracker.settle(first, Usage(1, 200, 100))
    assert (await second).most == Usage(1, 100, 400)


async def test_a_cancelled_wait_leaves_no_reservation() -> None:
    tracker = BudgetTracker(Limits(calls=1))
    first = await tracker.reserve("m", 1, 1)
    waiting = asyncio.create_task(tracker.reserve("m", 1, 1))
    await asyncio.sleep(0)
    waiting.cancel()
    tracker.settle(first, Usage())  # the request was never sent
    assert await tracker.reserve("m", 1, 1)
