"""Rows for step classifiers out of trees."""

from collections import Counter

import pytest
from hypothesis import given
from random_trees import PROBLEM as OF_RANDOM_TREES
from random_trees import trees
from real_data import sample

from journey.answers.check import MathGrader
from journey.data import prm800k
from journey.errors import UsageError
from journey.training.rows import tree_rows
from journey.trees.mark import unusable
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("1 + 1?", "2")
RATED = sample("prm800k/phase1_test_trees.jsonl")


def node(parent: int, text: str, verdict=None, score: float | None = None) -> Node:
    return Node(parent, text, Judgement(verdict, score))


TREE = Tree(
    "t",
    PROBLEM.id,
    (
        node(-1, "a", "right", 0.9),
        node(0, "b", "wrong", 0.1),
        node(0, "c", "neutral"),
        Node(2, "", unusable("empty")),
        node(-1, "d"),
        Node(-1, "e"),
    ),
)


def test_every_path_is_a_row_and_every_label_stands_once() -> None:
    assert tree_rows([TREE], [PROBLEM]) == [
        {"prompt": "1 + 1?", "completions": ["a", "b"], "labels": ["right", "wrong"]},
        {"prompt": "1 + 1?", "completions": ["a", "c"], "labels": [None, "neutral"]},
    ]


def test_labels_are_verdicts_booleans_or_scores() -> None:
    assert [row["labels"] for row in tree_rows([TREE], [PROBLEM], "hard")] == [[True, False], [None, True]]
    assert [row["labels"] for row in tree_rows([TREE], [PROBLEM], "soft")] == [[0.9, 0.1], [None, 0.5]]


def test_a_tree_of_an_unknown_problem_is_refused() -> None:
    with pytest.raises(UsageError, match="not among the problems"):
        tree_rows([TREE], [])


@given(trees())
def test_each_judged_whole_step_is_labelled_once_and_behind_its_own_steps(tree: Tree) -> None:
    rows = tree_rows([tree], [OF_RANDOM_TREES])
    labelled = [(tuple(row["completions"][: i + 1]), label) for row in rows for i, label in enumerate(row["labels"])
                if label is not None]  # fmt: skip
    wanted = []
    for index, one in enumerate(tree.nodes):
        said = one.judgement
        if said is None or said.verdict is None or not one.text.strip() or said.by == "grow":
            continue
        texts, at = [], index
        while at >= 0:
            above = tree.nodes[at]
            if above.text.strip() and not (above.judgement and above.judgement.by == "grow"):
                texts.append(above.text)
            at = above.parent
        wanted.append((tuple(reversed(texts)), said.verdict))
    assert sorted(labelled) == sorted(wanted)


async def test_every_rated_step_of_real_trees_is_labelled_once() -> None:
    with MathGrader() as grader:
        read = await prm800k.read([RATED], grader, 6)
    counts = Counter(label for row in tree_rows(read.trees, read.problems) for label in row["labels"])
    nodes = [node for tree in read.trees for node in tree.nodes if node.judgement and node.text.strip()]
    wanted = Counter(node.judgement.verdict for node in nodes if node.judgement)
    assert {name: counts[name] for name in ("right", "neutral", "wrong")} == {
        name: wanted[name] for name in ("right", "neutral", "wrong")
    }
    assert min(counts[name] for name in ("right", "neutral", "wrong")) > 0
