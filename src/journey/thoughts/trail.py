"""A tree while somebody explores it: where they stand, what they did in which order, and how that is narrated.

What proposing and debating share (O1 Replication Journey part 1, the section on constructing long thoughts).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from journey.answers.grade import Grade, Grader
from journey.tasks.narration import Narration
from journey.thoughts.draft import Piece, lay_out
from journey.trees.mark import is_unusable, path, path_texts, unusable
from journey.types import Judgement, Node, Problem, SegmentKind, Thought, Tree, content_hash


class Event(NamedTuple):
    """One thing that happened, in the order of time.

    "step": node `node` was taken. "words": a comment `words` at `node`. "wrong": the explorer
    learnt that the final answer of `node` is wrong. "back": from `node` back to `to` (-1: the question) because of
    `words`, "" where no reason was given. "end": `node` holds the right answer, `words` say it where the step
    itself does not.
    """

    kind: Literal["step", "words", "wrong", "back", "end"]
    node: int
    words: str = ""
    to: int = -1


class Trail:
    """The nodes so far, the path to where the explorer stands (the last of `path`, empty: the question), the events."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.path: list[int] = []
        self.events: list[Event] = []

    @property
    def here(self) -> int:
        """The node where the explorer stands; -1 at the question."""
        return self.path[-1] if self.path else -1

    @property
    def depth(self) -> int:
        """How many steps lie between the question and here."""
        return len(self.path)

    def texts(self) -> list[str]:
        """The steps from the first one to where the explorer stands."""
        return [self.nodes[index].text for index in self.path]

    def child(self, text: str) -> int | None:
        """The step after this one with that very text, null where there is none."""
        nodes = enumerate(self.nodes)
        same = (i for i, n in nodes if n.parent == self.here and n.text == text and not is_unusable(n))
        return next(same, None)

    def is_leaf(self, index: int) -> bool:
        """Whether nobody has gone on from the node."""
        return all(node.parent != index for node in self.nodes)

    def step(self, text: str, by: str, tokens: int, judgement: Judgement | None = None) -> int:
        """Takes a new step from here and stands after it."""
        self.nodes.append(Node(self.here, text, judgement, by=by, tokens=tokens))
        self._stand(len(self.nodes) - 1)
        return self.here

    def step_again(self, index: int, tokens: int) -> None:
        """Takes once more a step that was left before: whoever takes it takes back what was said against it."""
        node = self.nodes[index]
        self.nodes[index] = replace(node, judgement=None, tokens=node.tokens + tokens)
        self._stand(index)

    def tried_again(self, index: int, tokens: int) -> None:
        """Counts the tokens of a step that was proposed again and is not taken."""
        self.nodes[index] = replace(self.nodes[index], tokens=self.nodes[index].tokens + tokens)

    def stray(self, text: str, reason: str, by: str, tokens: int) -> None:
        """Keeps what is no whole step, marked, beside the way; nobody stands on it or tells it."""
        self.nodes.append(Node(self.here, text, unusable(reason), by=by, tokens=tokens))

    def judge(self, index: int, judgement: Judgement) -> None:
        """Puts down what was said of a step; the last word holds."""
        self.nodes[index] = replace(self.nodes[index], judgement=judgement)

    def answered(self, index: int, grade: Grade) -> None:
        """Puts down that the step gives a final answer, and whether it is right."""
        self.nodes[index] = replace(self.nodes[index], answer=grade.answer, correct=grade.correct)

    def say(self, words: str) -> None:
        """Words about the way so far, which are no step."""
        self.events.append(Event("words", self.here, words))

    def answered_wrong(self) -> None:
        """The answer given here is wrong: it stays as a leaf, and the explorer stands before it again."""
        self.events.append(Event("wrong", self.path.pop()))

    def leave(self) -> None:
        """Stands before this step again, without a word against it."""
        self.path.pop()

    def back(self, depth: int, reason: str, by: str, ended: int | None = None) -> None:
        """Back to the step that many steps from the question; all steps left are wrong for that reason.

        `ended` is a wrong answer that the explorer has just been told of: it is left with them.
        """
        left = self.path[depth:] + ([] if ended is None else [ended])
        for index in left:
            self.judge(index, Judgement("wrong", reason=reason or None, by=by))
        del self.path[depth:]
        self.events.append(Event("back", left[-1], reason, self.here))

    def end(self, words: str) -> None:
        """The step here is the right answer, and `words` say it; "" where the step does so itself."""
        self.events.append(Event("end", self.here, words))

    def tree(self, identity: str, problem: Problem, policy: str, judge: str, settings: Mapping[str, Any]) -> Tree:
        """All that was tried, as a Tree."""
        return Tree(identity, problem.id, tuple(self.nodes), policy, judge, settings)

    def _stand(self, index: int) -> None:
        self.path.append(index)
        self.events.append(Event("step", index))


@dataclass(frozen=True, slots=True)
class TrailStyle:
    """How a trail is narrated: the narration, and who puts words into the first person.

    With `verbatim` the reasons for going back stand as they were given, after `speaker`; else the narration words them,
    unless `own` says that they were the explorer's own words.
    """

    narration: Narration
    own: bool = True
    verbatim: bool = False
    speaker: str = ""


async def trail_thought(
    tree: Tree, problem: Problem, events: Sequence[Event], how: TrailStyle, method: str, grader: Grader
) -> Thought | None:
    """The thought of a trail that ended in the right answer; null for one that did not.

    Null too where the grader does not find the right answer at the end of the whole text: words between the steps may
    have said something else last.
    """
    if not events or events[-1].kind != "end":
        return None
    text, segments = lay_out(pieces(tree, problem, events, how), how.narration.separator)
    if (await grader.grade(problem, text)).correct is not True:
        return None
    id = content_hash("thought", tree.id, method, [how.narration.name, how.own, how.verbatim, how.speaker])
    answer = tree.nodes[events[-1].node].answer or ""
    return Thought(id, problem.id, tree.id, method, segments, text, text, answer)


def pieces(tree: Tree, problem: Problem, events: Sequence[Event], how: TrailStyle) -> Iterator[Piece]:
    """The text of each event, in the order they happened; a return without one is shown where it is due."""
    end = events[-1]
    on_path = set(path(tree, end.node))
    last_step = max(i for i, event in enumerate(events) if event.kind == "step")
    standing = -1
    for place, event in enumerate(events):
        node = tree.nodes[event.node]
        match event.kind:
            case "step":
                if node.parent != standing:
                    yield _return(tree, problem, node.parent, how.narration)
                answers = place == last_step and not end.words
                yield Piece("answer" if answers else _kind(node, event.node in on_path), node.text, event.node)
                standing = event.node
            case "words":
                yield Piece("reflection", event.words, event.node if event.node >= 0 else None)
            case "wrong":
                words = how.narration.reflect(replace(node, judgement=None), path_texts(tree, event.node))
                yield Piece("reflection", words, event.node)
            case "back":
                yield Piece("reflection", _reason(tree, event, how), event.node)
                yield _return(tree, problem, event.to, how.narration)
                standing = event.to
            case "end":
                yield Piece("answer", event.words, event.node)


def _kind(node: Node, is_on_path: bool) -> SegmentKind:
    is_wrong = node.correct is False or (node.judgement is not None and node.judgement.verdict == "wrong")
    return "mistake" if is_wrong and not is_on_path else "step"


def _return(tree: Tree, problem: Problem, to: int, narration: Narration) -> Piece:
    return Piece("backtrack", narration.go_back(problem, path_texts(tree, to)), to if to >= 0 else None)


def _reason(tree: Tree, event: Event, how: TrailStyle) -> str:
    if event.words and (how.own or how.verbatim):
        return f"{how.speaker}: {event.words}" if how.verbatim and how.speaker else event.words
    # As it was at that time: the step may have been taken again since, and the word against it taken back.
    judgement = Judgement("wrong", reason=event.words or None)
    node = replace(tree.nodes[event.node], judgement=judgement, answer=None, correct=None)
    return how.narration.reflect(node, path_texts(tree, event.node))


def quoted(text: str) -> str:
    """A text as material inside a prompt: every line begins with a bar, so that none can pass for the prompt's own."""
    return "\n".join(f"| {line}" for line in text.splitlines()) or "|"
