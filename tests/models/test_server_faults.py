"""Servers that are busy, away or broken: what is waited for, what is tried again, and how often."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fault_server import HTML, Asked, FaultServer, Reply

from journey.errors import UsageError
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import LONGEST_FIRST, NOBODY, Server
from journey.models.server_http import Reply as HttpReply
from journey.models.server_retry import Failed, Health, backoff, requested_wait
from journey.models.server_settings import ServerSettings

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("journey.models.server_retry.FIRST", 0.002)


def client(server: FaultServer, **settings) -> Server:
    # A slow machine reaches no time-out of these: only what hangs does, in the tests that shorten them.
    settings = {"retries": 12, "patience": 3600.0, "timeout": 600.0, "stall": 600.0, **settings}
    return Server("m", "openai/m", ServerSettings(url=server.url, **settings), BudgetTracker())


async def until(condition: Callable[[], bool]) -> None:
    """Lets the others work until the condition holds."""
    while not condition():
        await asyncio.sleep(0.005)


def count_timeouts(model: Server) -> list[Failed]:
    """The failures of this client from now on that were time-outs, in a list that grows."""
    found, post = list[Failed](), model._http.post

    async def noted(path: str, body: bytes, most: int) -> HttpReply:
        try:
            return await post(path, body, most)
        except Failed as failed:
            found.extend([failed] * failed.slow)
            raise

    model._http.post = noted
    return found


async def ask_all(model: Server, count: int) -> list[object]:
    works = [model.complete(Prompt(f"Q{i}"), Sampling(seed=i)) for i in range(count)]
    got = await asyncio.gather(*works, return_exceptions=True)
    await model.close()
    return got


async def test_nothing_is_asked_before_retry_after_is_over():
    refused: list[float] = []

    def plan(asked: Asked):
        if asked.number in (3, 20):
            refused.append(asked.at)
            return Reply(429, {"error": "slow down"}, {"Retry-After": "0.5"})
        return None

    async with FaultServer(plan, latency=0.01) as server:
        got = await ask_all(client(server, max_in_flight=4), 40)
    assert all(isinstance(one, list) for one in got)
    for moment in refused:
        # What was on its way already comes; without a wait some two hundred would.
        assert len([asked for asked in server.asked if moment < asked.at < moment + 0.5]) <= 8
    assert len(server.asked) == 42


@pytest.mark.parametrize(
    ("retry_after", "milliseconds", "date", "seconds"),
    [
        ("7", None, None, 7), ("0.5", None, None, 0.5), (None, "250", None, 0.25), ("7", "250", None, 0.25),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), None, format_datetime(NOW, usegmt=True), 9),
        (format_datetime(NOW - timedelta(seconds=9), usegmt=True), None, format_datetime(NOW, usegmt=True), 0),
        ("soon", None, None, None), ("-3", None, None, None), ("nan", None, None, None), ("inf", None, None, None),
        (None, None, None, None), ("", "", "", None),
    ],
)  # fmt: skip
def test_the_asked_wait_is_read_from_seconds_or_dates(retry_after, milliseconds, date, seconds):
    assert requested_wait(retry_after, milliseconds, date) == seconds


async def test_a_server_that_asks_for_more_than_the_patience_fails_the_prompt_at_once():
    async with FaultServer(lambda asked: Reply(429, headers={"Retry-After": "3600"})) as server:
        with pytest.raises(ModelError, match="did not come back within 20 s: status 429"):
            await client(server, patience=20.0).complete(Prompt("Q"), Sampling())
    assert len(server.asked) == 1


async def test_being_busy_does_not_use_up_the_tries_but_the_patience():
    async with FaultServer(lambda asked: Reply(429) if asked.number < 8 else None) as server:
        [got] = await ask_all(client(server, retries=0), 1)
    assert isinstance(got, list)
    async with FaultServer(lambda asked: Reply(429)) as server:
        [got] = await ask_all(client(server, patience=0.05), 1)
    assert isinstance(got, ModelError)


async def test_refusals_make_the_limit_smaller():
    async with FaultServer(lambda asked: Reply(429) if asked.number % 2 else None, latency=0.005) as server:
        model = client(server)
        await ask_all(model, 100)
    assert model.limit.value < 30


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
async def test_every_prompt_is_answered_or_told_and_no_more_is_asked_than_it_takes(share):
    rng = random.Random(7)
    faults = [
        Reply(429, headers={"Retry-After": "0.02"}), Reply(500), "hang", "cut", "drop", Reply(200, HTML),
        Reply(200, {"choices": [{"finish_reason": "stop", "message": {"content": None}}]}),
        Reply(200, b'{"choices": [{"x": NaN}]}'), Reply(200, b'{"x": "' + b"y" * 3_000_000),
    ]  # fmt: skip

    drawn = list[object]()

    def plan(asked: Asked):
        if rng.random() >= share:
            return None
        drawn.append(rng.choice(faults))
        return drawn[-1]

    async with FaultServer() as server:
        model = client(server, timeout=1.0, retries=50)
        await model.complete(Prompt("first"), Sampling())
        server.asked.clear()
        server.plan = plan
        before = model.retries
        slow = count_timeouts(model)
        got = await ask_all(model, 100)
    texts = [one[0].text for one in got if isinstance(one, list)]
    assert all(isinstance(one, list | ModelError) for one in got)
    assert len(texts) >= 99 and all(texts)
    # One more request for each fault, and none for nothing. On a slow machine good answers may come too late, too.
    assert model.retries - before <= len(drawn) + max(0, len(slow) - drawn.count("hang"))
    assert len(server.asked) <= 100 + model.retries - before


@pytest.mark.parametrize("how", ["refused", "503", "500"])
async def test_a_server_that_was_there_is_waited_for_with_one_request_at_a_time(how, monkeypatch):
    monkeypatch.setattr("journey.models.server.LONGEST_PROBE", 0.05)
    async with FaultServer() as server:
        model = client(server, retries=2)
        await model.complete(Prompt("Q"), Sampling())
        if how == "refused":
            await server.stop()
        else:
            server.plan = lambda asked: Reply(int(how))
        works = [asyncio.create_task(model.complete(Prompt(f"Q{i}"), Sampling())) for i in range(30)]
        await until(lambda: model.health.away and model.gate.in_flight <= 1 and model.gate.waiting > 0)
        first, server.plan = len(server.asked), lambda asked: None
        if how == "refused":
            await server.start()
        got = await asyncio.gather(*works, return_exceptions=True)
        assert not model.health.away
        await model.close()
    failed = [one for one in got if isinstance(one, BaseException)]
    assert len(failed) == 0
    assert len(server.asked) - first <= 40


async def test_a_patience_that_is_over_fails_what_waits_without_further_waits():
    async with FaultServer() as server:
        model = client(server, patience=0.1)
        await model.complete(Prompt("Q"), Sampling())
    got = await ask_all(model, 200)
    assert all(isinstance(one, ModelError) for one in got)
    assert "did not come back within 0.1 s: " in str(got[0])


async def test_a_server_that_is_never_there_is_a_users_mistake_soon():
    async with FaultServer() as server:
        pass
    got = await ask_all(client(server, first_patience=0.05), 50)
    assert all(isinstance(one, UsageError) and server.url in str(one) for one in got)


async def test_nobody_there_is_said_soon_while_one_that_is_loading_is_waited_for(monkeypatch):
    monkeypatch.setattr("journey.models.server.NOBODY", 0.05)
    async with FaultServer() as server:
        pass
    got = await ask_all(client(server), 50)
    assert all(isinstance(one, UsageError) and "first_patience" in str(one) for one in got)
    begun: list[float] = []

    def loading(asked: Asked):
        begun.append(asked.at)
        return Reply(503, {"error": {"message": "Loading model"}}) if asked.at < begun[0] + 0.15 else None

    async with FaultServer(loading) as server:
        assert all(isinstance(one, list) for one in await ask_all(client(server), 5))


def test_a_server_that_was_never_there_is_looked_for_less_than_three_seconds(monkeypatch):
    monkeypatch.setattr("journey.models.server_retry.FIRST", 0.5)
    rng = random.Random(1)
    for _ in range(100):
        looked, tries = 0.0, 0
        while looked <= NOBODY:
            tries += 1
            looked += backoff(tries, rng, LONGEST_FIRST)
        assert looked < 3.0 and 3 <= tries <= 7


async def test_a_prompt_that_kills_its_request_each_time_does_not_pass_for_an_outage():
    def plan(asked: Asked):
        return Reply(500) if "poison" in asked.body["messages"][0]["content"] else None

    async with FaultServer(plan) as server:
        model = client(server, retries=9)
        await model.complete(Prompt("Q"), Sampling())
        with pytest.raises(ModelError, match="failed 10 times"):
            await model.complete(Prompt("poison"), Sampling())
        assert not model.health.away
        await model.close()


def test_health_is_away_after_many_failures_of_several_requests():
    failed, health = Failed("broken", "status 500", server=True), Health()
    for i in range(20):
        health.bad(failed, 1, float(i))
    assert not health.away
    health.bad(failed, 2, 20.0)
    health.bad(failed, 3, 21.0)
    assert health.away and health.since == 0.0
    assert health.good() and not health.away and health.since is None


def test_backoff_doubles_within_its_jitter_up_to_the_longest():
    rng = random.Random(0)
    for tries in range(1, 100):
        wait = backoff(tries, rng, 30.0)
        whole = min(30.0, 0.002 * 2 ** min(tries - 1, 20))
        assert whole / 2 <= wait <= whole
