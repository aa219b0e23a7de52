from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.answers.clean import clean
from journey.answers.compare import decide
from journey.answers.formula import parse
from journey.answers.read import exact as number
from journey.answers.values import rough

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
        (r"1\,000", "1000"),
        (r"12\ 000\ 000", "12000000"),
        (r"\{1,2\}", r"\{2,1\}"),
        ("120", r"120^\circ"),
        ("3", "x=3"),
        ("-2x", "y = -2x"),
        (r"\begin{pmatrix}1\\-\frac12\end{pmatrix}", r"\begin{pmatrix} 1 \\ -0.5 \end{pmatrix}"),
        ("Monday", r"\text{monday}"),
        ("441 pounds", "441"),
        (r"15\mbox{ cm}^2", "15"),
        ("5 m", "5"),
        ("50%", "0.5"),
        ("18", r"18\%"),
        ("2(x+1)", "2x+2"),
        ("x^2-1", "(x-1)(1+x)"),
        (r"\frac{11+9a}{20}", r"\frac{9a + 11}{20}"),
        (r"\sqrt{3}-1", r"\frac{2}{\sqrt{3}+1}"),
        (r"8\sqrt{1003}", r"4\sqrt{4012}"),
        (r"\frac94\pi", "2.25\\pi"),
        (r"\frac 59", r"\dfrac{5}{9}"),
        (".35625", "0.35625"),
        (r"0.\overline{36}", r"\frac{4}{11}"),
        (r"\tfrac{39}{11}", r"3\frac{6}{11}"),
        ("27648", r"2^2 \cdot 3^3 \cdot 4^4"),
        (r"1 \pm \sqrt{19}", r"1 - \sqrt{19}, 1 + \sqrt{19}"),
        ("8,1,-1,-8", r"\pm 8 \text{ and } \pm 1"),
        ("(5,7)", "5,7"),
        (r"(-\infty,4)", r"[-\infty,4)"),
        ("12", r"12^{\mathrm{th}} \text{ grade}"),
        (r"x \in [-2,7]", "[-2, 7]"),
        (r"(0,9) \cup (9,36)", r"(9,36)\cup(0,9)"),
        ("y=2x+1", "2x+1=y"),
        (r"p = 5, q = 2 \quad \text{and} \quad p = 7, q = 2", "p=5,q=2;p=7,q=2"),
        ("y^2 - 4x - 6y + 9 = 0", "y^2-6y-4x+9=0"),
        ("i^2", "-1"),
        (r"\sqrt[3]{-8}", "-2"),
        ("0,111", "0.111"),
        ("C", "c"),
        ("x^12", "x^{12}"),
        ("2516_8", "2516"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1,2)"),
        ("2", "two apples"),
        ("2^{n+1}", r"2\cdot 2^n"),
        (r"(1,2]\cup[2,3)", "(1,3)"),
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
        ("1/3", "0.333"),
        ("84", "84.66666666666667"),
        ("10", r"30\%"),
        ("2516_8", "5236"),
        ("4343_6", "4303_6"),
        ("1+274i", "1 + 264i"),
        (r"1\frac{4}{5}", "5"),
        (r"0.\overline{3}", "0"),
        ("10^{20}+1-10^{20}", "2"),
        ("14", "2u - 14"),
        ("3R^2", "12R^2 - a^2 - b^2"),
        ("[1,4]", "(1,4]"),
        (r"(2,\infty)", r"[2,\infty)"),
        ("(3,4]", "2"),
        (r"(-\infty,4)", r"[-\infty,4]"),
        ("12", r"11^{\text{th}}"),
        ("24_{10}", "24_{20}"),
        (r"\begin{pmatrix} 7 \\ 5 \end{pmatrix}", r"-\frac{1}{9}"),
        ("3", r"(-\infty,-2) \cup (-1,0)"),
        ("(15,-29)", "-29"),
        (r"1\pm\sqrt{19}", "-3,3"),
        (r"(0,9)\cup(9,36)", r"(-9,0)\cup(9,36)"),
        ("2\\sqrt{5}", "No solution"),
        ("even", r"\text{odd}"),
        ("567", r"351 \text{ cm}^2"),
        ("y=2x+3", "y=2x+4"),
        ("5x-7y+11z+4=0", "5x-7y+11z-4=0"),
        (r"\begin{pmatrix}-7165\end{pmatrix}", r"\begin{pmatrix} -12 \\ 6 \\ 30 \end{pmatrix}"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"),
    ],
)
def test_plainly_different_answers_are_wrong(gold, answer):
    assert decide(gold, answer) is False


@pytest.mark.parametrize("answer", ["(B) or (C)", "(B), (C), (D)", "(B)(C)", "B. or C.", "B) and C)", "(B) 5 or (C) 6"])
def test_two_choices_at_once_are_wrong_whichever_comes_first(answer):
    assert decide("(B)", answer) is False
    assert decide("B", answer) is False


@pytest.mark.parametrize("answer", ["(B) Point C", "B. Team C", "(B) 5"])
def test_a_choice_with_its_text_is_the_choice(answer):
    assert decide("(B)", answer) is True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1100", "1 and 100"),  # two numbers, no thousands
        ("2100", "2 or 100"),
        ("26", "2x=6"),  # "x=" begins no answer there
        ("x+5", "x+y=5"),
        ("A", "(A)+1"),
        ("31/2", r"3\ 1/2"),
        ("12", r"1\ 2"),
        ("23", r"2\quad 3"),
        ("2345", r"2 \quad 345"),
        ("123", r"12\;3"),
    ],
)
def test_readings_that_nobody_means_make_nothing_equal(left, right):
    assert decide(left, right) is not True
    assert decide(right, left) is not True


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"[1,2]\cup[2,4]\cup[5,6]", r"[1,4]\cup[5,6]"),  # pieces that touch or overlap
        (r"(1,3)\cup(2,5)\cup(6,7)", r"(1,5)\cup(6,7)"),
        ("forty-two", "forty two"),
        ("lnx^2", "2lnx"),
        ("abcd", r"ab\cdot cd"),
        ("-2", r"\begin{vmatrix}1&2\\3&4\end{vmatrix}"),
        ("0.1", "10 per cent"),
        ("7/2", "3 1/2"),
        (r"-\frac{7}{2}", r"-3\ 1/2"),
    ],
)
def test_equal_answers_in_rare_writings_are_never_wrong(left, right):
    assert decide(left, right) is not False
    assert decide(right, left) is not False


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("5 hours", "5 minutes", False),
        ("1 hour", "60 minutes", True),
        (r"5\text{ cm}", r"5\text{ m}", False),
        (r"50000\text{ cm}^2", r"5\text{ m}^2", True),
        (r"5\text{ cm}^2", r"5\text{ m}^2", False),
        ("0.5 dollars", "50 cents", True),
        ("1 hour", "1 hours", True),
        ("5 miles", "5 km", None),
        ("5 boys", "5 people", None),
        ("5 cm", r"5\text{ cm}^2", None),
    ],
)
def test_numbers_with_two_units_are_compared_by_what_they_measure(left, right, same):
    assert decide(left, right) is same
    assert decide(right, left) is same


def test_unions_with_other_ends_are_wrong_though_pieces_touch():
    assert decide(r"[1,2]\cup[2,4]\cup[5,6]", r"[1,4]\cup[5,7]") is False


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"3\frac{1}{2}", r"3 \cdot \frac12"),  # mixed or a product
        ("x=3", "y=3"),
        ("1,22", "1.22"),
        ("9**9**9", "1"),
        ("3/4x", r"\frac{3}{4x}"),  # or three quarters of x
        ("f(2x)", "2f(x)"),  # not a product
        (r"\frac{1}{3}", "0.3333333"),  # rounded
        ("y(2)", "2y"),
        ("1,1,2", "1,2,2"),
        ("5", "fifth"),
        (r"\begin{pmatrix} 5 \end{pmatrix}", "5"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "v"),
        ("4 cm", "4 inches"),
        ("0", "no solutions"),
        ("[1,2,3]", "(1,2,3)"),
        ("x^2=0", "x=0"),
        ("ab", "ba"),
        ("9^{9^{9^{9}}}", "3"),
        ("1,5", "1.5"),
        (r"\begin{pmatrix}-7165\end{pmatrix}", r"\begin{pmatrix} -7 \\ 16 \\ 5 \end{pmatrix}"),
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
    assert decide(gold, answer) in (True, False, None)
    assert number(answer) is None or number(answer) == number(answer)


@given(st.text(alphabet="0123456789+-*/^(){},.xyi \\", max_size=30))
def test_an_answer_is_always_the_same_as_itself(text):
    assert decide(text, text) is True


def value(text: str) -> complex | None:
    """What a formula is worth; null for what is none."""
    formula = parse(clean(text))
    return formula and rough(formula.trees[0])


def test_values_follow_the_rules_of_arithmetic():
    assert value(r"2+3\cdot 4^2/8-\frac{1}{2}") == pytest.approx(2 + 3 * 16 / 8 - 0.5)
    assert value(r"-2^2") == pytest.approx(-4)
    assert value(r"\sqrt[3]{27}\pi") == pytest.approx(9.42477796)
    assert value("(" * 50 + "1" + ")" * 50) is None
    assert number("-1/4") == Fraction(-1, 4)
    assert number("1/0") is None


NAMES = ("x", "y", "a")
POLYNOMIALS = st.dictionaries(
    st.tuples(*[st.integers(0, 2)] * 3), st.integers(-9, 9).filter(bool), min_size=1, max_size=4
)


def written(terms: dict[tuple[int, ...], int], order: list[tuple[int, ...]]) -> str:
    """A polynomial as LaTeX, its terms in the given order."""
    parts = [
        f"{terms[powers]:+d}" + "".join(f"{name}^{power}" for name, power in zip(NAMES, powers, strict=True) if power)
        for powers in order
    ]
    return "".join(parts).removeprefix("+")


@given(POLYNOMIALS, POLYNOMIALS, st.randoms(use_true_random=False))
def test_a_product_is_its_expansion_in_any_order_and_nothing_else(first, second, rng):
    expanded: dict[tuple[int, ...], int] = {}
    for one, count in first.items():
        for other, factor in second.items():
            powers = tuple(a + b for a, b in zip(one, other, strict=True))
            expanded[powers] = expanded.get(powers, 0) + count * factor
    expanded = {powers: count for powers, count in expanded.items() if count}
    if not expanded:
        return
    order = rng.sample(list(expanded), len(expanded))
    product = f"({written(first, list(first))})({written(second, list(second))})"
    assert decide(product, written(expanded, order)) in (True, None)
    assert decide(product, written(expanded, order) + "+1") in (False, None)
    if len(product) < 60:
        assert decide(product, written(expanded, order)) is True


@given(st.integers(1, 400), st.integers(1, 400), st.integers(-30, 30), st.integers(1, 30))
def test_radicals_are_compared_exactly(inside, factor, over, under):
    left = rf"\frac{{{over}\sqrt{{{inside * factor}}}}}{{{under}\sqrt{{{factor}}}}}"
    assert decide(left, rf"\frac{{{over}}}{{{under}}}\sqrt{{{inside}}}") is True
    assert decide(left, rf"\frac{{{over}}}{{{under}}}\sqrt{{{inside}}} + \frac{{1}}{{10^9}}") is False


@given(
    st.text(alphabet=r"0123456789+-*/^(){}[],.=xyie \\_!%", max_size=40), st.sampled_from(["1", "x+1", "(1,2)", "x=2"])
)
def test_deciding_formulas_never_fails_and_right_goes_both_ways(text, other):
    assert not ({decide(text, other), decide(other, text)} >= {True, False})


@pytest.mark.parametrize(
    "text", ["(a+b+c+d+x+y)^{39}", "9^{9^{9}}", "(1+x)^{40}(1+y)^{40}", r"\frac{" * 20 + "1" + "}{x+1}" * 20]
)
def test_a_formula_too_large_to_multiply_out_is_not_multiplied_out(text):
    assert decide(text, "7") is not True
