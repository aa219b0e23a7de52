import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import sample, whole

from journey.data.curation import Curation, curate, is_numeric, is_proof, is_rational, needs_image, why_not
from journey.data.problems import read
from journey.errors import UsageError
from journey.types import Problem, make_problem


def test_every_problem_is_kept_or_dropped_for_one_reason_in_order():
    problems = [
        make_problem("What is 6 times 7?", "42"),
        make_problem("What is 6 times 7 ?", "42."),
        make_problem("What is shown?\n[asy]draw((0,0)--(1,1));[/asy]", "1"),
        make_problem("Prove that $\\sqrt2$ is irrational.", "1"),
        make_problem("Factor $x^2-1$.", "(x-1)(x+1)"),
        make_problem("What is love?", " "),
        make_problem("What is 2 + 3?", "5"),
    ]
    curated = curate(problems)
    assert curated.kept == [problems[0], problems[6]]
    assert curated.dropped == {
        "repeated": [problems[1].id],
        "image": [problems[2].id],
        "proof": [problems[3].id],
        "answer not numeric": [problems[4].id],
        "no labelled answer": [problems[5].id],
    }
    everything = curate(problems, Curation(images=True, proofs=True, repeated=True, answers="any"))
    assert everything.kept == [*problems[:5], problems[6]] and list(everything.dropped) == ["no labelled answer"]


@pytest.mark.parametrize(
    "question, image",
    [
        ("Find $x$.\n[asy]\npair A;\n[/asy]", True),
        ("See \\includegraphics[width=3cm]{a}", True),
        ('Look: <img src="a.png">', True),
        ("![](images/x) What is it?", True),
        ("In the figure below, $ABC$ is a triangle.", True),
        ("In the diagram, $BP$ trisects the angle.", True),
        ("Squares are inscribed as shown in the figures below.", True),
        ("Triangle $ABC$ has sides 6, 8 and 10, as shown. What is its area?", True),
        ("What is the sum of the angles of the hexagon shown?", True),
        ("The figure shows four entries of a magic square.", True),
        ("The table is shown below:\n\\begin{tabular}{c}1\\end{tabular}", False),
        ("The pattern below is $1, 2, 4, \\ldots$ as shown.", False),
        ("The number shown on the die is even.", False),
        ("It can be shown that $n$ is prime.", False),
        ("What is the image of the point $(1,1)$?", False),
        ("What is the area of a figure with six sides?", False),
        ("A 5-inch by 7-inch picture hangs on the wall.", False),
        ("Find the area under the graph of $y = x$.", False),
        ("Five triangles are drawn in the plane.", False),
        ("What is the probability of drawing an ace?", False),
    ],
)
def test_a_question_that_cannot_be_read_without_a_picture_is_known(question, image):
    assert needs_image(question) is image


@pytest.mark.parametrize(
    "question, proof",
    [
        ("Prove that there are infinitely many primes.", True),
        ("Let $n$ be a prime. Show that $n^2 - 1$, where $n > 3$, is a multiple of 24.", True),
        ("(a) Prove the identity. (b) Show that it is sharp.", True),
        ("Show that the process ends, and determine the number of steps.", False),
        ("Find all $n$ and prove that there are no others.", False),
        ("Find the smallest $n$, or show that no such $n$ exists.", False),
        ("What is the probability that two dice show the same number?", False),
        ("A game show offers three prizes. How many ways are there?", False),
        ("Prove that $f$ is linear. What is $f(3)$?", False),
    ],
)
def test_a_question_that_only_wants_a_proof_is_known(question, proof):
    assert is_proof(question) is proof


@pytest.mark.parametrize(
    "answer",
    ["42", "-3", "1,000", "0.5", ".039", "\\frac{3}{4}", "\\dfrac 3 8", "-\\frac 32", "3/4", "2\\frac{1}{2}", "1101_4",
     "50\\%", "\\$18.90", "45^\\circ", "7\\text{ cm}^2", "12 inches", "$7$", "1204_{9}"],
)  # fmt: skip
def test_rational_answers_are_numeric(answer):
    assert is_rational(answer) and is_numeric(answer)


@pytest.mark.parametrize(
    "answer",
    ["\\sqrt{2}", "12\\pi", "\\frac{1+\\sqrt5}{2}", "2^{2005}", "2007 + \\frac\\pi 2", "\\frac94\\pi", "\\!\\sqrt{21}",
     "8\\sqrt{3} \\text { square inches}", "2^{2008} -2"],
)  # fmt: skip
def test_closed_forms_are_numeric_and_not_rational(answer):
    assert is_numeric(answer) and not is_rational(answer)


@pytest.mark.parametrize(
    "answer",
    ["x", "2x+1", "30-8p", "-1-16i", "(1,2)", "1, 2", "[0,1]", "\\text{(A)}", "\\text{odd}", "-2 \\text{ or } -12",
     "3:5", "xy", "12abc", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", "n^2", "AB=12", "yes", "\\infty", "", "9:24",
     "\\frac{n(n+1)}{2}", "k=5"],
)  # fmt: skip
def test_what_is_not_one_number_is_not_numeric(answer):
    assert not is_numeric(answer)


@pytest.mark.parametrize("answer", ["", " ", "N/A", "none", "See solution.", "Proof omitted", "?", "--"])
def test_an_answer_that_is_none_is_no_label(answer):
    assert why_not(make_problem("q", answer), Curation(answers="any")) == "no labelled answer"


def test_an_unknown_rule_is_refused():
    with pytest.raises(UsageError):
        Curation(answers="letters")  # type: ignore[arg-type]


@given(st.lists(st.builds(make_problem, st.text(max_size=30), st.text(max_size=30)), max_size=8))
def test_nothing_is_lost_and_curating_twice_changes_nothing(problems: list[Problem]):
    curated = curate(problems)
    assert len(curated.kept) + sum(map(len, curated.dropped.values())) == len(problems)
    assert curate(curated.kept).kept == curated.kept


@pytest.mark.parametrize(
    "where, file, kept, dropped",
    [
        (sample, "math/train_12000.jsonl", (30, 45), {"answer not numeric"}),
        (whole, "math/train_12000.jsonl.gz", (9400, 9700), {"image", "answer not numeric", "repeated"}),
        (whole, "contests/olympiadbench_math_en.jsonl", (490, 520), {"answer not numeric"}),
        (whole, "contests/aime_1983_2023.jsonl", (870, 890), {"image"}),
    ],
)
def test_the_rules_on_real_problems(where, file, kept, dropped):
    curated = curate(read(where(file)).problems)
    assert kept[0] <= len(curated.kept) <= kept[1] and set(curated.dropped) == dropped
