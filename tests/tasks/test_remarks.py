"""Hints and claims behind a puzzle's question, and puzzles without a solution: exact by the puzzle's own rules."""

import pytest

from journey.errors import UsageError
from journey.tasks import remarks
from journey.tasks.base import Variant
from journey.tasks.countdown.checker import grade
from journey.tasks.countdown.puzzle import Puzzle, PuzzleSettings, can_make, parse_puzzle, parse_step, question, steps
from journey.tasks.countdown.variants import is_solvable, walks_needed
from journey.tasks.maze.puzzle import can_reach, parse_maze
from journey.tasks.remarks import CLAIMED, NO_VERDICT, UnsolvableGrader
from journey.tasks.table import TASKS, TaskGrader
from journey.types import Problem, make_problem

MISS = "12 + 11 = 23 ( 1 23 -> 99 )\n23 + 1 = 24 ( 24 -> 99 )\nWait , 24 is not 99"
ALL = [(name, variant) for name in ("countdown", "maze") for variant in TASKS[name].variants]


def puzzles(name: str, count: int = 8) -> list[Problem]:
    task = TASKS[name]
    assert task.draw is not None and task.settings is not None
    return task.draw("test", count, 0, task.settings(), held_out=True)


@pytest.mark.parametrize(("task", "variant"), ALL, ids=lambda one: getattr(one, "name", one))
def test_variants_are_held_out_and_differ_as_they_say(task: str, variant: Variant) -> None:
    found = variant.draw(4, 0)
    assert len({p.id for p in found}) == 4 and found == variant.draw(4, 0)
    for problem in found:
        is_held_out = TASKS[task].is_held_out
        assert is_held_out is not None and is_held_out(problem)
        assert (problem.solution is None) == variant.unsolvable
        if task == "countdown":
            puzzle = parse_puzzle(problem.question)
            assert variant.name[0] not in "24" or len(puzzle.numbers) == int(variant.name[0])
            assert is_solvable(puzzle.numbers, puzzle.target) != variant.unsolvable
        else:
            maze = parse_maze(problem.question)
            assert can_reach(maze, (maze.start,)) != variant.unsolvable


def test_two_equal_numbers_can_be_joined() -> None:
    assert is_solvable((12, 12), 24) and is_solvable((3, 3, 4), 24) and not is_solvable((1, 1, 1), 50)


def test_a_puzzle_is_the_harder_the_more_random_walks_it_takes() -> None:
    easy, hard = (make_problem(question(Puzzle(numbers, t)), str(t)) for numbers, t in (((1, 2), 3), ((20, 4, 16), 21)))
    assert walks_needed(easy) < walks_needed(hard)


@pytest.mark.parametrize("name", ["countdown", "maze"])
@pytest.mark.parametrize("remark", [remarks.right_hint, remarks.wrong_hint, remarks.right_claim, remarks.wrong_claim])
async def test_a_remark_makes_another_problem_with_the_same_solution(name, remark) -> None:
    grader = TaskGrader()
    found = [(problem, changed) for problem in puzzles(name) if (changed := remark(problem)) is not None]
    assert len(found) >= 6  # every first step of a few puzzles is right
    for problem, changed in found:
        assert changed.id != problem.id and changed.question.startswith(problem.question)
        assert (await grader.grade(changed, changed.solution)).correct is True
        assert TASKS[name].ask(changed, ()).text == f"{changed.question}\n"


def test_a_wrong_hint_leads_to_where_the_goal_is_out_of_reach() -> None:
    for problem in puzzles("countdown"):
        puzzle, changed = parse_puzzle(problem.question), remarks.wrong_hint(problem)
        if changed is None:
            assert all(can_make(step.rest, puzzle.target) for step in steps(puzzle.numbers, 0) if len({*step.rest}) > 1)
            continue
        hint = changed.question.splitlines()[1].removeprefix("Hint : ")
        (step,) = {s for s in steps(puzzle.numbers, puzzle.target) if str(s).startswith(f"{hint} (")}
        assert not can_make(step.rest, puzzle.target) and not is_solvable(step.rest, puzzle.target)


@pytest.mark.parametrize("name", ["countdown", "maze"])
def test_a_claim_is_answered_by_denial_or_agreement(name: str) -> None:
    for problem in puzzles(name):
        ground = TASKS[name].ground
        assert ground is not None
        of = ground(problem)
        for remark, begins in ((remarks.right_claim, "Yes"), (remarks.wrong_claim, "Wait")):
            changed = remark(problem)
            assert changed is not None
            claim = changed.question.splitlines()[1].removeprefix("Someone says ")
            truth = of.answer(of.start, claim)
            assert truth is not None and truth.startswith(begins)
            said = {"Yes": "agrees", "Wait": "denies"}[begins]
            assert remarks.reply(changed, f"{truth}\n{changed.solution}") == said
            assert remarks.reply(changed, str(changed.solution)) == "says nothing"
        assert remarks.reply(problem, "Yes") is None


@pytest.mark.parametrize(
    ("text", "correct", "error"),
    [
        (f"{MISS}\n99 cannot be made <end>", True, None),
        ("99 cannot be made", True, None),
        ("This is impossible: no way gives 99.", True, None),
        ("12 * 11 = 132 ( 1 132 -> 99 )\n132 - 1 = 99 ( 99 -> 99 )\nYes , 99 is 99", False, CLAIMED),
        ("The answer is 12 * 11 - 1", False, CLAIMED),
        (MISS, None, NO_VERDICT),
        ("12 + 11 = 23 ( 1 23 -> 99 )\nWait , 1 and 23 cannot make 99", None, "numbers left over"),
        ("", None, "no answer"),
    ],
)
async def test_of_a_puzzle_without_a_solution_it_is_right_to_say_so(text: str, correct: bool | None, error) -> None:
    problem = make_problem("Make 99 from 12 11 1", "99 cannot be made", task="countdown")
    graded = await UnsolvableGrader(TASKS["countdown"]).grade(problem, text)
    assert (graded.correct, graded.error) == (correct, error)


def test_only_hints_and_claims_may_stand_behind_a_question() -> None:
    puzzle = parse_puzzle("Make 24 from 3 3 4\nHint : 3 + 3 = 6\nSomeone says 3 * 4 = 13")
    assert puzzle == Puzzle((3, 3, 4), 24)
    assert grade(puzzle, "3 + 3 = 6 ( 4 6 -> 24 )\n6 * 4 = 24 ( 24 -> 24 )").correct is True
    with pytest.raises(UsageError, match="not a Countdown question"):
        parse_puzzle("Make 24 from 3 3 4\nIgnore the rules")
    assert parse_step("Hint : 3 + 3 = 6") is None and PuzzleSettings().numbers == 3
