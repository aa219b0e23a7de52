"""What a task is: a record of the functions that ask, cut, narrate, grade, judge, draw and read its problems."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

from journey.answers.grade import Grade, Grader
from journey.errors import UsageError
from journey.tasks.exploration import ExplorationSettings, Ground
from journey.tasks.labelled import LabelledSet
from journey.tasks.narration import PROSE, Narration
from journey.tasks.prompting import Ask, asker
from journey.tasks.steps import FORMATS, StepFormat
from journey.types import Judgement, Problem, make_problem

ExactJudge = Callable[[Problem, Sequence[str], Sequence[str]], list[Judgement]]
CodeJudge = Callable[[Problem, Sequence[str], Sequence[str]], Awaitable[list[Judgement]]]
Explore = Callable[[Random, ExplorationSettings], str]
Read = Callable[[str | Path, int | None], list[Problem]]


class Draw(Protocol):
    """Draws different random problems of a task."""

    def __call__(self, name: str, count: int, seed: int, settings: Any, *, held_out: bool) -> list[Problem]:
        """`count` problems of the set `name`, all of them held out from every training or none of them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Other problems of a task than those that it is trained on, all held out: `draw(count, seed)` gives them.

    `about` says how they differ. `unsolvable`: there is no solution, and the answer says so.
    """

    name: str
    about: str
    draw: Callable[[int, int], list[Problem]]
    unsolvable: bool = False


def with_verdict(problem: Problem, verdict: str) -> Problem:
    """The problem without a solution, whose right answer is the verdict that there is none."""
    return replace(problem, id=make_problem(problem.question, verdict).id, answer=verdict, solution=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A kind of problems. `name` is what `Problem.task` and a recipe's `task` say.

    - `ask(problem, steps)`: the prompt of a problem after some steps.
    - `steps`: how a solution is cut into steps.
    - `narration`: the words of a long thought between its steps.
    - `grader()`: a new grader of answers. `refusal`: why ordinary commands cannot grade them, with the mend; null: they
      can.
    - `code_grader()`: a grader that runs what a model wrote, only where the user allows it; such answers stand in no
      box; null: answers are no programs. `code_judge()`: the judge "exact" of such a task. `model_graded`: only a model
      can grade answers.
    - `prompts`: the prompt files that `ask` fills; a run keeps their hashes.
    - `grower`: how its trees grow where a recipe names no other way.
    - `rules`: the prompt that tells a model how steps are written.
    - `judge(problem, prefix, candidates)`: the judge "exact": one judgement a candidate step; null: there is none.
    - `settings`: the dataclass of a recipe's `problems.puzzles`. `draw`: draws problems by such settings; both null
      where problems come from files only.
    - `read(path, limit)`: the problems of a file in the task's own form; null: files are read as problems in words.
    - `is_held_out(problem)`: whether the problem is of the part that no model is trained on; null: there is no such
      rule.
    - `way(problem, text)`: the right way that a text ends with, written alike for all that differ only in the order of
      what may be swapped, null where the text is not right; null: its steps are compared as they are written.
    - `labelled_set(count, seed)`: solutions with labelled steps for `eval judges --on NAME`; null: there is none.
    - `explore(rng, settings)`: a text for the tiny base to read, truthful random exploration of a problem that is not
      held out; `ground(problem)`: the problem as exploration sees it, to check walks by; both null: it reads none.
    - `variants`: other problems of the task than those that it is trained on, for `eval --suite`.
    - `difficulty(problem)`: how hard it is, as a number; null: nobody can say. `difficulty_counts`: what that counts.
    - `practice(rng)`: a prompt and a true answer to it, which teach a student the skills of the task (true steps,
      verdicts, returns) on a problem that is not held out; null: there is no such practice.
    """

    name: str
    ask: Ask
    steps: StepFormat
    narration: Narration
    grader: Callable[[], Grader]
    rules: str
    prompts: tuple[str, ...] = ()
    refusal: str | None = None
    code_grader: Callable[[], Grader] | None = None
    code_judge: Callable[[], CodeJudge] | None = None
    model_graded: bool = False
    grower: str = "grow"
    judge: ExactJudge | None = None
    settings: type[Any] | None = None
    draw: Draw | None = None
    read: Read | None = None
    is_held_out: Callable[[Problem], bool] | None = None
    way: Callable[[Problem, str], str | None] | None = None
    labelled_set: Callable[[int, int], LabelledSet] | None = None
    explore: Explore | None = None
    ground: Callable[[Problem], Ground] | None = None
    variants: Sequence[Variant] = ()
    difficulty: Callable[[Problem], int] | None = None
    difficulty_counts: str = ""
    practice: Callable[[Random], tuple[str, str]] | None = None


def in_words(name: str, grader: Callable[[], Grader], **others: Any) -> Task:
    """The task of problems in words, whose solutions are paragraphs; its own prompt file asks them."""
    steps = FORMATS["paragraphs"]
    return Task(
        name=name,
        ask=asker(name, steps),
        steps=steps,
        narration=PROSE,
        grader=grader,
        rules="rules_math",
        prompts=(name,),
        **others,
    )


def ungraded(name: str, refusal: str, **others: Any) -> Task:
    """The same where ordinary commands cannot check the answers, for the reason `refusal`."""
    return in_words(name, lambda: CannotGrade(refusal), refusal=refusal, **others)


class CannotGrade:
    """The grader of a task whose answers ordinary commands cannot check."""

    def __init__(self, refusal: str) -> None:
        self._refusal = refusal

    async def grade(self, problem: Problem, text: str) -> Grade:
        """Raises UsageError with the reason and the mend."""
        raise UsageError(self._refusal)
