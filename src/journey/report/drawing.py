"""One tree as a picture: where each step stands, what its colour says, the right path and the long thought's walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journey.report import templates
from journey.types import Node, Thought, Tree

CHARACTER, GAP, ROW, MARGIN = 6.7, 62, 26, 16
DEEP, INDENT = 6, 18  # more levels than this make an outline
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
    """A line from a step to the next step's dot."""

    start: tuple[float, float]
    end: tuple[float, float]
    on_right_path: bool
    walked: bool
    elbow: bool = False  # in an outline: down from the dot before, then to the right

    @property
    def style(self) -> str:
        """The names of its style."""
        return "edge" + (" path" if self.on_right_path else "") + (" walked" if self.walked else "")

    @property
    def path(self) -> str:
        """Its line as SVG writes it."""
        (x1, y1), (x2, y2) = self.start, self.end
        if self.elbow:
            return f"M{x1:.1f} {y1 + 8:.1f} V{y2:.1f} H{x2:.1f}"
        bend = (x2 - x1) / 2
        return f"M{x1:.1f} {y1:.1f} C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A laid-out tree; `hidden` steps did not fit."""

    width: float
    height: float
    spots: Sequence[Spot]
    edges: Sequence[Edge]
    hidden: int

    def drawn_edges(self) -> list[Edge]:
        """The edges in the order of drawing, the right path on top."""
        return sorted(self.edges, key=lambda edge: (edge.on_right_path, edge.walked))


def draw(tree: Tree, question: str, right_path: Sequence[int], walk: Sequence[int], *, most: int = 48) -> Drawing:
    """The tree with at most about `most` steps: the right path and the walk first, then their siblings.

    `right_path` and `walk` are indices of nodes; the question stands at the root (index -1). A shallow tree grows from
    left to right; a deep one is an outline, one row a step, the right path last among its siblings.
    """
    shown = _shown(tree, [*right_path, *walk], most)
    on_path, walked = {-1, *right_path}, {-1, *walk}
    below: dict[int, list[int]] = {-1: []}
    depth = {-1: 0}
    for i in shown:
        depth[i] = depth[tree.nodes[i].parent] + 1
        below.setdefault(tree.nodes[i].parent, []).append(i)
    turns: dict[int, list[int]] = {}
    for turn, i in enumerate(walk, 1):
        turns.setdefault(i, []).append(turn)
    is_outline = max(depth.values()) > DEEP
    if is_outline:
        texts = {i: _short(_text(tree, i, question), int((940 - INDENT * d) / CHARACTER)) for i, d in depth.items()}
        columns = [MARGIN + INDENT * d for d in range(max(depth.values()) + 1)]
        ys = _rows({i: sorted(after, key=lambda c: (c in on_path, c)) for i, after in below.items()})
    else:
        room = max(14, min(44, int((1040 / (max(depth.values()) + 1) - GAP) / CHARACTER)))
        texts = {i: _short(_text(tree, i, question), room) for i in depth}
        columns = _columns(texts, depth, turns)
        ys = _heights(below)

    def spot(i: int) -> Spot:
        tip, is_answer = _tip(tree, i, question), i >= 0 and tree.nodes[i].correct is True
        return Spot(i, columns[depth[i]], ys[i], texts[i], state(tree, i), tip, turns.get(i, ()), is_answer)

    def edge(i: int) -> Edge:
        parent = tree.nodes[i].parent
        beside = 0.0 if is_outline else 18 + CHARACTER * _letters(texts[parent], turns.get(parent, ()))
        start = (columns[depth[parent]] + beside, ys[parent])
        return Edge(start, (columns[depth[i]] - 9, ys[i]), {i, parent} <= on_path, i in walked, is_outline)

    spots = [spot(i) for i in (-1, *shown)]
    width = max(s.x + 14 + CHARACTER * _letters(s.text, s.visits) for s in spots) + MARGIN
    height = max(ys.values()) + ROW
    return Drawing(width, height, spots, [edge(i) for i in shown], len(tree.nodes) - len(shown))


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


def _text(tree: Tree, i: int, question: str) -> str:
    return question if i < 0 else tree.nodes[i].text


def _short(text: str, room: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= room else line[: room - 1].rstrip() + "…"


def _letters(text: str, visits: Sequence[int]) -> int:
    """How many characters wide a step's text is with its turns behind it."""
    return len(text) + (1 + len(" ".join(map(str, visits))) if visits else 0)


def _columns(texts: Mapping[int, str], depth: Mapping[int, int], visits: Mapping[int, Sequence[int]]) -> list[float]:
    columns = [float(MARGIN)]
    for level in range(max(depth.values())):
        widest = max(_letters(texts[i], visits.get(i, ())) for i, d in depth.items() if d == level)
        columns.append(columns[-1] + CHARACTER * widest + GAP)
    return columns


def _heights(below: Mapping[int, Sequence[int]]) -> dict[int, float]:
    """Leaves one under the other, every other step in the middle of what comes after it."""
    ys: dict[int, float] = {}
    row = 0
    stack = [(-1, False)]
    while stack:
        i, is_done = stack.pop()
        after = below.get(i, ())
        if is_done:
            ys[i] = (ys[after[0]] + ys[after[-1]]) / 2
        elif after:
            stack += [(i, True), *((child, False) for child in reversed(after))]
        else:
            ys[i] = ROW * (row + 0.75)
            row += 1
    return ys


def _rows(below: Mapping[int, Sequence[int]]) -> dict[int, float]:
    """Every step in its own row, before all that comes after it."""
    ys: dict[int, float] = {}
    stack = [-1]
    while stack:
        i = stack.pop()
        ys[i] = ROW * (len(ys) + 0.75)
        stack += reversed(below.get(i, ()))
    return ys


def _tip(tree: Tree, i: int, question: str) -> str:
    if i < 0:
        return question
    node: Node = tree.nodes[i]
    judged = node.judgement
    verdict = f"{judged.verdict or 'could not say'}: {judged.reason or 'no reason given'}" if judged else "not judged"
    checked = {True: "right answer", False: "wrong answer", None: ""}[node.correct]
    return "\n".join(part for part in (node.text, verdict, checked) if part)
