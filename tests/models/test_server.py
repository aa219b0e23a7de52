"""The client of model servers against a server of ours: what it asks, what it makes of the answers."""

import asyncio
import json

import pytest
from fault_server import Asked, FaultServer, Reply, completion

from journey.errors import BudgetReached, UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker, Limits, Usage
from journey.models.server import Server
from journey.models.server_settings import ServerSettings

KEY = "sk-verysecret-0123456789"
QUESTION, DEFAULT = Prompt("Q"), Sampling()
OWNER = [{"id": "m", "owned_by": "vllm"}, {"id": "other", "owned_by": "vllm"}]


def client(server: FaultServer, tracker: BudgetTracker | None = None, **settings) -> Server:
    settings = {"retries": 3, "patience": 3600.0, "first_patience": 600.0, **settings}
    return Server("m", "openai/m", ServerSettings(url=server.url, **settings), tracker or BudgetTracker())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("journey.models.server_retry.FIRST", 0.002)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def saying(*texts: str, finish: str | None = "stop", usage: dict | None = None, **more):
    """A server's answer with these texts."""

    def answer(asked: Asked) -> dict:
        chat = "messages" in asked.body
        choices = [
            {
                "index": i,
                "finish_reason": finish,
                **({"message": {"content": text}} if chat else {"text": text}),
                **more,
            }
            for i, text in enumerate(texts)
        ]
        return {"choices": choices, "usage": usage or {"prompt_tokens": 5, "completion_tokens": 4 * len(texts)}}

    return answer


async def ask(server: FaultServer, prompt: Prompt = QUESTION, sampling: Sampling = DEFAULT, **settings):
    model = client(server, **settings)
    try:
        return await model.complete(prompt, sampling)
    finally:
        await model.close()


# What is asked


async def test_a_chat_is_asked_with_everything_that_sampling_says():
    async with FaultServer() as server:
        sampling = Sampling(0.7, 0.9, 33, ("\n",), 2, 5)
        await ask(server, Prompt("Q", system="Be brief."), sampling, extra={"top_k": 4, "top_p": None})
    [asked] = server.asked
    body = asked.body
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert body.pop("messages") == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Q"}]
    assert 0 <= body.pop("seed") < 1 << 31
    assert body == {"model": "m", "max_tokens": 33, "temperature": 0.7, "n": 2, "stop": ["\n"], "top_k": 4}


async def test_a_base_model_reads_system_text_and_prefix_as_they_are():
    async with FaultServer() as server:
        await ask(server, Prompt("Q\n", "1. ", "S\n"), Sampling(max_tokens=3), api="text")
    assert server.asked[0].path == "/v1/completions"
    assert server.asked[0].body["prompt"] == "S\nQ\n1. "


@pytest.mark.parametrize(
    ("owner", "way"),
    [("vllm", "field"), ("sglang", "field"), ("mistralai", "prefix"), ("deepseek", "prefix"), ("openai", "words")],
)
async def test_the_owner_of_a_models_list_says_how_an_answer_is_continued(owner, way):
    async with FaultServer(models=[{"id": "x", "owned_by": "y"}, {"id": "m", "owned_by": owner}]) as server:
        await ask(server, Prompt("Q", "half"))
    body = server.asked[0].body
    roles = [message["role"] for message in body["messages"]]
    assert body.get("continue_final_message", False) == (way == "field")
    assert body["messages"][1].get("prefix", False) == (way == "prefix")
    assert roles == ["user", "assistant"] + ["user"] * (way == "words")
    assert len(server.listed) == 1


@pytest.mark.parametrize("models", [None, [{"id": "m", "owned_by": "deepseek"}], [{"id": "m", "owned_by": "nobody"}]])
async def test_a_server_that_refuses_a_way_to_continue_is_asked_in_words(models):
    def plan(asked: Asked):
        if "continue_final_message" in asked.body:
            return Reply(422, {"detail": [{"loc": ["body"], "msg": "unexpected fields"}]})
        if any("prefix" in message for message in asked.body["messages"]):
            return Reply(400, {"error": {"message": "bad message"}})

    async with FaultServer(plan, models=models) as server:
        model = client(server)
        await asyncio.gather(*(model.complete(Prompt(f"Q{i}", "half"), Sampling()) for i in range(5)))
        learned = len(server.asked)
        await model.complete(Prompt("again", "half"), Sampling())
        await model.close()
    assert server.asked[-1].body["messages"][-1]["role"] == "user"
    assert (learned, len(server.asked)) == (10, 11)


async def test_a_prompt_that_is_refused_in_every_way_teaches_no_way():
    def plan(asked: Asked):
        return Reply(400, {"message": "bad word"}) if "bad" in asked.body["messages"][0]["content"] else None

    async with FaultServer(plan, models=OWNER) as server:
        model = client(server)
        with pytest.raises(ModelError, match="bad word"):
            await model.complete(Prompt("bad", "half"), Sampling())
        await model.complete(Prompt("good", "half"), Sampling())
        await model.close()
    assert server.asked[-1].body["continue_final_message"] is True


@pytest.mark.parametrize(
    ("words", "field", "instead"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", "max_tokens", "max_completion_tokens"),
        ("Unsupported parameter: 'stop'", "stop", None),
        ("extra_forbidden: body, seed", "seed", "random_seed"),
        ("logprobs is not supported", "logprobs", None),
    ],
)
async def test_a_field_that_a_server_refuses_is_put_otherwise(words, field, instead):
    def plan(asked: Asked):
        return Reply(400, {"error": {"message": words}}) if field in asked.body else None

    async with FaultServer(plan, answer=saying("a step\nanother")) as server:
        [got] = await ask(server, sampling=Sampling(stop=("\n",)), logprobs=True)
    assert len(server.asked) == 2
    assert instead is None or instead in server.asked[1].body
    assert (got.text, got.finish) == ("a step", "stop")


# n samples


async def test_choices_come_at_once_and_in_their_order():
    def answer(asked: Asked) -> dict:
        good = completion(asked)
        good["choices"].reverse()
        return good

    async with FaultServer(answer=answer) as server:
        got = await ask(server, sampling=Sampling(n=4))
    assert len(server.asked) == 1
    assert [one.text[-1] for one in got] == ["0", "1", "2", "3"]


async def test_a_server_that_gives_one_choice_is_asked_one_by_one_with_the_same_results_before_and_after():
    def answer(asked: Asked) -> dict:
        return completion(Asked(0, "", {}, {**asked.body, "n": 1}, 0))

    async with FaultServer(answer=answer) as server:
        model = client(server)
        first = await model.complete(Prompt("Q"), Sampling(n=3, seed=1))
        asked = len(server.asked)
        second = await model.complete(Prompt("Q"), Sampling(n=3, seed=1))
        await model.close()
    assert first == second
    assert len({one.text for one in first}) == 3
    assert (asked, len(server.asked)) == (3, 6)
    assert all("n" not in one.body for one in server.asked[1:])


async def test_a_server_that_refuses_n_is_asked_one_by_one():
    def plan(asked: Asked):
        return (
            Reply(400, {"error": {"message": "Only one completion choice is allowed"}}) if "n" in asked.body else None
        )

    async with FaultServer(plan) as server:
        got = await ask(server, sampling=Sampling(n=3))
    assert len({one.text for one in got}) == 3
    assert len(server.asked) == 4


async def test_a_server_that_gives_two_at_most_is_asked_for_the_rest():
    def answer(asked: Asked) -> dict:
        return completion(Asked(0, "", {}, {**asked.body, "n": min(2, asked.body.get("n", 1))}, 0))

    async with FaultServer(answer=answer) as server:
        got = await ask(server, sampling=Sampling(n=5))
    assert len({one.text for one in got}) == 5
    assert [one.body.get("n") for one in server.asked] == [5, 3, None]


async def test_greedy_completions_are_asked_for_once():
    async with FaultServer() as server:
        got = await ask(server, sampling=Sampling(temperature=0.0, n=3))
    assert len(server.asked) == 1
    assert len(got) == 3 and len(set(got)) == 1


async def test_results_do_not_depend_on_what_goes_wrong_or_on_how_many_are_in_flight():
    def plan(asked: Asked):
        return (Reply(500), "drop", None)[asked.number % 3]

    async def run(plan, **settings):
        async with FaultServer(plan) as server:
            model = client(server, retries=50, **settings)
            got = await asyncio.gather(*(model.complete(Prompt(f"Q{i}"), Sampling(n=2, seed=i)) for i in range(20)))
            await model.close()
            return got

    assert await run(plan, max_in_flight=3) == await run(lambda asked: None, max_in_flight=20)


# Money and cancelling


async def test_every_request_is_reserved_and_settled_with_what_the_server_says():
    def plan(asked: Asked):
        return Reply(500) if asked.number == 0 else None

    tracker = BudgetTracker()
    async with FaultServer(plan, answer=saying("a", usage={"prompt_tokens": 7, "completion_tokens": 3})) as server:
        await ask(server, tracker=tracker)
    assert tracker.spent() == {"openai/m": Usage(2, 7, 3)}


async def test_without_usage_tokens_are_estimated_from_the_length():
    tracker = BudgetTracker()
    async with FaultServer(answer=saying("x" * 40, usage={"total": 1})) as server:
        [got] = await ask(server, Prompt("y" * 400), tracker=tracker)
    assert got.tokens == 11
    assert tracker.spent()["openai/m"] == Usage(1, 100, 11)


async def test_a_budget_of_zero_sends_nothing():
    async with FaultServer() as server:
        with pytest.raises(BudgetReached):
            await ask(server, tracker=BudgetTracker(Limits(calls=0)))
    assert not server.asked


@pytest.mark.parametrize("act", ["hang", Reply(429, headers={"Retry-After": "3600"}), Reply(503), "stall"])
async def test_whoever_is_cancelled_leaves_nothing_behind(act):
    tracker = BudgetTracker(Limits(calls=1000))
    hanging = True
    async with FaultServer(lambda asked: act if hanging else None) as server:
        model = client(server, tracker=tracker, max_in_flight=2, patience=9999.0, requests_per_minute=900)
        works = [asyncio.create_task(model.complete(Prompt(f"Q{i}"), Sampling(n=2))) for i in range(6)]
        while not server.asked:
            await asyncio.sleep(0.01)
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        assert (model.gate.in_flight, model.gate.waiting) == (0, 0)
        hanging = False
        model.gate.open()
        assert await model.complete(Prompt("Q"), Sampling())
        await model.close()
    assert not tracker._flying


async def test_a_closed_server_opens_again_when_it_is_asked():
    async with FaultServer() as server:
        model = client(server)
        await model.complete(Prompt("Q"), Sampling())
        await model.close()
        await model.complete(Prompt("Q"), Sampling())
        await model.close()
    assert len(server.asked) == 2


# What a user must mend


async def test_a_wrong_key_is_said_at_once_without_the_key():
    said = {"error": {"message": f"Incorrect API key provided: {KEY[:8]}***{KEY[-4:]}", "code": "invalid_api_key"}}
    async with FaultServer(lambda asked: Reply(401, said)) as server:
        with pytest.raises(UsageError, match="refuses the key in OPENAI_API_KEY") as error:
            await ask(server)
    assert len(server.asked) == 1
    text = str(error.value).replace(server.url, "")  # a port may be four digits of the key by chance
    assert not any(KEY[i : i + 4] in text for i in range(len(KEY) - 4))


async def test_a_missing_key_is_said_by_the_name_of_its_variable():
    async with FaultServer(lambda asked: Reply(403)) as server:
        with pytest.raises(UsageError, match=r"wants a key .403.; set MY_KEY"):
            await ask(server, key_variable="MY_KEY")
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("status", [400, 404])
async def test_an_unknown_model_is_told_with_those_that_there_are(status):
    refused = Reply(status, {"error": {"message": "The model `m` does not exist.", "type": "NotFoundError"}})
    async with FaultServer(lambda asked: refused, models=[{"id": "b"}, {"id": "a"}]) as server:
        with pytest.raises(UsageError, match="has no model 'm'; it has a, b"):
            await ask(server)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"<html>nothing here</html>"),
        Reply(404, {"detail": "Not Found"}),
        Reply(200, b"<html>a page</html>"),
        Reply(200, {"hello": "world"}),
        Reply(200, [1, 2]),
        Reply(400, b"<html>Bad Request</html>"),
    ],
)
async def test_what_is_no_model_server_is_said_so(reply):
    async with FaultServer(lambda asked: reply) as server:
        with pytest.raises(UsageError, match=r"not answer like an OpenAI-compatible server.*check its url"):
            await ask(server, retries=10)
    assert len(server.asked) <= 4


async def test_something_that_speaks_no_http_is_said_so():
    async def hello(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(hello, "127.0.0.1", 0) as other:
        url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/v1"
        model = Server("m", "m", ServerSettings(url=url), BudgetTracker())
        with pytest.raises(UsageError, match="not answer like an OpenAI-compatible server"):
            await model.complete(Prompt("Q"), Sampling())
        await model.close()


async def test_nobody_at_the_address_is_said_after_a_short_patience():
    server = FaultServer()
    async with server:
        pass
    with pytest.raises(UsageError, match=r"no model server at http://127.0.0.1:\d+/v1: no connection.*start it"):
        await ask(server, first_patience=0.5)


async def test_a_redirect_is_not_followed():
    async with FaultServer() as other:
        moved = Reply(307, headers={"Location": other.url.replace("//", "//user:pass@") + "/chat/completions"})
        async with FaultServer(lambda asked: moved) as server:
            with pytest.raises(UsageError, match=r"redirects to http://127\.0\.0\.1, which is not followed") as error:
                await ask(server)
    assert not other.asked
    assert "pass@" not in str(error.value)


@pytest.mark.parametrize("status", [402, 429])
async def test_an_account_without_money_is_said_at_once(status):
    said = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    async with FaultServer(lambda asked: Reply(status, said)) as server:
        with pytest.raises(UsageError, match="no money or quota"):
            await ask(server)
    assert len(server.asked) == 1


# What one prompt comes to


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "'max_tokens' or 'max_completion_tokens' is too large: 9. This model's maximum context length is 4",
        "Input length (9) exceeds model's maximum context length (4).",
        "the request exceeds the available context size. try increasing the context size",
        "The input (9 tokens) is longer than the model's context length (4 tokens).",
    ],
)
async def test_a_prompt_that_is_too_long_fails_alone_and_at_once(said):
    async with FaultServer(lambda asked: Reply(400, {"error": {"message": said}})) as server:
        with pytest.raises(ModelError, match="do not fit into the context of m"):
            await ask(server, Prompt("Q", "half"))
    assert len(server.asked) == 1


async def test_another_refusal_is_told_in_the_servers_words_cut_to_a_line():
    said = {"object": "error", "message": "bad\n\x1b[31m thing " + KEY[3:12] * 0 + "x" * 500}
    async with FaultServer(lambda asked: Reply(400, said)) as server:
        with pytest.raises(ModelError, match=r"refuses the request: bad \[31m thing x+\.\.\.$") as error:
            await ask(server)
    assert len(str(error.value)) < 330
    assert len(server.asked) == 1


async def test_words_that_repeat_a_part_of_the_key_are_left_out():
    async with FaultServer(lambda asked: Reply(400, {"error": f"header was Bearer {KEY[2:14]}"})) as server:
        with pytest.raises(ModelError, match="left out") as error:
            await ask(server)
    assert KEY[2:8] not in str(error.value)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Reply(500, {"error": "boom"}), "status 500 .boom"),
        (Reply(200, b"<html>gateway</html>"), "a web page"),
        (Reply(200, b'{"choices": NaN}'), "NaN"),
        (Reply(200, b"[" * 100_000), "no JSON"),
        (Reply(200, b""), "an empty body"),
        (Reply(200, b'{"pad": "' + b"x" * (2 << 20)), "an answer of 20971"),
        (Reply(200, b'{"pad": "' + b"x" * (2 << 20), length=False), "an answer of more than 10"),
        (Reply(200, {"choices": []}), "JSON without choices"),
        (Reply(200, {"choices": [7]}), "choices are no objects"),
        (Reply(200, {"choices": [{"finish_reason": "stop", "message": {"content": None}}]}), "without text"),
        (Reply(200, {"choices": [{"finish_reason": "stop", "message": {"content": ""}}]}), "an empty text"),
        (Reply(200, {"choices": [{"finish_reason": "odd", "message": {"content": "x"}}]}), "finish reason 'odd'"),
        (Reply(200, {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "up"}}]}), "502 .up"),
        (Reply(200, {"error": {"message": "upstream fell over", "code": 500}}), "upstream fell over"),
        ("drop", "dropped"),
        ("cut", "cut off"),
        ("hang", "no answer within"),
        ("stall", "stood still"),
    ],
)
async def test_a_request_that_keeps_failing_is_tried_again_and_then_told(act, said):
    def plan(asked: Asked):
        return act if asked.body["messages"][0]["content"] == "Q" else None

    short = {"hang": {"timeout": 0.5}, "stall": {"stall": 0.5}}.get(act if isinstance(act, str) else "", {})
    async with FaultServer(plan) as server:
        model = client(server, retries=2, **short)
        await model.complete(Prompt("first"), Sampling())
        before, asked = model.retries, len(server.asked)
        with pytest.raises(ModelError, match=rf"failed 3 times, the last time with .*{said}"):
            await model.complete(Prompt("Q"), Sampling(max_tokens=10))
        assert (model.retries - before, len(server.asked) - asked) == (2, 3)
        await model.close()


async def test_a_server_that_fails_from_the_first_request_on_stops_the_command():
    async with FaultServer(lambda asked: Reply(500)) as server:
        with pytest.raises(UsageError, match=r"not given one answer, the last time status 500.*model's name 'm'"):
            await ask(server)


async def test_a_completion_that_says_how_it_ended_may_be_empty():
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    async with FaultServer(answer=saying("", usage=usage, stop_reason=None)) as server:
        assert await ask(server) == [Completion("", 1, "end")]


async def test_a_url_from_the_environment_is_used(monkeypatch):
    async with FaultServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
        model = Server("m", "openai/m", ServerSettings(), BudgetTracker())
        await model.complete(Prompt("Q"), Sampling())
        await model.close()
    assert server.asked[0].path == "/v1/chat/completions"


async def test_the_key_stands_nowhere_but_in_its_header(caplog):
    caplog.set_level(0)
    async with FaultServer() as server:
        model = client(server)
        await model.complete(Prompt("Q"), Sampling())
        said = [repr(model), repr(model.settings), model.identity, repr(model._caller), caplog.text]
        await model.close()
    assert not any(KEY in text for text in said)
    assert KEY not in json.dumps(server.asked[0].body)
