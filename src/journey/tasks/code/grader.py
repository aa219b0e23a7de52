"""Programs that a model wrote run against a problem's tests in a sandbox (Chen et al. 2021, arXiv 2107.03374).

The sandbox is bubblewrap's (`sandbox`): no network, no other process, no file of ours, limits of time, memory,
processes and files. Where it cannot be had nothing is run, and the grade is null. The program and its tests run in two
processes (`runner`); each assertion of the tests has a verdict of its own (`splitting`).
"""

import ast
import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
from collections.abc import MutableMapping
from typing import IO

from journey import interrupts
from journey.answers.grade import Grade, could_not_check
from journey.errors import UsageError
from journey.tasks.code.finding import find_code, programs
from journey.tasks.code.outcome import NO_SANDBOX, Outcome, outcome
from journey.tasks.code.sandbox import BWRAP, PACKAGE, call_filter, command
from journey.tasks.code.splitting import Split, split
from journey.types import Problem, content_hash, make_problem

KEPT = 16 << 20  # bytes of what the tests' process reports
TAIL = 4096  # of what it writes besides
LONGEST = 100_000  # characters of a program
START = 120  # seconds until the tests begin: a busy machine was seen to take more than 12

_HEAD = re.compile(r"^(?:async )?def \w", re.MULTILINE)
Known = MutableMapping[str, Outcome]


class CodeGrader:
    """Grades code by running the problem's tests; `problem.answer` holds them.

    `problem.question` is the function's head, or says in words what is wanted. A program that breaks a limit is wrong,
    and `error` says which one: "time limit", "memory limit". `known` keeps what programs came to, so that a judge and
    a grader who share it run each once. Raises UsageError where bubblewrap is not installed.
    """

    def __init__(
        self, seconds: int = 10, memory: int = 512 << 20, workers: int = 2, known: Known | None = None
    ) -> None:
        if shutil.which(BWRAP) is None:
            raise UsageError(
                f"programs are run in a sandbox by {BWRAP}, which is not installed here; install the package {PACKAGE} "
                "(Linux only)"
            )
        self.seconds = seconds
        self.memory = memory
        self._room = asyncio.Semaphore(workers)
        self._known: Known = {} if known is None else known

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of the code in a text; null where there is none, or where it cannot be run safely."""
        code, found = await self.tested(problem, text)
        if code is None or found is None:
            return Grade(None, None, "no answer")
        return Grade(code, found.correct, found.error)

    async def tested(self, problem: Problem, text: str) -> tuple[str | None, Outcome | None]:
        """The code in a text and what its tests found; both null where there is no code."""
        try:
            tests = split(problem.answer)
        except (SyntaxError, ValueError, RecursionError) as error:
            return text, Outcome(None, f"could not check: the problem's tests are no Python ({error})")
        head = head_of(problem.question)
        code = find_code(text, head, tests.names)
        if code is None:
            return None, None
        found = programs(code, head, is_fenced="```" in text)
        if len(found.ways[-1]) > LONGEST:
            return code, Outcome(None, could_not_check(code, f"longer than {LONGEST} characters").error)
        given = {
            "head": head, "program": found.ways, "floor": found.floor, "tests": tests.code, "names": tests.names,
        }  # fmt: skip
        key = content_hash("program", self.seconds, self.memory, given)
        async with self._room:
            if key not in self._known:
                result = await self._run(given, tests)
                if result.correct is None:
                    return code, result
                self._known[key] = result
        return code, self._known[key]

    async def _run(self, given: dict[str, object], tests: Split) -> Outcome:
        mark = secrets.token_hex(16)
        with (
            contextlib.ExitStack() as stack,
            _memory_file(json.dumps({**given, "mark": mark}).encode()) as read,
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
                return Outcome(None, f"could not check: {NO_SANDBOX}{error.strerror or error}")
            code = None
            with contextlib.suppress(TimeoutError):
                try:
                    await asyncio.wait_for(_begun(process, out.fileno()), START)
                    code = await asyncio.wait_for(process.wait(), self.seconds + 2)
                finally:
                    await _end(process)
            report = os.pread(out.fileno(), KEPT, 0).decode("utf-8", "replace")
            return outcome(code, report, _tail(err), mark, tests.cases, self.seconds)


async def _begun(process: asyncio.subprocess.Process, report: int) -> None:
    """Returns once the process has written its first line, or has ended."""
    while process.returncode is None and not os.fstat(report).st_size:
        await asyncio.sleep(0.01)


def check_sandbox() -> None:
    """Raises UsageError where no program can be run here, with what the system says of it."""
    works = make_problem("Write f, which gives 1.", "assert f() == 1\n")
    _, found = interrupts.run(CodeGrader().tested(works, "def f(): return 1"))
    if found is None or found.correct is None:
        reason = "" if found is None else str(found.error).removeprefix("could not check: ")
        raise UsageError(f"programs cannot be tested on this machine: {reason}; see docs/evals.md, Code")


def head_of(question: str) -> str:
    """The question where it is the head of a function to be completed; "" where it says in words what is wanted."""
    if not _HEAD.search(question):
        return ""
    try:
        tree = ast.parse(f"{question.rstrip()}\n    pass\n")
    except (SyntaxError, ValueError, RecursionError):
        return ""
    return question if any(isinstance(one, ast.FunctionDef) for one in tree.body) else ""


def _memory_file(data: bytes = b"") -> IO[bytes]:
    file = os.fdopen(os.memfd_create("journey"), "w+b")
    file.write(data)
    file.flush()
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return file


def _tail(file: IO[bytes]) -> bytes:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), TAIL, max(0, size - TAIL))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills what is left: the sandbox dies with bubblewrap, and all that was begun in it with the sandbox."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
