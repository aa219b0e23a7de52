"""Shortcut learning's thought of a tree: the right path alone, from the question to a right leaf.

O1 Replication Journey part 1, "shortcut" (the control that journey learning is compared with).
"""

from typing import Any

from journey.tasks.narration import Narration
from journey.thoughts.base import Made, Material, Tools
from journey.thoughts.draft import Visit, Walk, draft
from journey.trees.mark import path, right_leaves
from journey.types import Problem, Thought, Tree


def shortcut(tree: Tree, problem: Problem, narration: Narration, *, neutral: bool = True) -> list[Thought]:
    """The thoughts of all right paths, shortest first; with `neutral` false only of those without a neutral step."""
    leaves = sorted(right_leaves(tree, neutral), key=lambda leaf: len(path(tree, leaf)))
    return [draft(tree, problem, straight(tree, leaf), narration) for leaf in leaves]


def straight(tree: Tree, leaf: int) -> Walk:
    """The walk from the question to the leaf without a side trip."""
    return Walk(leaf, tuple(Visit(node, "forward") for node in path(tree, leaf)), "shortcut")


def shortest_paths(tree: Tree, tools: Tools) -> list[int]:
    """The right leaves that thoughts are made of, those of the shortest paths first."""
    leaves = sorted(right_leaves(tree, tools.common.neutral), key=lambda leaf: len(path(tree, leaf)))
    return leaves[: tools.common.per_tree]


async def make(material: Material, settings: Any, tools: Tools) -> Made:
    """A tree's right paths alone."""
    assert material.tree is not None
    tree, leaves = material.tree, shortest_paths(material.tree, tools)
    return Made([draft(tree, material.problem, straight(tree, leaf), tools.narration) for leaf in leaves])
