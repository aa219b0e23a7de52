from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.plain import decide, number, value

SMALL = st.fractions(-(10**9), 10**9, max_denominator=10**9)  # longer ones may be left to math-verify


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("7", "7.0"),
        (r"\dfrac{1}{2}", "0.5"),
        ("10,000", "10000"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})"),
        (r"\text{(B)}", "B"),
        ("(C)", "(C) Plane"),
        (r"\text{A,B,E}", "A,B,E"),
        (r"\$132", "132"),
        (r"\{1,2\}", r"\{2,1\}"),
        ("120", r"120^\circ"),
        ("3", "x=3"),
        ("-2x", "y = -2x"),
        (r"\begin{pmatrix}1\\-\frac12\end{pmatrix}", r"\begin{pmatrix} 1 \\ -0.5 \end{pmatrix}"),
        ("Monday", r"\text{monday}"),
    ],
)
def test_plainly_equal_answers_are_right(gold, answer):
    assert decide(gold, answer) is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("7", "8"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "(1,2,3)"),
        (r"\{1,2\}", r"\{1,3\}"),
        ("LQSX", "LXQS"),
        (r"\sqrt{2}", r"\sqrt{3}"),
        ("x^2+1", "x^2-1"),
        (r"(2,\infty)", r"(3,\infty)"),
        ("(A)", "(B)"),
        ("4", "x = 3"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"),
    ],
)
def test_plainly_different_answers_are_wrong(gold, answer):
    assert decide(gold, answer) is False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("1/3", "0.333"),  # rounded
        ("441 pounds", "441"),  # a unit
        ("5 m", "5"),
        ("50%", "0.5"),
        ("5%", "x=5"),
        ("2(x+1)", "2x+2"),  # the same in another writing
        ("1 1/2", "11/2"),  # spaces between digits mean something
        (r"3\frac{1}{2}", r"3 \cdot \frac12"),  # mixed or a product
        ("i^2", "-1"),
        ("x=3", "y=3"),
        ("y=2x+1", "2x+1=y"),
        (r"\sqrt[3]{-8}", "-2"),
        ("1,22", "1.22"),
        ("0,111", "0.111"),
        ("C", "c"),
        ("x^12", "x^{12}"),
        ("9**9**9", "1"),
    ],
)
def test_what_is_not_plain_is_left_to_math_verify(gold, answer):
    assert decide(gold, answer) is None


@given(SMALL, SMALL)
def test_numbers_are_right_only_if_they_are_the_same(left, right):
    said = decide(f"\\frac{{{left.numerator}}}{{{left.denominator}}}", f"{right.numerator}/{right.denominator}")
    assert said is (left == right)


@given(st.text(max_size=50), st.text(max_size=50))
def test_deciding_never_fails(gold, answer):
    decide(gold, answer)
    value(gold)
    number(answer)


@given(st.text(alphabet="0123456789+-*/^(){},.xyi \\", max_size=30))
def test_an_answer_is_always_the_same_as_itself(text):
    assert decide(text, text) is True


def test_values_follow_the_rules_of_arithmetic():
    assert value(r"2+3\cdot 4^2/8-\frac{1}{2}") == pytest.approx(2 + 3 * 16 / 8 - 0.5)
    assert value(r"-2^2") == pytest.approx(-4)
    assert value(r"\sqrt[3]{27}\pi") == pytest.approx(9.42477796)
    assert value("(" * 50 + "1" + ")" * 50) is None
    assert number("-1/4") == Fraction(-1, 4)
    assert number("1/0") is None
