"""Ask a model one problem and check what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from journey.answers.grade import Grade, Grader
from journey.evals.thinking_budget import Budget, Forced, force
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate, tokens_of
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.types import Attempt, ModelRef, Problem, Spent, content_hash, content_seed


@dataclass(frozen=True, slots=True)
class Decoding:
    """How answers are drawn; `name` says which way in every attempt. `temperature` 0 is greedy.

    `graded_by` is the model that grades the answers, null where rules do: the same draws, told apart by who graded
    them.
    """

    name: str
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 400
    samples: int = 1
    graded_by: str | None = None

    @property
    def shown(self) -> str:
        """The name in attempts: with the model that grades, where one does."""
        return self.name if self.graded_by is None else f"{self.name} judge={self.graded_by}"

    def hashed(self, name: str) -> dict[str, Any]:
        """What ids and random streams hash of it, under that name."""
        return {"name": name, "temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens,
                "samples": self.samples}  # fmt: skip


def attempt_unit(model: str, decoding: str, problem: str) -> str:
    """How the attempts of a model at a problem are listed in a run where they fail."""
    return f"{model}/{decoding}/{problem}"


def attempt_ids(problem: str, model: str, decoding: Decoding, seed: int) -> list[str]:
    """The ids of the attempts that `attempt` makes for a problem's id and a model's name, in the order of samples."""
    return [
        content_hash("attempt", model, problem, decoding.hashed(decoding.shown), seed, i)
        for i in range(decoding.samples)
    ]


async def attempt(
    problem: Problem,
    model: Model,
    grader: Grader,
    ask: Ask,
    decoding: Decoding,
    *,
    split: str,
    seed: int,
    budget: Budget | None = None,
    ref: ModelRef | None = None,
    suite_part: str | None = None,
) -> list[Attempt]:
    """The model's `decoding.samples` checked answers to one problem.

    `split` ("test", "validation") is part of the random stream, so draws on one never repeat on the other. An empty
    answer has the error "empty", one cut off before any answer "cut off"; neither is right, and both say so. An answer
    that a server gave as thinking alone is graded, and its text marked by a <think> that is never closed. A
    `budget` forces the thinking longer or shorter; the decoding's name must say so. `ref` says which model it
    is, null: one that only has a name; `suite_part` for which part of a suite it is drawn. Raises ModelError.
    """
    prompt = ask(problem, ())
    stream = content_seed("attempt", model.name, problem.id, decoding.hashed(decoding.name), split, seed)
    sampling = Sampling(decoding.temperature, decoding.top_p, decoding.max_tokens, n=decoding.samples, seed=stream)
    if budget is None:
        completions = [Forced(completion, 1) for completion in await model.complete(prompt, sampling)]
    else:
        completions = await force(prompt, model, sampling, budget)
    ids = attempt_ids(problem.id, model.name, decoding, seed)
    drawn = enumerate(zip(ids, completions, strict=True))

    async def checked(sample: int, id: str, forced: Forced) -> Attempt:
        completion = forced.completion
        is_thought = completion.finish in ("end", "stop") and not completion.text.strip() and bool(completion.reasoning)
        if is_thought:  # its server took the whole answer for thinking, as where no </think> is written
            completion = replace(completion, text=completion.reasoning or "")
        grade = await _check(problem, grader, prompt, completion)
        return Attempt(
            id=id,
            problem=problem.id,
            model=ref or ModelRef(model.name),
            decoding=decoding.shown,
            sample=sample,
            text=("<think>\n" if is_thought else "") + prompt.prefix + completion.text,
            answer=grade.answer,
            correct=grade.correct,
            error=grade.error,
            tokens=completion.tokens,
            finish=completion.finish,
            seed=seed,
            spent=Spent(completion.tokens, grade.tokens, forced.calls + grade.calls),
            graded_by=decoding.graded_by,
            suite_part=suite_part,
        )

    return await gather_or_cancel(checked(i, id, completion) for i, (id, completion) in drawn)


def estimate(
    problems: Sequence[Problem], model: str, ask: Ask, decoding: Decoding, budget: Budget | None = None
) -> Estimate:
    """What a model is asked at most for its attempts at these problems."""
    number = len(problems)
    read = sum(tokens_of(ask(problem, ()).text) for problem in problems)
    drawn = number * decoding.samples
    most = Usage(number, read, drawn * decoding.max_tokens)
    if budget is not None:
        calls, tokens = budget.at_most(decoding.max_tokens)
        most = Usage(number + drawn * (calls - 1), drawn * calls * (read // max(1, number) + tokens), drawn * tokens)
    return Estimate(model, "answers", most)


async def _check(problem: Problem, grader: Grader, prompt: Prompt, completion: Completion) -> Grade:
    """The grade of one completion; what gave no text is marked, not graded."""
    if completion.finish == "error":
        return Grade(None, None, "no completion")
    if not completion.text.strip():
        return Grade(None, None, "cut off" if completion.finish == "length" and completion.reasoning else "empty")
    grade = await grader.grade(problem, prompt.prefix + completion.text)
    is_cut = completion.finish == "length" and grade.answer is None and grade.correct is not True
    return replace(grade, error="cut off") if is_cut else grade
