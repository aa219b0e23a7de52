"""Cached calls: asked once, stored before they are given, errors asked again."""

import asyncio

import pytest

from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.cached import Cached, call_key
from journey.models.scripted import Scripted
from journey.store.run import Run


class Memory:
    """Where calls are kept in these tests."""

    def __init__(self):
        self.calls = {}

    def call(self, key):
        return self.calls.get(key)

    async def put_call(self, key, completions, patience):
        await asyncio.sleep(0)
        self.calls[key] = completions


async def test_a_stored_call_is_not_asked_again():
    model, memory = Scripted({"Q": ["a", "b"]}), Memory()
    first = await Cached(model, memory).complete(Prompt("Q"), Sampling(n=2))
    second = await Cached(model, memory).complete(Prompt("Q"), Sampling(n=2))
    assert first == second == [Completion("a", 2, "end"), Completion("b", 2, "end")]
    assert len(model.calls) == 1


async def test_identical_requests_in_flight_are_asked_once():
    model = Scripted({"Q": "a"})
    cached = Cached(model, Memory())
    got = await asyncio.gather(*(cached.complete(Prompt("Q"), Sampling()) for _ in range(5)))
    assert len(model.calls) == 1
    assert all(result == got[0] for result in got)


async def test_one_who_is_cancelled_does_not_take_the_answer_from_the_others():
    model = Scripted({"Q": "a"})
    cached = Cached(model, Memory())
    tasks = [asyncio.create_task(cached.complete(Prompt("Q"), Sampling())) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert done[1] == done[2] == [Completion("a", 2, "end")]


async def test_failures_are_not_stored():
    model, memory = Scripted({"Q": "a"}, failures={"Q": 1}), Memory()
    cached = Cached(model, memory)
    with pytest.raises(ModelError):
        await cached.complete(Prompt("Q"), Sampling())
    assert not memory.calls
    assert (await cached.complete(Prompt("Q"), Sampling()))[0].text == "a"


async def test_completions_that_ended_in_error_are_asked_again():
    class Broken:
        name = "broken"

        async def complete(self, prompt, sampling):
            return [Completion("", 0, "error")]

    memory = Memory()
    await Cached(Broken(), memory).complete(Prompt("Q"), Sampling())
    assert not memory.calls


def test_the_key_tells_calls_apart():
    model = Scripted({})
    base = call_key(model, Prompt("Q", "p"), Sampling())
    others = [
        call_key(model, Prompt("Qp"), Sampling()),
        call_key(model, Prompt("Q", "p", system=""), Sampling()),
        call_key(model, Prompt("Q", "p"), Sampling(seed=1)),
        call_key(model, Prompt("Q", "p"), Sampling(n=2)),
        call_key(model, Prompt("Q", "p"), Sampling(stop=("\n",))),
        call_key(Scripted({}, name="other"), Prompt("Q", "p"), Sampling()),
    ]
    assert len({base, *others}) == 7
    assert base == call_key(model, Prompt("Q", "p"), Sampling(temperature=1))


async def test_an_answer_that_is_there_is_stored_though_everyone_who_waited_is_gone(tmp_path):
    model, storing = Scripted({"Q": "a"}), asyncio.Event()
    key = call_key(model, Prompt("Q"), Sampling())
    with Run.open(tmp_path) as run:

        class Telling(Memory):
            async def put_call(self, key, completions, patience):
                storing.set()
                await run.put_call(key, completions, patience)
                raise AssertionError("it was cancelled before it was stored")

        task = asyncio.create_task(Cached(model, Telling()).complete(Prompt("Q"), Sampling()))
        await storing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with Run.read(tmp_path) as run:
        assert run.call(key) is not None


async def test_a_failure_is_everybodys_who_waited_and_is_asked_once():
    model = Scripted({"Q": "a"}, failures={"Q": -1})
    cached = Cached(model, Memory())
    got = await asyncio.gather(*(cached.complete(Prompt("Q"), Sampling()) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in got] == [ModelError] * 3
    assert len(model.calls) == 1
