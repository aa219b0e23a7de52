import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.answers.bounds import is_hard, refusal
from journey.answers.check import MathGrader
from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.types import make_problem

# Only math-verify adds matrices up.
SUM = (r"\begin{pmatrix}1\\3\end{pmatrix}", r"\begin{pmatrix}0\\1\end{pmatrix}+\begin{pmatrix}1\\2\end{pmatrix}")


@pytest.fixture(scope="module")
def grader():
    with MathGrader() as grader:
        yield grader


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so $\boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"\boxed{3} no, wait \boxed{4}", "4"),
        (r"\boxed{5} and then \boxed{}", "5"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        (r"\boxed{\left\{ x : x > 0 \right.}", r"\left\{ x : x > 0 \right."),
        (r"\boxed{\boxed{7}}", "7"),
        (r"we get $\boxed 8$", "8"),
        ("# Answer\n\n42", "42"),
        ("x = 2\n\n# Answer\n\n$\\frac{3}{4}$", r"\frac{3}{4}"),
        (r"\boxed{1}" + "\n\n# Answer\n\n2", "2"),
        ("She has 5 left.\n#### 1,250", "1,250"),
        ("#### 5\n\nQuestion: another one", "5"),
        ("4. [Final solution] Thus James runs 540 meters. #### 540", "540"),
        ("[Final solution] 540 meters", "540 meters"),
        ("The answer is $\\sqrt{2}$. I am sure.", r"\sqrt{2}"),
        ("The final answer is: **12**", "12"),
        ("the answer is 3.5.", "3.5"),
        (r"roots \boxed{1} and \boxed{2}", "1, 2"),
        (r"$\boxed{1}, \boxed{2}, \boxed{3}$", "1, 2, 3"),
        (r"\boxed{1} and \boxed{1}", "1"),
        (r"$\boxed{1}$ or $\boxed{2}$", "1, 2"),
        ("So boxed{42}", "42"),
        (r"So $\boxed\frac12$.", r"\frac12"),
        ("**Final Answer**\n\n$$4$$", "4"),
        ("### Final Answer\n\n4", "4"),
        ("#### Answer\n\n4", "4"),
        ("The answer is:\n$$\n12\n$$", "12"),
        ("The answer would be 12.", "12"),
        ("Hence, the answer is 12, as wanted.", "12"),
        ("<think>It is 3.</think><answer> 4 </answer>", "4"),
        (r"<think>Maybe \boxed{5}?</think>The final answer is 7.", "7"),
        ("\u7b54\u6848\uff1a42", "42"),
    ],
)
def test_the_final_answer_is_found(text, answer):
    assert find_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no idea",
        r"\boxed{5} and then \boxed{6",
        r"\boxed{",
        r"\boxed{}",
        r"\boxed{ $ $ }",
        "# Answer\n\n",
        "####",
        "#### Step 3: add\n\nNow x",
    ],
)
def test_no_answer_is_found_where_there_is_none(text):
    assert find_answer(text) is None


@given(st.lists(st.sampled_from([*"{}\\$#*. \n47", "\\boxed{", "# Answer\n", "####", "answer is "])).map("".join))
def test_finding_never_fails_and_never_gives_an_empty_answer(text):
    found = find_answer(text)
    assert found is None or found.strip() == found != ""


@pytest.mark.parametrize(
    ("piece", "found"),
    [("\\boxed{", None), ("}", None), ("{", None), ("# Answer\n", None), ("####", None), ("answer is.\n", None),
     ("the answer is", None), ("\\boxed{1},", "1")],
)  # fmt: skip
def test_a_megabyte_of_marks_is_read_in_one_pass(piece, found):
    assert find_answer(piece * (1_000_000 // len(piece))) == found


@pytest.mark.parametrize(
    ("gold", "text", "correct"),
    [
        ("0.5", r"\boxed{\frac12}", True),
        (r"\frac{\sqrt2}{2}", r"\boxed{1/\sqrt{2}}", True),
        ("x^2+2x+1", r"\boxed{(x+1)^2}", True),
        ("x^2+2x+1", r"\boxed{(x+1)^3}", False),
        (r"\text{Monday}", r"\boxed{Tuesday}", False),
        ("441\\text{ pounds}", r"\boxed{441}", True),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\boxed{\begin{pmatrix}1\\3\end{pmatrix}}", False),
    ],
)
async def test_answers_are_checked(grader, gold, text, correct):
    grade = await grader.grade(make_problem("q", gold), text)
    assert grade.correct is correct
    assert grade.error is None


async def test_a_text_in_another_script_is_never_wrong_by_a_number_that_math_verify_took_from_it(grader):
    text = "我们知道班上有11个男孩，他给每个男孩9颗弹珠。1. 步骤：11 * 9 = 99颗 2. 结论：他总共有99颗弹珠。"
    assert (await grader.compare("99", text)).correct is not False
    assert (await grader.compare("12", text)).correct is None


async def test_no_answer_is_neither_right_nor_wrong(grader):
    assert await grader.grade(make_problem("q", "1"), "I give up") == Grade(None, None, "no answer")


async def test_what_takes_too_long_could_not_be_checked_and_the_worker_is_replaced():
    with MathGrader(seconds=0.5, workers=1) as impatient:
        hard = await impatient.compare(r"\int_0^1 \sin(x^{x^{9x}}) dx", "3")
        assert hard.correct is None
        assert hard.error is not None and hard.error.startswith("could not check: ")
        while (grade := await impatient.compare(*SUM)).correct is None:
            pass  # half a second may be too short for this one, too, on a busy machine
        assert grade.correct is True


HOSTILE = [
    "(" * 1900 + "1",
    "{" * 900 + "1" + "}" * 900,
    r"\frac{" * 200 + "1" + "}{2}" * 200,
    "9**9**9**9",
    "9^{9^{9}}!",
    "1" * 1_000_000,
    "x" * 1_000_000,
    "\x00\ud7ff𝔘😀",
    r"\begin{pmatrix}",
    "__import__('pathlib').Path('{marker}').touch()",
    "exec(\"open('{marker}', 'w')\")",
    r"\input{/etc/passwd}",
    "nan",
    "[x for x in ().__class__.__base__.__subclasses__()]",
    "${jndi:ldap://x}",
]


async def test_hostile_answers_give_a_grade_and_run_no_code(tmp_path):
    marker = tmp_path / "marker"
    with MathGrader(seconds=0.2) as grader:
        texts = [text.replace("{marker}", str(marker)) for text in HOSTILE]
        grades = await asyncio.gather(*[grader.compare(*pair) for t in texts for pair in ((t, "2"), ("2", t))])
    assert all(grade.correct is not True for grade in grades)
    assert all(grade.error is None or grade.error.startswith("could not check: ") for grade in grades)
    assert not marker.exists()


def test_answers_are_checked_from_any_thread_and_event_loop(grader):
    grades: list[bool | None] = []

    def work(number: int) -> None:
        grades.append(asyncio.run(grader.compare(f"(x+{number})^2", f"x^2+{2 * number}x+{number**2}")).correct)
        grades.append(grader.check(f"y(y+{number})", f"y^2+{number}y").correct)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert grades == [True] * 8


def test_no_process_starts_before_an_answer_needs_one():
    script = (
        f"import multiprocessing\nSUM = {SUM!r}\n"
        "from journey.answers.check import MathGrader\n"
        "if __name__ == '__main__':\n"
        "    with MathGrader() as grader:\n"
        "        assert grader.check('1/2', '\\\\frac12').correct\n"
        "        assert not multiprocessing.active_children()\n"
        "        assert grader.check(*SUM).correct\n"
        "        assert multiprocessing.active_children()\n"
        "    assert not multiprocessing.active_children()\n"
    )
    source = str(Path(__file__).parents[2] / "src")
    path = Path(__file__).parents[1] / "data"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={"PYTHONPATH": source}, cwd=path.parent
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9^{9^{9^9}}", "too large"),
        ("9**9**9", "too large"),
        ("(8^8)!", "too large"),
        ("9!!!!!", "too large"),
        (r"\binom{10^9}{10^8}", "too large"),
        (r"\sum_{k=1}^{10^9} \frac{1}{k!}", "too many terms"),
        ("(" * 100 + "1" + ")" * 100, "nested"),
        ("x" * 3000, "longer than 2000"),
        (" ", "empty"),
    ],
)
def test_what_nobody_can_compute_is_refused_without_a_worker(text, reason):
    grade = MathGrader().check("2", text)
    assert grade.correct is None
    assert grade.error is not None and reason in grade.error


@pytest.mark.parametrize(
    "text",
    [
        "2^{2^3}",
        "2^{2005}",
        "100!",
        r"\binom{100}{50}",
        r"\sum_{k=1}^{100} k",
        "2^{2^{n}}",
        r"1^{10^{100}}",
        "10^{1000}",
    ],
)
def test_what_can_be_computed_is_not_refused(text):
    assert refusal(text) is None


@pytest.mark.parametrize("text", [r"\frac{x+1}{2}", "(2, 3]", r"12^{\text{th}} grade", "f'(x)", r"\{1, 2\}"])
def test_ordinary_answers_are_not_expected_to_be_hard(text):
    assert not is_hard(text)


async def test_ordinary_answers_do_not_wait_for_hard_ones():
    with MathGrader(seconds=60, workers=1) as grader:
        hard = [
            asyncio.ensure_future(grader.compare("42", rf"\int_0^1 \sin(x^{{x^{{{n}x}}}}) dx")) for n in range(3, 7)
        ]
        assert (await grader.compare(*SUM)).correct is True
        assert not all(one.done() for one in hard)


def test_a_script_in_which_no_worker_can_start_is_told_why() -> None:
    script = (
        "from journey.answers.check import MathGrader\n"
        "with MathGrader() as grader:\n    print(grader.check('f(2x)', '2f(x)').error)\n"
    )
    said = subprocess.run([sys.executable, "-"], input=script, capture_output=True, text=True, timeout=600, check=True)
    assert "no checking process can be started" in said.stdout
