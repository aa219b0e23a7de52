"""Many servers for one model: who is asked, and what becomes of calls when servers die, stall, fail or differ."""

import asyncio
import os
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from fault_server import Asked, FaultServer, Plan, Reply, well

from journey.errors import BudgetReached, UsageError
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker, Limits
from journey.models.prefixes import BLOCK, Prefixes, blocks
from journey.models.router import Router, served
from journey.models.server import Server
from journey.models.server_settings import ServerSettings
from journey.models.server_use import ServerUse, shown
from journey.pipeline.plain_settings import typed

LIST = [{"id": "m", "owned_by": "vllm"}]
BROKEN = Reply(500, {"error": {"message": "out of memory"}})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("journey.models.server_retry.FIRST", 0.002)
    monkeypatch.setattr("journey.models.router.TICK", 0.01)
    monkeypatch.setattr("journey.models.router_list.TICK", 0.01)
    monkeypatch.setattr("journey.models.router_list.NOBODY", 0.05)


@asynccontextmanager
async def many(*plans: Plan, models=LIST, **settings):
    """Servers with these plans, and the router over them."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FaultServer(plan, models=models)) for plan in plans]
        router = over(servers, **settings)
        try:
            yield servers, router
        finally:
            await router.close()


def over(servers, tracker: BudgetTracker | None = None, **settings) -> Router:
    urls = {"url": tuple(server.url for server in servers)} if "url_file" not in settings else {}
    return Router("m", "openai/m", ServerSettings(**urls, **settings), tracker or BudgetTracker())


async def ask_all(router, count: int, n: int = 1, begin: str = "Q"):
    calls = (router.complete(Prompt(f"{begin}{i}"), Sampling(n=n, seed=i)) for i in range(count))
    return await asyncio.gather(*calls, return_exceptions=True)


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def hangs(asked: Asked) -> str:
    """The plan of a server that never answers."""
    return "hang"


def texts(got) -> list[str]:
    assert not [one for one in got if isinstance(one, BaseException)]
    return [completion.text for one in got for completion in one]


# Who is asked


async def test_servers_share_the_calls_and_results_do_not_depend_on_them():
    async with many(well) as (_, one):
        alone = texts(await ask_all(one, 60, n=2))
    async with many(well, well, well) as (servers, router):
        assert texts(await ask_all(router, 60, n=2)) == alone
    assert min(len(server.asked) for server in servers) >= 5


async def test_one_address_is_asked_by_the_plain_client():
    tracker = BudgetTracker()
    assert isinstance(served("m", "o/m", ServerSettings(url=("http://127.0.0.1:1/v1",)), tracker), Server)
    assert isinstance(served("m", "o/m", ServerSettings(url=("http://a/v1", "http://b/v1")), tracker), Router)


async def test_the_children_of_a_tree_go_to_the_server_that_has_their_prefix(monkeypatch):
    monkeypatch.setattr("journey.models.router.LATE", 1e9)  # a busy machine is no slow server
    monkeypatch.setattr("journey.models.router_list.SLOWER", 1e9)
    async with many(well, well, well, well) as (servers, router):

        async def grow(tree: int) -> None:
            path = ""
            for depth in range(5):
                path += f"{depth} of {tree}: " + "a step " * 20
                await router.complete(Prompt(f"{tree}: what is the question? " * 9, path), Sampling())

        await asyncio.gather(*map(grow, range(12)))
    homes = [{asked.body["messages"][0]["content"] for asked in server.asked} for server in servers]
    assert [len(home) for home in homes] == [3, 3, 3, 3]  # no tree was at two servers
    assert sum(len(server.asked) for server in servers) == 60


async def test_a_server_that_has_the_prefix_and_is_much_busier_is_passed_over():
    async with many(hangs, hangs) as (servers, router):
        calls = [asyncio.create_task(router.complete(Prompt("the same " * 50), Sampling(seed=i))) for i in range(24)]
        await until(lambda: sum(len(server.asked) for server in servers) == 24)
        counts = sorted(len(server.asked) for server in servers)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert counts[0] >= 6


def test_prefixes_remember_who_read_the_longest_beginning():
    known = Prefixes[str]()
    text = "x" * (3 * BLOCK)
    known.read(blocks(Prompt(text)), "a")
    known.read(blocks(Prompt(text[: 2 * BLOCK])), "b")
    assert known.readers(blocks(Prompt(text + "more"))) == ("a",)
    assert known.readers(blocks(Prompt(text[:BLOCK], "y" * BLOCK))) == ("a", "b")
    assert known.readers(blocks(Prompt("y" * 99))) == ()


# Limits and budgets


async def test_the_budget_and_the_requests_in_flight_hold_over_all_servers():
    running: list[FaultServer] = []
    open_together: list[int] = []

    def counts(asked: Asked) -> None:
        open_together.append(sum(server.open for server in running))

    tracker = BudgetTracker(Limits(calls=20))
    async with many(counts, counts, counts, max_in_flight=4, tracker=tracker) as (servers, router):
        running += servers
        got = await ask_all(router, 30)
    assert len(open_together) == 20 and max(open_together) <= 4
    assert sum(isinstance(one, BudgetReached) for one in got) == 10


# Servers that die, stall, fail


async def test_a_server_that_dies_is_drained_and_asked_again_when_it_is_back():
    async with many(well, well) as (servers, router):
        texts(await ask_all(router, 20))
        await servers[0].stop()
        texts(await ask_all(router, 40, begin="again"))
        assert not router.members[0].is_up and router.members[0].use.state == "away"
        before = len(servers[0].asked)
        await servers[0].start()
        hold = asyncio.create_task(ask_all(router, 1, begin="hold"))
        await until(lambda: router.look(time.monotonic()) or router.members[0].is_up)
        texts(await ask_all(router, 40, begin="back") + await hold)
    assert len(servers[0].asked) > before
    assert router.members[0].use.drained == 1 and router.members[0].use.state == "up"


async def test_all_servers_gone_for_longer_than_the_patience_fail_a_unit_and_not_the_command():
    async with many(well, well, patience=0.0) as (servers, router):
        texts(await ask_all(router, 4))
        for server in servers:
            await server.stop()
        got = await ask_all(router, 4, begin="again")
    assert all(isinstance(one, ModelError) for one in got)


async def test_a_server_that_lets_calls_stand_is_drained_and_they_are_answered_elsewhere():
    stands: list[bool] = []

    def stalls(asked: Asked):
        return "hang" if stands else None

    async with many(stalls, well) as (_, router):
        texts(await ask_all(router, 40))
        stands.append(True)
        texts(await ask_all(router, 40, begin="again"))
    assert router.members[0].use.late + router.members[0].use.drained > 0
    assert sum(member.use.answers for member in router.members) == 80


async def test_where_no_call_waits_the_calls_out_at_a_far_slower_server_are_repeated_at_a_faster_one(monkeypatch):
    monkeypatch.setattr("journey.models.router.LATE", 1e9)  # they are not late by what their like take
    monkeypatch.setattr("journey.models.router.STALLED", 1e9)
    stands: list[bool] = []
    async with many(lambda asked: "hang" if stands else None, well) as (_, router):
        texts(await ask_all(router, 40))
        stands.append(True)
        slow, fast = router.members
        fast.ready = False
        calls = asyncio.create_task(ask_all(router, 2, begin="last"))
        await until(lambda: slow.taken == 2)
        fast.ready, slow.seconds, fast.seconds = True, 1.0, 1.0
        router.look(time.monotonic())
        assert fast.taken == 0  # the slow one is not known to be slow
        slow.seconds = 1000.0
        router.look(time.monotonic())
        assert [text[:4] for text in texts(await calls)] == ["last", "last"]
    assert slow.use.late == 2 and not slow.taken


async def test_a_call_that_fails_at_one_server_is_repeated_at_another():
    def plan(asked: Asked):
        return BROKEN if asked.number % 3 == 0 else None

    async with many(plan, well, retries=1) as (servers, router):
        texts(await ask_all(router, 60))
    failed, late = router.members[0].use.failures, sum(member.use.late for member in router.members)
    assert failed > 3 and sum(len(server.asked) for server in servers) == 60 + failed + late


async def test_a_call_that_every_server_fails_ends_with_what_the_last_one_says():
    def plan(asked: Asked):
        return BROKEN if "poison" in asked.body["messages"][0]["content"] else None

    async with many(plan, plan, retries=3) as (_, router):
        texts(await ask_all(router, 4))
        with pytest.raises(ModelError, match="failed a call 4 times, the last time with status 500"):
            await router.complete(Prompt("poison"), Sampling())


async def test_a_busy_server_is_left_alone_as_long_as_it_asks_for():
    busy = Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "600"})
    async with many(lambda asked: busy, well) as (servers, router):
        texts(await ask_all(router, 30))
        texts(await ask_all(router, 30, begin="again"))
    assert len(servers[1].asked) == 60
    assert len(servers[0].asked) <= 30


# Which servers


async def test_servers_that_are_not_there_yet_do_not_keep_the_others(tmp_path):
    async with FaultServer(models=LIST) as late:
        pass
    async with many(well) as (servers, _):
        router = over([servers[0], late])
        texts(await ask_all(router, 5))
        await late.start()
        hold = asyncio.create_task(ask_all(router, 1, begin="hold"))
        await until(lambda: router.look(time.monotonic()) or router.members[1].is_up)
        texts(await ask_all(router, 30, begin="again") + await hold)
        await router.close()
        await late.stop()
    assert late.asked


async def test_a_file_of_servers_that_are_all_away_may_change_before_the_first_answers(tmp_path):
    file = tmp_path / "servers.txt"
    async with many(well) as (gone, _):
        file.write_text(gone[0].url)
    async with FaultServer(well, models=LIST) as server:
        router = over([], url_file=str(file), first_patience=60)
        call = asyncio.create_task(ask_all(router, 1))
        await asyncio.sleep(0)
        file.write_text(server.url)
        assert texts(await call)
        await router.close()


async def test_no_server_that_answers_is_one_sentence():
    async with many(well, well) as (servers, _):
        pass
    router = over(servers)
    got = await ask_all(router, 3)
    await router.close()
    assert {str(one) for one in got} == {str(got[0])} and isinstance(got[0], UsageError)
    assert "none of the 2 servers of openai/m answers" in str(got[0]) and servers[0].url in str(got[0])


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        (LIST, [{"id": "n"}], True),
        ([{"id": "a.gguf"}], [{"id": "b.gguf"}], True),
        ([{"id": "a", "meta": {"n_params": 5}}], [{"id": "a", "meta": {"n_params": 7}}], True),
        ([{"id": "m"}, {"id": "n"}], LIST, False),
    ],
)
async def test_servers_with_different_models_behind_one_name_are_refused(first, second, differ):
    async with FaultServer(models=first) as one, FaultServer(models=second) as two:
        router = over([one, two])
        [got] = await ask_all(router, 1)
        await router.close()
    assert isinstance(got, UsageError) is differ
    if differ:
        assert "hold different models" in str(got) and one.url in str(got) and two.url in str(got)
        assert not (one.asked or two.asked)


@pytest.mark.parametrize("differ", [True, False])
async def test_servers_without_lists_are_told_apart_by_a_greedy_prompt(differ):
    def says(text):
        return lambda asked: {"choices": [{"message": {"content": text}, "finish_reason": "stop", "index": 0}]}

    other = "1, 2" if differ else "one two"
    async with FaultServer(answer=says("one two")) as one, FaultServer(answer=says(other)) as two:
        router = over([one, two])
        [got] = await ask_all(router, 1)
        await router.close()
    assert isinstance(got, UsageError) is differ


async def test_a_file_of_servers_may_change_while_calls_are_out(tmp_path):
    file = tmp_path / "servers.txt"
    async with many(well, well) as (servers, _):
        file.write_text(f"# mine\n{servers[0].url}  # the first\n\n")
        router = over([], url_file=str(file))
        texts(await ask_all(router, 5))
        file.write_text(f"{servers[1].url}\n")
        os.utime(file, (1, 1))
        hold = asyncio.create_task(ask_all(router, 20, begin="hold"))
        await until(lambda: router.look(time.monotonic()) or router.members[-1].is_up)
        before = len(servers[0].asked)
        texts(await ask_all(router, 20, begin="again") + await hold)
        file.write_text("no address\n")
        os.utime(file, (2, 2))
        router.look(time.monotonic())
        texts(await ask_all(router, 5, begin="more"))
        await router.close()
    assert len(servers[1].asked) >= 25 and len(servers[0].asked) <= before + 20
    assert any("keeps its servers" in remark for remark in router._tracker.remarks)


async def test_a_server_that_comes_back_with_another_model_is_left_out():
    tracker = BudgetTracker()
    async with many(well, well, tracker=tracker) as (servers, router):
        texts(await ask_all(router, 10))
        await servers[1].stop()
        texts(await ask_all(router, 30, begin="again"))
        servers[1]._models = [{"id": "other"}]
        await servers[1].start()
        before = len(servers[1].asked)
        hold = asyncio.create_task(ask_all(router, 1, begin="hold"))
        await until(lambda: router.look(time.monotonic()) or router.members[1].is_leaving)
        texts(await ask_all(router, 30, begin="back") + await hold)
    assert len(servers[1].asked) == before
    assert any("leaves a server out" in remark for remark in tracker.remarks)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"url": ()}, "at least one"),
        ({"url": ("http://a/v1", "http://a/v1/")}, "twice"),
        ({"url": ("http://a/v1", "b")}, "write an address"),
        ({"url": ("http://a/v1",), "url_file": "x"}, "not both"),
    ],
)
def test_lists_of_servers_that_cannot_be_are_refused(settings, why):
    with pytest.raises(UsageError, match=why):
        ServerSettings(**settings)


def test_a_file_of_servers_that_is_not_there_or_empty_is_refused(tmp_path):
    (tmp_path / "empty").write_text("# nobody\n")
    for name, why in (("none", "cannot be read"), ("empty", "at least one")):
        with pytest.raises(UsageError, match=why):
            over([], url_file=str(tmp_path / name))


def test_a_recipe_names_many_servers_as_a_list():
    assert typed(ServerSettings, {"url": ["http://a/v1", "http://b/v1"]}, "a recipe").urls() == (
        "http://a/v1",
        "http://b/v1",
    )


def test_the_progress_line_names_each_server_and_of_many_those_in_trouble():
    def one(i: int, failures: int = 0, state: str = "up") -> ServerUse:
        use = ServerUse("m", f"http://h{i}:80/v1", failures=failures, state=state)
        for at in range(10):
            use.answered(1, time.monotonic() - 1 + at / 10)
        return use

    [line] = shown([one(0), one(1, 3), one(2, 1, "away")])
    assert line.startswith("2 of 3 servers, ") and "h1:80 " in line and "3 errors" in line and "h2:80 away" in line
    [line] = shown([*(one(i) for i in range(9)), one(9, 2, "away")])
    assert "h9:80 away 2 errors" in line and "h1:80" not in line and "each" in line
