"""Hostile programs in the locked-down child: each graded with a reason, and nothing outside it touched."""

import asyncio
from pathlib import Path

import pytest

from journey.answers import Grade
from journey.evals.benchmarks import load
from journey.evals.code import CodeGrader, find_code
from journey.types import make_problem

HUMANEVAL = Path(__file__).parents[2] / "../shared/data/code/humaneval.jsonl"
PROBLEM = make_problem('def add(a, b):\n    """Adds."""\n', "def check(f):\n    assert f(1, 2) == 3\n\ncheck(add)\n")


def graded(*bodies: str) -> list[Grade]:
    async def all_of() -> list[Grade]:
        grader = CodeGrader(seconds=1)
        return list(await asyncio.gather(*(grader.grade(PROBLEM, body) for body in bodies)))

    return asyncio.run(all_of())


@pytest.fixture(scope="module", autouse=True)
def safe_place() -> None:
    (grade,) = graded("    return a + b")
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


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("while True: pass", "time limit"),
        ("import time; time.sleep(60)", "time limit"),
        ("x = 'a' * (1 << 32)", "memory limit"),
        ("import os\n    while True: os.fork()", "BlockingIOError"),
        ("import socket; socket.create_connection(('127.0.0.1', 22), 1)", "OSError"),
        ("import sys; sys.exit(0)", "ended before the tests did"),
        ("import os; os._exit(0)", "ended before the tests did"),
        ("import os; os._exit(97)", "exit code 1"),
        ("while True: print('x' * 10000)", "output limit"),
        ("f = open('big', 'w')\n    while True: f.write('x' * 100000)", "OSError"),
        ("import os; os.kill(1, 0); os.kill(-1, 9); os.kill(os.getppid(), 9)", None),
    ],
)
def test_what_breaks_a_limit_is_wrong_and_says_why(body: str, error: str | None) -> None:
    (grade,) = graded(f"    {body}\n    return 3")
    if error is None:
        assert grade.correct is False
    else:
        assert (grade.correct, grade.error) == (False, error)


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


def test_children_left_behind_do_not_hold_up_the_grade() -> None:
    (grade,) = graded("    import os, time\n    if os.fork() == 0:\n        os.setsid(); time.sleep(600)\n    return 3")
    assert grade.correct is True


def test_code_is_found_in_fences_and_without() -> None:
    assert find_code("x\n```python\na = 1\n```\n```\ndef f(): pass\n```\n```\nprint(f())\n```") == "def f(): pass\n"
    assert find_code("    return 1") == "    return 1"
    assert find_code(" ") is None


def test_the_canonical_solutions_of_humaneval_pass() -> None:
    if not HUMANEVAL.is_file():
        pytest.skip(f"{HUMANEVAL} is not here")
    problems = load("HumanEval", str(HUMANEVAL), limit=12).problems

    async def all_of() -> list[Grade]:
        grader = CodeGrader()
        return list(await asyncio.gather(*(grader.grade(p, p.solution or "") for p in problems)))

    assert [g.correct for g in asyncio.run(all_of())] == [True] * 12
