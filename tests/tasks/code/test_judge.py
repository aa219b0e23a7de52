"""The judge of programs: the share of the assertions that hold, the first that fails in words, and nothing forged."""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from real_data import rows, sample, whole

from journey.errors import UsageError
from journey.judges.exact import Exact, check_exact
from journey.tasks.code import permission
from journey.tasks.code.finding import find_code
from journey.tasks.code.grader import CodeGrader
from journey.tasks.code.judge import CodeJudge
from journey.tasks.code.narration import NARRATION
from journey.tasks.code.outcome import harmless, outcome
from journey.tasks.code.sources import read
from journey.tasks.code.splitting import split
from journey.tasks.code.task import CODE
from journey.tasks.table import task_of
from journey.types import Judgement, Node, Problem, make_problem

TESTS = """import math
MOST = 3


def check(candidate):
    assert True, "printed while it was written"
    assert candidate(1, 2) == 3, "one and two"
    assert abs(candidate(0.5, 0.25) - 0.75) < 1e-6
    for n in range(MOST):
        assert candidate(n, 0) == n
    assert not candidate(0, 0)


check(add)
"""
PROBLEM = make_problem('def add(a, b):\n    """Adds."""\n', TESTS, task="code")
WORDS = make_problem("Add two numbers.", "assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'\n", task="code")


def judged(problem: Problem, *programs: str, seconds: int = 1) -> list[Judgement]:
    async def all_of() -> list[Judgement]:
        return await CodeJudge(CodeGrader(seconds=seconds))(problem, (), programs)

    return asyncio.run(all_of())


def fenced(body: str) -> str:
    return f"Here it is:\n```python\ndef add(a, b):\n{body}\n```"


@pytest.fixture(scope="module", autouse=True)
def safe_place() -> None:
    try:
        (found,) = judged(WORDS, fenced("    return a + b"))
    except UsageError as error:
        pytest.skip(str(error))
    if found.verdict is None:
        pytest.skip(str(found.reason))
    assert (found.verdict, found.score) == ("right", 1.0)


def test_tests_are_split_into_assertions_that_say_something_of_the_program() -> None:
    found = split(TESTS)
    assert found.cases == (
        "assert add(1, 2) == 3", "assert abs(add(0.5, 0.25) - 0.75) < 1e-06", "assert add(n, 0) == n",
        "assert not add(0, 0)",
    )  # fmt: skip
    assert found.names == ("add",)
    tests = "import math\nfrom os import path as p\ndef f(x):\n    return g(x)\nassert f(h(1)) == len([math, p])"
    assert split(tests).names == ("g", "h")


def test_a_try_that_looks_at_what_is_raised_is_one_case() -> None:
    tests = "try:\n    f(-1)\n    assert False\nexcept ValueError:\n    pass\nassert f(1) == 1\n"
    problem = make_problem("Write f.", tests)
    raising = "def f(x):\n    if x < 0:\n        raise ValueError\n    return x"
    assert [one.score for one in judged(problem, raising, "def f(x): return x", "def f(x): raise TypeError")] == [
        1.0,
        0.5,
        0.0,
    ]


def test_the_score_is_the_share_of_the_assertions_and_the_reason_the_first_that_fails() -> None:
    bodies = [
        "    return a + b",
        "    return abs(a - b) + 0.0",
        "    return int(a + b)",
        "    return [a, b]",
        "    return a +",
    ]
    found = judged(PROBLEM, *map(fenced, bodies), "I cannot say.")
    assert [(one.verdict, one.score) for one in found] == [
        ("right", 1.0), ("wrong", 0.5), ("wrong", 0.75), ("wrong", 0.0), ("wrong", 0.0), ("wrong", 0.0),
    ]  # fmt: skip
    assert [one.reason for one in found[:4]] == [
        None,
        "assert add(1, 2) == 3 fails: add(1, 2) gives 1.0",
        "assert abs(add(0.5, 0.25) - 0.75) < 1e-06 fails: add(0.5, 0.25) gives 0",
        "assert add(1, 2) == 3 fails: add(1, 2) gives [1, 2]",
    ]
    loaded = "the program stops while it is loaded: "
    assert found[4].reason == f"{loaded}SyntaxError: invalid syntax (program.py, line 2)"
    other, early = judged(PROBLEM, "def plus(a, b):\n    return a + b", fenced("    return a + b\nadd(1)"))
    assert other.reason == ("assert add(1, 2) == 3 fails: add(1, 2) raises NameError: the program has no function add")
    assert str(early.reason).startswith(f"{loaded}TypeError: add() missing 1 required")
    assert found[2].evidence == "3 of 4 assertions hold"


FORGED = {
    "equality": "    return type('E', (), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0})()",
    "an equal number": "    return type('E', (float,), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0.0})(7)",
    "an early end": "    import sys; sys.exit(0)",
    "a hard end": "    import os; os._exit(0)",
    "an end from within": "    raise SystemExit",
    "an end at exit": "    import atexit, os; atexit.register(lambda: os._exit(0)); raise KeyboardInterrupt",
    "an error of the tests": "    raise AssertionError('all is well')",
    "an end of a loop": "    raise StopIteration",
    "other builtins": "    import builtins; builtins.AssertionError = Exception\n"
    "    builtins.abs = builtins.bool = lambda x: 0; builtins.__build_class__ = builtins.__import__ = None; return 7",
    "a swallowed failure": "    try: assert False\n    except AssertionError: return None",
    "lines of a report": "    import os\n    for file in range(1, 30):\n"
    '        try: os.write(file, b\'{"case": 0, "error": null, "call": null}\\n{"ended": true}\\n\')\n'
    "        except OSError: pass\n    os._exit(0)",
    "values in advance": "    import os\n    for file in range(3, 30):\n"
    "        try: os.write(file, b'{\"value\": 7}\\n' * 50)\n"
    "        except OSError: pass\n    return 7",
    "a hand in the runner": "    import gc, sys\n    frame = sys._getframe()\n    while frame:\n"
    "        for one in [*frame.f_globals.values(), *gc.get_objects()]:\n"
    "            if getattr(one, '__name__', '') == 'holds': one.__code__ = (lambda s, v: None).__code__\n"
    "        frame = frame.f_back\n    return 7",
}  # fmt: skip
BURDENS = {
    "hangs": "    while True: pass",
    "sleeps": "    import time; time.sleep(60)",
    "forks": "    import os\n    while True: os.fork()",
    "forks and waits": "    import os, time\n    while True:\n"
    "        try: os.fork()\n        except OSError: time.sleep(60)",
    "fills the disk": "    f = open('/tmp/big', 'w')\n    while True: f.write('x' * 100000)",
    "prints a gigabyte": "    for _ in range(1024): print('x' * (1 << 20))\n    return 7",
    "gives a gigabyte": "    return 'x' * (1 << 30)",
    "gives a vast number": "    return 1 << (1 << 26)",
    "reads a file": "    return open('/etc/passwd').read()",
    "lists the files": "    import os; return [*os.walk('/home'), *os.walk('/root'), *os.walk('/work')]",
    "writes where it should not": "    open('/etc/journey', 'w')",
    "goes to the network": "    import urllib.request; return urllib.request.urlopen('http://127.0.0.1:22')",
}  # fmt: skip


@pytest.mark.parametrize("bodies", [FORGED, BURDENS], ids=["forged", "burdens"])
def test_no_program_passes_an_assertion_by_force_or_does_harm(bodies: dict[str, str], tmp_path: Path) -> None:
    before = sorted(os.listdir("/tmp")), sorted(os.listdir("/etc"))
    problem = make_problem(
        PROBLEM.question, "assert add(1, 2) == 3\nassert abs(add(1, 0) - 1) == 0\nassert add(2, 2) == 4\n"
    )
    found = dict(zip(bodies, judged(problem, *map(fenced, bodies.values())), strict=True))
    assert {name: (one.verdict, one.score) for name, one in found.items()} == dict.fromkeys(bodies, ("wrong", 0.0))
    assert all(one.reason and len(one.reason) <= 400 and "\n" not in one.reason for one in found.values())
    assert sorted(os.listdir("/etc")) == before[1] and "big" not in os.listdir("/tmp")


def test_what_ends_or_hangs_says_so_and_keeps_what_held_before() -> None:
    tests = "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3\nassert f(4) == 4\n"
    at_3 = "def f(n):\n    import os\n    if n == 3:\n        {}\n    return n"
    found = judged(make_problem("Write f.", tests), at_3.format("while True: pass"), at_3.format("os._exit(0)"))
    assert [(one.score, one.reason) for one in found] == [
        (0.5, "assert f(3) == 3 fails: the program does not end within 1 s"),
        (0.5, "assert f(3) == 3 fails: the program ends the process instead of returning"),
    ]


def test_what_could_not_be_run_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    lambdas = make_problem("Write f.", "assert f(lambda: 3) == 3\n")
    (found,) = judged(lambdas, "def f(g): return g()")
    assert (found.verdict, found.score) == (None, None) and "no plain data" in str(found.reason)
    (found,) = judged(make_problem("Write f.", "assert f(1 ==\n"), "def f(g): return g()")
    assert found.verdict is None and "tests are no Python" in str(found.reason)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    (found,) = judged(WORDS, fenced("    return a + b"))
    assert (found.verdict, found.score) == (None, None) and "no safe place" in str(found.reason)


@pytest.mark.parametrize(
    "text",
    ["```\ndef add(a, b): return 0\n```", "</think>", "<|im_end|>", "[INST]", "a\nb\r\x1b[31m", "‮", "x" * 10_000],
)
def test_a_reason_opens_and_closes_nothing(text: str) -> None:
    shown = harmless(f"add gives {text}!")
    assert (
        not any(mark in shown for mark in ("```", "</", "<|", "[INST]", "\n", "\r", "\x1b", "‮")) and len(shown) <= 400
    )
    node = Node(-1, "", Judgement("wrong", 0.0, shown), "def add(a, b):\n    return 1", False)
    thought = "\n\n".join([NARRATION.step(node, ""), NARRATION.reflect(node, [])])
    assert find_code(thought, PROBLEM.question) == "def add(a, b):\n    return 1\n"


def test_a_report_without_the_mark_is_none() -> None:
    lines = 'm{"begun": true}\n{"case": 0, "error": null, "call": null}\nx{"ended": true}\n'
    assert outcome(0, lines, b"", "m", ("assert f()",), 1).correct is False
    assert outcome(0, lines.replace("m", ""), b"", "m", ("assert f()",), 1).correct is None
    assert outcome(0, "m[]\nm5\n" + lines + 'm{"ended": true}\nm{"case"', b"", "m", ("assert f()",), 1).correct is True


def test_programs_are_judged_only_where_the_user_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permission.VARIABLE, raising=False)
    with pytest.raises(UsageError, match="--allow-code"):
        asyncio.run(Exact(task_of).judge(WORDS, [], ["x"]))
    with permission.granted():
        check_exact(CODE)
        (found,) = asyncio.run(Exact(task_of).judge(WORDS, [], [fenced("    return a + b")]))
    assert (found.verdict, found.by) == ("right", "exact")
    assert not permission.is_granted()


def changed(solutions: Sequence[str | None]) -> list[str]:
    """The programs with every result put into a list of its own."""
    return ["\n".join(_changed(line) for line in str(one).split("\n")) for one in solutions]


def _changed(line: str) -> str:
    before, word, value = line.partition("return ")
    return (
        f"{before}return [[{value}]]"
        if word and not before.strip() and not value.endswith(("(", "[", ",", "\\"))
        else line
    )


def test_humanevals_own_solutions_are_right_and_changed_ones_are_wrong() -> None:
    problems = read(sample("code/humaneval.jsonl"), 6)

    async def all_of() -> list[list[Judgement]]:
        judge = CodeJudge(CodeGrader())
        programs = zip(problems, (p.solution for p in problems), changed([p.solution for p in problems]), strict=True)
        return [await judge(p, (), [str(right), wrong]) for p, right, wrong in programs]

    for right, wrong in asyncio.run(all_of()):
        assert (right.verdict, right.score, right.reason) == ("right", 1.0, None)
        assert wrong.verdict == "wrong" and (wrong.score or 0) < 1 and wrong.reason


@pytest.mark.slow
def test_all_164_solutions_of_humaneval_are_right() -> None:
    problems = read(whole("code/humaneval.jsonl"))

    async def all_of() -> list[list[Judgement]]:
        judge = CodeJudge(CodeGrader())
        return list(await asyncio.gather(*(judge(p, (), [str(p.solution)]) for p in problems)))

    found = [one for (one,) in asyncio.run(all_of())]
    assert len(found) == 164
    assert [(one.verdict, one.score) for one in found] == [("right", 1.0)] * 164


def test_rows_of_mbpp_and_of_a_users_own_are_read(tmp_path: Path) -> None:
    mbpp = {"text": "Write a function to add.", "code": "def add(a, b):\n    return a + b"}
    mbpp |= {"test_list": ["assert add(1, 2) == 3"], "test_setup_code": "import math"}
    own = {"question": "Write last(xs).", "tests": "assert last([1]) == 1\n", "solution": "def last(xs): return xs[-1]"}
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, (mbpp, own, mbpp))))
    first, second = read(tmp_path / "p.jsonl")
    assert first.question.endswith("The program must pass these tests:\nassert add(1, 2) == 3")
    assert first.answer == "import math\nassert add(1, 2) == 3\n" and second.question == "Write last(xs)."
    for problem in (first, second):
        assert judged(problem, str(problem.solution))[0].verdict == "right"
        assert CODE.ask(problem, ()).text.startswith("Write a Python program")
    assert CODE.ask(PROBLEM, ()).text.startswith("Complete the Python function")
    assert len(rows(sample("code/humaneval.jsonl"))) >= 10


@pytest.mark.parametrize(
    ("row", "mend"),
    [
        ({"question": "Write f."}, "its tests"),
        ({"tests": "assert f(1)"}, "question"),
        ({"question": "Write f.", "tests": "assert f(1 =="}, "no Python"),
        ({"question": "Write f.", "tests": "f(1)"}, "without an assertion"),
        ({"question": "Write f.", "tests": {"a": 1}}, "neither a text nor a list"),
        ({"question": "Write f.", "tests": ["assert f(1)", 5]}, "neither a text nor a list"),
    ],
)
def test_a_row_that_is_no_problem_with_tests_is_one_sentence(tmp_path: Path, row: dict[str, object], mend: str) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(row))
    with pytest.raises(UsageError, match=rf"line 1 .*{mend}"):
        read(tmp_path / "p.jsonl")
