"""List puzzles: questions, the interpreter, the strict checker, the exact judge, drawing, thoughts and practice."""

import asyncio
import hashlib
import json
import random
from pathlib import Path
from typing import Any, Literal

import pytest

from journey.errors import UsageError
from journey.tasks.exploration import END, STYLES, ExplorationSettings, document
from journey.tasks.lists.checker import grade
from journey.tasks.lists.draw import ListSettings, draw, drawn, read
from journey.tasks.lists.exploration import ground, misstated, practice
from journey.tasks.lists.functions import FUNCTIONS, LARGEST, LONGEST, OPERATIONS, apply, list_text
from journey.tasks.lists.narration import NARRATION
from journey.tasks.lists.program import judge
from journey.tasks.lists.puzzle import (
    Puzzle,
    after,
    can_make,
    is_held_out,
    parse_puzzle,
    parse_step,
    question,
    solutions,
    steps,
    to_problem,
)
from journey.tasks.lists.single_steps import explore
from journey.tasks.lists.task import LISTS
from journey.tasks.skills import check
from journey.tasks.tiny_words import tokenize
from journey.thoughts.draft import draft
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves
from journey.types import Node, Problem, Tree

PUZZLE = Puzzle((3, 1, 4), (8, 2), 3)
RIGHT = "rest = ( 1 4 )\nreverse = ( 4 1 )\ndouble = ( 8 2 )"
MADE = {
    "reverse": (4, 1, 3), "sort": (1, 3, 4), "first": (3,), "last": (4,), "rest": (1, 4), "double": (6, 2, 8),
    "even": (4,), "odd": (3, 1), "sum": (8,), "max": (4,), "min": (1,), "pop": (3, 1), "dup": (3, 1, 4, 4),
    "swap": (3, 4, 1), "add": (3, 5), "sub": None, "mul": (3, 4),
}  # fmt: skip


def test_every_function_does_what_the_rules_say() -> None:
    assert {name: apply(name, (3, 1, 4)) for name in OPERATIONS} == MADE
    assert apply("sub", (3, 4, 1)) == (3, 3)
    nothing = [apply("rest", (5,)), apply("even", (5,)), apply("double", (60,)), apply("dup", (1,) * 6)]
    assert [*nothing, *(apply(name, (5,)) for name in ("swap", "add", "sub", "mul"))] == [None] * 8


def test_the_texts_that_the_tiny_base_has_read_are_the_same_to_the_letter() -> None:
    rng = random.Random(0)
    read = "\n".join(explore(rng, ExplorationSettings()) for _ in range(500))
    assert hashlib.sha256(read.encode()).hexdigest()[:16] == "30db7d18453b3c03"


def test_a_question_is_read_back() -> None:
    assert question(PUZZLE) == "Turn ( 3 1 4 ) to ( 8 2 ) with 3"
    assert parse_puzzle(question(PUZZLE)) == PUZZLE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Make 10 from 1 2", "not a list question"),
        ("Turn ( 3 1 4 ) to ( 8 2 )", "not a list question"),
        ("Turn ( 3 1 4 ) to ( 8 2 ) with 2 : eval", "not a list question"),
        ("Turn ( ) to ( 8 2 ) with 2", "not a list question"),
        ("Turn ( 3 101 ) to ( 8 2 ) with 2", "1 to 6 numbers of 0 to 100"),
        ("Turn ( 1 2 3 4 5 6 7 ) to ( 8 2 ) with 2", "1 to 6 numbers of 0 to 100"),
        ("Turn ( 3 1 ) to ( 8 2 ) with 999999999", "1 to 4 steps"),
        ("Turn ( 3 1 ) to ( 8 2 ) with 0", "1 to 4 steps"),
        ("Turn ( 3 1 ) to ( 3 1 ) with 2", "its goal is another list"),
    ],
)
def test_what_is_no_puzzle_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_puzzle(text)


@pytest.mark.parametrize("settings", [{"steps": 0}, {"steps": 5}, {"shortest": 5}, {"largest": 101}])
def test_settings_of_puzzles_that_cannot_be_drawn_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a list puzzle needs"):
        ListSettings(**settings)


def test_a_right_program_is_right_and_its_answer_is_the_functions() -> None:
    found = asyncio.run(LISTS.grader().grade(to_problem(PUZZLE), RIGHT + "\nYes , ( 8 2 ) is made"))
    assert (found.answer, found.correct, found.error) == ("rest , reverse , double", True, None)
    assert grade(PUZZLE, r"so \boxed{rest, reverse, double}").correct is True


@pytest.mark.parametrize(
    ("text", "correct", "error"),
    [
        (RIGHT.replace("4 1", "4 2"), False, "false result (reverse is ( 4 1 ) , not ( 4 2 ))"),
        (RIGHT.replace("rest", "push 3"), False, "function not allowed (push 3 is not allowed)"),
        ("rest = ( 1 4 )\n" * 3, False, "false result (rest is ( 4 ) , not ( 1 4 ))"),
        (RIGHT + "\nreverse = ( 2 8 )", False, "step after the end (( 8 2 ) is made already)"),
        ("max = ( 4 )\n" * 4, False, "step after the end (( 4 ) is a dead end)"),
        ("rest = ( 1 4 )", None, "stopped on the way"),
        (RIGHT + "\nBack to ( 4 4 ) with 1", None, "wrong state (no program came to ( 4 4 ) with 1)"),
        (RIGHT + "\nBack to ( 1 4 ) with 1", None, "wrong state (no program came to ( 1 4 ) with 1)"),
        ("I give up", None, "no answer"),
        (r"\boxed{rest, double, double}", False, "misses the goal (( 4 16 ) is not ( 8 2 ))"),
        ("the answer is rest", None, "stopped on the way"),
    ],
)  # fmt: skip
def test_what_is_not_so_is_refused_with_the_reason(text: str, correct: bool | None, error: str) -> None:
    found = grade(PUZZLE, text)
    assert (found.correct, found.error) == (correct, error)


def test_a_side_trip_and_a_return_to_the_middle_are_followed() -> None:
    trip = "rest = ( 1 4 )\nrest = ( 4 )\ndouble = ( 8 )"
    back = "Back to ( 1 4 ) with 2"
    onward = RIGHT.partition("\n")[2]
    assert grade(PUZZLE, f"{trip}\n{back}\n{onward}").correct is True
    assert grade(PUZZLE, f"{trip}\n{back} tried rest , sort\n{onward}").correct is True
    assert grade(PUZZLE, f"{trip}\n{onward}").correct is False


def mutated(text: str, goal: str, rng: random.Random) -> str:
    """One random damage to a text."""
    lines = text.split("\n")
    at = rng.choice([i for i, line in enumerate(lines) if parse_step(line)])
    words = lines[at].split(" ")
    match rng.randrange(6):
        case 0:
            place = rng.choice([i for i, word in enumerate(words) if word.isdigit()])
            words[place] = str(rng.randint(0, LARGEST))
            lines[at] = " ".join(words)
        case 1:
            lines[at] = " ".join([rng.choice(list(OPERATIONS)), *words[1:]])
        case 2:
            del lines[at]
        case 3:
            lines.insert(rng.randint(0, len(lines)), lines[at])
        case 4:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = " ".join([*words[: words.index("=") + 1], goal])
    return "\n".join(lines)


def run_by_hand(name: str, xs: list[int]) -> list[int] | None:
    """The oracle's interpreter, with none of the package's code."""
    stack = list(xs)
    if name in ("add", "sub", "mul"):
        if len(stack) < 2:
            return None
        top, below = stack.pop(), stack.pop()
        stack.append({"add": below + top, "sub": below - top, "mul": below * top}[name])
    elif name in ("sum", "max", "min"):
        total, high, low = 0, xs[0], xs[0]
        for x in xs:
            total, high, low = total + x, x if x > high else high, x if x < low else low
        stack = [{"sum": total, "max": high, "min": low}[name]]
    elif name == "swap":
        if len(stack) < 2:
            return None
        stack[-2:] = [stack[-1], stack[-2]]
    elif name in ("even", "odd"):
        stack = [x for x in xs if (str(x)[-1] in "02468") == (name == "even")]
    else:
        match name:
            case "reverse":
                stack.reverse()
            case "sort":
                stack.sort()
            case "double":
                stack = [x + x for x in xs]
            case "dup":
                stack.append(stack[-1])
            case "pop":
                stack.pop()
            case _:
                stack = {"first": [xs[0]], "last": [xs[-1]], "rest": xs[1:]}[name]
    return stack if stack and len(stack) <= 6 and min(stack) >= 0 and max(stack) <= 100 else None


def is_honest(asked: str, names: list[str]) -> bool:
    """Whether these functions turn the question's list into its goal, in time and not before."""
    start, goal = ([int(n) for n in part.split("(")[1].split(")")[0].split()] for part in asked.split(" to "))
    stands: list[int] | None = start
    for name in names:
        if stands is None or stands == goal or name not in FUNCTIONS:
            return False
        stands = run_by_hand(name, stands)
    return stands == goal and len(names) <= int(asked.split(" with ")[1])


def last_block(text: str) -> list[tuple[str, list[str]]]:
    """The function and the stated result of each step after the last return of a text, read by hand."""
    lines = text.rpartition("Back to")[2].split("\n")
    words = [line.split(" ") for line in lines if " = ( " in line]
    return [(" ".join(of[: of.index("=")]), of[of.index("=") + 2 : -1]) for of in words]


def test_thousands_of_damaged_programs_bring_no_false_accept() -> None:
    rng = random.Random(0)
    accepted = 0
    for _ in range(1200):
        puzzle = draw(rng, ListSettings(rng.randint(1, 2), 2, 5))
        chain = "\n".join(map(str, rng.choice(list(solutions(puzzle)))))
        walked = document(ground(puzzle), rng, 2).removeprefix(question(puzzle) + "\n")
        text = chain if END in walked else f"{walked}\n{ground(puzzle).back(puzzle.state)}\n{chain}"
        assert grade(puzzle, text).correct is True
        damaged = mutated(text, list_text(puzzle.goal), rng)
        if (found := grade(puzzle, damaged)).correct is not True:
            continue
        accepted += 1
        names = (found.answer or "").split(" , ")
        assert is_honest(question(puzzle), names), damaged
        stated = last_block(damaged)
        assert [name for name, _ in stated] == names[len(names) - len(stated) :], damaged
        at: list[int] | None = list(puzzle.start)
        for place, name in enumerate(names):
            at = None if at is None else run_by_hand(name, at)
            if place >= len(names) - len(stated):
                assert [*map(str, at or ())] == stated[place - len(names) + len(stated)][1], damaged
    assert accepted  # some damage falls on what was left behind


def test_the_judge_says_right_as_long_as_the_goal_can_be_made_and_else_why_not() -> None:
    problem = to_problem(PUZZLE)
    lines = {
        "reverse = ( 4 1 )": ("right", 1.0, None),
        "rest = ( 4 )": ("wrong", 0.5, "( 4 ) cannot make ( 8 2 ) with 1"),
        "reverse = ( 1 4 )": ("wrong", 0.0, "reverse is ( 4 1 ) , not ( 1 4 )"),
        "swap = ( 4 1 )": ("wrong", 0.0, "swap is not allowed"),
        "push 3 = ( 1 4 3 )": ("wrong", 0.0, "push 3 is not allowed"),
        "hm": (None, None, "not a step of the puzzle"),
        "Yes , ( 8 2 ) is made": (None, None, "not a step of the puzzle"),
    }
    found = judge(problem, ["rest = ( 1 4 )"], list(lines))
    assert [(j.verdict, j.score, j.reason) for j in found] == list(lines.values())
    (end,) = judge(problem, RIGHT.split("\n")[:2], ["reverse = ( 1 4 )"])
    assert (end.verdict, end.reason) == ("wrong", "( 1 4 ) is not ( 8 2 )")
    (alone,) = judge(problem, ["max = ( 4 )"], ["rest = ( 4 )"])
    assert (alone.verdict, alone.reason) == ("wrong", "rest is not allowed at ( 4 )")


def test_the_judge_agrees_with_all_programs_tried_by_hand() -> None:
    rng = random.Random(2)

    def makes(puzzle: Puzzle, stands: list[int], left: int) -> bool:
        made = [run_by_hand(name, stands) for name in FUNCTIONS] if left else []
        return stands == [*puzzle.goal] or any(makes(puzzle, one, left - 1) for one in made if one)

    for _ in range(100):
        puzzle, prefix = draw(rng, ListSettings(2)), list[str]()
        state = puzzle.state
        while options := steps(puzzle, state):
            step = rng.choice(options)
            (found,) = judge(to_problem(puzzle), prefix, [str(step)])
            (false,) = judge(to_problem(puzzle), prefix, [str(misstated(step, rng))])
            state, prefix = after(state, step), [*prefix, str(step)]
            assert (found.verdict == "right") == can_make(puzzle, state) == makes(puzzle, [*step.result], state.left)
            assert false == found or false.score == 0.0


def test_drawn_puzzles_need_all_their_steps_and_a_tenth_is_held_out_however_the_lists_are_ordered() -> None:
    settings = ListSettings(3)
    for held_out in (True, False):
        problems = drawn("some", 25, 0, settings, held_out=held_out)
        assert problems == drawn("some", 25, 0, settings, held_out=held_out)
        for problem in problems:
            puzzle = parse_puzzle(problem.question)
            assert is_held_out(puzzle) == held_out == is_held_out(Puzzle(puzzle.start[::-1], puzzle.goal[::-1], 1))
            assert len(puzzle.start) in (3, 4) and all(len(way) == 3 for way in solutions(puzzle))
            assert grade(puzzle, problem.solution or "").correct is True
            assert max(len(puzzle.goal), len(puzzle.start)) <= LONGEST
    shares = [is_held_out(draw(random.Random(seed))) for seed in range(400)]
    assert 20 <= sum(shares) <= 60
    with pytest.raises(UsageError, match="there are no 30 different list puzzles"):
        drawn("few", 30, 0, ListSettings(1, 1, 1, 1), held_out=True)


def test_puzzles_are_read_from_a_file_and_a_bad_row_is_named(tmp_path: Path) -> None:
    file, rows = tmp_path / "mine.jsonl", [{"question": question(PUZZLE)}] * 2
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (problem,) = read(file)
    assert (problem.task, problem.answer, problem.source) == ("lists", "( 8 2 )", "mine")
    assert grade(PUZZLE, problem.solution or "").correct is True
    file.write_text("\n".join(map(json.dumps, [*rows, {"question": 3}])), "utf-8")
    with pytest.raises(UsageError, match="3: not a list question"):
        read(file)


@pytest.mark.parametrize("style", ["", *STYLES])
def test_every_line_of_exploration_is_true_and_in_the_vocabulary(style: str) -> None:
    rng, shown = random.Random(style), 0
    for _ in range(20):
        puzzle = draw(rng)
        head, _, body = document(ground(puzzle), rng, 1000 if style == "cannot" else 8, 0.5, style).partition("\n")
        assert tokenize(f"{head}\n{body}")
        assert [line for line in check(ground(puzzle), body) if not line.right] == []
        shown += "Wait , " in body
    assert shown


def test_practice_is_true_and_on_no_puzzle_that_is_held_out() -> None:
    rng, kinds = random.Random(1), set[bool]()
    for _ in range(300):
        prompt, text = practice(rng)
        assert tokenize(prompt + text) and END not in text
        kinds.add(is_puzzle := prompt.endswith("tried\n"))
        if is_puzzle:
            puzzle = parse_puzzle(prompt.partition("\n")[0])
            assert not is_held_out(puzzle)
            assert [line for line in check(ground(puzzle), text) if not line.right] == []
    assert kinds == {True, False}


def grown(puzzle: Puzzle, problem: Problem) -> Tree:
    """The whole tree of a puzzle, judged exactly."""
    nodes: list[Node] = []
    level = [(-1, puzzle.state, tuple[str, ...]())]
    while level:
        parent, state, prefix = level.pop(0)
        options = steps(puzzle, state)
        judgements = judge(problem, prefix, [str(step) for step in options])
        for step, judgement in zip(options, judgements, strict=True):
            texts = (*prefix, str(step))
            found = grade(puzzle, "\n".join(texts))
            level.append((len(nodes), after(state, step), texts))
            nodes.append(Node(parent, str(step), judgement, found.answer, found.correct))
    return Tree("tree", problem.id, tuple(nodes), "all", "exact", {})


@pytest.mark.parametrize("start", ["root", "path"])
def test_a_long_thought_has_side_trips_and_says_nothing_false(start: Literal["root", "path"]) -> None:
    rng, trips = random.Random(0), 0
    for seed in range(30):
        puzzle = draw(rng, ListSettings(2))
        problem = to_problem(puzzle)
        tree = grown(puzzle, problem)
        walk = traverse(tree, right_leaves(tree)[0], TraverseSettings(trials=4, start=start, to_answer=True), seed)
        thought = draft(tree, problem, walk, NARRATION)
        assert grade(puzzle, thought.text).correct is True
        assert all(line.right for line in check(ground(puzzle), thought.text)), thought.text
        assert tokenize(thought.text) and thought.text.endswith(f"Yes , {list_text(puzzle.goal)} is made")
        trips += thought.text.count("Back to")
    assert trips >= 60
