"""How many requests go at once and a minute, and the gate they pass."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.models.server_gate import Gate
from journey.models.server_limit import MINUTE, START, Limit, Rates


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def serve(limit: Limit, clock: Clock, slots: int, rounds: int) -> None:
    """Rounds of a server that works on so many requests at once, a second each, with more of them always waiting."""
    for _ in range(rounds):
        for _ in range(max(limit.value, 16)):
            clock.now += 1 / min(limit.value, slots)
            limit.answered(10, waiting=True)


def test_the_limit_grows_to_what_the_server_can_do_and_not_far_beyond():
    clock = Clock()
    limit = Limit(10_000, clock)
    serve(limit, clock, 500, 40)
    assert 500 <= limit.value < 5000
    assert Limit(8, clock).value == 8


def test_the_limit_stays_where_nobody_waits():
    clock = Clock()
    limit = Limit(512, clock)
    for _ in range(1000):
        clock.now += 0.01
        limit.answered(10, waiting=False)
    assert limit.value == START


def test_a_busy_server_is_given_less_once_for_all_that_was_in_flight():
    clock = Clock()
    limit = Limit(512, clock)
    began = clock.now
    clock.now += 1
    for _ in range(20):
        limit.busy(began)
    assert limit.value == int(START * 0.7)
    clock.now += 1
    limit.busy(clock.now - 0.5)
    assert limit.value == int(START * 0.49)


@given(st.lists(st.sampled_from(["busy", "answer", "waiting", "away"]), max_size=300), st.integers(1, 100))
def test_the_limit_is_never_below_one_or_above_the_most(events, most):
    clock = Clock()
    limit = Limit(most, clock)
    for event in events:
        clock.now += 0.1
        if event == "busy":
            limit.busy(clock.now)
        elif event == "away":
            limit.start_again()
        else:
            limit.answered(3, event == "waiting")
        assert 1 <= limit.value <= most


@given(
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50), st.integers(0, 60)), max_size=60),
    st.integers(1, 5), st.integers(50, 100),
)  # fmt: skip
def test_no_minute_holds_more_requests_or_tokens_than_allowed(wishes, requests, tokens):
    clock = Clock()
    rates = Rates(requests, tokens, clock)
    sent: list[tuple[float, int]] = []
    for pause, estimate, used in wishes:
        clock.now += pause
        while (wait := rates.wait(estimate)) > 0:
            assert wait <= MINUTE + 1e-9
            clock.now += wait + 1e-6
        rates.correct(rates.send(estimate), min(used, estimate))
        sent.append((clock.now, min(used, estimate)))
        last = [(at, count) for at, count in sent if at > clock.now - MINUTE]
        assert len(last) <= requests
        assert sum(count for _, count in last) <= tokens


async def test_requests_go_in_the_order_they_came():
    gate = Gate(Limit(1), Rates(None, None))
    order: list[int] = []

    async def go(number: int) -> None:
        ticket = await gate.enter(1)
        await asyncio.sleep(0)
        order.append(number)
        gate.leave(ticket, 1)

    await asyncio.gather(*(go(number) for number in range(10)))
    assert order == list(range(10))
    assert gate.in_flight == gate.waiting == 0


async def test_nobody_goes_before_a_pause_is_over_and_one_goes_alone():
    gate = Gate(Limit(4), Rates(None, None))
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.03
    gate.pause(until)
    gate.pause(until - 1)
    gate.alone = True
    works = [asyncio.create_task(gate.enter(1)) for _ in range(3)]
    first = await works[0]
    assert loop.time() >= until
    assert (gate.in_flight, gate.waiting) == (1, 2)
    gate.alone = False
    gate.leave(first, 1)
    await asyncio.gather(*works)
    assert gate.in_flight == 2


@pytest.mark.parametrize("seed", range(5))
async def test_whoever_is_cancelled_at_any_moment_keeps_nobody(seed):
    import random

    rng = random.Random(seed)
    gate = Gate(Limit(3), Rates(None, None))

    async def go() -> None:
        ticket = await gate.enter(1)
        try:
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
        finally:
            gate.leave(ticket, 1)

    works = [asyncio.create_task(go()) for _ in range(200)]
    while not all(work.done() for work in works):
        rng.choice(works).cancel()
        await asyncio.sleep(0)
        assert 0 <= gate.in_flight <= 3
    assert gate.in_flight == gate.waiting == 0
    assert sum(not work.cancelled() for work in works) > 0
