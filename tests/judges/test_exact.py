"""The exact judge of Countdown."""

import random

from hypothesis import given
from hypothesis import strategies as st

from journey.judges.exact import Exact
from journey.tasks.countdown.puzzle import Puzzle, draw, solutions, steps, to_problem
from journey.tasks.table import task_of

PROBLEM = to_problem(Puzzle((8, 19, 18), 29))


async def test_every_wrong_step_has_its_reason_in_words() -> None:
    said = await Exact(task_of).judge(
        PROBLEM,
        [],
        [
            "19 + 18 = 37 ( 8 37 -> 29 )",
            "18 + 8 = 26 ( 19 26 -> 29 )",
            "19 + 18 = 38 ( 8 38 -> 29 )",
            "19 + 7 = 26 ( 8 26 -> 29 )",
            "8 - 18 = 10 ( 19 10 -> 29 )",
            "19 + 18 = 37 ( 37 8 8 -> 29 )",
            "let me think",
        ],
    )
    assert [j.verdict for j in said] == ["right", "wrong", "wrong", "wrong", "wrong", "wrong", None]
    assert [j.score for j in said] == [1.0, 0.5, 0.0, 0.0, 0.0, 0.0, None]
    assert said[1].reason == "19 and 26 cannot make 29"
    assert said[2].reason == "19 + 18 is 37 , not 38"
    assert said[3].reason == "19 and 7 are not both there"
    assert said[4].reason == "8 - 18 is not allowed"
    assert said[5].reason == "the state must be ( 8 37 -> 29 )"
    assert said[6].reason == "not a step of the puzzle"


async def test_a_last_step_beside_the_target_is_wrong_by_its_result() -> None:
    said = await Exact(task_of).judge(PROBLEM, ["19 + 18 = 37 ( 8 37 -> 29 )"], ["37 + 8 = 45 ( 45 -> 29 )"])
    assert said[0].reason == "45 is not 29"


async def test_a_step_after_a_wrong_prefix_is_judged_by_itself() -> None:
    said = await Exact(task_of).judge(PROBLEM, ["19 + 18 = 21 ( 8 21 -> 29 )"], ["21 + 8 = 29 ( 29 -> 29 )"])
    assert said[0].verdict == "right"


@given(st.integers(0, 2**32))
async def test_exactly_the_steps_of_solutions_are_right(seed: int) -> None:
    puzzle = draw(random.Random(seed))
    candidates = steps(puzzle.numbers, puzzle.target)
    said = await Exact(task_of).judge(to_problem(puzzle), [], [str(step) for step in candidates])
    first = {str(chain[0]) for chain in solutions(puzzle)}
    for step, judgement in zip(candidates, said, strict=True):
        assert judgement.verdict == ("right" if str(step) in first else "wrong")
