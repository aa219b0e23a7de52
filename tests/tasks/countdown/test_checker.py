"""The strict checker: what it accepts is true, and what it refuses has a kind."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.tasks.countdown.chain import BAD_NUMBER, BAD_STATE, FALSE_SUM
from journey.tasks.countdown.checker import MISSED, NO_ANSWER, STOPPED_SHORT, grade
from journey.tasks.countdown.exploration import ground
from journey.tasks.countdown.expression import ExpressionError, evaluate, leaves, normal, parse
from journey.tasks.countdown.puzzle import Puzzle, draw, solutions, to_problem
from journey.tasks.countdown.task import COUNTDOWN
from journey.tasks.exploration import END, document

PUZZLE = Puzzle((8, 19, 18), 29)
RIGHT = "19 + 18 = 37 ( 8 37 -> 29 )\n37 - 8 = 29 ( 29 -> 29 )"


def test_a_true_chain_is_right_and_its_answer_is_the_expression() -> None:
    assert grade(PUZZLE, RIGHT).correct is True
    assert grade(PUZZLE, RIGHT).answer == "18 + 19 - 8"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("19 + 18 = 37 ( 8 37 -> 29 )\n37 + 8 = 29 ( 29 -> 29 )", FALSE_SUM),
        ("19 + 19 = 38 ( 8 38 -> 29 )\n38 - 8 = 30 ( 30 -> 29 )", BAD_NUMBER),
        ("19 + 18 = 37 ( 8 29 -> 29 )\n29 - 8 = 21 ( 21 -> 29 )", BAD_STATE),
        ("19 + 18 = 37 ( 8 37 -> 30 )\n37 - 8 = 29 ( 29 -> 29 )", BAD_STATE),
        ("19 + 18 = 37 ( 8 37 -> 29 )\n37 + 8 = 45 ( 45 -> 29 )", MISSED),
        ("19 + 18 = 37 ( 8 37 -> 29 )", STOPPED_SHORT),
        ("8 - 19 = 11 ( 18 11 -> 29 )\n18 + 11 = 29 ( 29 -> 29 )", FALSE_SUM),
        (RIGHT + "\nBack to ( 9 9 9 -> 29 )\n9 + 9 = 18 ( 9 18 -> 29 )\n18 + 9 = 27 ( 27 -> 29 )", BAD_STATE),
        ("I do not know", NO_ANSWER),
        ("", NO_ANSWER),
    ],
)
def test_each_kind_of_error_is_told_apart(text: str, error: str) -> None:
    found = grade(PUZZLE, text)
    assert found.correct is not True
    assert found.error == error


def test_only_the_last_chain_counts() -> None:
    trip = "18 + 8 = 26 ( 19 26 -> 29 )\n26 - 19 = 99 ( 99 -> 29 )\nWait , 99 is not 29\nBack to ( 8 19 18 -> 29 )\n"
    assert grade(PUZZLE, trip + RIGHT).correct is True
    assert grade(PUZZLE, RIGHT + "\nBack to ( 8 19 18 -> 29 )\n18 + 8 = 26 ( 19 26 -> 29 )").correct is not True


def test_a_return_to_a_state_in_the_middle_goes_on_from_there() -> None:
    text = "19 + 18 = 37 ( 8 37 -> 29 )\n37 + 8 = 45 ( 45 -> 29 )\nWait , 45 is not 29\nBack to ( 8 37 -> 29 )\n"
    assert grade(PUZZLE, text + "37 - 8 = 29 ( 29 -> 29 )").correct is True


def test_a_broken_chain_cannot_be_returned_into() -> None:
    text = "19 + 19 = 37 ( 8 37 -> 29 )\n37 + 8 = 45 ( 45 -> 29 )\nBack to ( 8 37 -> 29 )\n37 - 8 = 29 ( 29 -> 29 )"
    assert grade(PUZZLE, text).correct is not True


@pytest.mark.parametrize(
    ("answer", "correct"),
    [
        ("19 + 18 - 8", True),
        (r"19+18-8=29", True),
        ("19 + 18 - 8 - 0", False),
        ("29", False),
        ("19 + 18 - 9", False),
        ("(19 - 8) + 18", True),
        ("8 - 19 + 18 + 22", False),
    ],
)
def test_a_plain_expression_is_an_answer_too(answer: str, correct: bool) -> None:
    assert grade(PUZZLE, f"So the answer is \\boxed{{{answer}}}").correct is correct


@pytest.mark.parametrize("text", ["9**9**9", "__import__('os')", "(" * 5000, "1" * 5000, "1+" * 5000, "", "1 2", "(1"])
def test_hostile_expressions_are_refused_and_never_computed(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


@given(st.integers(0, 2**32))
def test_documents_that_end_are_right_and_others_are_not(seed: int) -> None:
    rng = random.Random(seed)
    puzzle = draw(rng)
    text = document(ground(puzzle), rng, 6)
    assert (grade(puzzle, text.removesuffix(f" {END}")).correct is True) == text.endswith(END)


@given(st.integers(0, 2**32))
def test_the_answer_of_a_right_chain_makes_the_target_from_every_number(seed: int) -> None:
    puzzle = draw(random.Random(seed))
    for chain in solutions(puzzle):
        answer = grade(puzzle, "\n".join(map(str, chain))).answer
        assert answer is not None
        expression = parse(answer)
        assert sorted(leaves(expression)) == sorted(puzzle.numbers)
        assert evaluate(expression, fractions=True) == puzzle.target


@given(st.integers(0, 2**32))
def test_the_normal_form_is_its_own_normal_form(seed: int) -> None:
    puzzle = draw(random.Random(seed))
    answer = grade(puzzle, "\n".join(map(str, next(solutions(puzzle))))).answer
    assert answer is not None
    assert normal(parse(answer)) == answer


@pytest.mark.parametrize(("one", "other"), [("1-(2-3)", "1+3-2"), ("2*(3+4)", "(4+3)*2"), ("8/(2/3)", "8*3/2")])
def test_order_and_brackets_do_not_split_votes(one: str, other: str) -> None:
    assert normal(parse(one)) == normal(parse(other))


@given(st.text(max_size=200))
def test_any_text_gets_a_grade(text: str) -> None:
    assert grade(PUZZLE, text).correct is not True or "29" in text


async def test_the_grader_reads_the_puzzle_from_the_problem() -> None:
    found = await COUNTDOWN.grader().grade(to_problem(PUZZLE), RIGHT)
    assert found.correct is True
