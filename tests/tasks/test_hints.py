"""Hints to problems: their text, when they are refused, and what of them may not survive in a rationale."""

import random
from typing import Any

import pytest

from journey.errors import UsageError
from journey.tasks.countdown.puzzle import Puzzle, PuzzleSettings, draw, parse_puzzle, solutions, to_problem
from journey.tasks.exploration import HINT
from journey.tasks.hints import HintSettings, check_hints, hint_of, hinted_prompt, surviving_hint
from journey.tasks.table import ask, task
from journey.types import make_problem

MATH = make_problem("What is 6 times 7?", "42", task="math", solution="6 times 7 is 42.")


@pytest.mark.parametrize("seed", range(8))
def test_a_hint_to_a_puzzle_is_one_true_step_and_never_its_whole_solution(seed: int) -> None:
    problem = to_problem(draw(random.Random(seed), PuzzleSettings()))
    hint = hint_of(problem, seed)
    assert hint is not None and hint.startswith(f"{HINT} ") and hint == hint_of(problem, seed)
    sums = [f"{s.left} {s.op} {s.right} = {s.result}" for w in solutions(parse_puzzle(problem.question)) for s in w]
    assert hint.removeprefix(f"{HINT} ") in sums


def test_a_maze_is_hinted_at_by_one_way_of_its_path() -> None:
    (problem,) = task("maze").draw("train", 1, 3, task("maze").settings(), held_out=False)  # type: ignore[misc]
    hint = hint_of(problem, 0)
    assert hint is not None and hint.count("->") == 1


def test_the_tiny_base_reads_a_hint_as_its_documents_have_it_and_other_models_by_the_prompt_file() -> None:
    problem = to_problem(draw(random.Random(1), PuzzleSettings()))
    own = ask(problem, ()).text
    assert hinted_prompt(problem, "Hint : 1 + 2 = 3").text == f"{own}Hint : 1 + 2 = 3\n"
    hint = hint_of(MATH, 0)
    assert hint == "The right answer is 42"
    text = hinted_prompt(MATH, hint).text
    assert "| The right answer is 42\n" in text and text.endswith(ask(MATH, ()).text)


@pytest.mark.parametrize(
    ("problem", "mend"),
    [
        (make_problem("Add.", "First 1 + 1 = 2.\n\nThen 2 + 1 = 3.", task="math"), "keep the final answer alone"),
        (make_problem("Add.", "1 is 1. So it is 2.", task="math", solution="1 is 1. So it\nis 2."), "final answer"),
        (to_problem(Puzzle((3, 4), 7)), "take larger puzzles"),
        (make_problem("def f(): ...", "assert f()", task="code"), "no final answer"),
    ],
)
def test_a_hint_that_is_the_whole_solution_is_refused_with_the_mend(problem, mend) -> None:
    with pytest.raises(UsageError, match=mend) as refused:
        hint_of(problem, 0)
    assert "thoughts.hinted: false" in str(refused.value)
    with pytest.raises(UsageError, match=mend):
        check_hints([problem, problem])
    check_hints([problem, make_problem("1+1?", "2", task="math")])


@pytest.mark.parametrize(
    "text",
    [
        f"{HINT} 3 + 4 = 7", "Following the hint, we add.", "As given, it is 5.", "The answer was given as 5.",
        "The correct answer is already known, so", "Since we know the answer is 5, we", "to reach the given answer",
        "This matches the answer.", "I was told that the answer is 5.", "The final answer provided is 5.",
        "the answer that was\nprovided", "The quoted line says 5.", "根据提示，答案是5", "已知答案是5",
        "according to the _hint_", "Hint1: add", "the h\u00adint", "**Hint:** add", "\\textbf{Hint} add",
        "By the clue,",
        "It was stated that the answer is $5$.", "We know it must be five.", "consistent with the correct answer",
        "Since the answer should be 5, we add.", "as the result is known",
    ],
)  # fmt: skip
def test_no_word_of_a_hint_survives(text: str) -> None:
    assert surviving_hint(f"First we add. {text}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 42.", "So the answer is given by 6 * 7.", "We are given that x = 3.", "As shown above, x = 3.",
        "This matches the answer choice (B).", "Chintz is a cloth.", "As given in the problem, x = 3.", "3 + 4 = 7",
        "The given numbers are 3 and 4.", "Yes , 24 is 24", "We know the total is 60.", "The desired answer is 5.",
    ],
)  # fmt: skip
def test_ordinary_reasoning_speaks_of_no_hint(text: str) -> None:
    assert surviving_hint(text) is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"prompt": "nope"}, "no prompt named 'nope'"), ({"prompt": "math"}, "the fields hint and task"),
     ({"top_p": 7}, "hinting.top_p is 7"), ({"temperature": float("nan")}, "hinting.temperature is nan")],
)  # fmt: skip
def test_settings_of_hints_that_cannot_be_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        HintSettings(**settings)


def test_words_that_the_question_has_are_no_trace_of_a_hint() -> None:
    assert surviving_hint("By the hint we use symmetry.", "Find x. (Hint: use symmetry.)") is None
    assert surviving_hint("By the hint the answer was given.", "Find x. (Hint: use symmetry.)") == "answer was given"
