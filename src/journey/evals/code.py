"""HumanEval (Chen et al. 2021, arXiv 2107.03374): code that a model wrote runs against tests in a locked-down process.

Linux only. The child has namespaces of its own (no network at all, no other process in sight, all mounts read-only but
one folder of 16 MB that vanishes with it), a user of its own where we are root, no way to gain rights, and limits of
time, memory, processes and files. Where any of that cannot be had nothing is run, and the grade is null. Not protected:
files that anyone may read can be read (and shown to nobody), and code that sets out to deceive the tests that run
beside it in one interpreter may pass them.
"""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import IO

from journey.answers import Grade, could_not_check
from journey.types import Problem

KEPT = 4096  # bytes of what a program prints
LONGEST = 100_000  # characters of a program
NO_LOCK = 97
WORKER = Path(__file__).with_name("code_worker.py")

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
            correct, error = await self._run(f"{program}\n\n{problem.answer}")
        return Grade(code, correct, error)

    async def _run(self, program: str) -> tuple[bool | None, str | None]:
        if sys.platform != "linux":
            return None, "could not check: code is run on Linux only"
        passed = secrets.token_hex(16)
        program += f"\nimport sys as _sys\n_sys.stdout.flush()\n_sys.__stdout__.write({passed!r})\n"
        with (
            tempfile.TemporaryDirectory(prefix="journey-code-") as folder,
            _memory_file(program.encode("utf-8", "replace")) as given,
            _memory_file() as out,
            _memory_file() as err,
        ):
            # Files in memory, not pipes: the limit on a file's size is one on what is printed.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-B", str(WORKER), folder, str(self.seconds), str(self.memory),
                stdin=given, stdout=out, stderr=err, start_new_session=True, cwd="/", env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
            try:
                code = await asyncio.wait_for(process.wait(), self.seconds + 2)
            except TimeoutError:
                return False, "time limit"
            finally:
                await _end(process)
            return _outcome(code, _tail(out), _tail(err), passed.encode())


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


def _outcome(code: int | None, out: bytes, err: bytes, passed: bytes) -> tuple[bool | None, str | None]:
    last = err.strip().rpartition(b"\n")[2]
    if code == NO_LOCK and not out.endswith(passed):
        return None, f"could not check: no safe place to run code here ({last.decode('utf-8', 'replace')[:80]})"
    if code == 0:
        return (True, None) if out.endswith(passed) else (False, "ended before the tests did")
    error = _ERROR.match(last)
    name = error[1].decode() if error else ""
    if name == "MemoryError":
        return False, "memory limit"
    if code == 256 - signal.SIGXFSZ or last.endswith(b"File too large"):
        return False, "output limit"
    if code in (256 - signal.SIGXCPU, 256 - signal.SIGKILL):
        return False, "time limit"
    return False, "wrong answer" if name == "AssertionError" else name or f"exit code {code}"
