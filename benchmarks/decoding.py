"""How fast the local engine decodes long texts: 256 rows of 200 to 400 tokens, against an older checkout side by side.

Each engine has its own process (one thread, or --threads), which waits for its turn; the engines take turns, and the
figures are medians of the rounds and of the ratios within a round. A text ends at its own limit only, so that all
engines write the same number of tokens. Compare two checkouts and two bases with
`python benchmarks/decoding.py --old ../older/src --old-model ../older/tiny --model src/journey/tasks/tiny`.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[1] / "src"
CHILD = """
import asyncio, json, random, sys, time
import torch
torch.set_num_threads(int(sys.argv[2]))
from journey.models.base import Prompt, Sampling
from journey.models.local import Local
model = Local(sys.argv[1], device="cpu", **({"dtype": sys.argv[5]} if sys.argv[5] else {}))
model._engine._ends[:] = False
rows, prompts, limits = int(sys.argv[3]), json.loads(sys.argv[4]), random.Random(0)
asked = [(Prompt(prompts[i % len(prompts)]), Sampling(1.0, 1.0, limits.randint(200, 400), seed=i)) for i in range(rows)]
async def turn(calls):
    return await asyncio.gather(*(model.complete(*call) for call in calls))
async def main():
    await turn(asked[:8])
    print("ready", flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = sum(found[0].tokens for found in await turn(asked))
        print(json.dumps([tokens, time.perf_counter() - wall, time.process_time() - cpu]), flush=True)
asyncio.run(main())
"""


def start(source: Path, model: Path, options: argparse.Namespace, dtype: str = "") -> subprocess.Popen[str]:
    """An engine's process, loaded and warm."""
    rng = random.Random(0)
    prompts = options.prompt or [" ".join(str(rng.randint(1, 20)) for _ in range(3)) for _ in range(64)]
    given = [str(model), str(options.threads), str(options.rows), json.dumps(prompts), dtype]
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, "-c", CHILD, *given]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def turn(child: subprocess.Popen[str]) -> tuple[float, float]:
    """Tokens a second by the clock and by processor time."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    tokens, wall, cpu = json.loads(child.stdout.readline())
    return tokens / wall, tokens / cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--old", type=Path, help="the src folder of an older checkout")
    parser.add_argument("--old-model", type=Path, help="its model's folder (default: the same)")
    parser.add_argument("--bf16", action="store_true", help="also this checkout in bfloat16")
    parser.add_argument("--prompt", action="append", help="a prompt that the vocabulary can read; several times")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    engines = {}
    if options.old:
        old = options.old_model or options.model
        engines = {"old engine": start(options.old, old, options), "new engine, old weights": start(HERE, old, options)}
    engines["new engine"] = start(HERE, options.model, options)
    if options.bf16:
        engines["new engine, bfloat16"] = start(HERE, options.model, options, "bfloat16")
    rounds = [{name: turn(child) for name, child in engines.items()} for _ in range(options.rounds)]
    for child in engines.values():
        child.stdin.close()  # type: ignore[union-attr]
        child.wait()
    first = next(iter(engines))
    print(f"{'':26} tokens/s  tokens/CPU s  times {first} (clock, CPU)")
    for name in engines:
        wall, cpu = (statistics.median(r[name][i] for r in rounds) for i in (0, 1))
        times = [statistics.median(r[name][i] / r[first][i] for r in rounds) for i in (0, 1)]
        print(f"{name:26} {wall:8.0f}  {cpu:12.0f}  {times[0]:5.2f} {times[1]:5.2f}")


if __name__ == "__main__":
    main()
