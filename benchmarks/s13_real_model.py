"""Row S13: the local engine on a pretrained model, against transformers' `generate` and llama.cpp's own server.

SmolLM2-135M-Instruct (`journey fetch smollm2`) answers questions of GSM8K: plain prompts, each answered once, and
trees, 4 next steps an open node of which the best 2 go on, three levels. All contestants get the same token ids, level
by level, every level as one batch (`generate`) or as requests side by side (the server, which in trees keeps the
beginnings of prompts that it has read), and write as many tokens: ends of texts are ignored. They take turns, each in a
process of its own with one thread; seconds are those of its processor, so that other work on the machine counts little.
Figures are tokens written a second, medians of the rounds, and medians of the rounds' ratios.

llama.cpp gets the same weights as a GGUF of bfloat16 (and in the full form of eight bits, which is not compared), as
the package xllamacpp builds it: "llama.cpp computes with" says for which processors.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import Result, flag, run, table
from real_data import rows, sample
from real_servers import free_port, running

from journey.models import smollm2
from journey.models.base import Prompt, Sampling
from journey.models.weights import SMOLLM2, model_path

WIDTH, KEEP, DEPTH = 4, 2, 3
WORKS = ("plain, greedy", "plain, top_p 0.95", "trees, top_p 0.95")
PRECISIONS = ("bf16", "fp32")
DTYPES = {"bf16": "bfloat16", "fp32": "float32"}
GREEDY, NUCLEUS = Sampling(temperature=0, top_p=1), Sampling(temperature=1, top_p=0.95)


@dataclass(frozen=True)
class Work:
    """Levels of prompts; all those of a level are asked together, `sampling.n` times `sampling.max_tokens` each."""

    levels: list[list[tuple[int, ...]]]
    sampling: Sampling

    @property
    def tokens(self) -> int:
        return sum(map(len, self.levels)) * self.sampling.n * self.sampling.max_tokens


Contestant = Callable[[Work], float]
"""Does the work and returns the processor seconds that it took."""


def engine(dtype: str) -> Contestant:
    """journey's own."""
    from journey.models.local import Local
    from journey.models.local_text import Reading

    model = Local(model_path(SMOLLM2), device="cpu", dtype=dtype)
    model._engine._ends[:] = False
    model._text.read = lambda prompt: Reading(tuple(json.loads(prompt.text)), "")  # type: ignore[method-assign]

    async def asked(level: Sequence[tuple[int, ...]], sampling: Sampling) -> None:
        prompts = [Prompt(json.dumps(ids)) for ids in level]
        await asyncio.gather(*(model.complete(p, replace(sampling, seed=i)) for i, p in enumerate(prompts)))

    def answer(work: Work) -> float:
        started = time.process_time()
        for level in work.levels:
            asyncio.run(asked(level, work.sampling))
        return time.process_time() - started

    return answer


def generate(dtype: str) -> Contestant:
    """transformers' own, a level as one batch padded on the left."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(model_path(SMOLLM2), dtype=getattr(torch, dtype)).eval()
    model.generation_config.eos_token_id = None

    def answer(work: Work) -> float:
        started = time.process_time()
        how = work.sampling
        drawn = {"do_sample": True, "temperature": how.temperature, "top_p": how.top_p, "top_k": 0}
        for level in work.levels:
            longest = max(map(len, level))
            ids = torch.tensor([[0] * (longest - len(p)) + list(p) for p in level])
            mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in level])
            settings = {"max_new_tokens": how.max_tokens, "num_return_sequences": how.n, "pad_token_id": 0}
            settings |= drawn if how.temperature else {"do_sample": False}
            assert model.generate(ids, attention_mask=mask, **settings).shape[1] == longest + how.max_tokens
        return time.process_time() - started

    return answer


def serve(make: Callable[[str], Contestant], dtype: str, line: Connection) -> None:
    """A contestant's process: works as long as the line is open."""
    import torch
    from bench import quieten

    quieten()
    torch.set_num_threads(1)
    contestant = make(dtype)
    with suppress(EOFError):
        while True:
            line.send(contestant(line.recv()))


@contextmanager
def process(make: Callable[[str], Contestant], dtype: str) -> Iterator[Contestant]:
    """A contestant in a process of its own."""
    ours, theirs = get_context("spawn").Pipe()
    child = get_context("spawn").Process(target=serve, args=(make, dtype, theirs), daemon=True)
    child.start()
    theirs.close()

    def answer(work: Work) -> float:
        ours.send(work)
        return ours.recv()

    try:
        yield answer
    finally:
        ours.close()
        child.join()


LLAMA = """
import os, sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_parallel = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params.n_ctx = 1024 * params.n_parallel
parent = os.getppid()
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
while os.getppid() == parent:
    time.sleep(1)
"""


@contextmanager
def llama(kind: str, gguf: Path, slots: int, log: Path) -> Iterator[Contestant]:
    """llama.cpp's server with so many places for requests side by side."""
    port = free_port()
    before = children()
    with running([sys.executable, "-c", LLAMA, str(gguf), str(port), str(slots)], {}, port, log) as url:
        (pid,) = children() - before

        def ask(body: dict[str, object]) -> None:
            request = urllib.request.Request(
                f"{url.removesuffix('/v1')}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as response:
                found = json.load(response)
            found = found if isinstance(found, list) else [found]
            assert [one["tokens_predicted"] for one in found] == [body["n_predict"]] * int(str(body["n_cmpl"]))

        def answer(work: Work) -> float:
            started, how = seconds(pid), work.sampling
            settings = {
                "n_predict": how.max_tokens, "n_cmpl": how.n, "ignore_eos": True, "temperature": how.temperature,
                "top_p": how.top_p, "cache_prompt": len(work.levels) > 1, "samplers": ["temperature", "top_p"],
            }  # fmt: skip
            for level in work.levels:
                bodies = [settings | {"prompt": list(ids), "seed": i} for i, ids in enumerate(level)]
                with ThreadPoolExecutor(len(bodies)) as threads:
                    list(threads.map(ask, bodies))
            return seconds(pid) - started

        yield answer


def children() -> set[int]:
    """The processes that this one has started."""
    return {int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()}


def seconds(pid: int) -> float:
    """Processor seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rewritten(gguf: Path, kind: str, into: Path) -> Path:
    """The GGUF with its matrices in another precision."""
    from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, dequantize, quantize

    read, file = GGUFReader(gguf), into / f"{kind}.gguf"
    writer = GGUFWriter(file, "llama")
    for name, field in read.fields.items():
        if not name.startswith("GGUF.") and name not in ("general.architecture", "general.file_type"):
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], inner)
    for part in read.tensors:
        weights = dequantize(part.data, part.tensor_type)
        form = GGMLQuantizationType[kind if weights.ndim > 1 else "F32"]
        writer.add_tensor(part.name, quantize(weights, form), raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def works(long: bool, turn: int) -> dict[str, Work]:
    """What is asked in a round. A tree's nodes are the lines of its question's solution: the same in every run."""
    from transformers import AutoTokenizer

    from journey.models.local_text import Text

    text = Text(AutoTokenizer.from_pretrained(model_path(SMOLLM2)), (), 1 << 20)
    prompts, trees, tokens = (16, 8, 48) if long else (8, 2, 16)
    problems = rows(sample("gsm8k/test.jsonl"))
    plain, asked = problems[:prompts], problems[prompts + turn * trees :][:trees]  # no tree's question was read before

    def prefix(row: dict[str, str], depth: int, kept: int) -> str:
        lines = row["answer"].splitlines()[:depth]
        return "".join(f"{line}{' Then:' * kept}\n" for line in lines)

    levels = [
        [text.read(Prompt(row["question"], prefix(row, depth, kept))).ids for row in asked for kept in range(number)]
        for depth, number in enumerate((1, *[KEEP] * (DEPTH - 1)))
    ]
    flat = [[text.read(Prompt(row["question"])).ids for row in plain]]
    how = [replace(GREEDY, max_tokens=tokens), replace(NUCLEUS, max_tokens=tokens)]
    return dict(zip(WORKS, (*(Work(flat, one) for one in how), Work(levels, replace(how[1], n=WIDTH))), strict=True))


def measure(long: bool, slots: int) -> tuple[dict[str, float], str]:
    """Tokens a second of every contestant at every work, and the ratios to the engine in the same precision."""
    rounds = [works(long, turn) for turn in range(3 if long else 1)]
    asked = rounds[0]
    computes = "not installed"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contestants = {
            (name, precision): stack.enter_context(process(make, DTYPES[precision]))
            for precision in PRECISIONS
            for name, make in (("engine", engine), ("generate", generate))
        }
        gguf = next(smollm2.folder().glob("*.gguf"), None)
        if gguf is not None and find_spec("xllamacpp") is not None:
            computes = import_module("xllamacpp").get_system_info().strip(" |")
            for kind in ("BF16", "Q8_0") if long else ("BF16",):
                file = rewritten(gguf, kind, folder)
                server = stack.enter_context(llama(kind, file, slots, folder / f"{kind}.log"))
                contestants["llama.cpp", kind.lower()] = server
        taken: dict[tuple[str, str], dict[str, list[float]]] = {}
        for who, contestant in contestants.items():
            contestant(Work([asked["plain, greedy"].levels[0][:2]], replace(GREEDY, max_tokens=4)))
            taken[who] = {name: [] for name in asked}
        for works_of_round in rounds:
            for name, work in works_of_round.items():
                for who, contestant in contestants.items():
                    taken[who][name].append(contestant(work))
    figures = {
        f"{work} {precision} {who}": round(asked[work].tokens / statistics.median(spent), 1)
        for (who, precision), times in taken.items()
        for work, spent in times.items()
    }
    for (who, precision), times in taken.items():
        if who != "engine" and (own := taken.get(("engine", precision))):
            for work, spent in times.items():
                ratio = statistics.median(other / ours for other, ours in zip(spent, own[work], strict=True))
                figures[f"{work} {precision} times {who}"] = round(ratio, 2)
    return figures, computes


def real_model(options: Namespace) -> Result:
    if not smollm2.is_fetched():
        return Result({}, None, f"the pretrained model is not here: {smollm2.COMMAND}")
    os.environ["OMP_NUM_THREADS"] = "1"
    figures, computes = measure(options.long, options.slots)
    shown = [
        table(
            work,
            ("tokens a second", *PRECISIONS, "q8_0"),
            [
                (what, *(figures.get(f"{work} {p} {what}") for p in (*PRECISIONS, "q8_0")))
                for what in ("engine", "generate", "llama.cpp", "times generate", "times llama.cpp")
            ],
        )
        for work in WORKS
    ]
    trees = [value for name, value in figures.items() if name.startswith("trees") and name.endswith("times generate")]
    served = [value for name, value in figures.items() if name.endswith("bf16 times llama.cpp")]
    reached = min(trees) >= 2 and (min(served) >= 0.8 if served else None)
    why = f"wanted: trees times generate >= 2, bf16 times llama.cpp >= 0.8; llama.cpp computes with: {computes}"
    return Result(figures | {"llama.cpp computes with": computes}, reached, why, shown)


if __name__ == "__main__":
    run(
        "S13", __doc__, real_model,
        flag("--slots", type=int, default=64, help="places for requests side by side in llama.cpp's server"),
    )  # fmt: skip
