"""The judge "exact": the one of each problem's own task, which searches all that is possible."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from journey.errors import UsageError
from journey.judges.base import JudgeKind, UnsupportedProblem
from journey.tasks.base import CodeJudge, Task
from journey.tasks.code import permission
from journey.types import Judgement, Problem

MEND = "name another, as in --judge critic:openai/NAME"


@dataclass(frozen=True, slots=True)
class Exact:
    """A Judge that knows the truth of tasks that have an exact judge (`Task.judge`, `Task.code_judge`)."""

    task_of: Callable[[Problem], Task]
    name: str = "exact"
    runs: dict[str, CodeJudge] = field(default_factory=dict[str, CodeJudge])

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement a candidate. Raises UnsupportedProblem where the problem's task has no exact judge."""
        task = self.task_of(problem)
        check_exact(task)
        if task.judge is not None:
            found = task.judge(problem, prefix, candidates)
        else:
            assert task.code_judge is not None
            if task.name not in self.runs:
                self.runs[task.name] = task.code_judge()
            found = await self.runs[task.name](problem, prefix, candidates)
        return [replace(one, by=self.name) for one in found]


def check_exact(task: Task) -> None:
    """Raises UnsupportedProblem where a task has no exact judge, UsageError where it must not run programs."""
    if task.judge is None and task.code_judge is None:
        raise UnsupportedProblem(f"the judge exact does not know problems of the task {task.name}", MEND)
    if task.judge is None and not permission.is_granted():
        raise UsageError(task.refusal)


KIND = JudgeKind("exact", lambda ref, settings, sources: Exact(sources.task_of), model="none")
