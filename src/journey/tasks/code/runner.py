"""Runs a program in one process and its tests in another, in a sandbox. Standard library only.

The tests call the program's function over pipes, and nothing but plain data passes: numbers, texts, lists, dicts and
the like. So the program can neither see nor change the tests, the mark that says they passed, or where it is written.

Arguments: seconds of processor time, bytes of memory, bytes of a file, the user to become ("": the one we are), and the
number of a pipe whose other end is held by whoever asks. On standard input a JSON object: `head` (the function's head,
helpers before it; "" for none), `program` (ways to read it) and `floor` (see `compiled`), `tests` in cases (see
`splitting`), `names` that they want of the program, `mark`.

Standard output gets one line an event, the mark and JSON: {"begun": true}; {"at": 3} where a case begins for the first
time; {"case": 3, "error": null, ...} when it holds for the first time, or fails; {"error": ...} where the tests stopped
between cases; {"ended": true}. Exit code 98: the tests hand over what is no plain data, or have no function to call.
Exit code 97: a limit or the user could not be set, and nothing was run.
"""

import ast
import builtins
import ctypes
import json
import os
import random
import reprlib
import resource
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

SET_DUMPABLE = 4
NO_LIMITS, NOT_PLAIN = 97, 98
PROCESSES, FILES = 16, 64
PROSE = 100  # paragraphs of prose behind a program
SHOWN = 200  # characters of an error's message
LARGEST = 2000  # bits of a number that is written out

KINDS: dict[str, Callable[[Any], Any]] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict, "bytes": bytes,
    "complex": lambda parts: complex(*parts),
}  # fmt: skip


def encode(value: Any) -> Any:
    """Plain data as JSON has it, every container under the name of its kind. Raises TypeError for anything else."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case complex():
            return {"complex": [value.real, value.imag]}
        case bytes() | bytearray():
            return {"bytes": list(value)}
        case dict():
            return {"dict": [[encode(key), encode(one)] for key, one in value.items()]}
        case list() | tuple() | set() | frozenset():
            kind = next(name for name in ("list", "tuple", "set", "frozenset") if isinstance(value, KINDS[name]))  # type: ignore[arg-type]
            return {kind: [encode(one) for one in value]}
        case _:
            raise TypeError(f"{type(value).__name__} is no plain data")


def decode(value: Any) -> Any:
    """What `encode` gave; makes nothing but plain data of any text. Raises TypeError, ValueError or KeyError."""
    if not isinstance(value, dict):
        return value
    ((kind, parts),) = value.items()
    if kind in ("bytes", "complex"):
        return KINDS[kind](parts)
    if kind == "dict":
        return {decode(key): decode(one) for key, one in parts}
    return KINDS[kind](decode(one) for one in parts)


def compiled(ways: list[str], floor: int) -> Any:
    """The first of several texts that is a program; else the first that is one without the prose behind it.

    Prose begins at a line without indent, behind line `floor`; 0: there is none. Raises what `compile` does of the
    first text.
    """
    first: Exception | None = None
    shorter: list[str] = []
    for way in ways:
        try:
            return compile(way, "program.py", "exec")
        except (SyntaxError, ValueError) as error:
            first = first or error
            shorter.append(way)
    for way in shorter if floor else ():
        lines = way.split("\n")
        ends = [n for n in range(len(lines) - 1, floor - 1, -1) if lines[n].strip() and not lines[n][0].isspace()]
        for end in ends[:PROSE]:
            try:
                return compile("\n".join(lines[:end]), "program.py", "exec")
            except (SyntaxError, ValueError):
                continue
    raise first or SyntaxError("no program")


def serve(calls: BinaryIO, results: BinaryIO) -> None:
    """The program's process: runs it, then answers calls. What it prints goes nowhere."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in calls:
        call = json.loads(line)
        try:
            if "program" in call:
                exec(compiled(call["program"], call["floor"]), names)  # what this file is for
                result = {"value": None}
            else:
                if call["name"] not in names:
                    raise NameError(f"the program has no function {call['name']}")
                args, kwargs = decode(call["args"]), decode(call["kwargs"])
                result = {"value": encode(names[call["name"]](*args, **kwargs))}
            text = json.dumps(result)
        except Exception as error:  # whatever the program raises goes to the tests
            text = json.dumps({"error": type(error).__name__, "message": str(error)[:SHOWN]})
        results.write(text.encode() + b"\n")
        results.flush()


class Program:
    """The program as the tests see it: calls go to its process."""

    def __init__(self, process: int, calls: BinaryIO, results: BinaryIO) -> None:
        self._process, self._calls, self._results = process, calls, results
        self.last: str | None = None  # the latest call since it was forgotten, and what came of it

    def ask(self, call: dict[str, Any]) -> Any:
        """What the process answers. Raises what the program raised; where it has ended, so does this process."""
        try:
            self._calls.write(json.dumps(call).encode() + b"\n")
            self._calls.flush()
            line = self._results.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            self._end()
        result = json.loads(line)
        if "error" in result:
            name = str(result["error"])
            kind = getattr(builtins, name, None)
            # StopIteration would end a loop of the tests as if all was well.
            if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, StopIteration):
                kind = type(name if name.isidentifier() else "Exception", (Exception,), {})
            error = kind.__new__(kind)
            error.args = (str(result["message"]).partition("\n")[0],)
            raise error
        return decode(result["value"])

    def function(self, name: str) -> Callable[..., Any]:
        """The program's function of that name."""

        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                given = {"name": name, "args": encode(args), "kwargs": encode(kwargs)}
            except TypeError as error:
                give_up(f"the tests call with what is no plain data: {error}")
            call = f"{name}({', '.join([*map(short, args), *(f'{key}={short(one)}' for key, one in kwargs.items())])})"
            self.last = f"{call} does not return"
            try:
                value = self.ask(given)
            except Exception as error:  # whatever the program raises is the tests' own to expect
                self.last = f"{call} raises {in_words(error)}"
                raise
            self.last = f"{call} gives {short(value)}"
            return value

        return called

    def _end(self) -> NoReturn:
        ended = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        code = ended if ended >= 0 else 128 - ended  # a signal, as shells and bubblewrap write it
        os._exit(1 if code in (NO_LIMITS, NOT_PLAIN) else code)


class Short(reprlib.Repr):
    """Values written out, long ones without their middle."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxset, self.maxdict = 4, 12, 12, 12, 8
        self.maxfrozenset, self.maxstring, self.maxlong, self.maxother = 12, 80, 60, 80

    def repr_int(self, x: int, level: int) -> str:
        """A whole number; the digits of a huge one would take minutes."""
        return f"<a number of {x.bit_length()} bits>" if x.bit_length() > LARGEST else super().repr_int(x, level)


short = Short().repr


def in_words(error: Exception) -> str:
    """An error's kind and message."""
    message = str(error.args[0])[:SHOWN] if error.args else ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


class Report:
    """What becomes of the cases, written the moment it is known, where the program cannot write."""

    def __init__(self, file: int, mark: str, program: Program) -> None:
        self._file, self._mark, self._program = file, mark, program
        self._begun: set[int] = set()
        self._held: dict[int, bool] = {}

    def write(self, **event: Any) -> None:
        """One line."""
        os.write(self._file, f"{self._mark}{json.dumps(event)}\n".encode())

    def case(self, number: int) -> "Case":
        """One case of the tests, each time that it comes up."""
        self._program.last = None
        if number not in self._begun:
            self._begun.add(number)
            self.write(at=number)
        return Case(number, self)

    def came(self, number: int, error: str | None, got: str | None) -> None:
        """A case held (`error` null) or failed; only its first failure counts, and none is taken back."""
        if self._held.get(number) is False or (error is None and number in self._held):
            return
        self._held[number] = error is None
        self.write(case=number, error=error, call=None if error is None else self._program.last or got)

    def stopped(self, error: Exception, *, loading: bool) -> None:
        """The tests ended between cases, or before them: the program could not be loaded."""
        where = "the program stops while it is loaded" if loading else "the tests stop"
        self.write(error=type(error).__name__, call=f"{where}: {self._program.last or in_words(error)}")


class Case:
    """An assertion that ends nothing: what it found is reported, and the tests go on."""

    def __init__(self, number: int, report: Report) -> None:
        self._number, self._report = number, report
        self._held, self._got = True, None

    def got(self, value: Any) -> Any:
        """Notes what the assertion is about."""
        self._got = f"it gives {short(value)}"
        return value

    def holds(self, value: Any) -> None:
        """Notes whether the assertion holds."""
        self._held = bool(value)

    def __enter__(self) -> "Case":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False
        if error is not None:
            self._report.came(self._number, type(error).__name__, f"it raises {in_words(error)}")
        else:
            self._report.came(self._number, None if self._held else "AssertionError", self._got)
        return True


def give_up(reason: str) -> NoReturn:
    """Ends with exit code 98: the program cannot be graded."""
    sys.stderr.write(f"{reason}\n")
    sys.stderr.flush()
    os._exit(NOT_PLAIN)


def end_with(watched: int) -> None:
    """Ends this process, the first of the sandbox, and so the sandbox, when the other end of the pipe closes.

    bubblewrap's own `--die-with-parent` reaches no process that has become another user.
    """

    def wait() -> None:
        os.read(watched, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def begin(watched: int) -> Program:
    """Starts the program's process, before anything that it must not see is read."""
    read_call, write_call = os.pipe()
    read_result, write_result = os.pipe()
    process = os.fork()
    if process:
        os.close(read_call)
        os.close(write_result)
        return Program(process, os.fdopen(write_call, "wb"), os.fdopen(read_result, "rb"))
    for file in (write_call, read_result, watched):
        os.close(file)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    serve(os.fdopen(read_call, "rb"), os.fdopen(write_result, "wb"))
    sys.exit(0)


def limit(seconds: int, memory: int, file: int, user: str) -> None:
    """Becomes that user and sets the limits of this process and all that it begins. Raises OSError."""
    if user:
        os.setgroups([])
        os.setresgid(int(user), int(user), int(user))
        os.setresuid(int(user), int(user), int(user))
    if ctypes.CDLL(None).prctl(SET_DUMPABLE, 0, 0, 0, 0) != 0:  # no other process may look into this one
        raise OSError("prctl is refused")
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds + 1),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def functions_of(head: str, names: dict[str, Any]) -> list[str]:
    """The functions of a head of a function, with what stands before it; the question alone may be no head at all."""
    if not head:
        return []
    tree = ast.parse(f"{head.rstrip()}\n    pass\n")
    exec(compile(tree, "head.py", "exec"), names)  # the problem's own words
    return [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]


def main() -> None:
    """Never returns: ends with exit code 0 where the tests came to their end."""
    try:
        seconds, memory, file = map(int, sys.argv[1:4])
        limit(seconds, memory, file, sys.argv[4])
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(NO_LIMITS)
    sys.set_int_max_str_digits(0)
    random.seed(0)  # tests that draw their inputs draw the same ones each time
    watched = int(sys.argv[5])
    program = begin(watched)
    end_with(watched)
    given = json.loads(sys.stdin.buffer.read())
    report = Report(os.dup(1), given["mark"], program)
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)  # what the tests print is no report
    report.write(begun=True)
    names: dict[str, Any] = {"__name__": "tests", "__case__": report.case}
    functions = functions_of(given["head"], names)
    wanted = {*functions[-1:], *(name for name in given["names"] if name not in names)}
    if not wanted:
        give_up("the tests call no function of the program")
    tests = compile(given["tests"], "tests.py", "exec")
    names |= {name: program.function(name) for name in wanted}
    loading = True
    try:
        program.ask({"program": given["program"], "floor": given["floor"]})
        loading = False
        exec(tests, names)
    except Exception as error:  # whatever program and tests raise is the verdict
        report.stopped(error, loading=loading)
        os._exit(1)
    report.write(ended=True)
    os._exit(0)


if __name__ == "__main__":
    main()
