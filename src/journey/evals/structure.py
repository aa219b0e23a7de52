"""What a thought does on its way: reflections, side trips, returns, recoveries, and what the wrong branches cost.

The traits of long thoughts in O1 Replication Journey part 1, counted. A thought whose segments are known from a tree
or a drafting is counted exactly; of a plain text, cue words give an estimate of reflections and backtracks, no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Literal

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.evals.words import count_tokens
from journey.thoughts.paragraphs import kind, paragraphs
from journey.trees.mark import path, verdict
from journey.types import Node, Segment, Thought, Tree


@dataclass(frozen=True, slots=True)
class Structure:
    """The moves of one thought.

    `by` says where the figures are from: "segments", or "cue words", which is an estimate. `reflections` and
    `backtracks` are counted; `mistakes` are side trips, each an unbroken run of wrong segments, and `recovered` those
    after which the thought goes on rightly and ends right. `tokens` and `wrong_tokens` are by `words.count_tokens`.
    Null: cue words cannot tell a mistake, and where nobody knows how the thought ends nobody knows its recoveries.
    """

    by: Literal["segments", "cue words"]
    tokens: int
    reflections: int
    backtracks: int
    mistakes: int | None = None
    recovered: int | None = None
    wrong_tokens: int | None = None

    @property
    def recovery_rate(self) -> float | None:
        """The share of mistakes that the thought recovered from, in [0, 1]; null where it has or shows none."""
        return self.recovered / self.mistakes if self.mistakes and self.recovered is not None else None

    @property
    def wrong_share(self) -> float | None:
        """The share of tokens spent on wrong branches, in [0, 1]; null where that is unknown."""
        return self.wrong_tokens / self.tokens if self.tokens and self.wrong_tokens is not None else None

    def to_json(self) -> dict[str, Any]:
        """The plain form for a report."""
        return asdict(self) | {"recovery_rate": self.recovery_rate, "wrong_share": self.wrong_share}


def of_thought(thought: Thought, tree: Tree | None = None, language: str | None = None) -> Structure:
    """The moves of a thought by its segments; by cue words where these were not made from known moves.

    Wrong is a segment that is marked as a mistake or, with the tree, a step whose node is judged wrong. A mistake
    counts as recovered from where a segment that is not wrong follows as a step or the answer, with the tree one on the
    path to a right leaf, and the thought ends right (`ends_right`).
    """
    if not is_known(thought.segments):
        return of_text(thought.text, language)
    wrong = [is_wrong(segment, tree) for segment in thought.segments]
    trips = _last_of_runs(wrong)
    ends = ends_right(thought, tree)
    onward = _right_nodes(tree)
    back = [
        segment.kind in ("step", "answer") and not bad and (onward is None or segment.node in onward)
        for segment, bad in zip(thought.segments, wrong, strict=True)
    ]
    last_back = max((place for place, good in enumerate(back) if good), default=-1)
    return Structure(
        by="segments",
        tokens=count_tokens(thought.text),
        reflections=sum(segment.kind == "reflection" for segment in thought.segments),
        backtracks=sum(segment.kind == "backtrack" for segment in thought.segments),
        mistakes=len(trips),
        recovered=None if ends is None else sum(ends and last_back > trip for trip in trips),
        wrong_tokens=sum(count_tokens(s.text) for s, bad in zip(thought.segments, wrong, strict=True) if bad),
    )


def of_text(text: str, language: str | None = None) -> Structure:
    """An estimate by cue words: paragraphs that check or doubt ("wait"), and that turn another way ("alternatively").

    A paragraph that does both is a backtrack. What the words do not say is null: mistakes, recoveries, wrong tokens.
    The words are those of English, and of `language` (its code).
    """
    kinds = [kind(text[start:end], language) for start, end in paragraphs(text)]
    return Structure("cue words", count_tokens(text), kinds.count("reflection"), kinds.count("backtrack"))


def is_known(segments: Sequence[Segment]) -> bool:
    """Whether the segments' kinds come from what was done, not from words: some have a node, or are mistakes."""
    return any(segment.node is not None or segment.kind == "mistake" for segment in segments)


def is_wrong(segment: Segment, tree: Tree | None = None) -> bool:
    """Whether a segment belongs to a wrong branch: marked as a mistake, or a step that its tree's judge calls wrong."""
    if segment.kind == "mistake":
        return True
    node = _node(segment.node, tree)
    return segment.kind == "step" and node is not None and verdict(node) == "wrong"


def ends_right(thought: Thought, tree: Tree | None = None) -> bool | None:
    """Whether a thought's end is right: by its last node's check, else by its own last words against its answer.

    `Thought.answer` is the answer it was kept for; a thought that closes at a leaf without saying an answer in a form
    that is found (a puzzle's, say) ends as it was kept. Null where nothing of this can say.
    """
    ends = [s.node for s in thought.segments if s.node is not None and s.kind == "answer"]
    leaf = _node(ends[-1], tree) if ends else None
    if leaf is not None and leaf.correct is not None:
        return leaf.correct
    found = find_answer(thought.text)
    if found is not None and thought.answer:
        return decide(thought.answer, found)
    return True if ends and thought.answer else None


def summed(structures: Iterable[Structure]) -> dict[str, Any]:
    """The figures of a set: means a thought, and shares over all that can be counted; null where nothing can be.

    `recovery_rate` is recoveries over mistakes of the whole set, `wrong_share` likewise over tokens; `estimated` is the
    share of thoughts counted by cue words.
    """
    found = list(structures)
    counted = [s for s in found if s.mistakes is not None]
    ended = [s for s in counted if s.recovered is not None]
    mistakes = sum(s.mistakes or 0 for s in ended)
    tokens = sum(s.tokens for s in counted)
    return {
        "thoughts": len(found),
        "estimated": sum(s.by == "cue words" for s in found) / len(found) if found else None,
        "reflections": fmean(s.reflections for s in found) if found else None,
        "backtracks": fmean(s.backtracks for s in found) if found else None,
        "mistakes": fmean(s.mistakes or 0 for s in counted) if counted else None,
        "recovery_rate": sum(s.recovered or 0 for s in ended) / mistakes if mistakes else None,
        "wrong_tokens": fmean(s.wrong_tokens or 0 for s in counted) if counted else None,
        "wrong_share": sum(s.wrong_tokens or 0 for s in counted) / tokens if tokens else None,
    }


def _node(index: int | None, tree: Tree | None) -> Node | None:
    return tree.nodes[index] if tree is not None and index is not None and 0 <= index < len(tree.nodes) else None


def _last_of_runs(wrong: Sequence[bool]) -> list[int]:
    return [i for i, bad in enumerate(wrong) if bad and not (i + 1 < len(wrong) and wrong[i + 1])]


def _right_nodes(tree: Tree | None) -> set[int] | None:
    """The nodes on paths to right leaves; null where the tree is unknown or none of its leaves is known to be right."""
    if tree is None:
        return None
    leaves = [index for index, node in enumerate(tree.nodes) if node.correct is True]
    return {node for leaf in leaves for node in path(tree, leaf)} or None
