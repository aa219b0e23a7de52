"""Every task by its name: the one place where a task is entered, and what goes by a problem's task."""

from collections.abc import Iterable, Mapping, Sequence

from journey.answers.check import MathGrader
from journey.answers.grade import Grade, Grader, HoldsProcesses
from journey.answers.thinking import visible
from journey.errors import UsageError
from journey.models.base import Prompt
from journey.tasks import old_records
from journey.tasks.base import Task
from journey.tasks.code import permission
from journey.tasks.code.grader import check_sandbox
from journey.tasks.code.task import CODE
from journey.tasks.countdown.task import COUNTDOWN, COUNTDOWN_WORDS
from journey.tasks.lists.task import LISTS
from journey.tasks.maze.task import MAZE
from journey.tasks.qa.task import MATH, MODEL_GRADED, SCIENCE, TEXT
from journey.types import EMPTY, Problem

TASKS: dict[str, Task] = {
    "countdown": COUNTDOWN,
    "maze": MAZE,
    "lists": LISTS,
    "math": MATH,
    "text": TEXT,
    "science": SCIENCE,
    "code": CODE,
    "judged": MODEL_GRADED,
    "countdown_words": COUNTDOWN_WORDS,
}


def task(name: str) -> Task:
    """The task of that name. Raises UsageError."""
    if name not in TASKS:
        raise UsageError(f"there is no task {name!r}; known are {', '.join(TASKS)}")
    return TASKS[name]


def task_of(problem: Problem) -> Task:
    """The task of one problem. Raises UsageError where the problem names one that is not known here."""
    return task(problem.task or old_records.task_name(problem))


def shared_task(problems: Iterable[Problem]) -> Task:
    """The task of all the problems; the first in the table where several tasks write steps alike.

    Raises UsageError where there are no problems, and where their steps are written differently.
    """
    found = tasks_of(problems)
    if not found:
        raise UsageError("the run holds no problems; import some first")
    chosen = next(one for one in TASKS.values() if one in found)
    for other in found:
        if (other.steps, other.narration) != (chosen.steps, chosen.narration):
            raise UsageError(
                f"the run mixes problems of {chosen.name} and {other.name}, whose steps are written differently; "
                "import each into a run of their own"
            )
    return chosen


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    """The prompt of a problem after some steps, as its task asks."""
    return task_of(problem).ask(problem, prefix)


def check_languages(problems: Iterable[Problem]) -> None:
    """Raises UsageError for a task without a prompt in a language of its problems."""
    for problem in {(problem.task, problem.language): problem for problem in problems}.values():
        ask(problem, ())


def way_of(problem: Problem, text: str) -> str | None:
    """The way of a right text, the same for texts that differ only in order; null where a puzzle's text is not right.

    Where the task has no rule for it: the text's steps, each once, however they are ordered, spaced and capitalised.
    """
    found, text = task_of(problem), visible(text)
    if found.way is not None:
        return found.way(problem, text)
    return "\n".join(sorted({" ".join(step.lower().split()) for step in found.steps.split(text)}))


def first_step(problem: Problem, text: str) -> str:
    """The first step of a text or of its thinking, lower case and single-spaced; "" where there is none."""
    steps = task_of(problem).steps.split(text.lstrip().removeprefix("<think>"))
    return " ".join(steps[0].lower().split()) if steps else ""


def tasks_of(problems: Iterable[Problem]) -> list[Task]:
    """The tasks of the problems, each once, by name."""
    found = {(one := task_of(problem)).name: one for problem in problems}
    return [found[name] for name in sorted(found)]


def check_runs(name: str) -> None:
    """Raises UsageError where a task wants programs to be run and the user allows none, or the machine cannot."""
    of = task(name)
    if of.code_grader is None:
        return
    if not permission.is_granted():
        raise UsageError(of.refusal)
    check_sandbox()


def check_gradable(problems: Iterable[Problem], *, code: bool = False, model: bool = False) -> None:
    """Raises UsageError where a problem cannot be asked in its language, or its answers cannot be graded here.

    `code`: programs may be run, also where the user has not said so for the whole command. `model`: a model grades the
    answers that only a model can.
    """
    found = list(problems)
    check_languages(found)
    runs = code or permission.is_granted()
    for one in tasks_of(found):
        is_allowed = (runs and one.code_grader is not None) or (model and one.model_graded)
        if one.refusal is not None and not is_allowed:
            raise UsageError(one.refusal)


class TaskGrader:
    """Grades every answer as its problem's task does. `instead` gives other graders for some tasks, by name."""

    def __init__(self, instead: Mapping[str, Grader] = EMPTY) -> None:
        self._graders: dict[str, Grader] = dict(instead)

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade of what a text says after its thinking. Raises UsageError where it cannot be graded here."""
        return await self._grader(problem).grade(problem, visible(text))

    async def compare(self, problem: Problem, answer: str) -> Grade:
        """The grade of an answer that stands by itself, without a text around it. Raises UsageError."""
        grader = self._grader(problem)
        if isinstance(grader, MathGrader):
            return await grader.compare(problem.answer, answer)
        return await grader.grade(problem, answer)

    def _grader(self, problem: Problem) -> Grader:
        task = task_of(problem)
        if task.name not in self._graders:
            runs = task.code_grader if permission.is_granted() else None
            self._graders[task.name] = (runs or task.grader)()
        return self._graders[task.name]

    def close(self) -> None:
        """Closes the graders that hold worker processes."""
        for grader in self._graders.values():
            if isinstance(grader, HoldsProcesses):
                grader.close()
        self._graders.clear()
