"""What tasks of drawn puzzles share: different puzzles, texts in their own steps, and the exact judge of a step."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

from journey.answers.grade import Grade
from journey.errors import UsageError
from journey.tasks.base import Task
from journey.tasks.exploration import Ground
from journey.tasks.prompting import asker
from journey.tasks.steps import FORMATS
from journey.types import Judgement, Problem

Puzzle = TypeVar("Puzzle")
State = TypeVar("State")
Step = TypeVar("Step")
Restated = TypeVar("Restated")


class Flaw(NamedTuple):
    """What is wrong with a step: its kind, and why, as grades say it: `wall walked through (no way from A to B)`."""

    kind: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.why})"


class PuzzleGrader:
    """Grades answers by a function of the problem and the text."""

    def __init__(self, graded: Callable[[Problem, str], Grade]) -> None:
        self._graded = graded

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of a whole text or of the joined steps of a path. Raises UsageError on a foreign problem."""
        return self._graded(problem, text)


def puzzle_task(
    name: str,
    parse: Callable[[str], Puzzle],
    grade: Callable[[Puzzle, str], Grade],
    is_held_out: Callable[[Puzzle], bool],
    ground: Callable[[Puzzle], Ground],
    **others: Any,
) -> Task:
    """The task of puzzles whose steps are lines, asked by the prompt files NAME and rules_NAME.

    `parse` reads the puzzle of a question, and raises UsageError where it is none; the others take what it gives. The
    way of a right text is the answer that its grade gives.
    """

    def graded(problem: Problem, text: str) -> Grade:
        return grade(parse(problem.question), text)

    def way(problem: Problem, text: str) -> str | None:
        found = graded(problem, text)
        return found.answer if found.correct else None

    return Task(
        name=name,
        ask=asker(name, FORMATS["lines"]),
        steps=FORMATS["lines"],
        grader=lambda: PuzzleGrader(graded),
        rules=f"rules_{name}",
        prompts=(name,),
        is_held_out=lambda problem: is_held_out(parse(problem.question)),
        way=way,
        ground=lambda problem: ground(parse(problem.question)),
        **others,
    )


def followed(
    start: State,
    text: str,
    step_of: Callable[[str], Step | None],
    follow: Callable[[State, Step], State],
    restated: Callable[[str], Restated | None],
    restate: Callable[[Sequence[State], Restated], State],
) -> tuple[State, bool]:
    """What stands at the end of a text, and whether there was any step at all.

    A line is a step (`step_of`), or restates an earlier state (`restated`), or says nothing. `restate` is given all
    that stood so far.
    """
    seen, any_step = [start], False
    for line in text.splitlines():
        if (step := step_of(line)) is not None:
            seen.append(follow(seen[-1], step))
            any_step = True
        elif (state := restated(line)) is not None:
            seen.append(restate(seen, state))
    return seen[-1], any_step


def exact_judge(
    read: Callable[[str], Puzzle],
    stands: Callable[[Puzzle, str], State],
    step_of: Callable[[str], Step | None],
    flaw_of: Callable[[Puzzle, State, Step], Flaw | None],
    lost: Callable[[Puzzle, State, Step], str | None],
) -> Callable[[Problem, Sequence[str], Sequence[str]], list[Judgement]]:
    """The judge of a puzzle: one judgement a candidate, never neutral; each verdict "wrong" has its reason in words.

    A judgement holds for the step alone: after a wrong prefix it is judged from what `stands` there. The score is 1 for
    right, 0.5 for a legal step after which the goal is out of reach (`lost`), 0 for one that has a flaw. The judge
    raises UsageError where the problem is no such puzzle (`read`).
    """

    def judged(puzzle: Puzzle, state: State, line: str) -> Judgement:
        if (step := step_of(line)) is None:
            return Judgement(None, None, "not a step of the puzzle")
        if (flaw := flaw_of(puzzle, state, step)) is not None:
            return Judgement("wrong", 0.0, flaw.why)
        reason = lost(puzzle, state, step)
        return Judgement("right", 1.0) if reason is None else Judgement("wrong", 0.5, reason)

    def judge(problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        puzzle = read(problem.question)
        state = stands(puzzle, "\n".join(prefix))
        return [judged(puzzle, state, line) for line in candidates]

    return judge


def different(
    count: int,
    what: str,
    draw: Callable[[], Puzzle],
    kind: Callable[[Puzzle], Hashable],
    fits: Callable[[Puzzle], bool],
) -> list[Puzzle]:
    """The first `count` drawn puzzles that fit, the first of each kind. Raises UsageError where there are too few."""
    found: dict[Hashable, Puzzle] = {}
    for _ in range(1000 * count):
        if len(found) == count:
            break
        if fits(puzzle := draw()):
            found.setdefault(kind(puzzle), puzzle)
    if len(found) < count:
        raise UsageError(f"there are no {count} different {what} of this kind; ask for fewer, or larger ones")
    return list(found.values())
