"""A tree as people judged it: their submitted verdicts in place of the judge's."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from journey.store.labels import Label, submitted
from journey.trees.mark import is_unusable
from journey.types import Judgement, Tree, Verdict, content_hash

PEOPLE = "people"
"""`Judgement.by` of steps that people judged."""


def verdicts_of_steps(labels: Iterable[Label]) -> dict[str, dict[int, Judgement]]:
    """By tree and step, what the annotators' submitted labels come to.

    A step gets the verdict that most of them gave; *could not say* is no vote. Where two verdicts have equally many
    votes, or nobody gave one, the step is left out: what the judge said stays. The reason is the first that was given
    with that verdict, in the order of the annotators' names; null where nobody gave one.
    """
    votes: dict[tuple[str, int], list[Label]] = {}
    for label in sorted(submitted(labels), key=lambda label: label.annotator):
        if label.item == "node" and label.verdict is not None and label.tree is not None and label.node is not None:
            votes.setdefault((label.tree, label.node), []).append(label)
    found: dict[str, dict[int, Judgement]] = {}
    for (tree, node), given in votes.items():
        verdict = most(given)
        if verdict is not None:
            reason = next((one.reason for one in given if one.verdict == verdict and one.reason), None)
            found.setdefault(tree, {})[node] = Judgement(verdict, reason=reason, by=PEOPLE)
    return found


def divided(labels: Iterable[Label]) -> int:
    """On how many steps people gave verdicts and no verdict has more votes than each other."""
    all_labels = submitted(labels)
    judged = {(one.tree, one.node) for one in all_labels if one.item == "node" and one.verdict is not None}
    return len(judged) - sum(len(steps) for steps in verdicts_of_steps(all_labels).values())


def most(votes: Sequence[Label]) -> Verdict | None:
    """The verdict that most of the labels give, null where two have equally many; each label has one."""
    given: Counter[Verdict] = Counter(vote.verdict for vote in votes if vote.verdict is not None)
    counted = given.most_common()
    is_tie = len(counted) > 1 and counted[0][1] == counted[1][1]
    return None if is_tie else counted[0][0]


def preferred(tree: Tree, verdicts: Mapping[int, Judgement]) -> Tree:
    """The tree with what people said of its steps in place of what its judge said; the same tree where nothing changes.

    Where people and judge gave the same verdict, the judge's score stays, and its reason if people gave none. Steps
    that are cut off or empty stay what they are. A changed tree has its own id, and its settings name the tree it was
    (`labelled.of`) and the steps that changed their verdict.
    """
    nodes = list(tree.nodes)
    turned: list[int] = []
    for index, judgement in sorted(verdicts.items()):
        if not 0 <= index < len(nodes) or is_unusable(nodes[index]):
            continue
        before = nodes[index].judgement
        if before is not None and before.verdict == judgement.verdict:
            judgement = replace(judgement, reason=judgement.reason or before.reason, score=before.score)
        else:
            turned.append(index)
        nodes[index] = replace(nodes[index], judgement=judgement)
    if tuple(nodes) == tree.nodes:
        return tree
    changes = [(index, node.judgement.verdict, node.judgement.reason) for index, node in enumerate(nodes)
               if node.judgement is not None and node.judgement.by == PEOPLE]  # fmt: skip
    settings = {**tree.settings, "labelled": {"of": tree.id, "steps": len(changes), "turned": turned}}
    return replace(tree, id=content_hash("labelled", tree.id, changes), nodes=tuple(nodes), settings=settings)
