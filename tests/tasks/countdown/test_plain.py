"""Countdown in plain words: told from trees in the puzzle's words, graded as they are, taught by true practice."""

import random

import pytest

from journey.tasks.countdown import plain
from journey.tasks.countdown.checker import grade
from journey.tasks.countdown.exploration import ground
from journey.tasks.countdown.plain import in_plain_words, in_puzzle_words
from journey.tasks.countdown.puzzle import Puzzle, apply, parse_puzzle, parse_step
from journey.tasks.skills import check
from journey.tasks.table import task
from journey.thoughts.draft import draft
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.types import Judgement, Node, Problem, Tree, make_problem

TASK = task("countdown_words")
PUZZLE = make_problem("Make 41 from 7 8 15", "41", task="countdown_words")
WALK = """8 * 7 = 56 ( 15 56 -> 41 )
56 + 15 = 71 ( 71 -> 41 )
Wait , 71 is not 41
Back to ( 7 8 15 -> 41 )
8 + 7 = 14 ( 15 14 -> 41 )
Wait , 8 + 7 is 15 , not 14
Back to ( 15 56 -> 41 )
56 - 15 = 41 ( 41 -> 41 )
Yes , 41 is 41"""


def test_every_line_is_turned_into_plain_words_and_back_and_graded_alike() -> None:
    text = in_plain_words(WALK)
    assert text.splitlines()[:4] == [
        "8 * 7 = 56, leaving 15 and 56 to make 41.",
        "56 + 15 = 71, leaving 71 to make 41.",
        "Wait, 71 is not 41.",
        "Back to 7, 8 and 15 to make 41.",
    ]
    assert "Wait, 8 + 7 is 15, not 14." in text
    assert in_puzzle_words(text) == WALK and in_plain_words(text) == text
    puzzle = Puzzle((7, 8, 15), 41)
    assert grade(puzzle, text) == grade(puzzle, WALK) and grade(puzzle, text).correct is True


@pytest.mark.parametrize("line", ["8 + 7 = 15, leaving 1/0 to make 41.", "Back to 1/0 to make 41.", "Back to 7 8."])
def test_a_line_that_is_nearly_plain_words_is_none(line: str) -> None:
    assert parse_step(line) is None and in_puzzle_words(line) == line


def test_a_tree_in_the_puzzles_words_is_told_in_plain_ones_and_its_pieces_stand_where_they_say() -> None:
    wrong, right = Judgement("wrong", 0.5, "71 is not 41"), Judgement("right", 1.0)
    steps = WALK.splitlines()
    nodes = (
        Node(-1, steps[0], right),
        Node(0, steps[1], wrong, answer="71", correct=False),
        Node(0, steps[7], right, answer="41", correct=True),
    )
    tree = Tree("t", PUZZLE.id, nodes, "tiny", "exact")
    thought = draft(tree, PUZZLE, traverse(tree, 2, TraverseSettings(trials=2), 0), TASK.narration)
    assert thought.text.splitlines() == [
        "8 * 7 = 56, leaving 15 and 56 to make 41.",
        "56 + 15 = 71, leaving 71 to make 41.",
        "Wait, 71 is not 41.",
        "Back to 15 and 56 to make 41.",
        "56 - 15 = 41, leaving 41 to make 41.",
        "Yes, 41 is 41.",
    ]
    assert all(thought.text[s.start : s.end] == s.text for s in thought.segments)


def test_practice_is_true_to_the_last_line_and_never_of_numbers_that_are_held_out() -> None:
    held_out = numbers_of(draw(200, held_out=True))
    assert not held_out & numbers_of(draw(400, held_out=False))
    assert TASK.practice is not None
    for seed in range(60):
        prompt, text = TASK.practice(random.Random(seed))
        if "sums" in prompt:
            for line in text.splitlines():
                a, op, b, _, result = line.split()
                assert apply(int(a), op, int(b)) == int(result)
            continue
        puzzle = parse_puzzle(prompt.splitlines()[1])
        assert tuple(sorted(map(str, puzzle.numbers))) not in held_out and not plain.is_held_out(puzzle)
        assert all(line.right for line in check(ground(puzzle), in_puzzle_words(text)))


def draw(count: int, *, held_out: bool) -> list[Problem]:
    assert TASK.draw is not None and TASK.settings is not None
    return TASK.draw("some", count, 0, TASK.settings(), held_out=held_out)


def numbers_of(problems: list[Problem]) -> set[tuple[str, ...]]:
    return {tuple(sorted(map(str, parse_puzzle(p.question).numbers))) for p in problems}
