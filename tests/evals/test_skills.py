"""What a base can do, counted line by line."""

import random

from journey.models.scripted import Scripted
from journey.tasks.countdown.exploration import END, document
from journey.tasks.countdown.puzzle import Puzzle, draw, question, to_problem
from journey.tasks.countdown.skills import FAR, check, skills
from journey.tasks.table import task

PUZZLE = Puzzle((8, 19, 18), 29)


def test_every_line_of_a_truthful_document_is_right() -> None:
    for seed in range(50):
        rng = random.Random(seed)
        puzzle = draw(rng)
        text = document(puzzle, rng, 8).removeprefix(question(puzzle) + "\n").removesuffix(f" {END}")
        assert all(line.right for line in check(puzzle, text))


def test_each_kind_of_slip_is_counted_under_its_skill() -> None:
    text = (
        "18 + 8 = 27 ( 19 27 -> 29 )\n27 - 19 = 8 ( 8 -> 29 )\nYes , 29 is 29\nBack to ( 8 8 8 -> 29 )\nwhat now\n"
        "19 + 18 = 37 ( 8 37 -> 29 )"
    )
    lines = list(check(PUZZLE, text))
    assert [(line.skill, line.right) for line in lines if not line.right] == [
        ("steps", False),
        ("verdicts", False),
        ("returns", False),
        ("lines", False),
    ]


async def test_shares_are_over_all_walks_and_null_where_nothing_was_shown() -> None:
    problem = to_problem(PUZZLE)
    ask = task("countdown").ask
    model = Scripted({ask(problem, ()).text: "19 + 18 = 37 ( 8 37 -> 29 )\n37 - 8 = 30 ( 30 -> 29 )"})
    found = await skills(model, [problem], ask, max_tokens=100)
    assert (found["steps"].count, found["steps"].right) == (2, 0.5)
    assert found["returns"].right is None
    assert found["steps"].far_count == 0
    assert FAR == 400
