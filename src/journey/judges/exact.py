"""The judge "exact": the one of each problem's own task, which searches all that is possible."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from journey.judges.base import JudgeKind, UnsupportedProblem
from journey.tasks.base import ExactJudge, Task
from journey.types import Judgement, Problem

MEND = "name another, as in --judge critic:openai/NAME"


@dataclass(frozen=True, slots=True)
class Exact:
    """A Judge that knows the truth of tasks that have an exact judge (`Task.judge`)."""

    task_of: Callable[[Problem], Task]
    name: str = "exact"

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement a candidate. Raises UnsupportedProblem where the problem's task has no exact judge."""
        judge = check_exact(self.task_of(problem))
        return [replace(one, by=self.name) for one in judge(problem, prefix, candidates)]


def check_exact(task: Task) -> ExactJudge:
    """The exact judge of a task. Raises UnsupportedProblem where it has none."""
    if task.judge is None:
        raise UnsupportedProblem(f"the judge exact does not know problems of the task {task.name}", MEND)
    return task.judge


KIND = JudgeKind("exact", lambda ref, settings, sources: Exact(sources.task_of), model="none")
