"""Arithmetic that texts state, and whether it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import rows, sample

from journey.evals.equalities import equalities


def found(text: str) -> list[bool]:
    """For each stated equality whether it holds."""
    return [equality.holds for equality in equalities(text)]


@pytest.mark.parametrize(
    "text",
    [
        "3 + 4 = 7",
        "So 7 * 301 = 2107.",
        r"$\frac{14}{2} \cdot 301 = 2107$",
        r"\[ 9^2 + 6^2 + 2^2 = 121 \]",
        "12 − 5 = 7",
        "1,000 + 24 = 1,024",
        r"2^{10} = 1{,}024",
        "10 / 3 = 3.33",
        "10 / 3 = 3.3333",
        "0.1 + 0.2 = 0.3",
        "5! = 120",
        "2(3 + 4) = 14",
        "-3 + 5 = 2",
        "She pays $5 * 12 = $60 for it.",
        "180 - (30 + 60) = 90 degrees",
    ],
)
def test_true_sums_hold(text: str) -> None:
    assert found(text) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "3 + 4 = 8",
        "So 7 * 301 = 2117.",
        r"$\frac{14}{2} \cdot 301 = 2170$",
        "10 / 4 = 2.4",
        "5! = 60",
        "We get 2^3 = 6.",
    ],
)
def test_false_sums_do_not(text: str) -> None:
    assert found(text) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "12 = 12",
        "x = 3 + 4",
        "2x + 3 = 7",
        "x + 3 = 8",
        r"\sqrt{16} + 1 = 6",
        r"3 \sin 30 = 7",
        "17 / 5 = 3, remainder 2",
        "17 / 5 = 3",
        "17 = 2 (mod 5)",
        r"3 + 4 \equiv 2 = 1 + 1 \pmod{5}",
        r"5 \choose 2 = 9",
        "Is 3 + 4 = 8?",
        "3 + 4 = 8 is not true",
        "But 3 + 4 = 8 can't be.",
        r"3\frac{1}{5} - 1 = 5",
        "3 + 4 ≠ 8",
        "3 + 4 >= 8",
        "3 + 4 == 8 != 9",
        "50 % of 8 = 5",
        "1/2(3) = 4",
        "1 + 2 + ... + 10 = 54",
        "f(2) = 3",
        "- 3 + 5 = -8",
        "10 + 5 = 15x",
        "the ratio 3:4 = 1",
        "5 = 3",
    ],
)
def test_what_can_be_read_in_two_ways_or_is_not_stated_is_no_false_sum(text: str) -> None:
    assert False not in found(text)


def test_a_chain_is_its_neighbouring_pairs() -> None:
    assert found("2 + 3 = 5 = 1 + 4 = 6") == [True, True, False]


def test_an_equality_knows_its_sides() -> None:
    (equality,) = equalities("Then 12 * 3 = 36 apples.")
    assert (equality.left, equality.right) == ("12 * 3", "36")


@given(st.integers(-999, 999), st.sampled_from("+-*"), st.integers(0, 999), st.integers(-2000, 2000))
def test_sums_of_whole_numbers_are_judged_exactly(a: int, sign: str, b: int, said: int) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    assert found(f"We have ({a}) {sign} {b} = {said}") == [said == value]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(isinstance(equality.holds, bool) for equality in equalities(text))


@given(st.text(alphabet="0123456789+-*/^()=.,! \\frac{}$\n٣²①", max_size=200))
def test_any_heap_of_signs_can_be_read(text: str) -> None:
    assert all(isinstance(equality.holds, bool) for equality in equalities(text))


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        ")",
        "=",
        "1=",
        "1+1=2=",
        r"\frac{",
        r"\frac{1}{",
        "^{",
        "9^9^",
        "9" * 40 + "*",
        "9!*",
        "- ",
        "1,",
        "(1+",
        " ",
    ],
)
def test_hostile_texts_are_read_to_their_end(piece: str) -> None:
    # Long enough that time in the square of the length would be noticed.
    *_, last = equalities(f"{piece * (60_000 // len(piece))}\n1 + 1 = 2")
    assert last == ("1 + 1", "2", True)


def test_huge_powers_are_left_alone() -> None:
    assert found("9^99999999 = 1") == []
    assert found("((9^999)^999)^999 = 1") == []
    assert found("99999! = 1") == []


def test_right_solutions_of_real_models_hardly_state_a_false_one() -> None:
    right = [row for row in rows(sample("model_outputs/math500_short_answers_4_models.jsonl")) if row["graded_correct"]]
    said = [holds for row in right for holds in found(str(row["response"]))]
    assert len(said) > 200
    assert said.count(False) / len(said) < 0.01


def test_steps_that_people_rated_bad_state_false_ones_far_more_often() -> None:
    share: dict[int, float] = {}
    trees = rows(sample("prm800k/phase1_test_trees.jsonl"))
    for rating in (1, -1):
        steps = [step for row in trees for step in row["label"]["steps"]]
        texts = [c["text"] for step in steps for c in step["completions"] or [] if c["rating"] == rating]
        said = [holds for text in texts for holds in found(text)]
        share[rating] = said.count(False) / len(said)
    assert share[-1] > 5 * share[1]
