"""Which problems are tested, of a run, of benchmarks, files or other runs, and what that is trained on touches them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from journey.data import benchmarks, problems
from journey.data.contamination import HOW, QuestionIndex, Touch, closeness
from journey.data.problems import PARTS, TESTED_PARTS
from journey.errors import UsageError
from journey.store.run import Run
from journey.types import EMPTY, Problem

KINDS = ("question", "solution", "thought", "tree", "attempt")
HALF = 0.5  # of a question's words; texts that share less share a turn of phrase more often than a problem


def tested(of: Run, against: Sequence[str]) -> dict[str, list[Problem]]:
    """The tested problems by where they come from: the run's own, or those of benchmarks, files and other runs."""
    sets: dict[str, list[Problem]] = {}
    for name in against or [str(of.path)]:
        sets |= _named(of, name)
    if not any(sets.values()):
        raise UsageError(
            f"{of.path} holds no test or validation problems; name a benchmark, a file or a run with --against"
        )
    return {name: those for name, those in sets.items() if those}


def _named(of: Run, name: str) -> dict[str, list[Problem]]:
    path = Path(name)
    if (path / "run.db").is_file():
        if path.resolve() == of.path.resolve():
            return _parts(of, name)
        with Run.read(path) as other:
            return _parts(other, name)
    if path.exists():
        return {name: problems.load(name)}
    called, _, file = name.partition("=")
    known = [*benchmarks.BENCHMARKS, *(f"BBH/{task}" for task in benchmarks.BBH_TASKS)]
    if called.casefold() in {one.casefold() for one in known}:
        return {called: benchmarks.load(called, file or None).problems}
    if "/" in name and path.suffix not in (".jsonl", ".json", ".parquet", ".gz"):
        return {name: problems.load(name)}
    raise UsageError(
        f"{name} is no run, file or known benchmark; benchmarks are {', '.join(benchmarks.BENCHMARKS)} and BBH/TASK, "
        "or NAME=FILE where its file is here"
    )


def _parts(of: Run, name: str) -> dict[str, list[Problem]]:
    parts = {f"{name} {part}": list(of.problems(split=part)) for part in TESTED_PARTS}
    if not any(parts.values()):
        raise UsageError(f"{name} holds no test or validation problems; name what is tested with --against")
    return parts


class Item(NamedTuple):
    """A text that is trained on: of a problem, its question with its pictures or something made from it."""

    kind: str
    id: str
    problem: str
    text: str
    images: tuple[str, ...] = ()


def trained(of: Run, out: Collection[str] = ()) -> Iterator[Item]:
    """The texts that training rows are made of, those of the problems `out` excepted.

    Questions of training problems, and of any other that a thought, tree or training attempt is of; worked solutions of
    phase 1; thoughts, those that were refined afterwards too; trees; attempts at training problems.
    """
    tested_ids = {id for part in TESTED_PARTS for id in of.ids("problems", split=part)}
    trained_ids = of.ids("problems") - tested_ids - {*out}
    first = of.ids("problems", split=PARTS[0])
    for problem in of.problems():
        if problem.id in trained_ids:
            yield Item("question", problem.id, problem.id, problem.question, problem.images)
            if problem.solution is not None and problem.id in first:
                yield Item("solution", problem.id, problem.id, problem.solution)
    for item in _made_texts(of):
        if item.problem in out:
            continue
        if item.problem not in trained_ids:
            trained_ids.add(item.problem)
            problem = of.problem(item.problem)
            if problem is not None:
                yield Item("question", problem.id, problem.id, problem.question, problem.images)
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


def pictures_of(sets: Mapping[str, Sequence[Problem]], index: QuestionIndex) -> dict[str, int]:
    """The pictures of the tested problems by their hashes, each with the number of its first question."""
    found: dict[str, int] = {}
    for problem in chain.from_iterable(sets.values()):
        if problem.images and (number := index.number(problem.question)) is not None:
            found |= {image: number for image in problem.images if image not in found}
    return found


def look(index: QuestionIndex, items: Iterable[Item], pictures: Mapping[str, int] = EMPTY) -> Found:
    """Compares every item with every tested question, and its pictures with `pictures_of` the tested problems."""
    found = Found()
    for item in items:
        found.looked[item.kind] += 1
        touches = index.touches(item.text, is_question=item.kind == "question")
        touches += [Touch(pictures[image], "picture", 0.0, image) for image in item.images if image in pictures]
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


def figures(
    path: Path, sets: Mapping[str, Sequence[Problem]], index: QuestionIndex, found: Found, before: int, dropped: bool
) -> dict[str, Any]:
    """What touches what, for JSON.

    `before` is how many problems were taken out of training earlier; `dropped`: whether those found here are, too.
    """
    rows: list[dict[str, Any]] = []
    of: dict[int, tuple[str, str]] = {}
    for name, those in sets.items():
        numbers = {p.id: number for p in those if (number := index.number(p.question)) is not None}
        touched = Counter(found.tested[n].how for n in numbers.values() if n in found.tested)
        rows.append({"name": name, "problems": len(those), "touched": touched.total(), **{h: touched[h] for h in HOW}})
        for id, number in numbers.items():
            of.setdefault(number, (name, id))
    pairs = sorted(found.closest.values(), key=lambda pair: (closeness(pair[0]), pair[1]))
    closest = Counter(touch.how for touch, _ in pairs)
    return {
        "run": str(path),
        "rule": asdict(index.rule),
        "against": rows,
        "compared": {"by_ngrams": index.by_words, "as_a_whole": index.by_whole, "as_questions": index.by_question},
        "looked": {kind: found.looked[kind] for kind in KINDS},
        "touching": {kind: found.touching[kind] for kind in KINDS},
        "problems": {
            "touching": len(pairs), **{how: closest[how] for how in HOW},
            "half_or_more": sum(touch.share >= HALF for touch, _ in pairs),
        },
        "excluded_before": before,
        "excluded_now": len(pairs) if dropped else 0,
        "touches": [
            {
                "problem": item.problem, "kind": item.kind, "id": item.id, "how": touch.how,
                "share": round(touch.share, 3), "shared": touch.shared, "against": of[touch.question][0],
                "tested": of[touch.question][1], "question": index.questions[touch.question],
            }
            for touch, item in pairs
        ],
    }  # fmt: skip
