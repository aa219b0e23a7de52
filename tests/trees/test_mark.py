from hypothesis import given
from random_trees import PROBLEM, trees

from journey.trees.mark import (
    children,
    failing,
    no_thought_reason,
    on_right_path,
    path,
    path_texts,
    path_tokens,
    right_leaves,
    statistics,
    unusable,
    wrong_branches,
    wrong_ends,
)
from journey.types import Judgement, Node, Tree, Verdict


def step(parent: int, text: str, verdict: Verdict | None, answer: str | None = None) -> Node:
    correct = None if answer is None else answer == PROBLEM.answer
    return Node(parent, text, Judgement(verdict, by="judge"), answer, correct)


# The question has a right step (0), a wrong one (1) and a neutral one (2), which also leads to the right answer.
SMALL = Tree(
    "small",
    PROBLEM.id,
    (
        step(-1, "6 * 7 = 6 * 5 + 6 * 2", "right"),
        step(-1, "6 * 7 = 36", "wrong"),
        step(-1, "Seven is a prime.", "neutral"),
        step(0, "30 + 12 = 42", "right", "42"),
        step(0, "30 + 12 = 41", "right", "41"),
        step(1, "36, so the answer is 42", "right", "42"),
        step(1, "So it is 36", "right", "36"),
        step(2, "6 * 7 = 42", None, "42"),
        Node(0, "30 + 1", unusable("cut off after 3 tokens"), tokens=3),
        step(0, "Let me add these.", "right"),
    ),
)


def test_children_of_the_question_stand_last():
    assert children(SMALL)[-1] == [0, 1, 2]
    assert children(SMALL)[0] == [3, 4, 8, 9]
    assert children(Tree("none", PROBLEM.id, ())) == [[]]


def test_a_path_goes_from_the_first_step_to_the_node():
    assert path(SMALL, 3) == [0, 3]
    assert path(SMALL, -1) == []
    assert path_texts(SMALL, 6) == ["6 * 7 = 36", "So it is 36"]


def test_the_tokens_of_a_path_are_those_of_all_its_steps() -> None:
    nodes = (Node(-1, "a", tokens=5), Node(-1, "b", tokens=2), Node(0, "c", tokens=3), Node(2, "d", tokens=4))
    assert path_tokens(Tree("t", PROBLEM.id, nodes)) == [2, 12]


def test_a_right_answer_after_a_wrong_step_is_no_right_leaf():
    assert right_leaves(SMALL) == [3, 7]
    assert on_right_path(SMALL) == {0, 3, 2, 7}


def test_neutral_steps_can_be_refused_on_a_right_path():
    assert right_leaves(SMALL, neutral=False) == [3]


def test_a_wrong_end_is_a_wrong_answer_or_follows_a_wrong_step():
    ends = wrong_ends(SMALL)
    assert [index for index, is_end in enumerate(ends) if is_end] == [1, 4, 6]
    assert wrong_branches(SMALL) == [1, 4]


def test_a_step_that_was_merely_not_gone_on_from_is_no_wrong_branch():
    assert not failing(SMALL)[9] and not failing(SMALL)[8]


def test_statistics_count_all_four_states():
    figures = statistics(SMALL)
    assert (figures.nodes, figures.depth, figures.leaves, figures.right_leaves) == (10, 2, 7, 2)
    assert (figures.right, figures.neutral, figures.wrong, figures.unjudged) == (6, 1, 1, 2)
    assert (figures.answers, figures.unfinished, figures.unusable, figures.tokens) == (5, 2, 1, 3)


def test_a_tree_without_a_right_leaf_says_why():
    def reason(*nodes: Node) -> str | None:
        return no_thought_reason(Tree("t", PROBLEM.id, nodes))

    assert no_thought_reason(SMALL) is None
    assert reason() == "no step was made"
    assert reason(step(-1, "Hm", "right")) == "no final answer was reached"
    assert reason(step(-1, "41", "right", "41")) == "no final answer is the right one"
    assert reason(step(-1, "42", "wrong", "42")) == "the right answer was reached only over a wrong step"
    assert reason(Node(-1, "x", None, "x", None)) == "no final answer could be checked"


@given(trees())
def test_right_leaves_are_right_and_their_paths_hold_no_wrong_step(tree: Tree):
    below = children(tree)
    for leaf in right_leaves(tree):
        assert tree.nodes[leaf].correct is True and not below[leaf]
        said = [tree.nodes[index].judgement for index in path(tree, leaf)]
        assert all(judgement is None or judgement.verdict != "wrong" for judgement in said)
    assert set(right_leaves(tree, neutral=False)) <= set(right_leaves(tree))


@given(trees())
def test_right_paths_and_side_trips_share_no_node(tree: Tree):
    on_path, fails, ends = on_right_path(tree), failing(tree), wrong_ends(tree)
    assert not on_path & {index for index, may_fail in enumerate(fails) if may_fail}
    assert all(fails[index] for index, is_end in enumerate(ends) if is_end)
    below = children(tree)
    for index, may_fail in enumerate(fails):
        if may_fail:
            assert ends[index] or any(fails[child] for child in below[index])


@given(trees())
def test_statistics_add_up(tree: Tree):
    figures = statistics(tree)
    assert figures.right + figures.neutral + figures.wrong + figures.unjudged == figures.nodes == len(tree.nodes)
    assert figures.depth == max((len(path(tree, index)) for index in range(figures.nodes)), default=0)
    assert (no_thought_reason(tree) is None) == (figures.right_leaves > 0)
    assert figures.right_leaves > 0 or figures.wrong_branches == 0
