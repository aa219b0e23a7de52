"""HumanEval (Chen et al. 2021, arXiv 2107.03374): code that a model wrote runs against tests in a sandbox.

The sandbox is bubblewrap's (`sandbox`): no network, no other process, no file of ours, limits of time, memory,
processes and files. Where it cannot be had nothing is run, and the grade is null. The program and its tests run in two
processes (`runner`).
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
from typing import IO

from journey.answers.grade import Grade, could_not_check
from journey.errors import UsageError
from journey.tasks.code.finding import Programs, find_code, programs
from journey.tasks.code.sandbox import BWRAP, PACKAGE, call_filter, command
from journey.types import Problem

KEPT = 4096  # bytes of what the tests' process prints
LONGEST = 100_000  # characters of a program
SHOWN = 160  # characters of why there is no sandbox
NOT_PLAIN = 98
NO_SANDBOX = "no safe place to run code here: "

_ERROR = re.compile(rb"^(?:[\w.]+\.)?(\w+)(?::.*)?$")


class CodeGrader:
    """Grades code by running the problem's tests; `problem.answer` holds them, `problem.question` the function's head.

    A program that breaks a limit is wrong, and `error` says which one: "time limit", "memory limit". Raises UsageError
    where bubblewrap is not installed.
    """

    def __init__(self, seconds: int = 10, memory: int = 512 << 20, workers: int = 2) -> None:
        if shutil.which(BWRAP) is None:
            raise UsageError(
                f"programs are run in a sandbox by {BWRAP}, which is not installed here; install the package {PACKAGE} "
                "(Linux only)"
            )
        self.seconds = seconds
        self.memory = memory
        self._room = asyncio.Semaphore(workers)

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the code in a text; null where there is none, or where it cannot be run safely."""
        code = find_code(text, problem.question)
        if code is None:
            return Grade(None, None, "no answer")
        found = programs(code, problem.question, is_fenced="```" in text)
        if len(found.ways[-1]) > LONGEST:
            return could_not_check(code, f"longer than {LONGEST} characters")
        async with self._room:
            correct, error = await self._run(problem, found)
        return Grade(code, correct, error)

    async def _run(self, problem: Problem, found: Programs) -> tuple[bool | None, str | None]:
        begun, passed = secrets.token_hex(16), secrets.token_hex(16)
        given = {
            "head": problem.question, "program": found.ways, "floor": found.floor, "tests": problem.answer,
            "begun": begun, "passed": passed,
        }  # fmt: skip
        with (
            contextlib.ExitStack() as stack,
            _memory_file(json.dumps(given).encode()) as read,
            _memory_file() as out,
            _memory_file() as err,
        ):
            # Files in memory, not pipes: the limit on a file's size is one on what is printed.
            try:
                calls = stack.enter_context(_memory_file(call_filter(os.uname().machine)))
                watched, held = os.pipe()
                stack.callback(os.close, watched)
                stack.callback(os.close, held)
                process = await asyncio.create_subprocess_exec(
                    *command(self.seconds, self.memory, calls.fileno(), watched),
                    stdin=read, stdout=out, stderr=err, start_new_session=True, cwd="/",
                    pass_fds=(calls.fileno(), watched),
                )  # fmt: skip
            except OSError as error:
                return None, f"could not check: {NO_SANDBOX}{error.strerror or error}"
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
    """Kills what is left: the sandbox dies with bubblewrap, and all that was begun in it with the sandbox."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _outcome(code: int | None, out: str, err: bytes, begun: str, passed: str) -> tuple[bool | None, str | None]:
    """The verdict and why; `code` null: the time was over. `out` is written by the tests' process alone."""
    last = err.strip().rpartition(b"\n")[2]
    if code == NOT_PLAIN or not out.startswith(begun):
        ended = "it did not begin in time" if code is None else f"exit code {code}"
        why = last.decode("utf-8", "replace")[:SHOWN] or ended
        return None, f"could not check: {'' if code == NOT_PLAIN else NO_SANDBOX}{why}"
    if code is None:
        return False, "time limit"
    if code == 0:
        return (True, None) if out == begun + passed else (False, "ended before the tests did")
    error = _ERROR.match(last)
    name = error[1].decode() if error else ""
    if name == "MemoryError":
        return False, "memory limit"
    if code in (128 + signal.SIGXCPU, 128 + signal.SIGKILL):
        return False, "time limit"
    return False, "wrong answer" if name == "AssertionError" else name or f"exit code {code}"
