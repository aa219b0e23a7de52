"""The texts that a run's training rows are made of, and which of them touch tested questions."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from journey.data.contamination import QuestionIndex, Touch, closeness
from journey.store.run import Run

TRAINED_PARTS = ("phase1", "train", None)
KINDS = ("question", "solution", "thought", "tree", "attempt")


class Item(NamedTuple):
    """A text that is trained on: of a problem, its question or something made from it."""

    kind: str
    id: str
    problem: str
    text: str


def trained(of: Run, out: Collection[str] = ()) -> Iterator[Item]:
    """The texts that training rows are made of, those of the problems `out` excepted.

    Questions of training problems, and of any other that a thought, tree or training attempt is of; worked solutions of
    phase 1; thoughts, those that were refined afterwards too; trees; attempts at training problems.
    """
    trained_ids = {id for part in TRAINED_PARTS for id in of.ids("problems", split=part)}.difference(out)
    first = of.ids("problems", split="phase1")
    for problem in of.problems():
        if problem.id in trained_ids:
            yield Item("question", problem.id, problem.id, problem.question)
            if problem.solution is not None and problem.id in first:
                yield Item("solution", problem.id, problem.id, problem.solution)
    for item in _made_texts(of):
        if item.problem in out:
            continue
        if item.problem not in trained_ids:
            trained_ids.add(item.problem)
            problem = of.problem(item.problem)
            if problem is not None:
                yield Item("question", problem.id, problem.id, problem.question)
        yield item


def _made_texts(of: Run) -> Iterator[Item]:
    for thought in of.thoughts():
        yield Item("thought", thought.id, thought.problem, thought.text)
    for tree in of.trees():
        yield Item("tree", tree.id, tree.problem, "\n".join(node.text for node in tree.nodes))
    for attempt in of.attempts(split="train"):
        yield Item("attempt", attempt.id, attempt.problem, attempt.text)


@dataclass(frozen=True, slots=True)
class Found:
    """What touched: of each trained problem its closest text, of each tested question how close anything came."""

    closest: dict[str, tuple[Touch, Item]] = field(default_factory=dict[str, tuple[Touch, Item]])
    tested: dict[int, Touch] = field(default_factory=dict[int, Touch])
    looked: Counter[str] = field(default_factory=Counter[str])
    touching: Counter[str] = field(default_factory=Counter[str])


def look(index: QuestionIndex, items: Iterable[Item]) -> Found:
    """Compares every item with every tested question."""
    found = Found()
    for item in items:
        found.looked[item.kind] += 1
        touches = index.touches(item.text, is_question=item.kind == "question")
        if not touches:
            continue
        found.touching[item.kind] += 1
        before = found.closest.get(item.problem)
        if before is None or closeness(touches[0]) < closeness(before[0]):
            found.closest[item.problem] = (touches[0], item)
        for touch in touches:
            known = found.tested.get(touch.question)
            if known is None or closeness(touch) < closeness(known):
                found.tested[touch.question] = touch
    return found
