"""What real servers send: a first oddity ends nothing that a second request would have shown to be well."""

import asyncio
from collections.abc import Callable

import pytest
from fault_server import Asked, FaultServer, Reply

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_http import Reply as HttpReply
from journey.models.server_refusal import Caller, refusal
from journey.models.server_retry import Failed
from journey.models.server_settings import ServerSettings


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("journey.models.server_retry.FIRST", 0.002)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def client(server: FaultServer, tracker: BudgetTracker | None = None) -> Server:
    return Server("m", "openai/m", ServerSettings(url=server.url), tracker or BudgetTracker())


USUAL = Sampling(max_tokens=40)


async def ask(server: FaultServer, sampling: Sampling = USUAL) -> list[Completion]:
    model = client(server)
    try:
        return await model.complete(Prompt("Q"), sampling)
    finally:
        await model.close()


def once(first: Reply) -> Callable[[Asked], Reply | None]:
    return lambda asked: first if asked.number == 0 else None


def choice(finish: object, text: str | None = "x", **more: object) -> Reply:
    return Reply(200, {"choices": [{"finish_reason": finish, "message": {"content": text}, **more}], "usage": None})


@pytest.mark.parametrize(
    "first",
    [
        choice("error", None, error={"code": 502, "message": "upstream"}),
        choice("error", "half an ans"),
        choice("network_error"),
        choice("abort"),
        choice("load", ""),
        choice("odd"),
        choice("stop", ""),
        choice("length", ""),
        choice("stop", None),
        choice(None, ""),
        Reply(200, {"choices": []}),
        Reply(200, {"error": {"code": "rate_limit_exceeded", "message": "Rate limit reached"}}),
    ],
)
async def test_what_passes_is_asked_again_also_as_the_first_answer(first):
    async with FaultServer(once(first)) as server:
        assert (await ask(server))[0].finish == "end"
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (choice("length", "", usage=None), "its context is full"),
        (choice("odd"), "the finish reason 'odd'"),
        (choice("stop", None), "a choice without text"),
    ],
)
async def test_one_prompt_that_gets_nothing_of_use_fails_alone_after_four_answers(reply, said):
    reply = Reply(200, {**reply.body, "usage": {"prompt_tokens": 9, "completion_tokens": 1}})  # type: ignore[dict-item]
    async with FaultServer(lambda asked: reply) as server:
        with pytest.raises(ModelError, match=said):
            await ask(server)
        assert len(server.asked) == 4


async def test_a_server_that_never_gives_anything_of_use_ends_the_run():
    async with FaultServer(lambda asked: choice("stop", "")) as server:
        model = client(server)
        asked = (model.complete(Prompt(str(n)), Sampling()) for n in range(20))
        got = await asyncio.gather(*asked, return_exceptions=True)
        await model.close()
        assert [type(one) for one in got].count(ModelError) == 7
        assert sum("check the model's name" in str(one) for one in got) == 13


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (403, {"error": {"message": "Input was flagged by moderation"}}, ModelError, "flagged by moderation"),
        (403, {"error": {"message": "Key limit exceeded (total limit)"}}, UsageError, "no money or quota"),
        (403, {"error": {"message": "Project p does not have access to model m"}}, UsageError, "no model 'm'"),
        (403, {"error": {"message": "Invalid API key"}}, UsageError, "wants a key .403, Invalid API key"),
        (400, [{"error": {"code": 400, "message": "API key not valid."}}], UsageError, "wants a key"),
        (404, [{"error": {"code": 404, "message": "models/m is not found"}}], UsageError, "no model 'm'"),
        (404, {"error": {"message": "This is not a chat model, use v1/completions"}}, UsageError, "api=text"),
        (400, {"error": {"message": '"m" does not support chat'}}, UsageError, "cannot be asked in this way"),
        (500, {"error": {"message": "the request exceeds the available context size"}}, ModelError, "do not fit"),
    ],
)
async def test_a_first_refusal_is_told_as_what_it_is(status, body, kind, said):
    async with FaultServer(lambda asked: Reply(status, body)) as server:
        with pytest.raises(kind, match=said):
            await ask(server)
        assert len(server.asked) == 1


async def test_a_server_that_forbids_everything_is_said_to_refuse_the_key():
    async with FaultServer(lambda asked: Reply(403, {"error": {"message": "Access denied."}})) as server:
        model = client(server)
        for kind in (ModelError, ModelError, UsageError):
            with pytest.raises(kind, match="Access denied"):
                await model.complete(Prompt("Q"), Sampling())
        await model.close()


async def test_a_model_that_is_listed_and_refused_is_told_in_the_servers_words():
    refused = Reply(403, {"error": {"message": "Project does not have access to model m", "code": "model_not_found"}})
    async with FaultServer(lambda asked: refused, models=[{"id": "m"}]) as server:
        with pytest.raises(UsageError, match=r"Project does not have access to model m \(it has 'm' in its list"):
            await ask(server)


async def test_a_server_that_refuses_the_temperature_draws_by_its_own_and_the_user_is_told():
    def plan(asked: Asked):
        said = {"error": {"message": "Unsupported value: 'temperature' does not support 0.0 with this model."}}
        return Reply(400, said) if "temperature" in asked.body else None

    tracker = BudgetTracker()
    async with FaultServer(plan) as server:
        model = client(server, tracker)
        assert await model.complete(Prompt("Q"), Sampling(temperature=0))
        await model.close()
    assert list(tracker.remarks) == ["openai/m takes no temperature: it draws by its own"]


async def test_a_server_that_draws_greedily_or_answers_as_another_model_is_told_to_the_user():
    def answer(asked: Asked) -> dict:
        rows = [{"index": i, "finish_reason": "stop", "message": {"content": "all the same"}} for i in range(2)]
        return {"model": "other", "choices": rows, "usage": {"prompt_tokens": 1, "completion_tokens": 12}}

    tracker = BudgetTracker()
    async with FaultServer(answer=answer) as server:
        model = client(server, tracker)
        for n in range(5):
            await model.complete(Prompt(str(n)), Sampling(n=2))
        await model.close()
    assert list(tracker.remarks) == [
        "openai/m is answered by 'other': the server takes any model's name",
        "openai/m gives the same text for every sample: the server draws greedily",
    ]


async def test_llama_cpp_is_asked_one_by_one_and_who_ended_a_text():
    def answer(asked: Asked) -> dict:
        rows = [
            {"index": i, "finish_reason": "stop", "message": {"content": "1 + 1 is 2"}}
            for i in range(asked.body.get("n", 1))
        ]
        more = {"__verbose": {"stop_type": "eos"}} if asked.body.get("verbose") else {}
        usage = {"prompt_tokens": 1, "completion_tokens": 7}
        return {"choices": rows, "usage": usage, "timings": {"predicted_n": 7}, **more}

    async with FaultServer(answer=answer) as server:
        got = await ask(server, Sampling(n=3, stop=("\n",)))
        assert [(one.tokens, one.finish) for one in got] == [(7, "end")] * 3
        assert ["verbose" in one.body for one in server.asked] == [False, True, True, True]


def test_the_wait_that_stands_in_words_is_kept_to():
    caller = Caller("http://x/v1", "m", "KEY", None)
    for words, wait in (
        ("try again in 1m6.5s", 66.5),
        ("Please try again in 250ms.", 0.25),
        ('"retryDelay": "34s"', 34.0),
    ):
        found = refusal(HttpReply(429, None, None, words.encode()), caller, met=True)
        assert isinstance(found, Failed) and found.wait == wait
