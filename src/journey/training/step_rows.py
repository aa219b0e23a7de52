"""Rows for step classifiers: a question, its steps, a label for each (TRL's former stepwise type).

A label is true or false, "right", "neutral" or "wrong", or a number in [0, 1] (soft); null is not trained on.
"""

from collections.abc import Iterable
from typing import Any, Literal

from journey.errors import UsageError
from journey.judges.base import score_of
from journey.training.rows import Row
from journey.trees.mark import children, is_unusable, path
from journey.types import Judgement, Problem, Tree

Labels = Literal["verdict", "hard", "soft"]


def tree_rows(trees: Iterable[Tree], problems: Iterable[Problem], labels: Labels = "verdict") -> list[Row]:
    """One row a path of a judged tree; a step that several paths share has its label in the first of them only.

    `labels` "verdict": the verdicts by name; "hard": true where right or neutral, false where wrong (PRM800K counts
    neutral steps as good ones, Let's Verify Step by Step, section 2.6); "soft": the scores, those of verdicts without
    one 1, 0.5 and 0. Steps of which nobody could say are null, and steps that are no whole steps are left out. Raises
    UsageError where a tree's problem is not among `problems`.
    """
    known = {problem.id: problem for problem in problems}
    rows: list[Row] = []
    for tree in trees:
        if tree.problem not in known:
            raise UsageError(f"the problem {tree.problem} of a tree is not among the problems; import both together")
        rows += _rows(tree, known[tree.problem].question, labels)
    return rows


def _rows(tree: Tree, question: str, labels: Labels) -> list[Row]:
    whole = [not is_unusable(node) and bool(node.text.strip()) for node in tree.nodes]
    below = children(tree)
    given: set[int] = set()
    rows: list[Row] = []
    for end in range(len(tree.nodes)):
        if not whole[end] or any(whole[child] for child in below[end]):
            continue
        way = [index for index in path(tree, end) if whole[index]]
        judged = [None if index in given else _label(tree.nodes[index].judgement, labels) for index in way]
        given.update(way)
        if any(label is not None for label in judged):
            texts = [tree.nodes[index].text for index in way]
            rows.append({"prompt": question, "completions": texts, "labels": judged})
    return rows


def _label(judged: Judgement | None, labels: Labels) -> Any:
    if judged is None:
        return None
    if labels == "soft":
        return score_of(judged)
    if judged.verdict is None or labels == "verdict":
        return judged.verdict
    return judged.verdict != "wrong"
