"""Hostile programs in the locked-down child: each graded with a reason, and nothing outside it touched."""

import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import sample

from journey.answers.grade import Grade
from journey.data.benchmarks import load
from journey.errors import UsageError
from journey.tasks.code import grader as code
from journey.tasks.code.finding import find_code
from journey.tasks.code.grader import CodeGrader
from journey.tasks.code.runner import decode, encode
from journey.tasks.code.sandbox import FORBIDDEN, NUMBERS, call_filter
from journey.types import make_problem

PROBLEM = make_problem('def add(a, b):\n    """Adds."""\n', "def check(f):\n    assert f(1, 2) == 3\n\ncheck(add)\n")


def graded(*bodies: str) -> list[Grade]:
    async def all_of() -> list[Grade]:
        grader = CodeGrader(seconds=1)
        return list(await asyncio.gather(*(grader.grade(PROBLEM, body) for body in bodies)))

    return asyncio.run(all_of())


@pytest.fixture(scope="module", autouse=True)
def safe_place() -> None:
    try:
        (grade,) = graded("    return a + b")
    except UsageError as error:
        pytest.skip(str(error))
    if grade.correct is None:
        pytest.skip(str(grade.error))
    assert grade.correct is True


def test_right_and_wrong_code_whether_a_body_or_a_whole_function() -> None:
    whole = "Here:\n```python\ndef add(a, b):\n    return a + b\n```\nDone."
    grades = graded(
        "    return a - b", whole, whole.replace("+", "*"), "    return c", "    return (", "```python\n```"
    )
    assert [g.correct for g in grades] == [False, True, False, False, False, None]
    assert [g.error for g in grades] == ["wrong answer", None, "wrong answer", "NameError", "SyntaxError", "no answer"]


def test_what_never_ends_is_stopped() -> None:
    grades = graded(
        "    while True: pass",
        "    import time; time.sleep(60)",
        "    while True: print('x' * 10000)",
        "    import signal\n    for one in range(1, 64): signal.SIGKILL == one or signal.pthread_sigmask(0, [one])\n"
        "    while True: pass",
    )
    assert [(g.correct, g.error) for g in grades] == [(False, "time limit")] * 4


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("x = 'a' * (1 << 32)", "memory limit"),
        ("import os\n    while True: os.fork()", "BlockingIOError"),
        ("import socket; socket.create_connection(('127.0.0.1', 22), 1)", "ConnectionRefusedError"),
        ("import sys; sys.exit(0)", "ended before the tests did"),
        ("import os; os._exit(0)", "ended before the tests did"),
        ("import os; os._exit(97)", "exit code 1"),
        ("import os; os._exit(98)", "exit code 1"),
        ("f = open('big', 'w')\n    while True: f.write('x' * 100000)", "OSError"),
        ("raise UnicodeDecodeError('a', b'b', 0, 1, 'c')", "UnicodeDecodeError"),
        ("import json; json.loads('[')", "JSONDecodeError"),
        ("return lambda: 3", "TypeError"),
        ("x = []; x.append(x); return x", "RecursionError"),
        ("open('/etc/passwd')", "FileNotFoundError"),
        ("open('/python/new', 'w')", "OSError"),
        ("import os; os.chroot('/usr')", "PermissionError"),
        ("import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)", "OSError"),
        ("import socket; socket.socket(socket.AF_NETLINK)", "OSError"),
    ],
)
def test_what_breaks_a_limit_is_wrong_and_says_why(body: str, error: str) -> None:
    (grade,) = graded(f"    {body}\n    return 3")
    assert (grade.correct, grade.error) == (False, error)


def test_what_harms_nobody_is_no_error() -> None:
    bodies = [
        "import os; os.kill(1, 9); os.kill(os.getppid(), 9)",
        "print('x' * 10_000_000)",
        "open('/tmp/note', 'w').write('x')",
        "import tempfile; tempfile.NamedTemporaryFile().write(b'x')",
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
        "import subprocess; subprocess.run(['true'], check=True)",
        "import asyncio; asyncio.run(asyncio.sleep(0))",
    ]
    grades = graded(*(f"    {body}\n    return 3" for body in bodies))
    assert [(g.correct, g.error) for g in grades] == [(True, None)] * len(bodies)


SPOOFS = {
    "it says that it passed": "print('passed'); import os; os.write(1, b'passed'); os._exit(0)",
    "it ends well at exit": "import atexit, os; atexit.register(lambda: os._exit(0)); raise SystemExit(0)",
    "its answer equals all": "return type('E', (), {'__eq__': lambda s, o: True})()",
    "its number equals all": "return type('E', (int,), {'__eq__': lambda s, o: True})(4)",
    "it changes what equal means": "import builtins; builtins.AssertionError = Exception; return 4",
    "it looks for the tests": """
    import gc, sys, os
    for one in gc.get_objects():
        if isinstance(one, dict) and "passed" in one: os.write(1, one["passed"].encode()); os._exit(0)
    frame = sys._getframe()
    while frame:
        for one in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if getattr(one, "__name__", "") == "check": one.__code__ = (lambda f: None).__code__
        frame = frame.f_back
    return 4""",
    "it looks for the mark in files": """
    import os
    for fd in range(64):
        try: os.lseek(fd, 0, 0); told = os.read(fd, 100_000)
        except OSError: continue
        for at in range(min(len(told), 10_000)): os.write(1, told[at:at + 32])
    for place, _, files in os.walk("/tmp"):
        for file in files: os.remove(os.path.join(place, file))
    return 4""",
    "it takes the other process over": """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    taken = libc.ptrace(16, 1, None, None)
    class Piece(ctypes.Structure): _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    held = ctypes.create_string_buffer(8)
    here = Piece(ctypes.addressof(held), 8)
    read = libc.process_vm_readv(1, ctypes.byref(here), 1, ctypes.byref(here), 1, 0)
    if taken == 0 or read > 0: return 3
    return 4""",
}


def test_a_program_that_deceives_its_tests_does_not_pass() -> None:
    grades = graded(*(f"    {body.strip()}" for body in SPOOFS.values()))
    assert dict(zip(SPOOFS, (g.correct for g in grades), strict=True)) == dict.fromkeys(SPOOFS, False)


@pytest.mark.parametrize(
    "told",
    [
        *("[]", "5", "{}", "null", "not JSON", '{"value": {"set": [{"list": []}]}}', '{"value": {"dict": 5}}'),
        *('{"value": {"a": 1, "b": 2}}', '{"value": {"eval": []}}', '{"error": 7}', "[" * 100_000, "x" * 10_000_000),
    ],
    ids=lambda told: told[:12],
)
def test_a_forged_answer_is_wrong(told: str) -> None:
    body = f"    import os\n    told = b'{told[:60]}' * {1 + len(told) // 60} + b'\\n'\n"
    body += "    for fd in range(3, 12):\n        try: os.write(fd, told)\n        except OSError: pass\n    return 3"
    (grade,) = graded(body)
    assert grade.correct is False


def test_what_a_program_raises_does_not_end_the_tests_early() -> None:
    problem = make_problem('def f(x):\n    """Is true."""\n', "assert all(map(f, [1, 2]))\n")
    grade = asyncio.run(CodeGrader(seconds=1).grade(problem, "    raise StopIteration"))
    assert (grade.correct, grade.error) == (False, "StopIteration")


def test_nothing_of_the_machine_is_to_be_seen(tmp_path: Path) -> None:
    (grade,) = graded(
        "    import os\n"
        "    assert not {'proc', 'sys', 'home', 'root', 'run', 'var', 'mnt', 'opt'} & set(os.listdir('/'))\n"
        f"    assert not os.path.exists({str(tmp_path)!r}) and not os.path.exists({str(Path.home())!r})\n"
        "    assert sorted(os.listdir('/dev')) == ['null', 'random', 'urandom', 'zero']\n"
        "    assert os.listdir('/tmp') == [] and os.getcwd() == '/tmp'\n"
        "    assert os.getuid() != 0 and set(os.environ) <= {'PATH', 'LANG', 'HOME', 'LD_LIBRARY_PATH', 'PWD'}\n"
        "    assert os.getppid() == 1 and os.getpid() < 20\n"
        "    return 3"
    )
    assert (grade.correct, grade.error) == (True, None)


def test_calls_of_the_system_that_reach_out_are_refused() -> None:
    (grade,) = graded(
        "    import ctypes, os\n"
        "    libc = ctypes.CDLL(None, use_errno=True)\n"
        "    def refused(*call):\n"
        "        ctypes.set_errno(0)\n"
        "        return libc.syscall(*call) == -1 and ctypes.get_errno() in (1, 38)\n"
        "    assert libc.unshare(0x10000000) == -1 and libc.mount(b'a', b'/tmp', b'tmpfs', 0, None) == -1\n"
        "    assert refused(435, None, 0) and refused(425, 1, None)\n"  # clone3, io_uring_setup
        "    if os.uname().machine == 'x86_64':\n"
        "        assert refused(250, 0, 0) and refused(321, 0, None, 0) and refused(0x40000000 + 39)\n"
        "        assert refused(56, 0x10000011, 0, 0, 0, 0)\n"
        "    return 3"
    )
    assert (grade.correct, grade.error) == (True, None)


@pytest.mark.parametrize("machine", NUMBERS)
def test_the_filter_of_system_calls_says_for_each_call_what_it_should(machine: str) -> None:
    """The filter, run by hand as the kernel runs it."""
    lines = list(struct.iter_unpack("HBBI", call_filter(machine)))
    name, socket_call, clone, forbidden = NUMBERS[machine]

    def verdict(number: int, argument: int = 0, at: int = name) -> int:
        line = loaded = 0
        while True:
            code, yes, no, k = lines[line]
            line += 1
            match code:
                case 0x20:
                    loaded = {0: number, 4: at, 16: argument}[k]
                case 0x15 | 0x35 | 0x45:
                    line += yes if {0x15: loaded == k, 0x35: loaded >= k, 0x45: bool(loaded & k)}[code] else no
                case _:
                    return k

    allow, refuse = 0x7FFF0000, 0x50001
    assert len(forbidden) == len(FORBIDDEN) == len(set(forbidden))
    assert {verdict(number) for number in forbidden} == {refuse}
    assert [verdict(socket_call, family) for family in (1, 2, 10, 16, 40)] == [allow] * 3 + [0x50000 | 97] * 2
    assert (verdict(clone, 0x11), verdict(clone, 0x10000011)) == (allow, refuse)
    assert (verdict(435), verdict(0x40000000)) == (0x50000 | 38, 0x50000 | 38)
    others = set(range(450)) - {*forbidden, socket_call, clone, 435}
    assert {verdict(number) for number in others} == {allow}
    assert verdict(0, at=name + 1) == 0x80000000


def test_a_machine_whose_calls_are_not_known_runs_nothing() -> None:
    with pytest.raises(OSError, match="sparc are not known"):
        call_filter("sparc")


def test_a_socket_in_a_folder_cannot_be_reached() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place := f"{folder}/s")
        listening.listen()
        Path(folder).chmod(0o777)
        Path(place).chmod(0o777)
        (grade,) = graded(f"    import socket\n    socket.socket(socket.AF_UNIX).connect({place!r})\n    return 3")
    assert (grade.correct, grade.error) == (False, "FileNotFoundError")


SETS = st.sets(st.integers()) | st.frozensets(st.text()) | st.sets(st.tuples(st.integers(), st.text()))
NUMERIC = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
PLAIN = st.recursive(
    st.none() | NUMERIC | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner) | SETS,
    max_leaves=20,
)


@settings(max_examples=50)
@given(PLAIN)
def test_plain_data_passes_between_the_two_processes_as_it_is(value: object) -> None:
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


def test_tests_that_hand_over_more_than_plain_data_cannot_be_checked() -> None:
    problem = make_problem('def apply(f):\n    """Applies."""\n', "assert apply(lambda: 3) == 3\n")
    grade = asyncio.run(CodeGrader(seconds=1).grade(problem, "    return f()"))
    assert grade.correct is None
    assert grade.error == "could not check: the tests call with what is no plain data: function is no plain data"


def test_helpers_before_the_functions_head_are_there_for_the_tests() -> None:
    head = 'def twice(n):\n    return 2 * n\n\n\ndef half(n):\n    """Halves."""\n'
    problem = make_problem(head, "assert half(twice(3)) == 3\n")
    assert asyncio.run(CodeGrader(seconds=1).grade(problem, "    return n // 2")).correct is True


def test_files_outside_are_neither_written_nor_deleted(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    kept = tmp_path / "kept.txt"
    kept.write_text("as it was")
    kept.chmod(0o666)
    grades = graded(
        f"    import os; os.remove({str(kept)!r})\n    return 3",
        f"    open({str(kept)!r}, 'w').write('x')\n    return 3",
        f"    import os; os.mkdir({str(tmp_path / 'new')!r})\n    return 3",
    )
    assert [g.correct for g in grades] == [False] * 3
    assert kept.read_text() == "as it was"
    assert not (tmp_path / "new").exists()


def test_the_environment_of_the_parent_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    (grade,) = graded("    import os\n    assert 'OPENAI_API_KEY' not in os.environ\n    return 3")
    assert grade.correct is True


def test_a_python_that_cannot_be_started_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    (grade,) = graded("    return a + b")
    assert (grade.correct, grade.error) == (
        None,
        "could not check: no safe place to run code here: bwrap: execvp /nowhere/python: No such file or directory",
    )  # fmt: skip


def test_children_left_behind_do_not_hold_up_the_grade() -> None:
    (grade,) = graded("    import os, time\n    if os.fork() == 0:\n        os.setsid(); time.sleep(600)\n    return 3")
    assert grade.correct is True


WHOLE = "def add(a, b):\n    return a + b\n"
FOUND = {
    "behind the fence's name stands a title": f'```python title="x.py"\n{WHOLE}```',
    "a second block runs tests": f"```python\n{WHOLE}```\nTests:\n```python\ndef test():\n    add(1)\n\ntest()\n```",
    "a helper stands in a block of its own": "```py\ndef one(a):\n    return a\n```\nand\n```py\n"
    + WHOLE.replace("a +", "one(a) +") + "```\n```bash\npython x.py\n```",
    "an earlier try was given up": f"```\n{WHOLE.replace('+', '-')}```\nNo:\n```\n{WHOLE}```",
    "prose around and no fence": f"Here is the function.\n\n{WHOLE}\n\nIt adds, as the tests want.\nDone (I hope!",
    "a body and prose behind it": "    return a + b\n\nThis adds.",
    "a body without its first indent": "c = a\n    return c + b",
    "a body without any indent": "if a:\n    return a + b\nreturn b",
    "the same in a fence": "```python\nreturn a + b\n```",
    "a mark of the end": f"```python\n{WHOLE}```<|im_end|>",
    "no fence and a mark of the end": "    return a + b<|im_end|>\n",
    "a fence that closes and was not opened": f"{WHOLE}```",
    "a fence in a list": "1. So:\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
    "a fence behind words": f"Answer: ```python\n{WHOLE.rstrip()}```",
    "another name of the language": f"```Python3.11\n{WHOLE}```\n```output\n3\n```",
}  # fmt: skip


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_the_program_is_found_where_models_put_it(text: str) -> None:
    assert [grade.correct for grade in graded(text)] == [True]


def test_what_is_no_right_program_stays_wrong() -> None:
    wrong = [
        "```python\nclass Solution:\n    def add(self, a, b):\n        return a + b\n```",
        "I cannot say.",
        WHOLE[:-8],
    ]
    wrong += [f"```python\n{WHOLE.replace('+', '-')}```", f"```python\n{WHOLE}It adds.\n```"]
    assert [grade.correct for grade in graded(*wrong)] == [False] * 5


def test_code_is_found_in_fences_and_without() -> None:
    assert find_code("x\n```python\na = 1\n```\n```\ndef f(): pass\n```\n```\nprint(f())\n```") == "def f(): pass\n"
    assert find_code("    return 1") == "    return 1"
    assert find_code(" ") is None


ALONE = """
import asyncio, json, sys
from journey.tasks.code.grader import CodeGrader
from journey.types import make_problem
grade = asyncio.run(CodeGrader().grade(make_problem(*json.loads(sys.argv[1])), sys.argv[2]))
print(json.dumps([grade.correct, grade.error]))
"""
PATH = os.pathsep.join(dict.fromkeys(filter(None, (str(Path(code.__file__).parents[3]), *sys.path))))
PLAIN_USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
KEEP = ("unshare", "--user", "--map-current-user", "--keep-caps")
NO_MORE = ("sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh")
OTHERS = {
    "a plain user": (() if os.getuid() else PLAIN_USER, True),
    "a plain user who may not make namespaces": ((*(() if os.getuid() else PLAIN_USER), *KEEP, *NO_MORE), False),
    "root of a container that knows one user": (("unshare", "--user", "--map-root-user"), False),
    "root without the right to make namespaces": (("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"), False),
}


@pytest.mark.parametrize(("before", "may"), OTHERS.values(), ids=OTHERS)
def test_whoever_asks_code_is_run_locked_down_or_not_at_all(before: tuple[str, ...], may: bool) -> None:
    if "--bounding-set=-sys_admin" in before and os.getuid():
        pytest.skip("only root has rights to give up")

    def given(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*before, python, "-B", *arguments]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": PATH, "HOME": "/"}
        try:
            return subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=False)
        except FileNotFoundError as error:
            return subprocess.CompletedProcess(command, 127, "", str(error))

    # Another user may not be let into the folder where this Python is; the system's may do.
    load = "import journey.tasks.code.grader, subprocess, sys; subprocess.run([sys.executable, '-c', ''])"
    tried = {python: given(python, "-c", load) for python in (sys.executable, "/usr/bin/python3")}
    python = next((python for python, ended in tried.items() if ended.returncode == 0), None)
    if python is None:
        pytest.skip(f"cannot be had here: {tried[sys.executable].stderr.strip().rpartition(chr(10))[2]}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        body = f"    try: open('{folder}/ran', 'w')\n    except OSError: pass\n    return a + b"
        said = given(python, "-c", ALONE, json.dumps([PROBLEM.question, PROBLEM.answer]), body)
        assert not os.listdir(folder)
    correct, error = json.loads(said.stdout)
    if may:
        assert (correct, error) == (True, None)
    else:
        assert correct is None
        assert error.startswith("could not check: no safe place to run code here: ")
        assert "bwrap: " in error or error.endswith("no other user to become than root")


def test_without_bubblewrap_code_is_refused_with_the_name_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="install the package bubblewrap"):
        CodeGrader()


def test_a_listening_socket_of_the_machine_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (grade,) = graded(f"    import socket; socket.create_connection(('127.0.0.1', {port}), 1)\n    return 3")
        assert (grade.correct, grade.error) == (False, "ConnectionRefusedError")


def test_the_sandbox_ends_with_the_process_that_began_it() -> None:
    asked = json.dumps([PROBLEM.question, PROBLEM.answer])
    body = "    import time; time.sleep(3141)\n    return 3"
    with subprocess.Popen([sys.executable, "-c", ALONE, asked, body], env={**os.environ, "PYTHONPATH": PATH}) as it:
        while not (inside := children(it.pid)):
            time.sleep(0.05)
        it.kill()
    while any(Path(f"/proc/{pid}").exists() for pid in inside):
        time.sleep(0.05)


def children(of: int) -> list[int]:
    """All processes under a process, once there are as many as bubblewrap, the tests and the program."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {of}) if len(found) > 3 else []


def test_the_canonical_solutions_of_humaneval_pass() -> None:
    problems = load("HumanEval", str(sample("code/humaneval.jsonl")), limit=12).problems

    async def all_of() -> list[Grade]:
        grader = CodeGrader()
        return list(await asyncio.gather(*(grader.grade(p, p.solution or "") for p in problems)))

    assert [g.correct for g in asyncio.run(all_of())] == [True] * 12
