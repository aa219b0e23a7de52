"""A text is cut into pieces that say what is right and what is still in reach, and its behaviours are counted."""

import random
from dataclasses import replace

import pytest

from journey.tasks.countdown.checker import grade as grade_countdown
from journey.tasks.countdown.plain import in_plain_words
from journey.tasks.countdown.puzzle import Puzzle, parse_puzzle, to_problem
from journey.tasks.exploration import CHECK, TRIED, ExplorationSettings
from journey.tasks.maze.checker import grade as grade_maze
from journey.tasks.maze.puzzle import parse_maze
from journey.tasks.table import TASKS
from journey.thoughts.behaviours import behaviours, pieces
from journey.types import Problem, make_problem

PUZZLE = to_problem(Puzzle((8, 19, 18), 29))
WRONG = ["19 + 18 = 37 ( 8 37 -> 29 )", "37 + 8 = 45 ( 45 -> 29 )", "Wait , 45 is not 29"]
BACK = "Back to ( 8 19 18 -> 29 )"
RIGHT = ["19 + 18 = 37 ( 8 37 -> 29 )", "37 - 8 = 29 ( 29 -> 29 )", "Yes , 29 is 29"]
LOST = ["18 - 8 = 10 ( 19 10 -> 29 )", "19 - 10 = 9 ( 9 -> 29 )", "Wait , 9 is not 29"]


def shown(problem: Problem, lines: list[str]) -> list[tuple[str, bool | None, bool | None, int]]:
    return [(p.kind, p.right, p.reach, p.depth) for p in pieces(problem, "\n".join(lines))]


def test_a_detour_and_its_return_are_pieces_with_what_is_in_reach_after_each() -> None:
    assert shown(PUZZLE, [*WRONG, BACK, *RIGHT]) == [
        ("step", True, True, 1), ("step", False, False, 2), ("reflection", True, False, 2),
        ("backtrack", True, True, 0), ("step", True, True, 1), ("step", True, True, 2), ("answer", True, True, 2),
    ]  # fmt: skip


def test_a_false_sum_and_an_invented_return_leave_nothing_in_reach_until_a_true_return() -> None:
    lines = ["19 + 18 = 29 ( 8 29 -> 29 )", "Back to ( 29 -> 29 )", "Yes , 29 is 29", BACK, f"{CHECK} 19 + 18 = 37"]
    assert shown(PUZZLE, lines) == [
        ("step", False, False, 1), ("backtrack", False, False, 0), ("answer", False, False, 0),
        ("backtrack", True, True, 0), ("check", False, True, 0),
    ]  # fmt: skip


def test_behaviours_are_counted_and_a_recovery_needs_a_right_end() -> None:
    text = "\n".join([*LOST, BACK, *LOST, BACK, *RIGHT])
    found = behaviours(PUZZLE, text, True)
    assert (found.backtracks, found.mistakes, found.recoveries, found.repeats) == (2, 2, 2, 1)
    assert (found.before_error, found.recovery, found.verifications) == (1, True, 3)
    assert found.wrong_share == pytest.approx(2 * len("\n".join(LOST[1:]) + "\n") / len(text))
    cut = behaviours(PUZZLE, "\n".join(LOST), None)
    assert (cut.mistakes, cut.recoveries, cut.recovery) == (1, 0, False)
    assert behaviours(PUZZLE, "\n".join(RIGHT), True).recovery is None


@pytest.mark.parametrize("task", ["countdown", "maze"])
def test_pieces_tile_any_walk_and_their_end_is_right_where_the_grader_says_so(task: str) -> None:
    rng, explore, ends = random.Random(task), TASKS[task].explore, set[bool]()
    assert explore is not None
    for _ in range(300):
        question, *lines = explore(rng, ExplorationSettings(tried=0, walks=(4, 8))).split("\n")
        for _ in range(rng.choice((0, 0, 1, 2))):
            lines.insert(rng.randrange(len(lines)), rng.choice([*lines, "", "what now"]))
        text = "\n".join(lines)
        problem = make_problem(question, "", task=task)
        found = pieces(problem, text)
        assert "".join(text[p.start : p.end] for p in found) == text
        right = (
            grade_countdown(parse_puzzle(question), text)
            if task == "countdown"
            else grade_maze(parse_maze(question), text)
        ).correct is True
        ends.add(right)
        assert right == bool(found[-1].reach and ends_at_goal(problem, text))
    assert ends == {True, False}


def ends_at_goal(problem: Problem, text: str) -> bool:
    """Whether the last state is the goal, by saying so: the claim is right only there."""
    words = "Yes , " + ("{0} is {0}" if problem.task == "countdown" else "{0} is reached")
    goal = problem.question.split()[1 if problem.task == "countdown" else 4]
    return bool(pieces(problem, f"{text}\n{words.format(goal)}")[-1].right)


def test_a_return_that_lists_what_was_tried_goes_back_as_any_other() -> None:
    assert shown(PUZZLE, [*LOST, f"{BACK}{TRIED}18 - 8"])[-1] == ("backtrack", True, True, 0)
    assert shown(PUZZLE, [*LOST, f"{BACK}{TRIED}19 - 8"])[-1] == ("backtrack", False, True, 0)


def test_a_puzzle_told_in_plain_words_is_followed_as_in_its_own() -> None:
    text = [*LOST, BACK, *RIGHT]
    plain = replace(PUZZLE, task="countdown_words")
    assert shown(plain, in_plain_words("\n".join(text)).split("\n")) == shown(PUZZLE, text)


def test_texts_in_words_are_told_apart_by_their_phrases() -> None:
    problem = make_problem("What is 2 + 3?", "5", task="math")
    text = (
        " First I add 2 and 3.\n\nThat gives 6.\n\nWait, that is wrong.\n\nLet me go back a step.\n\n"
        "Let me double-check: 3 + 2.\n\nSo the answer is \\boxed{5}.\n"
    )
    found = pieces(problem, text)
    assert [piece.kind for piece in found] == ["step", "step", "reflection", "backtrack", "check", "answer"]
    assert "".join(text[p.start : p.end] for p in found) == text
    assert {(p.right, p.reach) for p in found} == {(None, None)}
    counted = behaviours(problem, text, True)
    assert (counted.backtracks, counted.verifications, counted.mistakes, counted.recovery) == (1, 1, None, None)
    assert pieces(problem, "") == pieces(PUZZLE, "") == []


def test_a_long_text_without_sense_and_a_puzzle_of_an_unknown_task_are_read_all_the_same() -> None:
    lines = ["19 + 18 = 29 ( 8 29 -> 29 )", "Back to ( 1 -> 29 )", "1 + 1 = 2 ( 2 -> 29 )"] * 10_000
    found = behaviours(PUZZLE, "\n".join(lines), None)
    assert (found.mistakes, found.backtracks) == (1, 10_000)
    assert behaviours(replace(PUZZLE, task="of another"), RIGHT[0], True).mistakes is None
