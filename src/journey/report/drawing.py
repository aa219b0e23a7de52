"""One tree as an outline: a row a step, what its colour says, the right path and the long thought's walk."""

from collections.abc import Sequence
from dataclasses import dataclass

from journey.report import templates
from journey.types import Node, Thought, Tree

CHARACTER, INDENT, ROW, MARGIN, WIDEST = 6.7, 24, 26, 16, 940
MARKS = {"right": "", "wrong": "✕", "neutral": "–", "unjudged": "?"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A drawn step: centre of its dot, what stands right of it, its state and when the walk came by (from 1)."""

    node: int
    x: float
    y: float
    text: str
    state: str
    tip: str
    visits: Sequence[int]
    is_answer: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from a step's dot down and then right to the next step's."""

    start: tuple[float, float]
    end: tuple[float, float]
    on_right_path: bool
    walked: bool

    @property
    def style(self) -> str:
        """The names of its style."""
        return "edge" + (" path" if self.on_right_path else "") + (" walked" if self.walked else "")

    @property
    def path(self) -> str:
        """Its line as SVG writes it."""
        return f"M{self.start[0]:.1f} {self.start[1] + 8:.1f} V{self.end[1]:.1f} H{self.end[0] - 9:.1f}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A laid-out tree; `hidden` steps did not fit. The edges of the right path are drawn last, on top."""

    width: float
    height: float
    spots: Sequence[Spot]
    edges: Sequence[Edge]
    hidden: int


def draw(tree: Tree, question: str, right_path: Sequence[int], walk: Sequence[int], *, most: int = 48) -> Drawing:
    """The tree with at most about `most` steps: the right path and the walk first, then their siblings.

    `right_path` and `walk` are indices of nodes; the question stands at the root (index -1). Each step has its own row,
    before all that comes after it, the right path last among its siblings.
    """
    shown = _shown(tree, [*right_path, *walk], most)
    on_path, walked = {-1, *right_path}, {-1, *walk}
    below: dict[int, list[int]] = {}
    for i in sorted(shown, key=lambda i: (i in on_path, i)):
        below.setdefault(tree.nodes[i].parent, []).append(i)
    spots: dict[int, Spot] = {}
    ahead = [(-1, float(MARGIN))]
    while ahead:
        i, x = ahead.pop()
        text = _short(question if i < 0 else tree.nodes[i].text, max(14, int((WIDEST - x) / CHARACTER)))
        turns = [turn for turn, node in enumerate(walk, 1) if node == i]
        is_answer = i >= 0 and tree.nodes[i].correct is True
        y = ROW * (len(spots) + 0.75)
        spots[i] = Spot(i, x, y, text, state(tree, i), _tip(tree, i, question), turns, is_answer)
        ahead += [(child, x + INDENT) for child in reversed(below.get(i, ()))]

    def edge(i: int) -> Edge:
        before, spot = spots[tree.nodes[i].parent], spots[i]
        return Edge((before.x, before.y), (spot.x, spot.y), {i, before.node} <= on_path, i in walked)

    edges = sorted(map(edge, shown), key=lambda edge: (edge.on_right_path, edge.walked))
    width = max(s.x + 14 + CHARACTER * len(" ".join([s.text, *map(str, s.visits)])) for s in spots.values()) + MARGIN
    return Drawing(width, ROW * (len(spots) + 0.75), list(spots.values()), edges, len(tree.nodes) - len(shown))


def paths(short: Thought | None, long: Thought | None) -> tuple[list[int], list[int]]:
    """The right path as the short thought has it, and the walk of the long one, both as indices of nodes."""
    return (_visited(short) if short else []), (_visited(long) if long else [])


def state(tree: Tree, node: int) -> str:
    """What a step's colour says: "right", "wrong", "neutral" or "unjudged"; the question is "root"."""
    if node < 0:
        return "root"
    judgement = tree.nodes[node].judgement
    return (judgement.verdict if judgement else None) or "unjudged"


def drawing_svg(drawing: Drawing, title: str) -> str:
    """The picture as SVG; every text of the tree is escaped."""
    return templates.drawing("tree", drawing, MARKS, title)


def _visited(thought: Thought) -> list[int]:
    """The nodes in the order of the thought; a piece that goes on at the same node is no new visit."""
    nodes = [s.node for s in thought.segments if s.node is not None and s.kind in ("step", "mistake", "answer")]
    return [n for i, n in enumerate(nodes) if i == 0 or nodes[i - 1] != n]


def _shown(tree: Tree, first: Sequence[int], most: int) -> list[int]:
    chosen: set[int] = set()

    def add(i: int) -> None:
        while i >= 0 and i not in chosen:
            chosen.add(i)
            i = tree.nodes[i].parent

    for i in first:
        if 0 <= i < len(tree.nodes):
            add(i)
    parents = {-1} | chosen
    siblings = [i for i, n in enumerate(tree.nodes) if n.parent in parents]
    for i in [*siblings, *range(len(tree.nodes))]:
        if len(chosen) >= most:
            break
        add(i)
    return sorted(chosen)


def _short(text: str, room: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= room else line[: room - 1].rstrip() + "…"


def _tip(tree: Tree, i: int, question: str) -> str:
    if i < 0:
        return question
    node: Node = tree.nodes[i]
    judged = node.judgement
    why = judged and (judged.reason or judged.evidence or "no reason given")
    verdict = f"{judged.verdict or 'could not say'}: {why}" if judged else "not judged"
    checked = {True: "right answer", False: "wrong answer", None: ""}[node.correct]
    return "\n".join(part for part in (node.text, verdict, checked) if part)
