"""Countdown and the Game of 24: states, steps, solutions, files."""

import json
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_data import sample, whole

from journey.errors import UsageError
from journey.tasks.countdown import sources
from journey.tasks.countdown.puzzle import (
    Puzzle,
    PuzzleSettings,
    apply,
    can_make,
    draw,
    is_held_out,
    parse_puzzle,
    parse_state,
    parse_step,
    question,
    solutions,
    state_text,
    steps,
    to_problem,
)

numbers = st.lists(st.integers(1, 20), min_size=2, max_size=4).map(tuple)


def test_no_negative_result_and_no_inexact_division_in_countdown() -> None:
    assert apply(3, "-", 5) is None
    assert apply(7, "/", 2) is None
    assert apply(7, "/", 0) is None
    assert apply(8, "/", 2) == 4


def test_the_game_of_24_computes_in_exact_fractions() -> None:
    assert apply(8, "/", 3, fractions=True) == Fraction(8, 3)
    assert apply(3, "-", Fraction(8, 3), fractions=True) == Fraction(1, 3)
    assert can_make((3, 3, 8, 8), 24, fractions=True)
    assert not can_make((3, 3, 8, 8), 24)


@given(numbers, st.integers(1, 100))
def test_every_step_is_read_back_from_how_it_is_written(state: tuple[int, ...], target: int) -> None:
    for step in steps(state, target):
        assert parse_step(str(step)) == step


@given(numbers, st.integers(1, 100))
def test_states_and_questions_are_read_back(state: tuple[int, ...], target: int) -> None:
    assert parse_state(state_text(state, target)) == (state, target)
    assert parse_state(f"Back to {state_text(state, target)}") == (state, target)
    puzzle = Puzzle(state, target)
    assert parse_puzzle(question(puzzle)) == puzzle


@given(numbers, st.integers(1, 100))
def test_a_puzzle_has_a_solution_exactly_if_its_target_can_be_made(state: tuple[int, ...], target: int) -> None:
    found = next(solutions(Puzzle(state, target)), None)
    assert (found is not None) == can_make(state, target)
    if found:
        assert found[-1].rest == (target,)


@given(numbers, st.integers(1, 100))
def test_a_step_uses_two_numbers_and_leaves_one(state: tuple[int, ...], target: int) -> None:
    for step in steps(state, target):
        assert len(step.rest) == len(state) - 1
        assert step.left >= step.right


@given(st.integers(0, 2**32))
def test_drawn_puzzles_can_be_solved_within_their_bounds(seed: int) -> None:
    settings = PuzzleSettings()
    puzzle = draw(random.Random(seed), settings)
    assert 10 <= puzzle.target <= 100
    problem = to_problem(puzzle, largest_result=settings.largest_result)
    assert problem.solution is not None
    assert all(parse_step(line).result <= 100 for line in problem.solution.split("\n"))


def test_held_out_puzzles_are_a_tenth_whatever_the_order_of_their_numbers() -> None:
    rng = random.Random(1)
    puzzles = [draw(rng) for _ in range(2000)]
    held = [puzzle for puzzle in puzzles if is_held_out(puzzle)]
    assert 100 < len(held) < 300
    assert all(is_held_out(Puzzle(puzzle.numbers[::-1], puzzle.target)) for puzzle in held)


def test_sets_for_training_and_testing_share_no_puzzle() -> None:
    train = sources.drawn("train", 300, 0, PuzzleSettings(), held_out=False)
    test = sources.drawn("test", 100, 0, PuzzleSettings(), held_out=True)
    assert not {p.id for p in train} & {p.id for p in test}
    assert sources.drawn("train", 300, 0, PuzzleSettings(), held_out=False) == train


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Make x from 1 2",
        "Make 4 from",
        "Make 4 from 1 2x",
        "Make 1/0 from 3 4",
        "Make 4 from 1/0 2",
        "make 4 from 1 2",
    ],
)
def test_another_question_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="not a Countdown question"):
        parse_puzzle(text)


def test_lines_that_divide_by_zero_are_no_steps() -> None:
    assert parse_step("1/0 + 2 = 3 ( 3 -> 3 )") is None
    assert parse_state("( 1/0 -> 3 )") is None


def test_puzzle_files_are_read_and_broken_rows_named(tmp_path: Path) -> None:
    file = tmp_path / "puzzles.jsonl"
    file.write_text(json.dumps({"nums": [1, 2, 3], "target": 6}) + "\n" + json.dumps({"Puzzles": "3 3 8 8"}) + "\n")
    first, second = sources.read(file)
    assert first.question == "Make 6 from 1 2 3"
    assert second.question == "Make 24 from 3 3 8 8 with fractions"
    assert second.solution is not None
    file.write_text(json.dumps({"nums": ["x"], "target": 6}) + "\n")
    with pytest.raises(UsageError, match="whole numbers"):
        sources.read(file)
    file.write_text(json.dumps({"other": 1}) + "\n")
    with pytest.raises(UsageError, match="no puzzle"):
        sources.read(file)


@pytest.mark.parametrize(("where", "number", "with_fractions"), [(sample, 50, 1), (whole, 1362, 16)])
def test_all_games_of_24_are_solved_and_few_need_fractions(where, number: int, with_fractions: int) -> None:
    problems = sources.read(where("puzzles/game24.jsonl"))
    assert len(problems) == number
    assert all(problem.solution for problem in problems)
    puzzles = [parse_puzzle(problem.question) for problem in problems]
    in_integers = sum(
        any(all(s.result.denominator == 1 for s in chain) for chain in solutions(puzzle)) for puzzle in puzzles
    )
    assert len(puzzles) - in_integers == with_fractions
