"""The one tree, shortcut and long thought that a report shows."""

from dataclasses import dataclass
from statistics import median
from typing import ClassVar, get_args

from journey.pipeline.arms import ARMS, compared, method_of
from journey.report.drawing import Drawing, draw, drawing_svg, paths
from journey.store.run import Run
from journey.types import Problem, Segment, SegmentKind, Thought, Tree

LOOKED_AT = 100  # trees read for choosing one that fits a page
READABLE = 40  # steps


@dataclass(frozen=True, slots=True)
class Example:
    """What is shown: a tree and its thoughts of the two arms that are compared, each null where the tree has none."""

    problem: Problem | None
    tree: Tree
    short: Thought | None
    long: Thought | None
    drawing: Drawing
    kinds: ClassVar[tuple[str, ...]] = get_args(SegmentKind)
    kind: ClassVar[str] = "example"

    @property
    def svg(self) -> str:
        """The tree as a picture."""
        return drawing_svg(self.drawing, "A tree of steps")

    def columns(self) -> list[tuple[str, list[tuple[Segment | None, str]]]]:
        """Both thoughts of the tree: a title and the pieces of its text."""
        baseline, treated = (ARMS[name].short for name in compared())
        both = ((baseline.capitalize(), self.short), (f"Long thought ({treated})", self.long))
        return [(title, pieces(thought)) for title, thought in both if thought]

    @property
    def question(self) -> str:
        """The problem's text, or its id where the run does not hold the problem."""
        return self.problem.question if self.problem else self.tree.problem


def pieces(thought: Thought) -> list[tuple[Segment | None, str]]:
    """The thought's text in pieces, each with its segment, null for what lies between segments."""
    found: list[tuple[Segment | None, str]] = []
    at = 0
    for segment in thought.segments:
        start, end = max(at, segment.start), min(len(thought.text), segment.end)
        if start < end:
            found += [(None, thought.text[at:start]), (segment, thought.text[start:end])]
            at = end
    return [piece for piece in [*found, (None, thought.text[at:])] if piece[1]]


def choose(run: Run) -> Example | None:
    """A tree of a readable size with both kinds of thought, whose long one makes a mistake and is of middling length.

    The same run gives the same tree. Null where no tree has a thought.
    """
    shorts, long = (
        {t.tree: t for t in sorted(run.thoughts(method=method_of(arm)), key=_longest_first) if t.tree}
        for arm in compared()
    )
    trees = sorted(long or shorts)
    if not trees:
        return None
    lengths = {tree: len((long.get(tree) or shorts[tree]).text) for tree in trees}
    middle = median(lengths.values())

    def errs(tree: str) -> bool:
        thought = long.get(tree)
        return tree in shorts and thought is not None and any(s.kind == "mistake" for s in thought.segments)

    chosen = [tree for tree in trees if errs(tree)] or trees
    best: Tree | None = None
    for id in sorted(chosen, key=lambda tree: (abs(lengths[tree] - middle), tree))[:LOOKED_AT]:
        tree = run.tree(id)
        if tree is not None and (best is None or len(tree.nodes) < len(best.nodes)):
            best = tree
            if len(tree.nodes) <= READABLE:
                break
    if best is None:
        return None
    problem = run.problem(best.problem)
    right_path, walk = paths(shorts.get(best.id), long.get(best.id))
    question = problem.question if problem else best.problem
    drawing = draw(best, question, right_path, walk)
    return Example(problem, best, shorts.get(best.id), long.get(best.id), drawing)


def _longest_first(thought: Thought) -> tuple[int, str]:
    """For a mapping by tree in which the shortest thought, set last, stands."""
    return (-len(thought.text), thought.id)
