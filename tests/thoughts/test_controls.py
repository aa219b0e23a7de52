"""The controls of journey learning: the same walks with a wrong end, and the same lengths without what was tried."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_trees import trees

from journey.tasks.countdown.chain import judge
from journey.tasks.countdown.checker import grade
from journey.tasks.countdown.narration import NARRATION
from journey.tasks.countdown.puzzle import PuzzleSettings, draw, parse_puzzle, steps, to_problem
from journey.tasks.tiny_words import tokenize
from journey.thoughts.base import Common, Material, Tools
from journey.thoughts.controls import fillers, make_empty, make_wrong, wrong_walk
from journey.thoughts.traverse import TraverseSettings, make, traverse
from journey.trees.mark import path, right_leaves
from journey.types import Node, Problem, Thought, Tree

SETTINGS = TraverseSettings(trials=6, start="root", vary=True, least_score=0.5, to_answer=True)


def grown(seed: int) -> tuple[Problem, Tree]:
    """A puzzle and the whole tree of its steps, judged exactly."""
    puzzle = draw(random.Random(seed), PuzzleSettings())
    problem = to_problem(puzzle)
    nodes: list[Node] = []
    level = [(-1, puzzle.numbers, tuple[str, ...]())]
    while level:
        parent, numbers, before = level.pop(0)
        options = [step for step in steps(numbers, puzzle.target) if step.result <= 100]
        verdicts = judge(problem, before, [str(step) for step in options])
        for step, judgement in zip(options, verdicts, strict=True):
            texts = (*before, str(step))
            found = grade(puzzle, "\n".join(texts))
            level.append((len(nodes), step.rest, texts))
            nodes.append(Node(parent, str(step), judgement, found.answer, found.correct))
    return problem, Tree(f"tree {seed}", problem.id, tuple(nodes), "all", "exact", {})


def tools(count: Callable[[str], int] = lambda text: len(text.split())) -> Tools:
    nothing: Tools = Tools(
        common=Common(model="m", strong="m", seed=3), models=None, grader=None, ask=None, steps=None,  # type: ignore[arg-type]
        narration=NARRATION, rules="", count=count,
    )  # fmt: skip
    return nothing


def made(by: Callable[..., object], seed: int) -> tuple[Problem, Thought]:
    problem, tree = grown(seed)
    (thought,) = asyncio.run(by(Material(problem, tree), SETTINGS, tools())).thoughts  # type: ignore[attr-defined]
    return problem, thought


@pytest.mark.parametrize("seed", range(12))
def test_the_journey_of_wrong_answers_ends_in_a_wrong_leaf_that_it_tells_as_the_answer(seed: int) -> None:
    problem, journey = made(make, seed)
    _, wrong = made(make_wrong, seed)
    right, found = (grade_text(problem, thought) for thought in (journey, wrong))
    assert (right, found) == (True, False)
    assert wrong.text.split("\n")[-1] == journey.text.split("\n")[-1] == f"Yes , {problem.answer} is {problem.answer}"
    assert wrong.method == "traverse_wrong" and wrong.id != journey.id
    kinds = [[s.kind for s in thought.segments].count("backtrack") for thought in (journey, wrong)]
    assert kinds[0] - kinds[1] in (0, 1)


@pytest.mark.parametrize("seed", range(12))
def test_the_emptied_journey_is_as_long_as_the_journey_and_keeps_its_right_path_only(seed: int) -> None:
    problem, journey = made(make, seed)
    _, empty = made(make_empty, seed)
    assert len(tokenize(empty.text)) == len(tokenize(journey.text))
    assert grade_text(problem, empty) is True
    assert "Back" not in empty.text and "Wait" not in empty.text
    kept = [line for line in empty.text.split("\n") if set(line.split()) != {"..."}]
    assert kept == [s.text for s in journey.segments if s.kind in ("step", "answer")]
    assert all(empty.text[s.start : s.end] == s.text for s in empty.segments)


@given(trees(), st.integers(0, 5), st.builds(TraverseSettings, trials=st.integers(1, 4)))
def test_a_wrong_walk_of_any_tree_is_connected_and_ends_in_a_wrong_answer(
    tree: Tree, seed: int, settings: TraverseSettings
) -> None:
    for leaf in right_leaves(tree):
        walk = wrong_walk(tree, leaf, settings, seed)
        if walk is None:
            continue
        end = tree.nodes[walk.leaf]
        assert end.answer is not None and end.correct is not True
        standing = -1
        for visit in walk.visits:
            assert visit.kind == "return" or tree.nodes[visit.node].parent == standing
            standing = visit.node
        assert path(tree, walk.leaf)[-1] == standing == walk.leaf
        journey = traverse(tree, leaf, settings, seed).visits
        trips = [visit for visit in walk.visits if visit.kind == "mistake"]
        assert trips == [visit for visit in journey if visit.kind == "mistake"][: len(trips)]


@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_fillers_come_nearest_to_the_tokens_of_any_tokenizer(tokens: int) -> None:
    assert fillers(tokens, lambda text: len(text.split())).split() == ["..."] * tokens
    halves = fillers(tokens, lambda text: len(text) // 2)
    assert abs(len(halves) // 2 - tokens) <= 2


def grade_text(problem: Problem, thought: Thought) -> bool | None:
    """Whether a thought's text is right; a walk to no number at all is not."""
    return grade(parse_puzzle(problem.question), thought.text).correct is True
