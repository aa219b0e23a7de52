"""What somebody says of a puzzle behind its question, right or wrong, and what an answer makes of it; unsolvable ones.

A hint names a step of a way, a claim a sum or a step. A wrong hint is a legal step after which the goal is out of
reach. Everything is decided exactly, by the puzzle's own rules.
"""

import re
from collections.abc import Hashable
from random import Random
from typing import Literal, cast

from journey.answers.grade import Grade, Grader
from journey.tasks.base import Task
from journey.tasks.exploration import CLAIM, END, HINT, Ground
from journey.tasks.hints import hint_of
from journey.tasks.table import task_of
from journey.types import Problem, content_seed, make_problem

Reply = Literal["denies", "agrees", "says nothing"]
TRIES = 400  # claims, of which about half are wrong
CLAIMED = "claims a solution"
NO_VERDICT = "does not say so"
_UNSOLVABLE = re.compile(
    r"\bcan(?:no|')t be (?:made|reached|done|solved)\b|\bcannot be (?:made|reached|done|solved)\b|\bis unreachable\b"
    r"|\bimpossible\b|\bno (?:valid |such |possible )?(?:solution|way|path|route)s?(?: exists?)?\b|\bunsolvable\b",
    re.IGNORECASE,
)


def right_hint(problem: Problem) -> Problem | None:
    """The problem with one step of a right way; null where it has none."""
    hint = hint_of(problem, 0)
    return None if hint is None else _with(problem, hint)


def wrong_hint(problem: Problem) -> Problem | None:
    """The problem with a first step after which the goal is out of reach; null where every step is right."""
    ground = _ground(problem)
    moves = [move for move in ground.moves(ground.start) if _has_no_twins(move.to)]
    wrong = [move for move in moves if ground.lost(move.to) is not None]
    if not wrong:
        return None
    move = Random(content_seed("wrong hint", problem.id)).choice(wrong)
    return _with(problem, f"{HINT} {ground.check([move])}")


def right_claim(problem: Problem) -> Problem | None:
    """The problem with something true that somebody says of its first step."""
    return _claimed(problem, "Yes")


def wrong_claim(problem: Problem) -> Problem | None:
    """The problem with something false that somebody says of its first step."""
    return _claimed(problem, "Wait")


def reply(problem: Problem, text: str) -> Reply | None:
    """What the first line of an answer says to the claim behind the question; null where there is no claim.

    It "denies" the claim ("Wait , 6 * 7 is 42 , not 33") or "agrees" ("Yes , ...").
    """
    if not any(line.startswith(f"{CLAIM} ") for line in problem.question.splitlines()):
        return None
    first = _ground(problem).read(text.strip().partition("\n")[0].strip())
    return "agrees" if first.startswith("Yes") else "denies" if first.startswith("Wait") else "says nothing"


class UnsolvableGrader:
    """Grades answers to puzzles without a solution: right is to say so.

    Wrong is to claim a solution; an answer that does neither is null with the error of the puzzle's own checker.
    """

    def __init__(self, task: Task) -> None:
        self._plain: Grader = task.grader()

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole text, in the puzzle's words or in others."""
        ground = _ground(problem)
        written = [ground.read(line.strip().removesuffix(END).strip()) for line in text.splitlines()]
        lines = [line for line in written if line]
        if lines and lines[-1].startswith("Yes ,"):
            return Grade(CLAIMED, False, CLAIMED)
        if ground.unsolvable in lines:
            return Grade(ground.unsolvable, True)
        plain = await self._plain.grade(problem, text)
        if all(ground.step(ground.start, line) is None for line in lines):
            if _UNSOLVABLE.search(" ".join(lines[-3:])):
                return Grade(ground.unsolvable, True)
            if plain.answer is not None:
                return Grade(plain.answer, False, CLAIMED)
        return Grade(None, None, NO_VERDICT if plain.error is None or plain.answer is not None else plain.error)


def _has_no_twins(state: Hashable) -> bool:
    """Whether nothing stands twice in a state: what a puzzle takes for lost with two equal numbers may be solvable."""
    return not isinstance(state, tuple) or len({*cast("tuple[Hashable, ...]", state)}) == len(state)


def _ground(problem: Problem) -> Ground:
    make = task_of(problem).ground
    assert make is not None  # only puzzles have hints and claims
    return make(problem)


def _claimed(problem: Problem, truth: str) -> Problem | None:
    """The problem with a claim of its first step whose true answer begins with that word; null where none is found."""
    ground, random = _ground(problem), Random(content_seed("claim", truth, problem.id))
    for _ in range(TRIES):
        claim = ground.claim(random, ground.start)
        if (ground.answer(ground.start, claim) or "").startswith(truth):
            return _with(problem, f"{CLAIM} {claim}")
    return None


def _with(problem: Problem, remark: str) -> Problem:
    """The problem with a line behind its question: another problem, with an id of its own."""
    known = {name: getattr(problem, name) for name in ("source", "solution", "level", "subject", "task", "language")}
    return make_problem(f"{problem.question}\n{remark}", problem.answer, **known)
