"""A tree as the page's viewer takes it: one short line for every step, and a step in full when it is asked for."""

from collections.abc import Sequence
from typing import Any

from journey.report.drawing import paths, state
from journey.studio.plain_line import plain_line
from journey.studio.templates import render
from journey.trees.mark import children, on_right_path, verdict
from journey.types import Problem, Thought, Tree

LABEL = 140  # letters of a step's line
LETTERS = {"right": "r", "wrong": "w", "neutral": "n", "unjudged": "u"}
SIBLINGS = 30


def viewer_data(tree: Tree, thought: Thought | None) -> dict[str, Any]:
    """What the viewer draws from: lists with one entry a step, `states` one letter a step, all in the tree's order.

    `path` are the steps of all right paths, `walk` the steps as the thought takes them, `answers` those with an answer
    known as right (1) or wrong (0).
    """
    walk = paths(None, thought)[1] if thought else []
    return {
        "question": "The question",
        "parents": [node.parent for node in tree.nodes],
        "labels": [plain_line(node.text, LABEL) or "(empty)" for node in tree.nodes],
        "states": "".join(LETTERS[state(tree, i)] for i in range(len(tree.nodes))),
        "answers": {i: int(node.correct) for i, node in enumerate(tree.nodes) if node.correct is not None},
        "path": sorted(on_right_path(tree)),
        "walk": walk,
    }


def first_look(tree: Tree, thought: Thought | None) -> int | None:
    """The step that is shown before one is clicked: where the thought begins, or where a failed tree goes wrong."""
    if thought is not None:
        return next((s.node for s in thought.segments if s.node is not None), None)
    went_wrong = (i for i, node in enumerate(tree.nodes) if node.correct is False or verdict(node) == "wrong")
    return next(went_wrong, 0 if tree.nodes else None)


def step_html(tree: Tree, problem: Problem | None, index: int, below: Sequence[Sequence[int]] | None = None) -> str:
    """A step in full: text, judgement, score, reason, tokens, answer, and what else was tried at the same place.

    `below` is `children(tree)`, for those who ask for many steps of one tree.
    """
    return render("step", tree=tree, problem=problem, index=index, below=below or children(tree), most=SIBLINGS)
