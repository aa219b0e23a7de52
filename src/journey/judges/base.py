"""What every judge is, and what a kind of judge is: how it is named, made, set and what it may cost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from journey.answers.grade import Grader
from journey.errors import UsageError
from journey.models.base import Model
from journey.models.estimate import Estimate, question_tokens, tokens_of
from journey.models.gather import gather_or_cancel
from journey.tasks.base import Task
from journey.tasks.labelled import LabelledSet
from journey.tasks.prompting import Ask
from journey.types import Judgement, Problem, Verdict

SURE: Mapping[Verdict, float] = {"right": 1.0, "neutral": 0.5, "wrong": 0.0}
"""What a verdict without a score stands for."""


class UnsupportedProblem(UsageError):
    """A judge knows nothing of problems of this kind: refused where it judges alone, silent beside others.

    `reason` stands at the steps of which it says nothing; the message also says what to do.
    """

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(f"{reason}; {mend}")
        self.reason = reason


class Judge(Protocol):
    """A step judge. `name` stands in `Judgement.by` of all that it says."""

    @property
    def name(self) -> str: ...

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate next step after `prefix`; siblings are judged together.

        A judge that cannot say returns verdict null with a reason; it never guesses "wrong". Raises UnsupportedProblem
        where no such problem is for it.
        """
        ...


AFTER = "after the first wrong step"
"""Why a judge that looks for the first wrong step of a solution says nothing of those behind it."""


@runtime_checkable
class WholeJudge(Protocol):
    """What some judges can do beside `judge`: one forward pass, one recorded row or one search over all steps."""

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """One judgement per step of a solution from its beginning."""
        ...


async def judge_solution(judge: Judge, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
    """What the judge says of every step of a solution: at once where it can, else each step after those before it.

    Raises ModelError.
    """
    if isinstance(judge, WholeJudge):
        return await judge.judge_solution(problem, steps)
    judgements = await gather_or_cancel(judge.judge(problem, steps[:i], [step]) for i, step in enumerate(steps))
    return [one for (one,) in judgements]


def score_of(judgement: Judgement) -> float | None:
    """The score in [0, 1] of a judgement: 1, 0.5 or 0 for a verdict without one; null where the judge could not say.

    A score that is no number from 0 to 1 says nothing, whatever verdict stands beside it.
    """
    if judgement.score is None:
        return None if judgement.verdict is None else SURE[judgement.verdict]
    return judgement.score if 0.0 <= judgement.score <= 1.0 else None  # NaN compares with nothing


@dataclass(frozen=True, slots=True)
class JudgeRef:
    """Which judge is meant, in fields; `names.read` reads it from a user's text, and `label` shows it.

    `model` is what stands behind the colon ("" for nothing), `options` the settings in brackets behind it, and `parts`
    are the judges that this one combines.
    """

    kind: str
    model: str = ""
    options: tuple[tuple[str, str], ...] = ()
    parts: tuple["JudgeRef", ...] = ()

    @property
    def label(self) -> str:
        """The text that names the judge."""
        if self.parts:
            return f"{self.kind}:[{','.join(part.label for part in self.parts)}]"
        options = ",".join(f"{key}={value}" for key, value in self.options)
        return self.kind + (f":{self.model}" if self.model else "") + (f"[{options}]" if options else "")


@dataclass(frozen=True, slots=True)
class JudgeSources:
    """What judges are made from: models and other judges by name, and how tasks ask and grade.

    `strong` names the model of a judge that names none. `labelled` reads a file of labelled steps.
    """

    model: Callable[[str], Model]
    judge: Callable[[JudgeRef], Judge]
    strong: str
    ask: Ask
    task_of: Callable[[Problem], Task]
    grader: Grader
    labelled: Callable[[Path], LabelledSet]


@dataclass(frozen=True, slots=True)
class JudgeWork:
    """What a judge is asked at most: `calls` about `steps` candidate steps in all.

    `read` counts the tokens of instructions, question and prefix over all calls, `written` those of the candidates.
    `prefixes`: how many prefixes are themselves judged nowhere.
    """

    calls: int = 0
    steps: int = 0
    read: int = 0
    written: int = 0
    prefixes: int = 0

    def __add__(self, other: "JudgeWork") -> "JudgeWork":
        return JudgeWork(
            self.calls + other.calls, self.steps + other.steps, self.read + other.read, self.written + other.written,
            self.prefixes + other.prefixes,
        )  # fmt: skip


def work_of(problem: Problem, calls: Iterable[tuple[Sequence[str], Sequence[str]]], prefixes: int = 0) -> JudgeWork:
    """What a judge is asked about candidate steps after prefixes, a pair (prefix, candidates) a call."""
    question = question_tokens([problem])
    work = JudgeWork(prefixes=prefixes)
    for prefix, candidates in calls:
        read, written = question + sum(map(tokens_of, prefix)), sum(map(tokens_of, candidates))
        work += JudgeWork(1, len(candidates), read, written)
    return work


@dataclass(frozen=True, slots=True)
class JudgeKind:
    """A kind of judge: one entry of the table in `kinds`.

    `written` shows how users name it; `model` says whether a model (or file) stands behind the colon. `build` makes
    the judge from its name, settings and sources. `models` are the models that it asks, by name, `weights` the
    folders or hub ids of weights that it loads itself: such a judge reads instead of writing. `settings` (null: it has
    none) stand under the kind's own key in recipes, --set and the environment. `split` (null: nothing in brackets is an
    option) takes the options off the model's name. `estimate` says what its models are asked at most. `joins`: it
    combines the judges in its brackets. Null: it asks no model, loads no weights, costs nothing.
    """

    written: str
    build: Callable[[JudgeRef, Any, JudgeSources], Judge]
    model: Literal["none", "may", "must"] = "must"
    models: Callable[[JudgeRef, str], list[str]] | None = None
    weights: Callable[[JudgeRef], list[str]] | None = None
    settings: type[Any] | None = None
    split: Callable[[str], tuple[str, tuple[tuple[str, str], ...]]] | None = None
    estimate: Callable[[JudgeRef, Any, JudgeWork, str], list[Estimate]] | None = None
    joins: bool = False
