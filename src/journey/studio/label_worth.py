"""What is worth a person's look first: judges disagree, value and verdict do, right and wrong flip over rounds."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import NamedTuple

from journey.store.entries import Round
from journey.studio.reading import lists_of
from journey.studio.records import run_at, uid_of
from journey.trees.mark import is_unusable, verdict
from journey.types import Node, Tree

SCANNED = 2000  # trees whose steps are looked at
GAP = 0.5  # from here on a value and a verdict disagree


class Worth(NamedTuple):
    """How much an item is worth a look, the most first, and why in words."""

    score: float
    why: str


def worth(path: Path) -> Mapping[str, Worth]:
    """By the names of steps, trees and thoughts (see `Label.about`), those that there is a reason to look at.

    A step whose judges disagree counts 1, one whose value is far from its verdict as far as it is (at least `GAP`),
    and each change between right and wrong of its problem from round to round 0.1. A tree or a thought counts its most
    disputed step, and each change 1.
    """
    lists = lists_of(path)
    newest = tuple(lists.newest(table) for table in ("trees", "thoughts", "attempts"))
    return _worth(path, uid_of(path), newest, repr(run_at(path).entries(Round)))


@lru_cache(maxsize=8)
def _worth(path: Path, uid: str, newest: Sequence[int], rounds: str) -> Mapping[str, Worth]:
    run, changes = run_at(path), flips(path)
    trees = list(islice(run.trees(), SCANNED))
    by_judge: dict[tuple[str, ...], dict[str, str]] = {}
    for tree in trees:
        for node, way in zip(tree.nodes, _ways(tree), strict=True):
            if (given := verdict(node)) is not None and node.judgement is not None:
                by_judge.setdefault((tree.problem, *way), {})[node.judgement.by or tree.judge] = given
    found: dict[str, Worth] = {}
    for tree in trees:
        disputed = [_step(node, by_judge.get((tree.problem, *way), {}))
                    for node, way in zip(tree.nodes, _ways(tree), strict=True)]  # fmt: skip
        flipped = changes.get(tree.problem, 0)
        for index, one in enumerate(disputed):
            if one is not None:
                found[f"node:{tree.id}:{index}"] = Worth(one.score + flipped / 10, _words(one.why, flipped))
        most = max((one for one in disputed if one is not None), default=Worth(0.0, ""))
        if most.score or flipped:
            found[f"tree:{tree.id}"] = Worth(most.score + flipped, _words(most.why, flipped))
    thoughts = "SELECT id, tree, problem FROM thoughts"
    for row in lists_of(path).figure(thoughts):
        of = found.get(f"tree:{row['tree']}")
        flipped = changes.get(row["problem"], 0)
        if of or flipped:
            found[f"thought:{row['id']}"] = of or Worth(float(flipped), _words("", flipped))
    return found


def flips(path: Path) -> dict[str, int]:
    """How often each problem changed between right and wrong from one round of an arm to its next, if it did.

    A tree is right that reached the right answer, a model that gave it in its first answer.
    """
    lists, entries = lists_of(path), run_at(path).entries(Round)
    trees, answers = dict[str, dict[str, bool]](), dict[str, dict[str, bool]]()
    for table, into in (("policy AS model, problem, outcome FROM trees", trees),
                        ("model, problem, outcome FROM attempts WHERE sample = 0", answers)):  # fmt: skip
        for row in lists.figure(f"SELECT {table}") if entries else ():
            of = into.setdefault(row["model"], {})
            of[row["problem"]] = of.get(row["problem"], False) or row["outcome"] == "right"
    found: dict[str, int] = {}
    for _, of in groupby(sorted(entries, key=_lineage), key=lambda one: (one.seed, one.arm)):
        lineage = list(of)
        for rounds in ([trees.get(one.policy, {}) for one in lineage],
                       [answers.get(one.model or "", {}) for one in lineage]):  # fmt: skip
            for before, after in pairwise(rounds):
                for problem in before.keys() & after.keys():
                    if before[problem] != after[problem]:
                        found[problem] = found.get(problem, 0) + 1
    return found


def _lineage(one: Round) -> tuple[int, str, int]:
    return one.seed, one.arm, one.round


def _ways(tree: Tree) -> Iterator[tuple[str, ...]]:
    """The texts from the question to each node."""
    ways: list[tuple[str, ...]] = []
    for node in tree.nodes:
        ways.append((*(ways[node.parent] if node.parent >= 0 else ()), node.text))
        yield ways[-1]


def _step(node: Node, by_judge: Mapping[str, str]) -> Worth | None:
    """What there is to look at in a step, null where nothing is."""
    if is_unusable(node):
        return None
    parts: list[Worth] = []
    if len(set(by_judge.values())) > 1:
        parts.append(
            Worth(1.0, f"judges disagree ({', '.join(f'{by}: {word}' for by, word in sorted(by_judge.items()))})")
        )
    given = verdict(node)
    if node.value is not None and given in ("right", "wrong"):
        gap = node.value if given == "wrong" else 1 - node.value
        if gap >= GAP:
            parts.append(Worth(gap, f"its value is {node.value:.2f} and its verdict {given}"))
    return Worth(sum(one.score for one in parts), "; ".join(one.why for one in parts)) if parts else None


def _words(why: str, flipped: int) -> str:
    times = "once" if flipped == 1 else f"{flipped} times"
    return "; ".join(filter(None, (why, f"its problem turned {times} over rounds" if flipped else "")))
