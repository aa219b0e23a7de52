from hypothesis import given
from random_trees import PROBLEM, trees

from journey.tasks.narration import PROSE
from journey.thoughts.shortcut import shortcut, straight
from journey.trees.mark import path, right_leaves, verdict
from journey.types import Judgement, Node, Tree

TREE = Tree(
    "tree",
    PROBLEM.id,
    (
        Node(-1, "Seven is a prime.", Judgement("neutral")),
        Node(-1, "6 * 7 is 42.", Judgement("right"), "42", True),
        Node(0, "So I multiply.", Judgement("right")),
        Node(2, "The answer is \\boxed{42}.", Judgement("right"), "42", True),
    ),
)


def test_all_right_paths_are_told_and_the_shortest_first():
    assert [thought.text for thought in shortcut(TREE, PROBLEM, PROSE)] == [
        "6 * 7 is 42.\n\n\\boxed{42}",
        "Seven is a prime.\n\nSo I multiply.\n\nThe answer is \\boxed{42}.",
    ]


def test_paths_with_a_neutral_step_can_be_left_out():
    assert len(shortcut(TREE, PROBLEM, PROSE, neutral=False)) == 1


def test_a_tree_without_a_right_leaf_has_no_shortcut():
    assert shortcut(Tree("t", PROBLEM.id, ()), PROBLEM, PROSE) == []


@given(trees())
def test_a_shortcut_holds_no_wrong_step_and_nothing_but_steps_and_the_answer(tree: Tree):
    thoughts = shortcut(tree, PROBLEM, PROSE)
    assert len({thought.id for thought in thoughts}) == len(thoughts) == len(right_leaves(tree))
    for thought in thoughts:
        for segment in thought.segments:
            assert segment.kind in ("step", "answer") and segment.node is not None
            assert verdict(tree.nodes[segment.node]) != "wrong"


@given(trees())
def test_the_straight_walk_is_the_path(tree: Tree):
    for leaf in right_leaves(tree):
        assert [visit.node for visit in straight(tree, leaf).visits] == path(tree, leaf)
