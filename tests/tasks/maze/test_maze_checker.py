"""The strict checker and the exact judge of mazes."""

import asyncio
import random
from itertools import pairwise

import pytest

from journey.tasks.exploration import END, document
from journey.tasks.maze.checker import grade
from journey.tasks.maze.draw import MazeSettings, draw
from journey.tasks.maze.exploration import ground
from journey.tasks.maze.labelled import illegal
from journey.tasks.maze.puzzle import (
    can_reach,
    make_maze,
    parse_step,
    question,
    reached_text,
    solutions,
    steps,
    to_problem,
)
from journey.tasks.maze.walk import judge, last_walk
from journey.tasks.table import TASKS

MAZE = make_maze("A", "D", [("A", "B"), ("B", "C"), ("C", "D"), ("B", "E"), ("E", "F")])
RIGHT = "A -> B ( C E -> D )\nB -> C ( D -> D )\nC -> D ( -> D )"


def test_a_right_walk_is_right_and_its_answer_is_the_way() -> None:
    found = asyncio.run(TASKS["maze"].grader().grade(to_problem(MAZE), RIGHT + "\nYes , D is reached"))
    assert (found.answer, found.correct, found.error) == ("A -> B -> C -> D", True, None)


@pytest.mark.parametrize(
    ("text", "correct", "error"),
    [
        ("A -> B ( C E -> D )\nB -> D ( -> D )", False, "wall walked through (no way from B to D)"),
        (
            "A -> B ( C E -> D )\nB -> C ( D -> D )\nC -> E ( F -> D )\nE -> F ( -> D )",
            False,
            "wall walked through (no way from C to E)",
        ),
        ("A -> B ( C E -> D )\nB -> Z ( -> D )", False, "place that is not there (there is no place Z)"),
        ("A -> B ( C E -> D )\nB -> A ( -> D )", False, "place visited twice (A is visited already)"),
        ("A -> B ( C E -> D )\nC -> D ( -> D )", None, "step from elsewhere (the walk is at B , not at C)"),
        (
            "A -> B ( C -> D )\nB -> C ( D -> D )\nC -> D ( -> D )",
            None,
            "wrong open places (open from B is C and E , not C)",
        ),
        ("A -> B ( C E -> D )\nB -> E ( F -> D )\nE -> F ( -> D )", False, "dead end (F)"),
        ("A -> B ( C E -> D )", None, "stopped on the way"),
        ("A -> B ( C E -> C )\nB -> C ( D -> C )", None, "wrong open places (the walk is to D , not to C)"),
        (RIGHT + "\nBack to A ( B -> C )", None, "wrong open places (no walk to C stood at A with B open)"),
        (RIGHT + "\nBack to E ( F -> D )", None, "wrong open places (no walk to D stood at E with F open)"),
        ("I give up", None, "no answer"),
        ("the answer is A -> B -> D", False, "wall walked through (no way from B to D)"),
        ("the answer is B -> C -> D", None, "step from elsewhere (the way begins at A)"),
    ],
)
def test_what_is_not_there_is_refused_with_the_place_named(text: str, correct: bool | None, error: str) -> None:
    found = grade(MAZE, text)
    assert (found.correct, found.error) == (correct, error)


def test_a_side_trip_and_a_return_to_the_middle_are_followed() -> None:
    trip = "A -> B ( C E -> D )\nB -> E ( F -> D )\nE -> F ( -> D )\nWait , F is a dead end"
    text = f"{trip}\nBack to B ( C E -> D )\nB -> C ( D -> D )\nC -> D ( -> D )"
    assert grade(MAZE, text).correct is True
    assert grade(MAZE, text.replace("Back to B ( C E -> D )", "Back to B ( C E -> D ) tried E")).correct is True
    assert grade(MAZE, text.replace("Back to B ( C E -> D )\n", "")).correct is None


def test_a_way_in_words_is_read_as_an_answer() -> None:
    assert grade(MAZE, "the answer is A -> B -> C -> D").correct is True
    assert grade(MAZE, r"so \boxed{A, B, C, D}").correct is True


def mutated(text: str, rng: random.Random) -> str:
    """One random damage to a text."""
    lines = text.split("\n")
    at = rng.choice([i for i, line in enumerate(lines) if parse_step(line)])
    match rng.randrange(5):
        case 0:
            words = lines[at].split(" ")
            place = rng.choice([i for i, word in enumerate(words) if word.isalpha()])
            words[place] = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            lines[at] = " ".join(words)
        case 1:
            del lines[at]
        case 2:
            lines.insert(rng.randint(0, len(lines)), lines[at])
        case 3:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = lines[at].replace("( ", "( Q ") if rng.random() < 0.5 else lines[at][:-3] + "Q )"
    return "\n".join(lines)


def is_honest(question_text: str, text: str) -> bool:
    """The oracle, with none of the checker's code: the steps that end the text are a way along listed neighbours."""
    words = question_text.split(" ")
    beside: dict[str, set[str]] = {}
    place = ""
    for before, word in zip(words[6:], [*words[7:], ""], strict=True):
        if word == "(":
            place = before
            beside[place] = set()
        elif before not in "()":
            beside[place].add(before)
    way: list[str] = []
    for line in text.split("\n"):
        parts = line.split(" ")
        if len(parts) > 3 and parts[1] == "->" and parts[3] == "(":
            way = [*way, parts[2]] if way and way[-1] == parts[0] else [parts[0], parts[2]]
            shown, here = set(parts[4:-3]), way
        elif line.startswith("Back to"):
            way = way[: way.index(parts[2]) + 1] if parts[2] in way else [parts[2]]
            continue
        else:
            continue
        if shown != beside.get(here[-1], set()) - set(here):
            return False
    joined = all(b in beside.get(a, ()) for a, b in pairwise(way))
    return joined and len(set(way)) == len(way) and way[:1] == [words[2]] and way[-1:] == [words[4]]


def test_thousands_of_damaged_walks_bring_no_false_accept() -> None:
    rng = random.Random(0)
    accepted = 0
    for _ in range(4000):
        maze = draw(rng, MazeSettings(loops=rng.choice((0, 0, 2)), longest=9))
        chain = "\n".join(map(str, next(solutions(maze))))
        walked = document(ground(maze), rng, 2).removeprefix(question(maze) + "\n")
        text = chain if END in walked else f"{walked}\n{ground(maze).back((maze.start,))}\n{chain}"
        assert grade(maze, text).correct is True
        damaged = mutated(text, rng)
        if grade(maze, damaged).correct is True:
            accepted += 1
            assert is_honest(question(maze), chain), damaged
            walk, _ = last_walk(maze, damaged)
            assert all(b in maze.next_to[a] for a, b in pairwise(walk.path))
            assert (walk.path[0], walk.path[-1], len(set(walk.path))) == (maze.start, maze.goal, len(walk.path))
            if "Back to" not in damaged:
                assert is_honest(question(maze), damaged), damaged
    assert accepted  # some damage falls on what was left behind


def test_the_judge_says_right_as_long_as_the_goal_can_be_reached_and_else_why_not() -> None:
    problem = to_problem(MAZE)
    lines = [
        "B -> C ( D -> D )",
        "B -> E ( F -> D )",
        "B -> D ( -> D )",
        "B -> A ( -> D )",
        "C -> D ( -> D )",
        "B -> Z ( -> D )",
        "B -> C ( -> D )",
        "hm",
    ]
    found = judge(problem, ["A -> B ( C E -> D )"], lines)
    assert [(j.verdict, j.score, j.reason) for j in found] == [
        ("right", 1.0, None),
        ("wrong", 0.5, "E leads only to F"),
        ("wrong", 0.0, "no way from B to D"),
        ("wrong", 0.0, "A is visited already"),
        ("wrong", 0.0, "the walk is at B , not at C"),
        ("wrong", 0.0, "there is no place Z"),
        ("wrong", 0.0, "open from C is D , not no place"),
        (None, None, "not a step of the puzzle"),
    ]
    (end,) = judge(problem, ["A -> B ( C E -> D )", "B -> E ( F -> D )"], ["E -> F ( -> D )"])
    assert (end.verdict, end.reason) == ("wrong", "F is a dead end")


def test_the_judge_agrees_with_reachability_along_random_walks() -> None:
    rng = random.Random(2)
    for _ in range(200):
        maze = draw(rng, MazeSettings(loops=1))
        path, told = (maze.start,), list[str]()
        while path[-1] != maze.goal and (options := steps(maze, path)):
            step = rng.choice(options)
            (found,) = judge(to_problem(maze), told, [str(step)])
            path, told = (*path, step.to), [*told, str(step)]
            assert (found.verdict == "right") == can_reach(maze, path)


def test_an_illegal_step_is_never_called_legal() -> None:
    rng = random.Random(3)
    for _ in range(500):
        maze = draw(rng)
        way = [maze.start, *(step.to for step in next(solutions(maze)))]
        at = rng.randrange(len(way) - 1)
        prefix = [str(step) for step in next(solutions(maze))][:at]
        (found,) = judge(to_problem(maze), prefix, [str(illegal(maze, tuple(way[: at + 1]), rng))])
        assert (found.verdict, found.score) == ("wrong", 0.0)


def test_an_answer_that_ends_in_words_alone_is_no_answer() -> None:
    assert grade(MAZE, reached_text("D")).answer is None
