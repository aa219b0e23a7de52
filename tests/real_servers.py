"""Model servers that we did not write, started for tests on a free port of 127.0.0.1 and ended whatever happens."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

PATIENCE = 600.0  # seconds until a server must answer
SERVING = ("fastapi", "uvicorn", "starlette", "openai")  # what transformers[serving] brings


class Real(NamedTuple):
    """A running server: where it is, what it calls its model, and where it writes its log."""

    url: str
    model: str
    log: Path


def tiny_copy(folder: Path, *, sample: bool = False, template: str | None = None) -> Path:
    """The tiny model in a folder of its own; `sample` lets `transformers serve` draw at all.

    Its closed vocabulary gets a token for unknown words, because both servers read words of their own with it.
    """
    shutil.copytree(str(files("journey.models") / "tiny"), folder)
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    _edit(folder / "tokenizer.json", model=vocabulary | {"unk_token": next(iter(vocabulary["vocab"]))})
    _edit(folder / "generation_config.json", do_sample=sample)
    if template is not None:
        _edit(folder / "tokenizer_config.json", chat_template=template)
    return folder


def why_not_transformers_serve() -> str | None:
    """What `transformers serve` lacks here, in a sentence; null where it can be started."""
    lacking = [name for name in ("transformers", *SERVING) if find_spec(name) is None]
    return f"transformers serve needs {', '.join(lacking)}: pip install 'transformers[serving]'" if lacking else None


@contextmanager
def transformers_serve(model: Path, folder: Path) -> Iterator[Real]:
    """`transformers serve` with one model."""
    home = folder / "hub_home"
    (home / "hub").mkdir(parents=True)  # without it the list of models is an error 500
    port = free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with running(command, environment, port, folder / "serve.log") as url:
        yield Real(url, str(model), folder / "serve.log")


@contextmanager
def vllm_serve(python: str, model: Path, folder: Path, *more: str) -> Iterator[Real]:
    """vLLM's OpenAI-compatible server, by a Python that has vLLM."""
    port = free_port()
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), "--served-model-name", "tiny"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager"]
    command += ["--max-model-len", "512", "--max-num-seqs", "64", "--no-enable-chunked-prefill", *more]
    environment = {
        "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_NUM_OF_RESERVED_CPU": "0", "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1", "PYTHONPATH": "",
    }  # fmt: skip
    with running(command, environment, port, folder / "vllm.log") as url:
        yield Real(url, "tiny", folder / "vllm.log")


@contextmanager
def running(command: Sequence[str], environment: dict[str, str], port: int, log: Path) -> Iterator[str]:
    """The server of that command, once it answers; a server that ends before is a failure that shows its log."""
    url = f"http://127.0.0.1:{port}/v1"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(f"{url}/models"):
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401  # it is there and wants a key
    except OSError:
        return False


def _edit(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | fields), "utf-8")


LLAMA = """
import os, sys, time, xllamacpp
parent = os.getppid()
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx, params.n_parallel = sys.argv[1], int(sys.argv[2]), 8192, 4
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # several wait for each other on a busy machine
server = xllamacpp.Server(params)
while os.getppid() == parent:
    time.sleep(1)
"""


@contextmanager
def llama_serve(gguf: Path, folder: Path) -> Iterator[Real]:
    """llama.cpp's own server, out of the package xllamacpp, with four places for requests side by side."""
    port = free_port()
    command = [sys.executable, "-c", LLAMA, str(gguf), str(port)]
    with running(command, {}, port, folder / "llama.log") as url:
        yield Real(url, "smollm2", folder / "llama.log")
