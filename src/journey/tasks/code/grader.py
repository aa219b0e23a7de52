"""HumanEval (Chen et al. 2021, arXiv 2107.03374): code that a model wrote runs against tests in a locked-down process.

Linux only. The child has namespaces of its own (no network at all, no other process in sight), a root of its own with
the system's programs and libraries and Python, all read-only, and 16 MB to write in that vanish with it; a user of its
own where we are root; no way to gain rights; limits of time, memory, processes and files. Where any of that cannot be
had nothing is run, and the grade is null. The program and its tests run in two processes (`code_runner`).
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import IO

from journey.answers.grade import Grade, could_not_check
from journey.types import Problem

KEPT = 4096  # bytes of what the tests' process prints
LONGEST = 100_000  # characters of a program
NO_LOCK, NOT_PLAIN = 97, 98
WORKER = Path(__file__).with_name("code_worker.py")
RUNNER = Path(__file__).with_name("code_runner.py")

_FENCE = re.compile(r"```[ \t]*(?:python|py|python3)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_ERROR = re.compile(rb"^(?:[\w.]+\.)?(\w+)(?::.*)?$")


def find_code(text: str) -> str | None:
    """The code of an answer: the last fenced block that defines something, else the last one, else all of the text."""
    blocks = [block for block in _FENCE.findall(text) if block.strip()]
    if not blocks:
        return text if text.strip() and "```" not in text else None
    return next(
        (block for block in reversed(blocks) if re.search(r"^\s*(def|class) ", block, re.MULTILINE)), blocks[-1]
    )


class CodeGrader:
    """Grades code by running the problem's tests; `problem.answer` holds them, `problem.question` the function's head.

    A program that breaks a limit is wrong, and `error` says which one: "time limit", "memory limit".
    """

    def __init__(self, seconds: int = 10, memory: int = 512 << 20, workers: int = 2) -> None:
        self.seconds = seconds
        self.memory = memory
        self._room = asyncio.Semaphore(workers)

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the code in a text; null where there is none, or where it cannot be run safely."""
        code = find_code(text)
        if code is None:
            return Grade(None, None, "no answer")
        is_whole = re.search(r"^(def|class) ", code, re.MULTILINE)
        program = f"{problem.question}\n{code}" if is_whole else problem.question + code
        if len(program) > LONGEST:
            return could_not_check(code, f"longer than {LONGEST} characters")
        async with self._room:
            correct, error = await self._run(problem, program)
        return Grade(code, correct, error)

    async def _run(self, problem: Problem, program: str) -> tuple[bool | None, str | None]:
        if sys.platform != "linux":
            return None, "could not check: code is run on Linux only"
        begun, passed = secrets.token_hex(16), secrets.token_hex(16)
        given = {
            "head": problem.question, "program": program, "tests": problem.answer, "begun": begun, "passed": passed,
        }  # fmt: skip
        with (
            tempfile.TemporaryDirectory(prefix="journey-code-") as folder,
            _memory_file(json.dumps(given).encode()) as read,
            _memory_file() as out,
            _memory_file() as err,
        ):
            # Files in memory, not pipes: the limit on a file's size is one on what is printed.
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-I", "-S", "-B", str(WORKER), folder, str(self.seconds), str(self.memory),
                    str(RUNNER), stdin=read, stdout=out, stderr=err, start_new_session=True, cwd="/",
                    env={"PATH": "/usr/bin:/bin"},
                )  # fmt: skip
            except OSError as error:
                return None, f"could not check: {sys.executable} cannot be started: {error.strerror}"
            code = None
            with contextlib.suppress(TimeoutError):
                try:
                    code = await asyncio.wait_for(process.wait(), self.seconds + 2)
                finally:
                    await _end(process)
            return _outcome(code, _tail(out).decode(), _tail(err), begun, passed)


def _memory_file(data: bytes = b"") -> IO[bytes]:
    file = os.fdopen(os.memfd_create("journey"), "w+b")
    file.write(data)
    file.flush()
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return file


def _tail(file: IO[bytes]) -> bytes:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), KEPT, max(0, size - KEPT))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills what is left; the program is told to die with the worker, and all that it began die with it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _outcome(code: int | None, out: str, err: bytes, begun: str, passed: str) -> tuple[bool | None, str | None]:
    """The verdict and why; `code` null: the time was over. `out` is written by the tests' process alone."""
    last = err.strip().rpartition(b"\n")[2]
    if code == NOT_PLAIN or not out.startswith(begun):
        ended = "it did not begin in time" if code is None else f"exit code {code}"
        why = last.decode("utf-8", "replace")[:80] or ended
        return None, f"could not check: {'' if code == NOT_PLAIN else 'no safe place to run code here: '}{why}"
    if code is None:
        return False, "time limit"
    if code == 0:
        return (True, None) if out == begun + passed else (False, "ended before the tests did")
    error = _ERROR.match(last)
    name = error[1].decode() if error else ""
    if name == "MemoryError":
        return False, "memory limit"
    if code in (256 - signal.SIGXCPU, 256 - signal.SIGKILL):
        return False, "time limit"
    return False, "wrong answer" if name == "AssertionError" else name or f"exit code {code}"
