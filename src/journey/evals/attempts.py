"""Ask a model one problem and check what it says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from journey.answers.grade import Grade, Grader
from journey.evals.thinking_budget import Budget, Forced, force
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate, tokens_of
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.types import Attempt, Problem, Spent, content_hash, content_seed

JUDGED_BY = " judge="
"""What a decoding's name ends in where a model graded the answers: the same draws, told apart by who graded them."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How answers are drawn; `name` says which way in every attempt. `temperature` 0 is greedy."""

    name: str
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 400
    samples: int = 1


def attempt_ids(problem: str, model: str, decoding: Decoding, seed: int) -> list[str]:
    """The ids of the attempts that `attempt` makes for a problem's id and a model's name, in the order of samples."""
    return [content_hash("attempt", model, problem, asdict(decoding), seed, i) for i in range(decoding.samples)]


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
) -> list[Attempt]:
    """The model's `decoding.samples` checked answers to one problem.

    `split` ("test", "validation") is part of the random stream, so draws on one never repeat on the other. An empty
    answer has the error "empty", one cut off before any answer "cut off"; neither is right, and both say so. A
    `budget` forces the thinking longer or shorter; the decoding's name must say so. Raises ModelError.
    """
    prompt = ask(problem, ())
    drawn_as = replace(decoding, name=decoding.name.partition(JUDGED_BY)[0])
    stream = content_seed("attempt", model.name, problem.id, asdict(drawn_as), split, seed)
    sampling = Sampling(decoding.temperature, decoding.top_p, decoding.max_tokens, n=decoding.samples, seed=stream)
    if budget is None:
        completions = [Forced(completion, 1) for completion in await model.complete(prompt, sampling)]
    else:
        completions = await force(prompt, model, sampling, budget)
    ids = attempt_ids(problem.id, model.name, decoding, seed)
    drawn = enumerate(zip(ids, completions, strict=True))

    async def checked(sample: int, id: str, forced: Forced) -> Attempt:
        completion = forced.completion
        grade = await _check(problem, grader, prompt, completion)
        return Attempt(
            id=id,
            problem=problem.id,
            model=model.name,
            decoding=decoding.name,
            sample=sample,
            text=prompt.prefix + completion.text,
            answer=grade.answer,
            correct=grade.correct,
            error=grade.error,
            tokens=completion.tokens,
            finish=completion.finish,
            seed=seed,
            spent=Spent(completion.tokens, grade.tokens, forced.calls + grade.calls),
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
        return Grade(None, None, "empty")
    grade = await grader.grade(problem, prompt.prefix + completion.text)
    is_cut = completion.finish == "length" and grade.answer is None and grade.correct is not True
    return replace(grade, error="cut off") if is_cut else grade
