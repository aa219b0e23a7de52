"""A pretrained model with a real tokenizer and chat template: in this process, and in llama.cpp's own server."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from commanding import journey
from real_model import real_model
from real_servers import Real, llama_serve

from journey.models.base import ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.local import Local
from journey.models.server import Server
from journey.models.server_settings import ServerSettings
from journey.store.run import Run

pytestmark = pytest.mark.real
APPLES = "Tom has 3 apples and buys 5 more. How many apples does he have?"
TOLD = "Tom has 3 apples and 5 more apples, so he has 3 + 5 = 8 apples."


@pytest.fixture(scope="module")
def local() -> Local:
    return Local(real_model(), "smollm2")


def greedy(tokens: int = 40, **more: object) -> Sampling:
    return Sampling(temperature=0, max_tokens=tokens, **more)  # type: ignore[arg-type]


async def test_a_half_written_answer_is_continued_and_stop_strings_are_found_across_tokens(local: Local) -> None:
    asked = [
        local.complete(Prompt(APPLES, prefix="Tom has 3 apples and 5 more apples, so he"), greedy()),
        local.complete(Prompt(APPLES), greedy(stop=("5 = 8 app",))),
        local.complete(Prompt(APPLES), greedy(4)),
    ]
    (continued,), (stopped,), (cut,) = await asyncio.gather(*asked)
    assert continued.text == " has 3 + 5 = 8 apples." and continued.finish == "end"
    assert stopped.text == TOLD.partition("5 = 8 app")[0] and stopped.finish == "stop"
    assert (cut.finish, cut.tokens) == ("length", 4) and TOLD.startswith(cut.text)


async def test_samples_are_their_own_whatever_is_drawn_beside_them(local: Local) -> None:
    sampling = Sampling(temperature=1, top_p=0.95, max_tokens=12, n=4, seed=7)
    drawn = await local.complete(Prompt("Name a fruit. Say: 漢字 🙂 é"), sampling)
    again = await local.complete(Prompt("Name a fruit. Say: 漢字 🙂 é"), sampling)
    assert [one.text for one in drawn] == [one.text for one in again] and len({one.text for one in drawn}) > 1


async def test_a_prompt_near_the_contexts_end_leaves_what_room_there_is(tmp_path: Path) -> None:
    for file in real_model().iterdir():
        os.symlink(file, tmp_path / file.name)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 128}))
    short = Local(tmp_path)
    (found,) = await short.complete(Prompt("one two three four five " * 15), greedy())
    assert found.finish in ("length", "end") and found.tokens <= 128 - 75
    with pytest.raises(ModelError, match="reads at most 128"):
        await short.complete(Prompt("one two three four five " * 30), greedy())
    await short.close()


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    gguf = next(real_model().glob("*.gguf"), None)
    if gguf is None or find_spec("xllamacpp") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("llama.cpp's server needs xllamacpp and the GGUF")
    with llama_serve(gguf, tmp_path_factory.mktemp("llama")) as real:
        yield real


@pytest.fixture
async def served(llama: Real) -> AsyncIterator[Server]:
    server = Server(llama.model, "openai/smollm2", ServerSettings(url=llama.url, first_patience=60.0), BudgetTracker())
    yield server
    await server.close()


async def test_llama_cpp_says_the_same_and_what_ended_it(served: Server) -> None:
    (told,) = await served.complete(Prompt(APPLES), greedy())
    assert (told.text, told.finish) == (TOLD, "end") and told.tokens in (24, 25)
    (stopped,) = await served.complete(Prompt(APPLES), greedy(stop=("5 = 8 app",)))
    assert stopped.text == TOLD.partition("5 = 8 app")[0] and stopped.finish == "stop"


async def test_llama_cpp_continues_a_half_and_counts_the_tokens_of_each_of_several(served: Server) -> None:
    (continued,) = await served.complete(Prompt(APPLES, prefix="Tom has 3 apples and 5 more apples, so he"), greedy())
    assert continued.text.strip() == "has 3 + 5 = 8 apples."
    drawn = await served.complete(Prompt("Write a long story."), Sampling(temperature=1, max_tokens=30, n=3, seed=1))
    assert [one.tokens for one in drawn] == [30, 30, 30] and len({one.text for one in drawn}) == 3


# What the recipe asks of a large model (10 levels of 12 steps, critics of 2,048 tokens) takes a small one hours here.
SMALL = {"trees.grow.depth": 2, "trees.grow.width": 2, "trees.grow.keep": 1, "trees.grow.max_step_tokens": 48,
         "critic.max_tokens": 64, "critic.retries": 0, "thoughts.refine": "[]"}  # fmt: skip


def test_the_recipe_for_servers_grows_its_trees_with_llama_cpp(llama: Real, tmp_path: Path) -> None:
    rows = [{"problem": APPLES, "answer": "8"}, {"problem": "What is 3 + 5?", "answer": "8"},
            {"problem": "What is half of 18?", "answer": "9"}]  # fmt: skip
    (tmp_path / "problems.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    given = SMALL | {"model": "openai/smollm2", "servers": f'{{openai: {{url: "{llama.url}"}}}}',
                     "problems.file": tmp_path / "problems.jsonl", "problems.split": "null"}  # fmt: skip
    wanted = [part for name, value in given.items() for part in ("--set", f"{name}={value}")]
    ended = journey("run", "math_server", "--limit", 3, "--out", tmp_path / "run", "--json", *wanted)
    assert ended.code == 0, ended.err
    with Run.read(tmp_path / "run") as run:
        judged = [node.judgement for tree in run.trees() for node in tree.nodes]
        assert run.count("trees") == 3 and all(one is not None and (one.verdict or one.reason) for one in judged)
