"""The server's client against servers that we did not write, with the tiny model behind them."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from real_servers import Real, tiny_copy, transformers_serve, vllm_serve, why_not_transformers_serve

from journey.errors import UsageError
from journey.judges.exact import Exact
from journey.models import weights
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.local import Local
from journey.models.server import Server
from journey.models.server_settings import ServerSettings
from journey.tasks.countdown import sources
from journey.tasks.countdown.puzzle import PuzzleSettings
from journey.tasks.table import task, task_of
from journey.trees.grow import GrowSettings, grow

PUZZLES = sources.drawn("test", 30, 0, PuzzleSettings(), held_out=True)
GREEDY = Sampling(temperature=0.0, max_tokens=30, stop=("\n",))
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
VLLM = os.environ.get("JOURNEY_TEST_VLLM_PYTHON")


def question(number: int) -> Prompt:
    return Prompt(f"{PUZZLES[number].question}\n")


def client(real: Real, model: str | None = None, **settings: object) -> Server:
    wanted = ServerSettings(url=real.url, first_patience=60.0, **settings)  # type: ignore[arg-type]
    return Server(model or real.model, "openai/tiny", wanted, BudgetTracker())


async def local_texts(count: int) -> list[str]:
    """What the local engine says greedily."""
    model = Local(weights.model_path("tiny"), "tiny", dtype="float32")
    try:
        return [(await model.complete(question(i), GREEDY))[0].text for i in range(count)]
    finally:
        await model.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    if (reason := why_not_transformers_serve()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("serve")
    with transformers_serve(tiny_copy(folder / "model", sample=True, template=TEMPLATE), folder) as real:
        yield real


@pytest.fixture
async def text(served: Real) -> AsyncIterator[Server]:
    # It looks for a stop string token by token and fails (500, "substring not found") with a vocabulary of whole words.
    server = client(served, api="text", stop="client")
    yield server
    await server.close()


# transformers serve: gives one choice however many are asked for.


async def test_n_choices_come_one_by_one_each_of_its_own_stream(text: Server) -> None:
    drawn = await text.complete(question(0), Sampling(temperature=1.0, max_tokens=12, n=6, seed=3))
    assert len(drawn) == 6
    assert len({completion.text for completion in drawn}) > 1
    assert all(completion.tokens > 0 for completion in drawn)


async def test_a_stop_string_that_was_left_in_the_text_is_taken_off(text: Server) -> None:
    (completion,) = await text.complete(question(1), Sampling(temperature=1.0, max_tokens=40, stop=("\n",), seed=1))
    assert "\n" not in completion.text and completion.text
    assert completion.finish == "stop"


async def test_a_chat_is_answered_too(served: Real) -> None:
    server = client(served, api="chat")
    try:
        (completion,) = await server.complete(question(2), Sampling(temperature=1.0, max_tokens=20, seed=1))
        assert completion.text.strip()
    finally:
        await server.close()


async def test_a_half_written_answer_goes_on_by_an_instruction_where_the_field_is_refused(served: Real) -> None:
    server = client(served, api="chat", stop="client")
    try:
        begun = Prompt(question(0).text, prefix="19 + 17 = ")
        (completion,) = await server.complete(begun, Sampling(temperature=1.0, max_tokens=20, seed=1))
        assert completion.text.strip() and server._dialect.way == "instruction"
    finally:
        await server.close()


async def test_a_tree_grows_by_a_served_policy(text: Server) -> None:
    countdown = task("countdown")
    settings = GrowSettings(width=3, keep=2, depth=2, max_step_tokens=24, temperature=1.0, top_p=1.0)
    tree = await grow(PUZZLES[0], text, Exact(task_of), countdown.grader(), countdown.ask, countdown.steps, settings)
    assert len(tree.nodes) >= 3
    assert any(node.judgement is not None and node.judgement.verdict for node in tree.nodes)


# vLLM, where JOURNEY_TEST_VLLM_PYTHON names a Python that has it.

with_vllm = pytest.mark.skipif(VLLM is None, reason="JOURNEY_TEST_VLLM_PYTHON names no Python with vLLM")


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    assert VLLM is not None
    folder = tmp_path_factory.mktemp("vllm")
    with vllm_serve(VLLM, tiny_copy(folder / "model", template=TEMPLATE), folder, "--api-key", "secret") as real:
        yield real


@pytest.fixture
async def fast(vllm: Real, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    server = client(vllm, api="text", logprobs=True)
    yield server
    await server.close()


@pytest.mark.slow
@with_vllm
async def test_vllm_says_greedily_what_the_local_engine_says(fast: Server) -> None:
    said = [(await fast.complete(question(i), GREEDY))[0] for i in range(12)]
    assert [one.text for one in said] == await local_texts(12)
    assert all(one.finish == "stop" and one.logprob is not None and one.logprob <= 0 for one in said)


@pytest.mark.slow
@with_vllm
async def test_vllm_gives_many_choices_at_once_and_the_same_for_the_same_seed(fast: Server) -> None:
    sampling = Sampling(temperature=1.0, max_tokens=24, n=8, seed=5, stop=("\n",))
    first = await fast.complete(question(0), sampling)
    assert [c.text for c in first] == [c.text for c in await fast.complete(question(0), sampling)]
    assert len(first) == 8 and len({c.text for c in first}) > 2


@pytest.mark.slow
@with_vllm
async def test_vllm_goes_on_with_a_half_written_answer(vllm: Real, fast: Server) -> None:
    chat = client(vllm, api="chat")
    try:
        begun = Prompt(question(0).text, prefix=" ".join((await local_texts(1))[0].split()[:3]))
        (by_chat,), (by_text,) = await chat.complete(begun, GREEDY), await fast.complete(begun, GREEDY)
        assert by_chat.text.strip() == by_text.text.strip()
    finally:
        await chat.close()


@pytest.mark.slow
@with_vllm
async def test_vllm_refuses_what_is_too_long_and_what_it_does_not_have(
    vllm: Real, fast: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="context"):
        await fast.complete(Prompt("3 4 " * 600), GREEDY)
    other = client(vllm, "nobody", api="text")
    with pytest.raises(UsageError, match="it has tiny"):
        await other.complete(question(0), GREEDY)
    await other.close()
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    stranger = client(vllm, api="text")
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        await stranger.complete(question(0), GREEDY)
    await stranger.close()
