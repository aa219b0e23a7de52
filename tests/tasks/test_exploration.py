"""What the tiny base reads is true, in words that it has, and shows each thing that later work needs."""

import asyncio
import random

import pytest

from journey.models.scripted import Scripted
from journey.tasks.countdown.puzzle import Puzzle, to_problem
from journey.tasks.exploration import CLAIM, END, FILLER, HINT, STYLES, TRIED, ExplorationSettings
from journey.tasks.lists.functions import OPERATIONS, list_text
from journey.tasks.lists.single_steps import explore
from journey.tasks.skills import FAR, check, skills
from journey.tasks.table import TASKS
from journey.tasks.tiny_words import VOCABULARY, tokenize
from journey.types import make_problem

EXPLORED = [name for name, task in TASKS.items() if task.explore is not None]
MARKS = {
    "tried": (TRIED,),
    "filler": (FILLER,),
    "hint": (HINT,),
    "claim": (CLAIM,),
    "check": ("Check :",),
    "cannot": ("cannot make", "leads only to", "cannot be made", "cannot be reached"),
}


def only(style: str) -> ExplorationSettings:
    """Settings under which every document has that style; "": none has any."""
    return ExplorationSettings(**{name: float(name == style) for name in STYLES})


def read(task: str, style: str, count: int) -> list[str]:
    """So many documents."""
    explore, rng = TASKS[task].explore, random.Random(f"{task} {style}")
    assert explore is not None
    return [explore(rng, only(style)) for _ in range(count)]


@pytest.mark.parametrize("style", ["", *STYLES])
@pytest.mark.parametrize("name", EXPLORED)
def test_every_line_of_a_document_is_true_and_in_the_vocabulary_and_no_walk_is_taken_twice(
    name: str, style: str
) -> None:
    task = TASKS[name]
    assert task.ground is not None and task.is_held_out is not None
    for text in read(name, style, 60):
        assert tokenize(text)
        question, _, body = text.partition("\n")
        problem = make_problem(question, "", task=name)
        assert not task.is_held_out(problem)
        assert [line for line in check(task.ground(problem), body) if not line.right] == []
        assert END not in body.removesuffix(END)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", EXPLORED)
def test_each_style_shows_what_it_is_for_and_plain_documents_show_none(name: str, style: str) -> None:
    shown = sum(any(mark in text for mark in MARKS[style]) for text in read(name, style, 60))
    assert shown >= 15
    assert not any(mark in text for mark in MARKS[style] for text in read(name, "", 60))


def test_the_words_are_fewer_than_256_and_old_ones_keep_their_places() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY) < 256
    assert VOCABULARY[:3] == ("<pad>", END, "\n")
    assert VOCABULARY.index("Yes") == 22 and VOCABULARY.index("100") == 123


def test_single_steps_of_the_third_puzzle_are_true() -> None:
    for seed in range(200):
        lines = explore(random.Random(seed), ExplorationSettings()).split("\n")
        assert tokenize("\n".join(lines))
        at = tuple(map(int, lines[0].split("(")[1].split(")")[0].split()))
        for line in lines[1:-1]:
            name, _, after = line.partition(" = ")
            at = (*at, int(name.split()[1])) if name.startswith("push") else OPERATIONS[name](at)
            assert after == list_text(at)
        assert lines[-1] == f"Yes , {list_text(at)} is made {END}"


def slips(task: str, question: str, text: str) -> list[tuple[str, bool]]:
    """The lines that are not right."""
    ground = TASKS[task].ground
    assert ground is not None
    return [
        (line.skill, line.right)
        for line in check(ground(make_problem(question, "", task=task)), text)
        if not line.right
    ]


def test_each_kind_of_slip_in_countdown_is_counted_under_its_skill() -> None:
    text = (
        "18 + 8 = 27 ( 19 27 -> 29 )\n27 - 19 = 8 ( 8 -> 29 )\nYes , 29 is 29\n"
        f"{CLAIM} 2 + 2 = 5\nYes , 2 + 2 is 5\nBack to ( 8 19 18 -> 29 )\nwhat now\n19 + 18 = 37 ( 8 37 -> 29 )"
    )
    found = slips("countdown", "Make 29 from 8 19 18", text)
    assert found == [("steps", False), ("verdicts", False), ("remarks", False), ("lines", False)]


def test_each_kind_of_slip_in_a_maze_is_counted_under_its_skill() -> None:
    question = "Go from A to D : A ( B ) B ( A C E ) C ( B D ) D ( C ) E ( B )"
    text = (
        "A -> B ( C E -> D )\nB -> E ( -> D )\nWait , E is a dead end\n"
        "Back to B ( C E -> D )\nB -> E ( -> D )\nWait , E is a dead end\n"
        "Back to A ( B -> D )\nA -> C ( D -> D )\nYes , D is reached\nBack to C ( D -> D )\nBack to Z ( -> D )"
    )
    found = slips("maze", question, text)
    assert found == [("new walks", False), ("steps", False), ("verdicts", False), ("returns", False)]


def test_shares_are_over_all_walks_and_null_where_nothing_was_shown() -> None:
    task, problem = TASKS["countdown"], to_problem(Puzzle((8, 19, 18), 29))
    assert task.ground is not None
    model = Scripted({task.ask(problem, ()).text: "19 + 18 = 37 ( 8 37 -> 29 )\n37 - 8 = 30 ( 30 -> 29 )"})
    found = asyncio.run(skills(model, [problem], task.ask, task.ground, max_tokens=100))
    assert (found["steps"].count, found["steps"].right) == (2, 0.5)
    assert found["returns"].right is None
    assert found["steps"].far_count == 0
    assert FAR == 400
