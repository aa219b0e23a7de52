"""What must hold of every tree and thought that a model made while it explored."""

from itertools import pairwise

from journey.answers.grade import Grader
from journey.tasks.narration import Narration
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import shortcut
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves, statistics, verdict
from journey.types import Problem, Thought, Tree, thought_from_json, to_json, tree_from_json


def check_spans(thought: Thought) -> None:
    """Segments lie in order and where they say; between them there are spaces only."""
    assert thought.text == thought.draft and thought.refined_by is None
    for segment in thought.segments:
        assert segment.text and thought.text[segment.start : segment.end] == segment.text
    for here, after in pairwise(thought.segments):
        assert here.end <= after.start and not thought.text[here.end : after.start].strip()
    assert thought.segments[0].start == 0 and thought.segments[-1].end == len(thought.text)
    assert thought_from_json(to_json(thought)) == thought


async def check_told(
    tree: Tree, thought: Thought | None, problem: Problem, narration: Narration, grader: Grader
) -> None:
    """A legal tree; a thought only with the right answer, in which every node stands as it is."""
    assert all(-1 <= node.parent < index for index, node in enumerate(tree.nodes))
    assert all((node.answer is None) <= (node.correct is None) for node in tree.nodes)
    assert tree.problem == problem.id and statistics(tree).nodes == len(tree.nodes)
    assert tree_from_json(to_json(tree)) == tree
    leaves = right_leaves(tree)
    assert (tree.settings["made"]["ended"] == "the right answer") == bool(leaves)
    if thought is None:
        return
    assert len(leaves) == 1 and (thought.tree, thought.problem) == (tree.id, problem.id)
    check_spans(thought)
    assert (await grader.grade(problem, thought.text)).correct is True
    assert thought.segments[-1].kind == "answer" and thought.segments[-1].node == leaves[0]
    for segment in thought.segments:
        if segment.kind in ("step", "mistake"):
            assert segment.node is not None and segment.text == tree.nodes[segment.node].text
        if segment.kind == "mistake":
            node = tree.nodes[segment.node or 0]
            assert verdict(node) == "wrong" or node.correct is False
    for told in (
        shortcut(tree, problem, narration)[0],
        draft(tree, problem, traverse(tree, leaves[0], TraverseSettings(trials=3), seed=1), narration),
    ):
        check_spans(told)
        assert (await grader.grade(problem, told.text)).correct is True
