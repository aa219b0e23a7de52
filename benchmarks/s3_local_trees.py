"""Row S3: growing trees with a tiny local model, against one `generate` call a node and against one big batch.

Trees of the countdown shape: 200 problems, 4 next steps an open node, the best 3 go on, three levels; a level's open
nodes wait for the level above. The big batch is the same nodes with all prompts known beforehand, asked at once. The
peers' way, one Hugging Face `generate` call a node for as many tokens, is timed on a sample of the nodes. The three
take turns in one run; the figures are medians of the rounds' ratios.

Long texts, too: 256 rows of 200 to 400 tokens by the engine's own forward pass, against the same engine with Hugging
Face's forward pass, each in a process of one thread that waits for its turn; with `--old ../older/src`, and
`--old-model` its base, an older checkout takes its turns, too.
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from bench import ROOT, Result, flag, run
from tiny_models import save_word_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from journey.models.base import Completion, Prompt, Sampling
from journey.models.local import Local

WIDTH, KEEP, DEPTH, STEP_TOKENS = 4, 3, 3, 14
Asked = tuple[Prompt, Sampling]


@dataclass(frozen=True)
class Timed:
    """Nodes and tokens, and the wall clock and processor seconds that they took."""

    nodes: int
    tokens: int
    wall: float
    cpu: float


async def grow(model: Local, question: str, seed: int, log: list[tuple[Asked, list[Completion]]]) -> None:
    """One tree; every call is written to `log`."""
    prefixes = [""]
    for level in range(DEPTH):
        asked = [
            (Prompt(question, prefix), Sampling(0.8, 1.0, STEP_TOKENS, ("\n",), WIDTH, seed * 100 + level * 10 + i))
            for i, prefix in enumerate(prefixes)
        ]
        answers = await asyncio.gather(*(model.complete(*call) for call in asked))
        log += zip(asked, answers, strict=True)
        children = [p.prefix + c.text + "\n" for (p, _), found in zip(asked, answers, strict=True) for c in found]
        prefixes = children[:KEEP]


def timed(answers: list[list[Completion]], wall: float, cpu: float) -> Timed:
    """The figures of a round from its answers and its clocks at the start."""
    nodes, tokens = sum(map(len, answers)), sum(c.tokens for found in answers for c in found)
    return Timed(nodes, tokens, time.perf_counter() - wall, time.process_time() - cpu)


async def in_trees(model: Local, questions: list[str]) -> tuple[Timed, list[tuple[Asked, list[Completion]]]]:
    """All trees at once, and what was asked and answered."""
    log: list[tuple[Asked, list[Completion]]] = []
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(grow(model, question, seed, log) for seed, question in enumerate(questions)))
    return timed([found for _, found in log], wall, cpu), log


async def in_one_batch(model: Local, calls: list[Asked]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    return timed(list(await asyncio.gather(*(model.complete(*call) for call in calls))), wall, cpu)


def one_by_one(folder: Path, sample: list[tuple[Asked, Completion]]) -> Timed:
    """One `generate` call a node, for as many tokens as the node has."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()
    wall, cpu = time.perf_counter(), time.process_time()
    for (prompt, sampling), completion in sample:
        inputs = tokenizer(prompt.text + prompt.prefix, return_tensors="pt", return_token_type_ids=False)
        new = max(1, completion.tokens)
        ids = model.generate(
            **inputs, do_sample=True, temperature=sampling.temperature, min_new_tokens=new, max_new_tokens=new
        )
        tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :])
    return timed([[completion] for _, completion in sample], wall, cpu)


async def measure(folder: Path, problems: int, rounds: int) -> list[tuple[Timed, Timed, Timed]]:
    """Trees, one batch and one by one, in turn, `rounds` times after a warm-up."""
    rng = random.Random(0)
    questions = [" ".join(str(rng.randrange(1, 100)) for _ in range(4)) + "\n" for _ in range(problems)]
    model = Local(folder)
    await in_trees(model, questions[:20])
    results = []
    for _ in range(rounds):
        trees, log = await in_trees(model, questions)
        batch = await in_one_batch(model, [call for call, _ in log])
        nodes = [(call, completion) for call, found in log for completion in found]
        results.append((trees, batch, one_by_one(folder, rng.sample(nodes, min(40, len(nodes))))))
    await model.close()
    return results


ENGINE = """
import asyncio, json, random, sys, time
import torch
from journey.models.base import Prompt, Sampling
from journey.models.local import Local
torch.set_num_threads(1)
model = Local(sys.argv[1], device="cpu")
model._engine._ends[:] = False  # a text ends at its limit only, so that all engines write as many tokens
if sys.argv[2] == "general":
    from journey.models.local_generic import GenericDecoder
    model._engine._decoder = GenericDecoder(model._model, model._engine._max_tokens)
limits = random.Random(0)
asked = [(Prompt(f"{1 + i % 20} 7 9"), Sampling(1.0, 1.0, limits.randint(200, 400), seed=i)) for i in range(256)]
async def turn(calls):
    return await asyncio.gather(*(model.complete(*call) for call in calls))
async def main():
    await turn(asked[:8])
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = sum(found[0].tokens for found in await turn(asked))
        print(json.dumps([256, tokens, time.perf_counter() - wall, time.process_time() - cpu]), flush=True)
asyncio.run(main())
"""


def engine(source: Path, model: Path, kind: str = "own") -> "subprocess.Popen[str]":
    """An engine's process, which decodes the long texts once for each line that it reads."""
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", ENGINE, str(model), kind]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def turn(child: "subprocess.Popen[str]") -> Timed:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    return Timed(*json.loads(child.stdout.readline()))


def long_texts(model: Path, old: Path | None, old_model: Path | None, rounds: int) -> dict[str, list[Timed]]:
    """The rounds of each engine, all in turn."""
    here = ROOT / "src"
    children = {"own": engine(here, model), "general": engine(here, model, "general")}
    if old is not None:
        children["old"] = engine(old, old_model or model)
    found: dict[str, list[Timed]] = {name: [] for name in children}
    for _ in range(rounds):
        for name, child in children.items():
            found[name].append(turn(child))
    for child in children.values():
        child.communicate()
    return found


def figures(results: Sequence[tuple[Timed, Timed, Timed]], long: Mapping[str, Sequence[Timed]]) -> dict[str, float]:
    """Medians over the rounds: rates, and ratios taken within a round, by the clock and by processor time."""
    middle = statistics.median
    found = {
        "nodes": results[0][0].nodes,
        "nodes_per_s": round(middle(t.nodes / t.wall for t, _, _ in results), 1),
        "tokens_per_s": round(middle(t.tokens / t.wall for t, _, _ in results), 1),
        "tokens_per_cpu_s": round(middle(t.tokens / t.cpu for t, _, _ in results), 1),
        "one_batch_tokens_per_s": round(middle(b.tokens / b.wall for _, b, _ in results), 1),
        "generate_nodes_per_s": round(middle(g.nodes / g.wall for _, _, g in results), 1),
        "times_generate": round(middle((t.nodes / t.wall) / (g.nodes / g.wall) for t, _, g in results), 2),
        "times_generate_cpu": round(middle((t.nodes / t.cpu) / (g.nodes / g.cpu) for t, _, g in results), 2),
        "of_one_batch": round(middle((t.tokens / t.wall) / (b.tokens / b.wall) for t, b, _ in results), 3),
        "of_one_batch_cpu": round(middle((t.tokens / t.cpu) / (b.tokens / b.cpu) for t, b, _ in results), 3),
        "long_tokens_per_s": round(middle(one.tokens / one.wall for one in long["own"]), 1),
        "long_tokens_per_cpu_s": round(middle(one.tokens / one.cpu for one in long["own"]), 1),
    }
    for name, rounds in long.items():
        if name != "own":
            both = list(zip(long["own"], rounds, strict=True))
            found[f"long_times_{name}"] = round(middle(other.wall / own.wall for own, other in both), 2)
            found[f"long_times_{name}_cpu"] = round(middle(other.cpu / own.cpu for own, other in both), 2)
    return found


def local_trees(options: Namespace) -> Result:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.model or save_word_model(Path(temporary), width=128)
        rounds = 7 if options.long else 3
        trees = asyncio.run(measure(folder, options.problems, rounds))
        one_kv = save_word_model(Path(temporary) / "long", width=128, kv_heads=1)
        found = figures(trees, long_texts(options.model or one_kv, options.old, options.old_model, rounds))
    reached = found["times_generate"] >= 10 and found["of_one_batch"] >= 0.7
    return Result(found, reached, "wanted: times_generate >= 10, of_one_batch >= 0.7")


if __name__ == "__main__":
    run(
        "S3", __doc__, local_trees,
        flag("--model", type=Path, help="a model folder (default: a random one of 0.8M weights)"),
        flag("--problems", type=int, default=200),
        flag("--old", type=Path, help="the src folder of an older checkout, to be compared on long texts"),
        flag("--old-model", type=Path, help="its model's folder (default: the same)"),
    )  # fmt: skip
