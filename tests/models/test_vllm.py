"""vLLM in this process: what is asked of it and made of its answers by a stand-in, and the real engine where it is."""

import asyncio
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from real_servers import tiny_copy

from journey.errors import UsageError
from journey.models import weights
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.local import Local
from journey.pipeline import registry
from journey.tasks.countdown import sources
from journey.tasks.countdown.puzzle import PuzzleSettings

PUZZLES = sources.drawn("test", 30, 0, PuzzleSettings(), held_out=True)
QUESTION = Prompt(f"{PUZZLES[0].question}\n")
CONTEXT = 64


class EngineDeadError(Exception):
    """vLLM's, as the stand-in has it."""


class EngineGenerateError(Exception):
    """vLLM's, as the stand-in has it."""


@dataclass
class Engine:
    """What the stand-in of vLLM's engine was told, and what it is to say."""

    arguments: dict[str, Any] = field(default_factory=dict)
    asked: list[SimpleNamespace] = field(default_factory=list)
    say: Callable[[SimpleNamespace], list[SimpleNamespace]] = lambda params: []
    fails: Exception | None = None
    ended: float | None = None
    loads: threading.Event | None = None

    @property
    def model_config(self) -> SimpleNamespace:
        return SimpleNamespace(max_model_len=CONTEXT, get_vocab_size=lambda: 200)

    async def generate(self, prompt: dict[str, Any], params: SimpleNamespace, request_id: str) -> AsyncIterator[Any]:
        self.asked.append(params)
        if self.fails is not None:
            raise self.fails
        yield SimpleNamespace(outputs=self.say(params))

    def shutdown(self, timeout: float | None = None) -> None:
        self.ended = timeout


def output(ids: list[int], reason: str, stop: str | int | None = None, index: int = 0, text: str = "") -> Any:
    return SimpleNamespace(
        token_ids=ids, finish_reason=reason, stop_reason=stop, index=index, text=text, cumulative_logprob=-1.5
    )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A stand-in of vLLM that `journey.models.vllm` is imported against."""
    engine = Engine()

    def start(arguments: dict[str, Any]) -> Engine:
        engine.arguments = arguments
        if engine.loads is not None:
            engine.loads.wait()
        if engine.fails is not None:
            raise engine.fails
        return engine

    modules = {
        "vllm": {"AsyncEngineArgs": dict, "SamplingParams": SimpleNamespace},
        "vllm.inputs": {"tokens_input": lambda ids: {"prompt_token_ids": ids}},
        "vllm.platforms": {"current_platform": SimpleNamespace(is_cpu=lambda: True)},
        "vllm.sampling_params": {"RequestOutputKind": SimpleNamespace(FINAL_ONLY="final")},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": SimpleNamespace(from_engine_args=start)},
        "vllm.v1.engine.exceptions": {"EngineDeadError": EngineDeadError, "EngineGenerateError": EngineGenerateError},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "ERROR")  # so that what the import sets is taken back
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "1")
    monkeypatch.delitem(sys.modules, "journey.models.vllm", raising=False)
    yield engine
    sys.modules.pop("journey.models.vllm", None)


def model(path: str | None = None, **settings: Any) -> Any:
    return importlib.import_module("journey.models.vllm").Vllm(
        path or weights.model_path("tiny"), "vllm/tiny", **settings
    )


def tokens(text: str) -> list[int]:
    vocabulary = json.loads((Path(weights.model_path("tiny")) / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    return [vocabulary[word] for word in text.replace("\n", " \n ").split(" ") if word]


async def test_a_sampling_is_put_in_the_engines_words(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length", index=i) for i in range(params.n)]
    one = model(logprobs=True)
    stop = ("\n", "", one._tokenizer.all_special_tokens[0])
    await one.complete(QUESTION, Sampling(temperature=0.7, top_p=0.9, max_tokens=20, stop=stop, n=3, seed=4))
    (params,) = engine.asked
    assert (params.n, params.temperature, params.top_p, params.max_tokens) == (3, 0.7, 0.9, 20)
    assert params.stop == ["\n"] and len(params.stop_token_ids) == 1
    assert params.logprobs == 0 and params.output_kind == "final"


async def test_the_seed_is_the_callers_and_leaves_room_for_one_a_sample(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length", index=i) for i in range(params.n)]
    one = model()
    for seed in (1, 1, 2):
        await one.complete(QUESTION, Sampling(n=2, seed=seed))
    first, same, other = (params.seed for params in engine.asked)
    assert first == same and abs(first - other) > 1000
    assert 0 <= max(first, other) < 2**62


async def test_greedy_completions_are_asked_for_once_and_repeated(engine: Engine) -> None:
    engine.say = lambda params: [output(tokens("3 + 4"), "length")]
    completions = await model().complete(QUESTION, Sampling(temperature=0.0, n=4))
    assert [completion.text for completion in completions] == ["3 + 4"] * 4
    assert engine.asked[0].n == 1 and engine.asked[0].seed is None


async def test_completions_come_in_the_order_of_their_samples(engine: Engine) -> None:
    engine.say = lambda params: [output(tokens(f"{i} + 1"), "length", index=i) for i in (2, 0, 1)]
    completions = await model().complete(QUESTION, Sampling(n=3))
    assert [completion.text for completion in completions] == ["0 + 1", "1 + 1", "2 + 1"]
    assert all(completion.tokens == 3 and completion.logprob is None for completion in completions)


@pytest.mark.parametrize(
    ("said", "finish", "text"),
    [
        (output(tokens("3 + 4\n"), "stop", "\n"), "stop", "3 + 4"),
        (output(tokens("3 + 4"), "stop", "\n", text="3 +"), "stop", "3 +"),  # only vLLM's own text shows where
        (output(tokens("3 + 4"), "stop", None), "end", "3 + 4"),
        (output(tokens("3 + 4"), "stop", 0), "end", "3 + 4"),
        (output(tokens("3 + 4\n5"), "length"), "length", "3 + 4\n5"),
    ],
)
async def test_how_a_completion_ended_is_told(engine: Engine, said: Any, finish: str, text: str) -> None:
    engine.say = lambda params: [said]
    (completion,) = await model(logprobs=True).complete(QUESTION, Sampling(stop=("\n",)))
    assert (completion.finish, completion.text, completion.logprob) == (finish, text, -1.5)


async def test_a_special_token_among_the_stop_strings_is_a_stop(engine: Engine) -> None:
    one = model()
    special = one._tokenizer.all_special_tokens[0]
    engine.say = lambda params: [output([*tokens("3"), *params.stop_token_ids], "stop", params.stop_token_ids[0])]
    (completion,) = await one.complete(QUESTION, Sampling(stop=(special,)))
    assert (completion.text, completion.finish) == ("3", "stop")


@pytest.mark.parametrize("outputs", [[], [output([1], "abort")], [output([1], "error")]])
async def test_an_answer_that_is_none_fails_the_unit(engine: Engine, outputs: list[Any]) -> None:
    engine.say = lambda params: outputs
    with pytest.raises(ModelError, match="vllm/tiny"):
        await model().complete(QUESTION, Sampling())


async def test_what_may_be_written_ends_with_the_context(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    await model().complete(Prompt("3 " * (CONTEXT - 5)), Sampling(max_tokens=100))
    assert engine.asked[0].max_tokens == 5
    with pytest.raises(ModelError, match=f"has {CONTEXT} tokens .* at most {CONTEXT}"):
        await model().complete(Prompt("3 " * CONTEXT), Sampling(max_tokens=100))


async def test_an_engine_that_died_stops_the_command_and_one_bad_request_only_its_unit(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    one = model()
    await one.complete(QUESTION, Sampling())
    engine.fails = EngineGenerateError("no room")
    with pytest.raises(ModelError, match="no room"):
        await one.complete(QUESTION, Sampling())
    engine.fails = EngineDeadError()
    with pytest.raises(UsageError, match="died"):
        await one.complete(QUESTION, Sampling())


async def test_a_closed_model_has_ended_its_engine_and_says_so(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    one = model()
    await one.complete(QUESTION, Sampling())
    await one.close()
    assert engine.ended is not None and engine.ended > 5  # that much it needs on a processor
    with pytest.raises(ModelError, match="closed"):
        await one.complete(QUESTION, Sampling())


async def test_closing_after_an_interrupt_waits_less(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    one = model()
    await one.complete(QUESTION, Sampling())

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await one.close()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working])
    assert engine.ended is not None and engine.ended < 5


def test_another_event_loop_is_told_and_not_left_waiting(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    one = model()
    asyncio.run(one.complete(QUESTION, Sampling()))
    with pytest.raises(ModelError, match="event loop"):
        asyncio.run(one.complete(QUESTION, Sampling()))


async def test_on_a_processor_prompts_are_read_in_one_piece(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    await model(engine={"max_num_seqs": 8}).complete(QUESTION, Sampling())
    assert engine.arguments["enable_chunked_prefill"] is False and engine.arguments["max_num_seqs"] == 8


async def test_an_engine_whose_loading_is_cancelled_is_ended(engine: Engine) -> None:
    engine.loads = threading.Event()
    asking = asyncio.create_task(model().complete(QUESTION, Sampling()))
    while not engine.arguments:
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.sleep(0.05)
    engine.loads.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert engine.ended


async def test_what_cannot_be_loaded_is_one_sentence(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model folder"):
        model("./nowhere")
    with pytest.raises(UsageError, match="cannot be loaded"):
        model(str(tmp_path))
    engine.fails = RuntimeError("Engine core initialization failed.\nmore")
    with pytest.raises(UsageError, match=r"cannot load vllm/tiny: Engine core initialization failed\.$"):
        await model().complete(QUESTION, Sampling())


def test_its_identity_is_that_of_the_weights_and_of_what_changes_results(engine: Engine, tmp_path: Path) -> None:
    copy = str(tiny_copy(tmp_path / "copy"))
    assert model().identity == model(copy).identity
    others = [model(dtype="float32"), model(logprobs=True), model(max_model_len=9), model(engine={"quantization": "a"})]
    assert len({one.identity for one in [model(), *others]}) == 5
    (tmp_path / "copy" / "model.safetensors").write_bytes(b"other")
    assert model(copy).identity != model().identity


async def test_the_name_of_a_folder_builds_it(engine: Engine) -> None:
    engine.say = lambda params: [output([1], "length")]
    folder = weights.model_path("tiny")
    made = registry.model(f"vllm/{folder}")
    await made.complete(QUESTION, Sampling())
    assert made.name == f"vllm/{folder}" and engine.arguments["model"] == folder


def test_without_vllm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.delitem(sys.modules, "journey.models.vllm", raising=False)
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "ERROR")
    monkeypatch.setenv("VLLM_NO_USAGE_STATS", "1")
    with pytest.raises(UsageError, match=r"vllm.*journey-learning\[vllm\]"):
        registry.model("vllm/some/model")


# The real engine, on the processor: where this Python has vLLM, or JOURNEY_TEST_VLLM_PYTHON names one that has.

PYTHON = sys.executable if find_spec("vllm") is not None else os.environ.get("JOURNEY_TEST_VLLM_PYTHON")
GREEDY = Sampling(temperature=0.0, max_tokens=30, stop=("\n",))
LONG = Sampling(temperature=0.0, max_tokens=300)
SEEDED = [Sampling(temperature=1.0, max_tokens=24, n=6, seed=seed, stop=("\n",)) for seed in (1, 1, 2)]
BEGUN = Prompt(QUESTION.text, "19 + 17 = ")


def job(prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
    return {"text": prompt.text, "prefix": prompt.prefix, "sampling": asdict(sampling)}


def puzzle(number: int) -> Prompt:
    return Prompt(f"{PUZZLES[number].question}\n")


def long_prompt(number: int) -> Prompt:
    return Prompt(puzzle(number).text * 50)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the real engine answered, in one process of its own."""
    if PYTHON is None:
        pytest.skip("no vLLM in this Python, and JOURNEY_TEST_VLLM_PYTHON names none that has it")
    folder = tmp_path_factory.mktemp("vllm")
    batches = [
        [job(puzzle(i), GREEDY) for i in range(12)],
        [job(puzzle(i), LONG) for i in range(12)],
        [job(QUESTION, SEEDED[0])],
        # more tokens of prompts at once than vLLM reads in one step
        [job(QUESTION, SEEDED[1]), *(job(long_prompt(i), Sampling(n=3, seed=i, max_tokens=20)) for i in range(30))],
        [job(QUESTION, SEEDED[2]), job(BEGUN, GREEDY), job(Prompt("3 4 " * 3000), GREEDY)],
    ]
    (folder / "jobs.json").write_text(json.dumps(batches))
    root = Path(__file__).parents[2]
    environment = {
        "PYTHONPATH": str(root / "src"), "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
    }  # fmt: skip
    command = [PYTHON, root / "tests" / "ask_vllm.py", tiny_copy(folder / "model")]
    with (folder / "log").open("wb") as log:
        ran = subprocess.run(
            [*command, folder / "jobs.json", folder / "answers.json"],
            env=os.environ | environment,
            stdout=log,
            stderr=log,
        )
    assert ran.returncode == 0, (folder / "log").read_text(errors="replace")[-3000:]
    return json.loads((folder / "answers.json").read_text())


async def local_answers(sampling: Sampling, prompts: list[Prompt]) -> list[tuple[str, int, str]]:
    """What the local engine says: text, tokens and finish."""
    local = Local(weights.model_path("tiny"), "tiny", dtype="float32")
    try:
        answers = await asyncio.gather(*(local.complete(prompt, sampling) for prompt in prompts))
        return [(one.text, one.tokens, one.finish) for (one,) in answers]
    finally:
        await local.close()


def short(answers: list[Any]) -> list[tuple[str, int, str]]:
    return [(one["text"], one["tokens"], one["finish"]) for (one,) in answers]


@pytest.mark.slow
@pytest.mark.parametrize(("batch", "sampling"), [(0, GREEDY), (1, LONG)])
async def test_it_says_greedily_what_the_local_engine_says(
    said: dict[str, Any], batch: int, sampling: Sampling
) -> None:
    assert short(said["batches"][batch]) == await local_answers(sampling, [puzzle(i) for i in range(12)])
    assert all(one["logprob"] <= 0 for (one,) in said["batches"][batch])


@pytest.mark.slow
def test_a_seed_gives_its_own_texts_whatever_else_is_asked_meanwhile(said: dict[str, Any]) -> None:
    alone, crowded, other = (said["batches"][batch][0] for batch in (2, 3, 4))
    assert [one["text"] for one in alone] == [one["text"] for one in crowded]
    assert [one["text"] for one in alone] != [one["text"] for one in other]
    assert len({one["text"] for one in alone}) > 2 and not any("\n" in one["text"] for one in alone)
    assert all(len(answer) == 3 for answer in said["batches"][3][1:])


@pytest.mark.slow
async def test_it_goes_on_with_a_half_written_answer(said: dict[str, Any]) -> None:
    assert short(said["batches"][4][1:2]) == await local_answers(GREEDY, [BEGUN])


@pytest.mark.slow
def test_what_goes_wrong_is_said(said: dict[str, Any]) -> None:
    too_long = said["batches"][4][2]
    assert too_long["error"] == "ModelError" and "at most 2048" in too_long["message"]
    assert said["dead"]["error"] == "UsageError" and "died" in said["dead"]["message"]


@pytest.mark.slow
def test_a_cancelled_request_is_forgotten_and_closing_leaves_no_process(said: dict[str, Any]) -> None:
    assert said["cancelled"] and said["after"] == said["batches"][0][0]
    assert said["left"] == []
    assert said["closed"]["error"] == "ModelError"
