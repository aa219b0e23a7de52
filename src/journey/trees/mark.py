"""Which parts of a tree are right, which are wrong, and what it holds in all. Everything here is O(nodes).

A node whose verdict is null counts as valid on a path: nobody called it wrong (O1 Replication Journey part 1, the
section on deriving long thoughts; PRM800K's human-written steps have no rating either).
"""

from dataclasses import dataclass

from journey.types import Judgement, Node, Tree, Verdict

MARKER = "grow"
"""`Judgement.by` of steps that are no whole steps (cut off, empty): marked when the tree grew, judged by nobody."""


def verdict(node: Node) -> Verdict | None:
    """What was said of the step; null for an unjudged step as for one of which nobody could say."""
    return None if node.judgement is None else node.judgement.verdict


def unusable(reason: str) -> Judgement:
    """The mark of a step that is no whole step, and why."""
    return Judgement(verdict=None, reason=reason, by=MARKER)


def is_unusable(node: Node) -> bool:
    """Whether the step is cut off or empty: kept in the tree, but never in a thought, and never gone on from."""
    return not node.text or (node.judgement is not None and node.judgement.by == MARKER)


def children(tree: Tree) -> list[list[int]]:
    """The children of every node by its index; those of the question stand last, so `children(tree)[-1]` gives them."""
    below: list[list[int]] = [[] for _ in range(len(tree.nodes) + 1)]
    for index, node in enumerate(tree.nodes):
        below[node.parent].append(index)
    return below


def path(tree: Tree, index: int) -> list[int]:
    """The nodes from the first step to node `index`, both included; empty for the question (-1)."""
    backwards: list[int] = []
    while index >= 0:
        backwards.append(index)
        index = tree.nodes[index].parent
    return backwards[::-1]


def path_tokens(tree: Tree) -> list[int]:
    """The tokens that were generated along the path to each leaf."""
    totals = list[int]()
    for node in tree.nodes:
        totals.append(node.tokens + (totals[node.parent] if node.parent >= 0 else 0))
    return [total for total, below in zip(totals, children(tree)[:-1], strict=True) if not below]


def path_texts(tree: Tree, index: int) -> list[str]:
    """The texts of the steps from the first one to node `index`, both included; empty for the question (-1)."""
    return [tree.nodes[step].text for step in path(tree, index)]


def right_leaves(tree: Tree, neutral: bool = True) -> list[int]:
    """Leaves with the right answer, reached without a wrong step (and, with `neutral` false, without a neutral one)."""
    refused = {"wrong"} if neutral else {"wrong", "neutral"}
    below = children(tree)
    valid: list[bool] = []
    for node in tree.nodes:
        valid.append(verdict(node) not in refused and (node.parent < 0 or valid[node.parent]))
    return [i for i, node in enumerate(tree.nodes) if valid[i] and node.correct is True and not below[i]]


def on_right_path(tree: Tree) -> set[int]:
    """The nodes of all paths that end in a right leaf."""
    on_path: set[int] = set()
    for index in right_leaves(tree):
        while index >= 0 and index not in on_path:
            on_path.add(index)
            index = tree.nodes[index].parent
    return on_path


def wrong_ends(tree: Tree, least_score: float | None = None, answered: bool = False) -> list[bool]:
    """For every node, whether a wrong branch may end there and truly be called one.

    True where the step lies off every right path and its answer is wrong, or it or a step before it was judged wrong.
    A step that was merely not gone on from is no such end (neutral is not wrong, and neither is *could not say*), nor
    is a right answer, even one that was reached over a wrong step, nor a step that is cut off or empty, nor one with a
    score below `least_score`; with `answered` only a step with a final answer is one.
    """
    on_path = on_right_path(tree)
    astray: list[bool] = []
    ends: list[bool] = []
    for index, node in enumerate(tree.nodes):
        astray.append(verdict(node) == "wrong" or (node.parent >= 0 and astray[node.parent]))
        ended = node.answer is not None or not answered
        ends.append(
            ended and _may_be_tried(index, node, on_path, least_score) and (astray[-1] or node.correct is False)
        )
    return ends


def failing(tree: Tree, least_score: float | None = None, answered: bool = False) -> list[bool]:
    """For every node, whether a side trip may pass it: it lies off every right path and leads to a wrong end."""
    on_path = on_right_path(tree)
    fails = wrong_ends(tree, least_score, answered)
    for index in range(len(tree.nodes) - 1, -1, -1):
        parent = tree.nodes[index].parent
        if fails[index] and parent >= 0 and _may_be_tried(parent, tree.nodes[parent], on_path, least_score):
            fails[parent] = True
    return fails


def wrong_branches(tree: Tree) -> list[int]:
    """Where side trips may begin: steps that leave a right path (or the question) and lead to a wrong end."""
    on_path = on_right_path(tree)
    if not on_path:
        return []
    beside = on_path | {-1}
    return [i for i, fails in enumerate(failing(tree)) if fails and tree.nodes[i].parent in beside]


def no_thought_reason(tree: Tree, neutral: bool = True) -> str | None:
    """Why no thought can be made of the tree, in words; null where it has a right leaf."""
    if right_leaves(tree, neutral):
        return None
    answered = [node for node in tree.nodes if node.answer is not None]
    if not tree.nodes:
        return "no step was made"
    if not answered:
        return "no final answer was reached"
    if any(node.correct is True for node in answered):
        return f"the right answer was reached only over a {'wrong' if neutral else 'wrong or neutral'} step"
    if all(node.correct is None for node in answered):
        return "no final answer could be checked"
    return "no final answer is the right one"


@dataclass(frozen=True, slots=True)
class Statistics:
    """A tree in numbers; `right + neutral + wrong + unjudged == nodes`.

    `depth` is the longest path in steps. `unjudged` are steps with a null verdict, `unusable` the cut-off and empty
    ones among them. `unfinished` are leaves without a final answer. `wrong_branches` leave a right path.
    """

    nodes: int
    depth: int
    leaves: int
    right_leaves: int
    wrong_branches: int
    answers: int
    unfinished: int
    right: int
    neutral: int
    wrong: int
    unjudged: int
    unusable: int
    tokens: int


def statistics(tree: Tree) -> Statistics:
    """What the tree holds; a right path may have neutral steps."""
    below = children(tree)
    leaves = [node for node, after in zip(tree.nodes, below, strict=False) if not after]
    depths: list[int] = []
    for node in tree.nodes:
        depths.append(1 + (depths[node.parent] if node.parent >= 0 else 0))
    verdicts = [verdict(node) for node in tree.nodes]
    return Statistics(
        nodes=len(tree.nodes),
        depth=max(depths, default=0),
        leaves=len(leaves),
        right_leaves=len(right_leaves(tree)),
        wrong_branches=len(wrong_branches(tree)),
        answers=sum(node.answer is not None for node in tree.nodes),
        unfinished=sum(node.answer is None for node in leaves),
        right=verdicts.count("right"),
        neutral=verdicts.count("neutral"),
        wrong=verdicts.count("wrong"),
        unjudged=verdicts.count(None),
        unusable=sum(is_unusable(node) for node in tree.nodes),
        tokens=sum(node.tokens for node in tree.nodes),
    )


def _may_be_tried(index: int, node: Node, on_path: set[int], least_score: float | None) -> bool:
    score = None if node.judgement is None else node.judgement.score
    too_low = least_score is not None and score is not None and score < least_score
    return index not in on_path and node.correct is not True and not is_unusable(node) and not too_low
