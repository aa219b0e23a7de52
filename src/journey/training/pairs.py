"""Preference pairs as the rows that TRL trains on, prompt/chosen/rejected: of whole answers, and of steps of trees.

A pair of steps asks for the question and the steps before (`rows.PREFIX`) and sets two ways to go on against each
other. Text goes on behind a single step (`rows.GOES_ON`): no end of the text is trained there.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, product, zip_longest

from journey.errors import UsageError
from journey.tasks.prompting import Ask
from journey.training.rows import CUT_OFF, GOES_ON, Row, known_problem, row_of
from journey.training.tree_pairs import Grown, Pair, first_error, grown, recovery, value
from journey.trees.mark import path_texts
from journey.types import Attempt, Problem, Thought, Tree, content_seed

A_PROBLEM = 5
"""Pairs of a kind that a problem gives at most (O1 Replication Journey part 1, training by DPO)."""
MARGIN = 0.25
"""How much more likely a right end must be from the better of two siblings."""
OUTCOME, EXPLORATION = "outcome", "exploration"


@dataclass(frozen=True, slots=True)
class PairKind:
    """A kind of pairs.

    `make(tree, margin)` gives the pairs of a tree in groups that count alike; null: they are made of attempts, or of
    thoughts. `lack` says why there are none, with the mend.
    """

    make: Callable[[Grown, float], list[list[Pair]]] | None
    lack: str


KINDS: dict[str, PairKind] = {
    OUTCOME: PairKind(None, "no problem has both a right and a wrong answer; draw more answers"),
    EXPLORATION: PairKind(
        None, "no problem has both a long thought with a side trip and one without; make them by traverse and star"
    ),
    "first-error": PairKind(
        first_error, "no wrong step stands beside a right one; grow wider trees (trees.grow.width), with a judge"
    ),
    "recovery": PairKind(
        recovery, "no judged step was gone on from; grow deeper trees that follow wrong steps (trees.grow.follow_wrong)"
    ),
    "value": PairKind(value, "no two siblings differ in value by the margin; lower it, or grow more leaves"),
}
"""Every kind of preference pairs by its name."""


def read_kinds(words: Iterable[str]) -> dict[str, int | None]:
    """The kinds that words such as "first-error" and "recovery=200" name, with how many pairs of each; null: all.

    Raises UsageError.
    """
    found: dict[str, int | None] = {}
    for word in chain.from_iterable(one.split(",") for one in words):
        name, equals, number = word.strip().partition("=")
        if equals and not number.isdecimal():
            raise UsageError(f"{word} names no number of pairs; write it like {name}=200")
        found[name] = int(number) if equals else None
    check_kinds(found)
    return found


def check_kinds(kinds: Mapping[str, int | None]) -> None:
    """Raises UsageError where no kind of pairs is named, an unknown one, or a number below one."""
    if not kinds:
        raise UsageError(f"no kind of pairs is named; known are {', '.join(KINDS)}")
    for name, number in kinds.items():
        if name not in KINDS:
            near = get_close_matches(name, KINDS, 1, cutoff=0.4)
            mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(KINDS)}"
            raise UsageError(f"there are no pairs of the kind {name!r}; {mend}")
        if number is not None and number < 1:
            raise UsageError(f"{number} pairs of the kind {name} are none; leave the kind out, or give a number from 1")


def step_rows(
    kind: str,
    trees: Iterable[Tree],
    problems: Iterable[Problem],
    *,
    count: int | None = None,
    pairs: int = A_PROBLEM,
    margin: float = MARGIN,
    seed: int = 0,
    messages: bool = False,
) -> list[Row]:
    """The pairs of one kind from trees: at most `pairs` a tree and `count` in all, drawn evenly from the trees.

    The draw depends on the trees and the seed only, not on their order. As `messages` the steps before are a last turn
    of the assistant, to be continued. Raises UsageError where a tree's problem is not among `problems`.
    """
    make = KINDS[kind].make
    assert make is not None
    known = {problem.id: problem for problem in problems}
    found: dict[str, list[Row]] = {}
    for tree in trees:
        stream = random.Random(content_seed("pairs", kind, tree.id, seed))
        of = grown(tree, known_problem(known, tree.problem))
        groups = [stream.sample(group, len(group)) for group in make(of, margin)]
        stream.shuffle(groups)
        mixed = [pair for ranked in zip_longest(*groups) for pair in ranked
                 if pair is not None and pair.chosen.text != pair.rejected.text]  # fmt: skip
        found[tree.id] = [_row(of, kind, pair, messages) for pair in mixed[:pairs]]
    return _evenly(found, count, seed)


def readable(rows: Sequence[Row], missing: Callable[[str], str | None]) -> list[Row]:
    """The rows whose texts can be read (`missing` names a piece that cannot, null: none); all where none can.

    A judge's reason may hold words that a small vocabulary lacks.
    """
    known = [row for row in rows if all(missing(row[part]) is None for part in ("prompt", "chosen", "rejected"))]
    return known or list(rows)


def _row(of: Grown, kind: str, pair: Pair, messages: bool) -> Row:
    prompt = of.task.ask(of.problem, path_texts(of.tree, pair.after))
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    texts = {name: side.text for name, side in sides.items()}
    row = row_of(prompt, messages, prompt.prefix, **texts)
    return row | {name + GOES_ON: side.goes_on for name, side in sides.items()} | {"kind": kind}


def dpo_rows(
    attempts: Iterable[Attempt],
    problems: Iterable[Problem],
    ask: Ask,
    *,
    pairs: int = A_PROBLEM,
    samples: int = 20,
    seed: int = 0,
    messages: bool = False,
    cut_off_is_wrong: bool = False,
    count: int | None = None,
) -> list[Row]:
    """Preference pairs: right answers against wrong answers to the same problem, `count` in all (null: all there are).

    Of each problem's first `samples` attempts, `pairs` right and as many wrong ones with different texts are drawn at
    random and paired (fewer where fewer are there; none where one side is empty). Attempts whose correctness is null
    and attempts that did not come to their own end belong to neither side; with `cut_off_is_wrong` those cut off at the
    length limit are wrong ones, and their rows say so in `CUT_OFF`, since such a text has no end to learn. The draw
    depends on the attempts and the seed only, not on their order. Source: O1 Replication Journey part 1, the section on
    training (DPO): 20 answers a problem, 5 pairs.
    """
    known = {problem.id: problem for problem in problems}
    grouped: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        grouped.setdefault(attempt.problem, []).append(attempt)
    found: dict[str, list[Row]] = {}
    for name, group in grouped.items():
        prompt = ask(known_problem(known, name), ())
        first = sorted(group, key=lambda a: (a.sample, a.id))[:samples]
        cut_off = {a.text for a in first if a.finish == "length"} if cut_off_is_wrong else set()
        drawn = _drawn(first, cut_off, pairs, content_seed("dpo", name, seed))
        found[name] = [
            row_of(prompt, messages, chosen=right, rejected=wrong) | ({CUT_OFF: True} if wrong in cut_off else {})
            for right, wrong in drawn
        ]
    return _evenly(found, count, seed)


def exploration_rows(
    long: Iterable[Thought],
    straight: Iterable[Thought],
    problems: Iterable[Problem],
    ask: Ask,
    *,
    pairs: int = A_PROBLEM,
    seed: int = 0,
    messages: bool = False,
    count: int | None = None,
) -> list[Row]:
    """Long thoughts that go wrong first over right ones of the same problem that do not, `count` in all (null: all).

    At most `pairs` a problem, drawn at random. Both end right: what is preferred is the exploration.
    """
    known = {problem.id: problem for problem in problems}
    sides: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for place, thoughts in enumerate((long, straight)):
        for thought in thoughts:
            explores = any(segment.kind == "mistake" for segment in thought.segments)
            if explores is (place == 0):
                sides.setdefault(thought.problem, ({}, {}))[place][thought.text] = None
    found: dict[str, list[Row]] = {}
    for name, texts in sides.items():
        prompt, every = ask(known_problem(known, name), ()), list(product(*texts))
        stream = random.Random(content_seed("exploration", name, seed))
        drawn = stream.sample(every, min(pairs, len(every)))
        found[name] = [row_of(prompt, messages, chosen=one, rejected=other) for one, other in drawn]
    return _evenly(found, count, seed)


def _evenly(found: Mapping[str, Sequence[Row]], count: int | None, seed: int) -> list[Row]:
    """All rows in their order, or `count` of them drawn evenly from the groups: of each the first, then the second."""
    if count is None:
        return [row for rows in found.values() for row in rows]
    ranked = [(rank, content_seed("pair", name, rank, seed), row) for name, rows in found.items()
              for rank, row in enumerate(rows)]  # fmt: skip
    return [row for *_, row in sorted(ranked, key=lambda one: one[:2])[:count]]


def _drawn(attempts: Sequence[Attempt], cut_off: Iterable[str], pairs: int, seed: int) -> list[tuple[str, str]]:
    own_end = [a for a in attempts if a.finish in ("end", "stop")]
    right = list(dict.fromkeys(a.text for a in own_end if a.correct is True))
    ended = [a.text for a in own_end if a.correct is False]
    wrong = [text for text in dict.fromkeys((*ended, *sorted(cut_off))) if text.strip() and text not in right]
    drawn = min(pairs, len(right), len(wrong))
    stream = random.Random(seed)
    return list(zip(stream.sample(right, drawn), stream.sample(wrong, drawn), strict=True))
