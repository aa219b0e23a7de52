"""Candidates: what a search chooses from, as whole samples or grown step by step, and the attempt it ends in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from journey.answers.grade import Grade, Grader
from journey.judges.base import Judge, score_of
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.gather import gather_or_cancel
from journey.search.settings import StepSettings, WholeSettings
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.trees.grow import flaw, merge
from journey.types import Attempt, Finish, ModelRef, Problem, SearchRef, Spent, content_hash, content_seed

NOTHING_FINISHED = "nothing finished"


@dataclass(frozen=True, slots=True)
class SearchContext:
    """What a search works with. `judge` null: it has none, so that steps have no score.

    `called` is the judge's name in attempts, null for its own: that of a judge with other settings must differ.
    `ref` says which model it is, null: one that only has a name.
    """

    model: Model
    grader: Grader
    ask: Ask
    steps: StepFormat
    judge: Judge | None = None
    called: str | None = None
    ref: ModelRef | None = None

    @property
    def judge_name(self) -> str | None:
        """What the judge is called in attempts; null without a judge."""
        return None if self.judge is None else self.called or self.judge.name


@dataclass(frozen=True, slots=True)
class Candidate:
    """A solution or the beginning of one.

    `answer` is the final answer of a finished candidate, null for one that goes on (`open`) and for one that came to
    nothing: cut off, empty, or closed without an answer. `correct` and `error` are the checker's word on it. `scores`
    has one entry a judged step, null where the judge could not say; `tokens` is the length of its text; `drawn` counts
    the draws that gave its last step.
    """

    text: str = ""
    steps: tuple[str, ...] = ()
    scores: tuple[float | None, ...] = ()
    answer: str | None = None
    correct: bool | None = None
    error: str | None = None
    open: bool = False
    tokens: int = 0
    finish: Finish = "stop"
    drawn: int = 1


ROOT = Candidate(open=True)


async def samples(problem: Problem, context: SearchContext, settings: WholeSettings) -> list[Candidate]:
    """`n` whole solutions, graded; searches with the same sampling and seed draw the same ones."""
    prompt = context.ask(problem, ())
    stream = content_seed("search", settings.seed, problem.id)
    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, n=settings.n, seed=stream)
    completions = await context.model.complete(prompt, sampling)
    return await gather_or_cancel(_whole(problem, context, prompt, completion) for completion in completions)


async def _whole(problem: Problem, context: SearchContext, prompt: Prompt, completion: Completion) -> Candidate:
    text = prompt.prefix + completion.text
    candidate = Candidate(text, tokens=completion.tokens, finish=completion.finish)
    if (error := flaw(replace(completion, text=completion.text.strip()))) is not None:
        return replace(candidate, error=error)
    grade = await context.grader.grade(problem, text)
    steps = tuple(context.steps.split(text))
    return replace(candidate, steps=steps, answer=grade.answer, correct=grade.correct, error=grade.error)


async def extend(
    problem: Problem, context: SearchContext, candidate: Candidate, settings: StepSettings, width: int, *stream: Any
) -> list[Candidate]:
    """What `width` draws of the next step make of an open candidate: equal steps are one, siblings judged together.

    `stream` tells draws after the same steps apart. Steps that are no whole steps are left out.
    """
    completions = await context.model.complete(
        context.ask(problem, candidate.steps),
        Sampling(
            temperature=settings.temperature,
            top_p=settings.top_p,
            max_tokens=settings.max_step_tokens,
            stop=context.steps.stop,
            n=width,
            seed=content_seed("search", settings.seed, problem.id, *stream, candidate.steps),
        ),
    )
    drawn = Counter(completion.text.strip() for completion in completions)
    # The first draw of a step says how long it is; merged ones add up to what was spent, which is counted elsewhere.
    length = {completion.text.strip(): completion.tokens for completion in reversed(completions)}
    found = merge(completions)
    whole = [one for one in found if flaw(one) is None]
    scores = await score(problem, context, candidate.steps, [one.text for one in whole])
    after: list[Candidate] = []
    for one, of_one in zip(whole, scores, strict=True):
        steps = (*candidate.steps, one.text)
        grade = await context.grader.grade(problem, context.steps.join(steps))
        made = replace(candidate, steps=steps, scores=(*candidate.scores, of_one), finish=one.finish,
                       tokens=candidate.tokens + length[one.text], drawn=drawn[one.text])  # fmt: skip
        after.append(_closed(context, made, grade, settings))
    if settings.until == "end" and any(not one.text and one.finish == "end" for one in found):
        grade = await context.grader.grade(problem, context.steps.join(candidate.steps))
        ended = replace(candidate, finish="end", tokens=candidate.tokens + length[""], drawn=drawn[""])
        after.append(_closed(context, ended, grade, settings))
    return after


def _closed(context: SearchContext, candidate: Candidate, grade: Grade, settings: StepSettings) -> Candidate:
    """The candidate with its text: finished, open, or closed without an answer."""
    candidate = replace(candidate, text=context.steps.join(candidate.steps), open=False)
    is_end = candidate.finish == "end"
    if grade.answer is not None and (is_end or settings.until == "answer"):
        return replace(candidate, answer=grade.answer, correct=grade.correct, error=grade.error)
    return replace(candidate, open=not is_end, error=grade.error if is_end else None)


async def score(
    problem: Problem, context: SearchContext, prefix: Sequence[str], candidates: Sequence[str]
) -> list[float | None]:
    """The judge's score of each candidate step, null where it could not say; all null without a judge."""
    if context.judge is None or not candidates:
        return [None] * len(candidates)
    return [score_of(judgement) for judgement in await context.judge.judge(problem, prefix, candidates)]


def attempt(
    problem: Problem,
    context: SearchContext,
    name: str,
    settings: WholeSettings | StepSettings,
    spent: Spent,
    winner: Candidate | None,
    others: Sequence[Candidate] = (),
) -> Attempt:
    """The attempt that a search ends in. Where nothing finished the answer is null, and the text the first other's."""
    shown = winner or next(iter(others), Candidate(finish="length"))
    judge = context.judge_name
    return Attempt(
        id=attempt_id(problem.id, context.model.name, name, settings, judge),
        problem=problem.id,
        model=searched_by(context.ref or ModelRef(context.model.name), context.judge_name, name, settings),
        decoding="sampled" if settings.temperature else "greedy",
        sample=0,
        text=shown.text,
        answer=None if winner is None else winner.answer,
        correct=None if winner is None else winner.correct,
        error=NOTHING_FINISHED if winner is None else winner.error,
        tokens=shown.tokens,
        finish="length" if winner is None else winner.finish,
        seed=settings.seed,
        spent=spent,
    )


def attempt_id(problem: str, model: str, name: str, settings: WholeSettings | StepSettings, judge: str | None) -> str:
    """The name of the attempt that a search will make, known before it is made."""
    return content_hash("search", problem, model, name, asdict(settings), judge)


def searched_by(model: ModelRef, judge: str | None, name: str, settings: WholeSettings | StepSettings) -> ModelRef:
    """The model with how it was searched: `name`, and the settings as far as they were chosen."""
    usual = type(settings)()
    values = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name not in ("n", "seed")}
    chosen = tuple((key, value) for key, value in values.items() if value != getattr(usual, key))
    return replace(model, search=SearchRef(name, settings.n, chosen), judge=judge)
