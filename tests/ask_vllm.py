"""Asks a vLLM engine in this process: `python ask_vllm.py MODEL JOBS ANSWERS`, by a Python that has vLLM.

JOBS is a JSON list of batches, each a list of {"text", "prefix", "sampling"} that are asked for at once. ANSWERS gets
{"batches": completions or errors in the same order, "cancelled", "left": processes that closing left, "dead"}.
"""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from journey.errors import UsageError
from journey.models.base import ModelError, Prompt, Sampling
from journey.models.vllm import Vllm


def made(folder: str) -> Vllm:
    return Vllm(folder, "vllm/tiny", dtype="float32", logprobs=True, engine={"enforce_eager": True})


async def ask(model: Vllm, job: dict[str, Any]) -> Any:
    try:
        completions = await model.complete(Prompt(job["text"], job.get("prefix", "")), Sampling(**job["sampling"]))
    except (ModelError, UsageError) as error:
        return {"error": type(error).__name__, "message": str(error)}
    return [asdict(completion) for completion in completions]


async def cancelled(model: Vllm, job: dict[str, Any]) -> bool:
    task = asyncio.create_task(ask(model, job))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def engine_processes() -> list[psutil.Process]:
    """Those that this process started, without Python's own helper."""
    found = psutil.Process().children(recursive=True)
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE and "tracker" not in " ".join(one.cmdline())]


async def main(folder: str, jobs: Path, answers: Path) -> None:
    batches = json.loads(jobs.read_text())
    model = made(folder)
    said: dict[str, Any] = {"batches": []}
    for batch in batches:
        said["batches"].append(await asyncio.gather(*(ask(model, job) for job in batch)))
    said["cancelled"] = await cancelled(model, {**batches[0][0], "sampling": {"max_tokens": 1000, "n": 64}})
    said["after"] = await ask(model, batches[0][0])
    await model.close()
    _, left = psutil.wait_procs(engine_processes(), timeout=5)  # what was killed takes a moment to be gone
    said["left"] = [one.name() for one in left]
    said["closed"] = await ask(model, batches[0][0])
    again = made(folder)
    await ask(again, batches[0][0])
    for one in engine_processes():
        os.kill(one.pid, signal.SIGKILL)
    began = time.monotonic()
    said["dead"] = await ask(again, batches[0][0])
    said["dead_after"] = time.monotonic() - began
    await again.close()
    answers.write_text(json.dumps(said))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
