"""Write a walk over a tree as text (O1 Replication Journey part 1, the section on deriving long thoughts).

All visited steps in order; after a wrong branch the judge's reason why it is wrong, then the return.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from journey.tasks.narration import Narration, clean_reason
from journey.trees.mark import path_texts
from journey.types import Problem, Segment, SegmentKind, Thought, Tree, content_hash


class Visit(NamedTuple):
    """One move of a walk: a step of the right path or of a side trip, or the return to `node` (-1: the question)."""

    node: int
    kind: Literal["forward", "mistake", "return"]


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through a tree that ends at the right leaf `leaf`; `method` and `settings` say how it was found.

    With `list_tried` each return lists the steps that were taken from there so far, where the narration can.
    """

    leaf: int
    visits: tuple[Visit, ...]
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    list_tried: bool = False


class Piece(NamedTuple):
    """What is said at one point of a thought, before it has its place in the text."""

    kind: SegmentKind
    text: str
    node: int | None


def draft(tree: Tree, problem: Problem, walk: Walk, narration: Narration) -> Thought:
    """The walk as text, by the narration. Every segment knows its node and its exact place in the text."""
    text, segments = lay_out(tell(tree, problem, walk, narration), narration.separator)
    id = content_hash("thought", tree.id, walk.method, {**walk.settings, "voice": narration.name}, walk.leaf)
    answer = tree.nodes[walk.leaf].answer or ""
    return Thought(id, tree.problem, tree.id, walk.method, segments, text, text, answer)


def tell(tree: Tree, problem: Problem, walk: Walk, narration: Narration) -> Iterator[Piece]:
    """What is said at each move: the step; at a return first the reflection on the side trip, then the return."""
    trip: list[int] = []
    taken: dict[int, dict[str, None]] = {}  # the steps taken from each node so far, each once
    for visit in walk.visits:
        if visit.kind != "return":
            node = tree.nodes[visit.node]
            taken.setdefault(node.parent, {})[node.text] = None
        match visit.kind:
            case "forward":
                node = tree.nodes[visit.node]
                text = narration.last(node) if visit.node == walk.leaf else node.text
                yield Piece("step", narration.step(node, text), visit.node)
            case "mistake":
                if trip and narration.retry is not None:
                    yield Piece("reflection", narration.retry(tree.nodes[trip[-1]]), trip[-1])
                trip.append(visit.node)
                node = tree.nodes[visit.node]
                yield Piece("mistake", narration.step(node, node.text), visit.node)
            case "return":
                reflection, back = turn_back(tree, problem, trip, visit.node, narration)
                yield reflection
                if walk.list_tried and narration.tried is not None:
                    back = back._replace(text=back.text + narration.tried(list(taken.get(visit.node, ()))))
                yield back
                trip = []
    yield Piece("answer", narration.close(problem, tree.nodes[walk.leaf]), walk.leaf)


def turn_back(tree: Tree, problem: Problem, trip: Sequence[int], to: int, narration: Narration) -> tuple[Piece, Piece]:
    """The words in which a side trip ends: why it was wrong, and the return to node `to` (-1: the question)."""
    found = found_wrong(tree, trip)
    reflection = Piece("reflection", narration.reflect(tree.nodes[found], path_texts(tree, trip[-1])), found)
    return reflection, Piece("backtrack", narration.go_back(problem, path_texts(tree, to)), None if to < 0 else to)


def found_wrong(tree: Tree, trip: Sequence[int]) -> int:
    """The step a side trip is found wrong by: the last one judged wrong with a reason, else the last one of all."""
    for index in reversed(trip):
        judgement = tree.nodes[index].judgement
        if judgement is not None and judgement.verdict == "wrong" and clean_reason(judgement):
            return index
    return trip[-1]


def lay_out(pieces: Iterable[Piece], separator: str) -> tuple[str, tuple[Segment, ...]]:
    """The pieces joined to one text, and where each of them stands in it; empty pieces leave no trace."""
    texts = [piece for piece in pieces if piece.text]
    segments: list[Segment] = []
    start = 0
    for kind, text, node in texts:
        segments.append(Segment(kind, text, node, start, start + len(text)))
        start += len(text) + len(separator)
    return separator.join(piece.text for piece in texts), tuple(segments)


def is_draft(thought: Thought) -> bool:
    """Whether nobody has refined the thought, nor tried to and kept the draft."""
    return thought.refined_by is None and thought.note is None


def chosen(thoughts: Iterable[Thought], language: str | None = None) -> list[Thought]:
    """Each thought as it is to be trained on: refined where it was refined, in the order they come in.

    With a `language` as it was retold in it; one that nobody tried to retell stays as it is.
    """
    everything = list(thoughts)
    own = [t for t in everything if t.language is None]
    refined = {(t.problem, t.method, t.draft) for t in own if not is_draft(t)}
    best = [t for t in own if not is_draft(t) or (t.problem, t.method, t.draft) not in refined]
    if language is None:
        return best
    retold = {retold_key(t, t.draft): t for t in everything if t.language == language}
    return [retold.get(retold_key(t, t.text), t) for t in best]


def retold_key(thought: Thought, text: str) -> tuple[str, str, int | None, int | None, str]:
    """What a thought shares with what it was retold as; `text` is its own, of the other it is the draft."""
    return (thought.problem, thought.method, thought.seed, thought.round, text)
