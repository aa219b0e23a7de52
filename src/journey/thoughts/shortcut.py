"""Shortcut learning's way of telling a tree: the right path alone, from the question to a right leaf.

O1 Replication Journey part 1, "shortcut" (the control that journey learning is compared with).
"""

from journey.tasks.narration import Narration
from journey.thoughts.draft import Visit, Walk, draft
from journey.trees.mark import path, right_leaves
from journey.types import Problem, Thought, Tree


def shortcut(tree: Tree, problem: Problem, narration: Narration, *, neutral: bool = True) -> list[Thought]:
    """The thoughts of all right paths, shortest first; with `neutral` false only of those without a neutral step."""
    leaves = right_leaves(tree, neutral)
    leaves.sort(key=lambda leaf: len(path(tree, leaf)))
    return [draft(tree, problem, straight(tree, leaf), narration) for leaf in leaves]


def straight(tree: Tree, leaf: int) -> Walk:
    """The walk from the question to the leaf without a side trip."""
    return Walk(leaf, tuple(Visit(node, "forward") for node in path(tree, leaf)), "shortcut")
