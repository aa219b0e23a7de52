"""A served model is shown a problem's pictures as OpenAI's API has them; who reads text only says so."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from fault_server import Asked, FaultServer, Reply, completion
from picture_rows import picture

from journey.errors import UsageError
from journey.models.base import Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.cached import call_key
from journey.models.router import served
from journey.models.scripted import Scripted
from journey.models.server import Server
from journey.models.server_settings import ServerSettings
from journey.store import images

SAMPLING = Sampling(temperature=0.0, max_tokens=8)
REFUSALS = {
    "openai": (400, "Invalid content type. image_url is only supported by certain models."),
    "vllm": (400, "/models/text is not a multimodal model"),
    "old vllm": (400, "At most 0 image(s) may be provided in one request."),
    "llama.cpp": (
        500,
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    ),
    "strict": (422, "body.messages.0.content: Input should be a valid string"),
}


def client(url: str, run: Path, tracker: BudgetTracker | None = None, **settings: object) -> Server:
    """A client of a server, which shows the pictures of a run."""
    made = ServerSettings(url=url, retries=0, first_patience=0.0, **settings)  # type: ignore[arg-type]
    return Server("m", "openai/m", made, tracker or BudgetTracker(), run)


async def test_pictures_are_parts_of_the_users_turn_before_its_text(tmp_path: Path) -> None:
    from openai.types.chat import ChatCompletionMessageParam
    from pydantic import TypeAdapter

    names = tuple(images.put(tmp_path, picture(c, form), "it") for c, form in (("red", "PNG"), ("blue", "JPEG")))

    def answer(asked: Asked) -> dict[str, object]:
        TypeAdapter(list[ChatCompletionMessageParam]).validate_python(asked.body["messages"], strict=True)
        return completion(asked, lambda prompt, seed, sample: "red")

    tracker = BudgetTracker()
    async with FaultServer(answer=answer) as server:
        model = client(server.url, tmp_path, tracker)
        (got,) = await model.complete(Prompt("Which?", system="Look.", images=names), SAMPLING)
        await model.close()
    assert got.text == "red"
    system, user = server.asked[0].body["messages"]
    assert system["content"] == "Look."
    assert [part["type"] for part in user["content"]] == ["image_url", "image_url", "text"]
    assert user["content"][0]["image_url"]["url"] == images.data_uri(tmp_path, names[0])


def test_the_name_of_a_call_holds_the_pictures_and_stays_without_them() -> None:
    model = Scripted({})
    keys = [call_key(model, Prompt("a", images=names), SAMPLING) for names in ((), ("x",), ("y",), ("x", "y"))]
    assert len(set(keys)) == 4
    assert keys[0] == call_key(model, Prompt("a"), SAMPLING)


@pytest.mark.parametrize("who", REFUSALS)
async def test_a_server_that_takes_no_pictures_is_told_from_its_words(who: str, tmp_path: Path) -> None:
    status, words = REFUSALS[who]
    name = images.put(tmp_path, picture("red"), "it")
    body = json.dumps({"error": {"message": words}}).encode()
    async with FaultServer(lambda asked: Reply(status, body)) as server:
        model = client(server.url, tmp_path)
        with pytest.raises(UsageError, match="takes no pictures there: serve a vision-language model"):
            await model.complete(Prompt("Which?", images=(name,)), SAMPLING)
        await model.close()
    assert len(server.asked) == 1


async def test_the_text_api_and_a_missing_picture_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    async with FaultServer() as server:
        for prompt, settings, words in (
            (Prompt("Which?", images=("a" * 64,)), {"api": "text"}, "reads text only"),
            (Prompt("Which?", images=("a" * 64,)), {}, "is missing"),
        ):
            model = client(server.url, tmp_path, **settings)
            with pytest.raises(UsageError, match=words):
                await model.complete(prompt, SAMPLING)
            await model.close()
    assert server.asked == []


async def test_every_server_of_a_list_is_shown_the_pictures(tmp_path: Path) -> None:
    name = images.put(tmp_path, picture("red"), "it")
    listed = [{"id": "m", "owned_by": "vllm"}]
    answer = partial(completion, text=lambda prompt, seed, sample: "red")
    async with FaultServer(answer=answer, models=listed) as one, FaultServer(answer=answer, models=listed) as two:
        made = ServerSettings(url=(one.url, two.url))
        model = served("m", "openai/m", made, BudgetTracker(), tmp_path)
        prompts = [Prompt(f"Which is {number}?", images=(name,)) for number in range(6)]
        await asyncio.gather(*(model.complete(prompt, SAMPLING) for prompt in prompts))
        await model.close()
        asked = [request for server in (one, two) for request in server.asked]
    assert len(asked) >= 6 and one.asked and two.asked
    assert all(request.body["messages"][-1]["content"][0]["type"] == "image_url" for request in asked)
